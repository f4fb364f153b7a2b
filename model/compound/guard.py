"""What is heard as a slip in a bar that was just made, and what the bar may do when it is made once more.

A bar slips when it and the bar before fit no scale, or when its rhythm leaves the sixteenths and eighth
triplets where the prompt did not. It is then made again; the last time in the scale and on the grid. No note
at all lasts two bars and twice as long as any of its instrument in the prompt, and no bar is empty unless one
of the prompt's is. The bounds are those of the evaluation's faults, which are what people hardly ever write
(evaluation/faults.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.compound import events as ev
from model.harmony import best_scale, scale_consistency
from model.metre import STEPS

RETRIES = 3                 # the last of them is strict
LEAST_SCALE = 0.82          # of two bars; people's is higher but for one window in twenty
FEWEST = 8                  # pitched notes that have a key
STRAYING = 0.25             # share of onsets off the grid, above the prompt's
ON_GRID = np.isin(np.arange(STEPS), [0, 3, 4, 6, 8, 9])     # sixteenths and eighth triplets of a quarter
_HEARD = 96                 # last pitched notes that say in which scale the music is


@dataclass(frozen=True)
class Strict:
    """What a bar keeps to. scale: bool (12,), the pitch classes it may use. grid: only onsets of ON_GRID."""

    scale: np.ndarray
    grid: bool


class Guard:
    """Holds bars of events against the prompt (n, 7).

    rest: steps from a bar line within which something begins.
    """

    def __init__(self, given: np.ndarray, bar_steps: int) -> None:
        notes = given[ev.is_note(given)]
        self._before = notes[notes[:, ev.INSTRUMENT] > ev.KIT][-_HEARD:]
        self._straying = _off_grid(notes) + STRAYING
        self._longest: dict[int, int] = {}      # in steps
        for player, steps in zip(notes[:, ev.INSTRUMENT], ev.DURATIONS[notes[:, ev.DURATION]], strict=True):
            self._longest[int(player)] = max(self._longest.get(int(player), 0), int(steps))
        self._two_bars = 2 * bar_steps
        empty = (np.diff(notes[:, ev.BAR]) % ev.BARS > 1).any()
        self.rest = ev.LONGEST + 1 if empty else bar_steps

    def hanging(self, player: int) -> int:
        """The first class of DURATIONS that would hang."""
        return int(np.searchsorted(ev.DURATIONS, max(self._two_bars, 2 * self._longest.get(player, 0))))

    def slips(self, bar: np.ndarray, before: np.ndarray) -> bool:
        """Whether a bar (n, 7) slips after the new bar before it (m, 7; none at first)."""
        notes = bar[ev.is_note(bar)]
        return _out_of_key(np.concatenate([before, bar])) or _off_grid(notes) > self._straying

    def strict(self, made: np.ndarray) -> Strict:
        """What keeps the next bar straight, after the prompt and what was made of new events (n, 7)."""
        heard = np.concatenate([self._before, made[made[:, ev.INSTRUMENT] > ev.KIT]])[-_HEARD:]
        return Strict(best_scale(heard[:, ev.PITCH]), self._straying < 1)


def _out_of_key(rows: np.ndarray) -> bool:
    pitches = rows[rows[:, ev.INSTRUMENT] > ev.KIT, ev.PITCH]
    return len(pitches) >= FEWEST and scale_consistency(pitches) < LEAST_SCALE


def _off_grid(notes: np.ndarray) -> float:
    """Share of the notes (n, 7) that are off the grid, 0-1."""
    return float((~ON_GRID[notes[:, ev.POSITION] % STEPS]).mean()) if len(notes) else 0.0
