"""MIDI file <-> score: validate, limit, describe, cut and join.

A score is a symusic ``Score`` in ticks, TPQ = 480, in one canonical form: one track per (program, is_drum),
its notes sorted and no key struck while it sounds; a tempo and a time signature at tick 0; time signatures
that the model can hold and that change only on bar lines. Bars are counted from 0. Controllers and pitch
bends are not kept: the model cannot hear them. What reading changed is told by ``describe``. Every function
here also takes scores in any other form, a decoded one of another TPQ, say, and returns canonical ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from symusic import Score

from model.instruments import DRUMS, instrument_name
from model.metre import TPQ, align, bar_at, bar_lines, bar_tick
from model.midifile import DRUM_CHANNEL, MidiError, Part, RawFile, RawTrack, dump, parse
from model.music import (
    MAX_TEMPO,
    MIN_TEMPO,
    Music,
    between,
    clean,
    fold,
    merge,
    pack,
    seconds_at,
    tempi,
    tick_at,
    unpack,
)

MODEL_TEMPI = (40, 250)                     # quarters a minute that the vocabulary holds
MODEL_PITCHES = (21, 108)                   # and pitches, drums apart
MAX_INSTRUMENTS = 15                        # beside the drums: MIDI has 16 channels, one of them for drums
WHISTLE = 78                                # General MIDI program, from 0
_LAST_SEAM = 10_000                         # keeps ticks within 32 bits


class ScoreError(ValueError):
    """Music that cannot be used as asked. The message is one sentence for people."""


@dataclass(frozen=True)
class Limits:
    """What ``read`` accepts. Larger music is refused, never cut silently."""

    max_bytes: int = 5_000_000
    max_notes: int = 50_000
    max_seconds: float = 3600.0
    max_bars: int = 2000
    max_tracks: int = 16                    # instruments kept, drums included; the rarest join their kin


@dataclass(frozen=True)
class Description:
    """What a score holds, for people."""

    bars: int
    seconds: float                          # to the end of the last note
    notes: int
    tempo: float                            # quarters a minute at the start
    time_signature: str                     # at the start, "4/4"
    instruments: list[tuple[int, str, int]]     # program (128 = drums), name, notes; most notes first
    notices: list[str]                      # sentences: what reading changed, what the model cannot hold


def read(source: Path | str | bytes, limits: Limits = Limits()) -> Score:
    """Reads a MIDI file (a path, or its bytes) into a score that starts in its first bar with a note.

    Raises ScoreError: no MIDI file, damaged, without notes, or beyond the limits.
    """
    data = source if isinstance(source, bytes) else _load(Path(source), limits.max_bytes)
    if len(data) > limits.max_bytes:
        raise ScoreError(_too_large(len(data), limits))
    try:
        raw = parse(data)
    except MidiError as error:
        raise ScoreError(str(error)) from None
    count = sum(len(track.notes) for track in raw.tracks)
    if count > limits.max_notes:
        raise ScoreError(f"A score holds at most {limits.max_notes:,} notes; this one has {count:,}.")
    if not count:
        raise ScoreError("This MIDI file holds no notes.")
    changes = sum(len(track.tempos) + len(track.signatures) for track in raw.tracks)
    if changes > limits.max_notes:
        raise ScoreError(f"A score changes tempo and metre at most {limits.max_notes:,} times, "
                         f"this one {changes:,} times.")
    music = _from_raw(raw)
    _check_length(music, limits)
    return pack(_within(music, limits))


def _load(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise ScoreError(f"The file {path.name} cannot be read: {error.strerror or error}.") from None


def _too_large(size: int, limits: Limits) -> str:
    return f"A MIDI file may have at most {limits.max_bytes:,} bytes; this one has {size:,} or more."


def _from_raw(raw: RawFile) -> Music:
    notices, tracks = [], raw.tracks
    if raw.format == 2 and sum(bool(track.notes) for track in tracks) > 1:
        tracks = [next(track for track in tracks if track.notes)]
        notices.append("This type-2 file holds several pieces; the first one is used.")
    changes = [change for track in tracks for change in track.tempos]
    if raw.ticks_per_quarter:
        scale = TPQ / raw.ticks_per_quarter
    else:
        scale, changes = 2 * TPQ / raw.ticks_per_second, []     # such a file ignores its tempi
        notices.append("This file counts seconds, not beats; its bars are counted at 120 beats a minute.")
    if unclosed := sum(track.unclosed for track in tracks):
        notices.append(f"{_count(unclosed, 'note')} without an end had to be left out.")
    if any(track.moves for track in tracks):
        notices.append("Pedal and pitch bend are not kept; the model cannot hear them.")

    def at_480(ticks: np.ndarray | float) -> np.ndarray:
        return np.floor(np.asarray(ticks) * scale + 0.5).astype(np.int64)

    grid, changed = align((int(at_480(tick)), top, low)
                          for track in tracks for tick, top, low in track.signatures)
    tempos, clipped = tempi((int(at_480(tick)), value) for tick, value in changes)
    if clipped:
        notices.append(f"A tempo outside {MIN_TEMPO:g} to {MAX_TEMPO:g} beats a minute was moved there.")
    parts = {program: clean(np.column_stack([at_480(notes[:, :2]), notes[:, 2:4]]))
             for program, notes in _by_program(tracks).items()}
    music = Music(parts, tempos, grid, notices + changed)
    return between(music, bar_at(grid, int(music.notes()[:, 0].min()))[1], music.end() + 1)


def _by_program(tracks: Sequence[RawTrack]) -> dict[int, np.ndarray]:
    """Notes (n, 5) of every program. A track without program changes of its own follows its channel's."""
    shared: dict[int, list[tuple[int, int]]] = {}
    for track in tracks:
        for tick, channel, program in track.programs:
            shared.setdefault(channel, []).append((tick, program))
    found: dict[int, list[np.ndarray]] = {}
    for track in tracks:
        notes = np.array(track.notes, dtype=np.int64).reshape(-1, 5)
        for channel in np.unique(notes[:, 4]):
            of_channel = notes[notes[:, 4] == channel]
            if channel == DRUM_CHANNEL:
                found.setdefault(DRUMS, []).append(of_channel)
                continue
            own = [(tick, program) for tick, its, program in track.programs if its == channel]
            changes = sorted(own or shared.get(channel, []), key=lambda change: change[0])
            programs = np.array([0] + [program for _, program in changes])
            played = programs[np.searchsorted([tick for tick, _ in changes], of_channel[:, 0], side="right")]
            for program in np.unique(played):
                found.setdefault(int(program), []).append(of_channel[played == program])
    return {program: np.concatenate(arrays) for program, arrays in found.items()}


