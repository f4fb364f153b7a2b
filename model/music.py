"""A score in numpy: the canonical form that score.py cuts, joins, measures and writes. Knows no files.

Times are ticks at TPQ = 480. Programs are 0-127, and 128 for the drums.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import symusic
from symusic import Score

from model.instruments import DRUMS, instrument_name
from model.metre import TPQ, Signature, align, bar_at

MIN_TEMPO, MAX_TEMPO = 10.0, 400.0          # quarters a minute; what lies outside is clipped
DEFAULT_TEMPO = 500_000                     # microseconds a quarter: 120 a minute, MIDI's default
SHORTEST = TPQ // 12                        # the length given to a note of none: the model's finest step
_OVERHANG = TPQ // 4                        # a legato of a 16th over the bar line opens no new bar
_NOTICE = "notice: "                        # begins the markers in which notices travel with a symusic score

Tempo = tuple[int, int]                     # tick, microseconds a quarter


@dataclass
class Music:
    """parts: program -> int64 array (n, 4) of onset, end, pitch, velocity, as ``clean`` leaves it."""

    parts: dict[int, np.ndarray]
    tempos: list[Tempo]                     # in order, the first at tick 0
    grid: list[Signature]                   # see metre.py
    notices: list[str] = field(default_factory=list)

    def notes(self) -> np.ndarray:
        """Every note, (n, 4), in no order."""
        return np.concatenate([np.zeros((0, 4), np.int64), *self.parts.values()])

    def end(self) -> int:
        """The tick where the last note ends; 0 without notes."""
        return max((int(notes[:, 1].max()) for notes in self.parts.values()), default=0)

    def bars(self) -> int:
        """Bars up to the last one in which a note begins or sounds."""
        notes = self.notes()
        if not len(notes):
            return 0
        return bar_at(self.grid, max(int(notes[:, 0].max()), self.end() - _OVERHANG - 1))[0] + 1


def clean(notes: np.ndarray) -> np.ndarray:
    """Sorted notes in which no key is struck while it sounds: twins become one, overlaps end at the next."""
    onset, end, pitch, velocity = notes[np.lexsort((notes[:, 0], notes[:, 2]))].T
    if not len(onset):
        return np.zeros((0, 4), np.int64)
    end = np.where(end > onset, end, onset + SHORTEST)
    first = np.flatnonzero(np.r_[True, (np.diff(onset) != 0) | (np.diff(pitch) != 0)])
    end, velocity = np.maximum.reduceat(end, first), np.maximum.reduceat(velocity, first)
    onset, pitch = onset[first], pitch[first]
    same = np.r_[pitch[1:] == pitch[:-1], False]
    end = np.where(same, np.minimum(end, np.r_[onset[1:], 0]), end)
    notes = np.stack([onset, end, pitch, np.clip(velocity, 1, 127)], axis=1).astype(np.int64)
    return notes[np.lexsort((notes[:, 2], notes[:, 0]))]


def merge(*several: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """The parts of several scores, cleaned, one part a program."""
    arrays: dict[int, list[np.ndarray]] = {}
    for parts in several:
        for program, notes in parts.items():
            arrays.setdefault(program, []).append(notes)
    return {program: clean(np.concatenate(its)) for program, its in arrays.items()}


def fold(parts: dict[int, np.ndarray], most: int) -> dict[int, np.ndarray]:
    """At most ``most`` instruments beside the drums: the rarest join those of the nearest program number.

    General MIDI numbers kindred instruments alike.
    """
    melodic = sorted(parts.keys() - {DRUMS}, key=lambda program: (-len(parts[program]), program))
    if len(melodic) <= most:
        return parts
    kept = melodic[:most]
    heirs = {program: min(kept, key=lambda other: (abs(other - program), other)) for program in melodic}
    return merge(*({heirs.get(program, program): notes} for program, notes in parts.items()))


def tempi(tempos: Iterable[Tempo]) -> tuple[list[Tempo], bool]:
    """Tempi in order, one at tick 0, none twice, clipped; and whether any was clipped."""
    slowest, fastest = round(60e6 / MIN_TEMPO), round(60e6 / MAX_TEMPO)
    kept, clipped = [(0, DEFAULT_TEMPO)], False
    for tick, value in sorted(tempos, key=lambda tempo: tempo[0]):
        clipped |= not fastest <= value <= slowest
        if kept[-1][0] >= tick:
            kept.pop()
        value = min(max(value, fastest), slowest)
        if not kept or kept[-1][1] != value:
            kept.append((max(tick, 0), value))
    return kept, clipped


def seconds_at(tempos: list[Tempo], ticks: Sequence[int] | np.ndarray) -> np.ndarray:
    """Seconds from tick 0 at each tick."""
    marks = np.array([tick for tick, _ in tempos], dtype=np.float64)
    a_tick = np.array([value for _, value in tempos], dtype=np.float64) / 1e6 / TPQ
    begun = np.r_[0.0, np.cumsum(np.diff(marks) * a_tick[:-1])]
    ticks = np.asarray(ticks, dtype=np.float64)
    index = np.searchsorted(marks, ticks, side="right") - 1
    return begun[index] + (ticks - marks[index]) * a_tick[index]


def tick_at(tempos: list[Tempo], seconds: float) -> int:
    """The tick nearest to a time; past the last tempo it goes on for ever."""
    begun = seconds_at(tempos, [tick for tick, _ in tempos])
    index = int(np.searchsorted(begun, seconds, side="right")) - 1
    tick, value = tempos[index]
    return tick + round((seconds - float(begun[index])) * 1e6 / value * TPQ)


def between(music: Music, first: int, last: int) -> Music:
    """From tick first to tick last, moved to tick 0; last must be later.

    Notes that begin before first are left out, notes that sound beyond last end there. The tempo and the
    metre that hold at first begin the result; first is taken for a bar line.
    """
    parts = {}
    for program, notes in music.parts.items():
        kept = notes[(notes[:, 0] >= first) & (notes[:, 0] < last)] - np.array([first, first, 0, 0])
        if len(kept):
            kept[:, 1] = np.minimum(kept[:, 1], last - first)
            parts[program] = kept
    return Music(parts, _from(music.tempos, first, last), _from(music.grid, first, last), music.notices)


def _from(events: list, first: int, last: int) -> list:
    now = [event for event in events if event[0] <= first][-1]
    return [(0, *now[1:]), *((tick - first, *rest) for tick, *rest in events if first < tick < last)]


def unpack(score: Score) -> Music:
    """Any symusic score in ticks, of any TPQ, in canonical form."""
    if score.tpq != TPQ:
        score = score.resample(TPQ, min_dur=1)
    parts: list[dict[int, np.ndarray]] = []
    for track in score.tracks:
        notes = track.notes.numpy()
        if len(notes["time"]):
            onset = notes["time"].astype(np.int64)
            array = np.stack([onset, onset + notes["duration"], notes["pitch"], notes["velocity"]], axis=1)
            parts.append({DRUMS if track.is_drum else track.program: array})
    grid, _ = align((sign.time, sign.numerator, sign.denominator) for sign in score.time_signatures)
    tempos, _ = tempi((tempo.time, tempo.mspq) for tempo in score.tempos)
    notices = [mark.text.removeprefix(_NOTICE) for mark in score.markers if mark.text.startswith(_NOTICE)]
    return Music(merge(*parts), tempos, grid, notices)


def pack(music: Music) -> Score:
    """The symusic score: one named track a program, in order of program, drums last."""
    score = Score(TPQ)
    for program, notes in sorted(music.parts.items()):
        if not len(notes):
            continue
        drum = program == DRUMS
        track = symusic.Track(instrument_name(program), 0 if drum else program, drum)
        track.notes = symusic.Note.from_numpy(
            notes[:, 0].astype(np.int32), (notes[:, 1] - notes[:, 0]).astype(np.int32),
            notes[:, 2].astype(np.int8), notes[:, 3].astype(np.int8), ttype="tick")
        score.tracks.append(track)
    for tick, value in music.tempos:
        score.tempos.append(symusic.Tempo(tick, mspq=value))
    for signature in music.grid:
        score.time_signatures.append(symusic.TimeSignature(*signature))
    for notice in dict.fromkeys(music.notices):
        score.markers.append(symusic.TextMeta(0, _NOTICE + notice))
    return score
