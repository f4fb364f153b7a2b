"""A few bars as plain arrays: what every measure here starts from.

Times are steps of 1/12 quarter, the finest that the layouts hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from symusic import Score

from model.instruments import DRUMS
from model.metre import TICKS, bar_lines
from model.music import unpack

ONSET, END, PROGRAM, PITCH, VELOCITY = range(5)


@dataclass(frozen=True)
class Passage:
    """notes: int64 (n, 5) of onset, end, program (128: drums), pitch, velocity, sorted by onset, program and
    pitch. lines: int64 (bars + 1,), where bars begin and the last one ends."""

    notes: np.ndarray
    lines: np.ndarray

    @property
    def bars(self) -> int:
        return len(self.lines) - 1

    @cached_property
    def pitched(self) -> np.ndarray:
        """The notes that no drum plays, (n, 5)."""
        return self.notes[self.notes[:, PROGRAM] != DRUMS]

    @cached_property
    def bar(self) -> np.ndarray:
        """The bar of every note, int64 (n,), from 0."""
        return np.clip(np.searchsorted(self.lines, self.notes[:, ONSET], side="right") - 1, 0, self.bars - 1)

    def pitches(self, width: int) -> list[np.ndarray]:
        """The pitches of every `width` bars in a row, drums left out; of all bars where there are fewer."""
        bar = np.searchsorted(self.lines, self.pitched[:, ONSET], side="right") - 1
        return [self.pitched[(bar >= start) & (bar < start + width), PITCH]
                for start in range(max(self.bars - width, 0) + 1)]

    @cached_property
    def contents(self) -> list[frozenset[tuple[int, int, int]]]:
        """Of every bar the (steps into the bar, program, pitch) of its onsets."""
        into = self.notes[:, ONSET] - self.lines[self.bar]
        rows = list(zip(into.tolist(), self.notes[:, PROGRAM].tolist(), self.notes[:, PITCH].tolist(),
                        strict=True))
        ends = np.searchsorted(self.bar, np.arange(self.bars + 1))
        return [frozenset(rows[a:b]) for a, b in pairwise(ends)]


def passage(score: Score, bars: int) -> Passage:
    """The first `bars` bars of a score; onsets and ends are rounded to steps, a note lasts at least one."""
    music = unpack(score)
    parts = [np.insert(notes, 2, program, axis=1) for program, notes in music.parts.items()]
    rows = np.concatenate([np.zeros((0, 5), np.int64), *parts])
    rows[:, ONSET] = np.rint(rows[:, ONSET] / TICKS)
    rows[:, END] = np.maximum(np.rint(rows[:, END] / TICKS), rows[:, ONSET] + 1)
    lines = np.array(bar_lines(music.grid, bars), np.int64) // TICKS
    rows = rows[rows[:, ONSET] < lines[-1]]
    return Passage(rows[np.lexsort((rows[:, PITCH], rows[:, PROGRAM], rows[:, ONSET]))], lines)
