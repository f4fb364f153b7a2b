"""What is plainly wrong with a continuation, counted in 1,000 takes.

empty, stuck    as the app's guard finds them (metrics.faults); the app makes such a take once more
cut_off         the take ran out of room before its bars were full
out_of_key      two bars fit no scale: their scale consistency is far out below the human ones' (Tukey 1977)
off_grid        onsets off the sixteenths and the eighth triplets, by 25 in 100 more than in the prompt
hanging         a note of two bars or longer, and twice as long as any that its instrument had in the prompt

The last three are measured against what people wrote; people's continuations are counted the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from model.compound.guard import ON_GRID, STRAYING
from model.evaluation.passage import END, ONSET, PROGRAM, Passage
from model.harmony import scale_consistency
from model.metre import STEPS

NAMES = ("empty", "stuck", "cut_off", "out_of_key", "off_grid", "hanging")
WINDOW = 2              # bars that have a key
_FEWEST = 8             # pitched notes that they need to have one
_FENCE = 3              # interquartile ranges below the lower quartile
_NARROWEST = 0.05       # that a range counts as


def scales(part: Passage) -> np.ndarray:
    """Scale consistency of every two bars in a row with eight pitched notes or more, float (k,)."""
    return np.array([scale_consistency(pitches) for pitches in part.pitches(WINDOW)
                     if len(pitches) >= _FEWEST])


def least_scale(human: Iterable[Passage]) -> float:
    """The scale consistency below which two bars are out of key; 0 where no human passage has a key.

    The lower quartile of human bars less three interquartile ranges, each 0.05 at least.
    """
    found = np.concatenate([np.zeros(0), *(scales(part) for part in human)])
    if not len(found):
        return 0.0
    low, high = np.percentile(found, [25, 75])
    return float(low - _FENCE * max(high - low, _NARROWEST))


def off_grid(part: Passage) -> float:
    """Share of onsets off the sixteenths and eighth triplets of their bar, 0-1; 0 without notes."""
    if not len(part.notes):
        return 0.0
    into = part.notes[:, ONSET] - part.lines[part.bar]
    return float((~ON_GRID[into % STEPS]).mean())


def hangs(part: Passage, before: Passage) -> bool:
    """Whether a pitched note lasts two bars or longer, and twice as long as any of its instrument before."""
    if not len(part.pitched):
        return False
    two_bars = 2 * int(np.diff(part.lines).max())
    for program in np.unique(part.pitched[:, PROGRAM]):
        longest = [int((notes[:, END] - notes[:, ONSET]).max(initial=0))
                   for notes in (one.pitched[one.pitched[:, PROGRAM] == program] for one in (part, before))]
        if longest[0] >= max(two_bars, 2 * longest[1]):
            return True
    return False


def more_faults(part: Passage, before: Passage, least: float, complete: bool = True) -> tuple[str, ...]:
    """The faults of NAMES that the app's guard does not look for. least: from `least_scale`."""
    wrong = {"cut_off": not complete, "out_of_key": bool((scales(part) < least).any()),
             "off_grid": off_grid(part) > off_grid(before) + STRAYING, "hanging": hangs(part, before)}
    return tuple(name for name in NAMES if wrong.get(name))


def per_1000(takes: Sequence[Iterable[str]]) -> dict[str, float]:
    """Takes of 1,000 with each fault, and with `any`."""
    sets = [set(found) for found in takes]
    counts = {name: sum(name in found for found in sets) for name in NAMES}
    counts["any"] = sum(bool(found) for found in sets)
    return {name: round(1000 * count / max(len(sets), 1), 1) for name, count in counts.items()}