def _check_length(music: Music, limits: Limits) -> None:
    if (bars := music.bars()) > limits.max_bars:
        raise ScoreError(f"A score has at most {limits.max_bars:,} bars; this one has {bars:,}.")
    seconds = float(seconds_at(music.tempos, [music.end()])[0])
    if seconds > limits.max_seconds:
        raise ScoreError(f"A score lasts at most {limits.max_seconds / 60:g} minutes; "
                         f"this one lasts {seconds / 60:.0f} minutes.")


def _within(music: Music, limits: Limits) -> Music:
    most = min(MAX_INSTRUMENTS, limits.max_tracks - (DRUMS in music.parts))
    count = len(music.parts.keys() - {DRUMS})
    if count > most:
        music.parts = fold(music.parts, most)
        music.notices.append(f"This file has {count} instruments beside drums and a score holds {most}; the "
                             "rarest are played by their nearest kin.")
    return music


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def normalise(score: Score) -> Score:
    """Any symusic score in ticks, of any TPQ, in the canonical form of this module."""
    return pack(unpack(score))


def count_bars(score: Score) -> int:
    """Bars from the start to the last one in which a note begins or sounds."""
    return unpack(score).bars()


def end_s(score: Score) -> float:
    """When the last note ends, in seconds; 0 without notes."""
    music = unpack(score)
    return float(seconds_at(music.tempos, [music.end()])[0])


def bar_seconds(score: Score, bars: int | None = None) -> np.ndarray:
    """Start of every bar in seconds, and the end of the last one: shape (bars + 1,).

    ``bars`` counts more or fewer bars than the score has notes in; the last metre and tempo go on for ever.
    """
    music = unpack(score)
    return seconds_at(music.tempos, bar_lines(music.grid, music.bars() if bars is None else bars))


def describe(score: Score) -> Description:
    """Counts and names, and a notice on everything that the model will not hear as written."""
    music = unpack(score)
    rows = sorted(((program, instrument_name(program), len(notes)) for program, notes in music.parts.items()),
                  key=lambda row: (-row[2], row[0]))
    _, top, low = music.grid[0]
    return Description(
        bars=music.bars(), seconds=float(seconds_at(music.tempos, [music.end()])[0]),
        notes=len(music.notes()), tempo=60e6 / music.tempos[0][1], time_signature=f"{top}/{low}",
        instruments=rows, notices=[*music.notices, *_unheard(music)])


