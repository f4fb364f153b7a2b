"""Score <-> events (see events.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from symusic import Score

from model.compound.events import (
    BARS,
    CLASSES,
    DURATIONS,
    END,
    FIELDS,
    INSTRUMENT,
    LONGEST,
    METRE,
    METRE_LIST,
    PITCH,
    PLAYERS,
    TEMPI,
    TEMPO,
    TICKS,
    TIME,
    VELOCITIES,
    WAIT,
    header,
    instrument_of,
    program_of,
    tempo_class,
)
from model.metre import bar_lines
from model.music import Music, merge, pack, tempi, unpack


def encode(score: Score, style: int = 0, bars: int | None = None) -> np.ndarray:
    """The events of a score from its first bar on, uint8 (n, 7); (0, 7) if it has no notes.

    Onsets are quantised to 1/12 quarter; notes of one instrument that fall together become the longest. With
    `bars` the score is the beginning of more: what falls on that bar line or after it is left out, and there
    is no end.
    """
    music = unpack(score)
    notes = _quantised(music)
    whole = bars is None
    bars = max(music.bars(), 1) if whole else bars
    lines = np.array(bar_lines(music.grid, bars + 1)) // TICKS
    if not whole:
        notes = notes[notes[:, 0] < lines[bars]]
    if not len(notes):
        return np.zeros((0, len(FIELDS)), np.uint8)
    last = notes[-1, 0]
    until = {TEMPO: last, METRE: max(last, lines[bars] - 1)}    # the end is counted in metres, too
    changes = [(tick // TICKS, METRE, METRE_LIST.index((top, low)), 0, 0) for tick, top, low in music.grid]
    changes += [(round(tick / TICKS), TEMPO, tempo_class(60e6 / value), 0, 0) for tick, value in music.tempos]
    changes = _kept([change for change in changes if change[0] <= until[change[1]]])
    first = {kind: next(c[2] for c in changes if c[1] == kind) for kind in (METRE, TEMPO)}
    later = np.array([c for c in changes if c[0] > 0], np.int64).reshape(-1, 5)
    rows = np.concatenate([later, notes])
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    if whole:
        rows = np.concatenate([rows, [[max(int(lines[bars]), int(rows[-1, 0])), END, 0, 0, 0]]])
    rows = _waiting(rows)
    bar = np.searchsorted(lines, rows[:, 0], side="right") - 1
    position = np.minimum(rows[:, 0] - lines[bar], CLASSES["position"] - 1)
    times = np.diff(rows[:, 0], prepend=0)
    events = np.column_stack([times, rows[:, 1:], position, bar % BARS]).astype(np.uint8)
    return np.concatenate([header(first[METRE], first[TEMPO], style), events])


def decode(events: np.ndarray) -> Score:
    """The score of events (n, 7 or 5), header included; what is no note, metre or tempo is skipped."""
    events = np.asarray(events, np.int64).reshape(-1, np.shape(events)[-1] if len(events) else len(FIELDS))
    at = np.cumsum(events[:, TIME]) * TICKS
    parts = []
    for instrument in np.unique(events[:, INSTRUMENT]):
        if instrument < PLAYERS:
            continue
        mine = events[:, INSTRUMENT] == instrument
        _, pitch, duration, velocity = events[mine][:, 1:5].T
        parts.append({program_of(int(instrument)): np.column_stack([
            at[mine], at[mine] + DURATIONS[duration] * TICKS, pitch, VELOCITIES[velocity]])})
    grid, speeds = [], []
    for tick, row in zip(at.tolist(), events, strict=True):
        if row[INSTRUMENT] == METRE:
            grid.append((tick, *METRE_LIST[row[PITCH]]))
        elif row[INSTRUMENT] == TEMPO:
            speeds.append((tick, round(60e6 / TEMPI[row[PITCH]])))
    return pack(Music(merge(*parts), tempi(speeds)[0], grid or [(0, 4, 4)]))


def _quantised(music: Music) -> np.ndarray:
    """Rows of onset (steps), instrument, pitch, duration class, velocity class; sorted, none twice."""
    several = [np.zeros((0, 5), np.int64)]
    for program, notes in music.parts.items():
        onset = np.rint(notes[:, 0] / TICKS).astype(np.int64)
        steps = np.maximum(np.rint((notes[:, 1] - notes[:, 0]) / TICKS), 1)
        duration = np.minimum(_nearest(DURATIONS, steps), _free(onset, notes[:, 2]))
        velocity = _nearest(VELOCITIES, notes[:, 3])
        several.append(np.column_stack([onset, np.full(len(notes), instrument_of(program)), notes[:, 2],
                                        duration, velocity]))
    rows = np.concatenate(several)
    rows = rows[np.lexsort((-rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
    same = (rows[1:, :3] == rows[:-1, :3]).all(axis=1)
    return rows[np.r_[True, ~same][: len(rows)]]


def _free(onset: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """The longest duration class that ends before its key is struck again."""
    order = np.lexsort((onset, pitch))
    gap = np.full(len(onset), DURATIONS[-1])
    follows = (np.diff(pitch[order]) == 0) & (np.diff(onset[order]) > 0)
    gap[order[:-1][follows]] = np.diff(onset[order])[follows]
    return np.searchsorted(DURATIONS, gap, side="right") - 1


def _nearest(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Index of the value nearest to each one wanted; the lower of two."""
    upper = np.clip(np.searchsorted(values, wanted), 1, len(values) - 1)
    return np.where(wanted - values[upper - 1] <= values[upper] - wanted, upper - 1, upper)


def _kept(changes: Sequence[tuple]) -> list[tuple]:
    """Changes of metre and tempo that change something, the last one of a step; in order of time."""
    kept: list[tuple] = []
    for kind in (METRE, TEMPO):
        now: list[tuple] = []
        for change in (c for c in changes if c[1] == kind):
            if now and now[-1][0] == change[0]:
                now.pop()
            if not now or now[-1][2] != change[2]:
                now.append(change)
        kept += now
    return sorted(kept)


def _waiting(rows: np.ndarray) -> np.ndarray:
    """The rows with a WAIT put in wherever a silence is longer than LONGEST steps."""
    gaps = np.diff(rows[:, 0], prepend=0)
    if not (gaps > LONGEST).any():
        return rows
    waits = [(at - gap + LONGEST * (n + 1), WAIT, 0, 0, 0)
             for at, gap in zip(rows[:, 0].tolist(), gaps.tolist(), strict=True)
             for n in range((gap - 1) // LONGEST)]
    rows = np.concatenate([np.array(waits, np.int64), rows])
    return rows[np.argsort(rows[:, 0], kind="stable")]