def _unheard(music: Music) -> list[str]:
    notices = []
    slow, fast = MODEL_TEMPI
    speeds = [60e6 / value for _, value in music.tempos]
    if min(speeds) < slow - 0.5 or max(speeds) > fast + 0.5:
        notices.append(f"The model plays {slow} to {fast} beats a minute; other tempi are moved there.")
    low, high = MODEL_PITCHES
    outside = sum(int(((notes[:, 2] < low) | (notes[:, 2] > high)).sum())
                  for program, notes in music.parts.items() if program != DRUMS)
    if outside:
        notices.append(f"The model cannot hear {_count(outside, 'note')} beyond the keys of a piano.")
    return notices


def roll(score: Score) -> dict:
    """A piano roll that JSON can hold; times in seconds, program 128 for drums.

    {"duration": s, "bars": [s, ...], "tracks": [{"program", "name", "drum", "notes": [[onset, duration,
    pitch, velocity], ...]}, ...]}; ``bars`` ends with the end of the last bar, ``duration`` with that of the
    last note.
    """
    music = unpack(score)
    tracks = []
    for program, notes in sorted(music.parts.items()):
        onset, end = seconds_at(music.tempos, notes[:, 0]), seconds_at(music.tempos, notes[:, 1])
        columns = onset.round(4).tolist(), (end - onset).round(4).tolist(), *notes[:, 2:].T.tolist()
        tracks.append({"program": program, "name": instrument_name(program), "drum": program == DRUMS,
                       "notes": [list(row) for row in zip(*columns, strict=True)]})
    bars = seconds_at(music.tempos, bar_lines(music.grid, music.bars()))
    duration = seconds_at(music.tempos, [music.end()])
    return {"duration": round(float(duration[0]), 4), "bars": bars.round(4).tolist(), "tracks": tracks}


def cut_bars(score: Score, start: int, stop: int) -> Score:
    """Bars start to stop (from 0, stop excluded), moved to tick 0; past the end there is silence.

    Notes that begin before start are left out, notes that sound beyond stop end there.
    """
    if not 0 <= start < stop:
        raise ScoreError(f"Bars are cut from one to a later one, from 0 on, not from {start} to {stop}.")
    music = unpack(score)
    return pack(between(music, bar_tick(music.grid, start), bar_tick(music.grid, stop)))


def cut_seconds(score: Score, start: float, stop: float) -> Score:
    """The music from start to stop (seconds), moved to time 0 and ended there; bars count from start."""
    if not 0 <= start < stop < math.inf:
        raise ScoreError(f"Music is cut from a second to a later one, from 0 on, not from {start} to {stop}.")
    music = unpack(score)
    first, last = tick_at(music.tempos, start), tick_at(music.tempos, stop)
    return normalise(pack(between(music, first, max(last, first + 1))))     # the bar lines have moved


def join(prompt: Score, continuation: Score, at_bar: int | None = None, whistle: bool = False) -> Score:
    """The prompt up to its bar ``at_bar`` (default: after its last bar), then the continuation, without gap.

    Notes of the prompt that hang over the seam end there. The prompt's tempo and metre go on where the
    continuation states none. The same program on both sides becomes one track. ``whistle`` marks the seam
    with a short, high, soft note of a whistle on its own track.
    """
    first, second = unpack(prompt), unpack(continuation)
    bar = first.bars() if at_bar is None else at_bar
    if not 0 <= bar <= _LAST_SEAM:
        raise ScoreError(f"The seam lies at a bar from 0 to {_LAST_SEAM:,}, not at {bar:,}.")
    seam = bar_tick(first.grid, bar)
    before = between(first, 0, max(seam, 1))
    after = {program: notes + np.array([seam, seam, 0, 0]) for program, notes in second.parts.items()}
    parts = fold(merge(before.parts if seam else {}, after), MAX_INSTRUMENTS - whistle)
    if whistle:
        parts = merge(parts, {WHISTLE: np.array([[seam, seam + TPQ // 2, 96, 48]])})
    tempos, metres = before.tempos, before.grid
    if continuation.tempos:
        tempos = tempos + [(seam + tick, value) for tick, value in second.tempos]
    if continuation.time_signatures:
        metres = metres + [(seam + tick, top, low) for tick, top, low in second.grid]
    return pack(Music(parts, tempi(tempos)[0], align(metres)[0], first.notices + second.notices))


def write(score: Score, path: Path | str | None = None, texts: Sequence[str] = ()) -> bytes:
    """A type-1 MIDI file: a conductor track, then a named track with its program for every instrument.

    Drums are on channel 10, nothing else is. ``texts`` (provenance) become text events at the start. The
    bytes are returned, and written to ``path`` if one is given.
    """
    music = unpack(score)
    parts = [Part(instrument_name(program), program % DRUMS, program == DRUMS, notes.tolist())
             for program, notes in sorted(fold(music.parts, MAX_INSTRUMENTS).items())]
    data = dump(parts, TPQ, music.tempos, music.grid, texts)
    if path is not None:
        Path(path).write_bytes(data)
    return data
