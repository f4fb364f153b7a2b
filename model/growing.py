"""A take while it is being made: the music of the steps so far, up to the last bar that is complete."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from symusic import Score, Tempo

from model.layouts import Layout
from model.plan import Plan
from model.score import bar_seconds, cut_bars, join, normalise


@dataclass(frozen=True)
class Growing:
    """A take so far. `score` is the prompt joined with its `bars` complete new bars (0: the prompt alone).

    Bars that are complete do not change any more, but a note may sound longer than the last of them.
    seconds: of the prompt and the complete bars; expected_s: of the whole, when all bars are there. seam_s,
    seam_bar: where the machine takes over, as of Take. attempt: 0, then 1 if the take is made once more; what
    the first one gave is void.
    """

    index: int
    score: Score
    bars: int
    seconds: float
    expected_s: float
    seam_s: float
    seam_bar: int
    attempt: int


def continuation(layout: Layout, plan: Plan, steps: np.ndarray, bars: int) -> Score:
    """The first `bars` new bars that steps stand for."""
    decoded = normalise(layout.score(np.concatenate([plan.given, steps])))
    new = cut_bars(decoded, plan.seen_bars, plan.seen_bars + bars)
    # It begins in the tempo that was there or asked for, not in the vocabulary's nearest.
    new.tempos = [Tempo(0, mspq=plan.mspq), *(tempo for tempo in new.tempos if tempo.time > 0)]
    return new


def after_prompt(plan: Plan, new: Score, whistle: bool) -> tuple[Score, float]:
    """The prompt joined with new bars, and the seam in seconds."""
    if plan.score is None:
        return new, 0.0
    score = join(plan.score, new, at_bar=plan.prompt_bars, whistle=whistle)
    return score, float(bar_seconds(score, plan.prompt_bars)[-1])


class Sprout:
    """Gathers the steps of one attempt at a take, which is to have `bars` new bars.

    notes, share: heard so far; share of the take (0-1).
    """

    def __init__(self, layout: Layout, plan: Plan, bars: int, whistle: bool, index: int,
                 attempt: int) -> None:
        self._layout, self._plan, self._bars, self._whistle = layout, plan, bars, whistle
        self._index, self._attempt = index, attempt
        self._steps = plan.given[:0]
        self._shown = 0
        self.notes, self.share = 0, 0.0

    def seed(self) -> Growing | None:
        """The prompt, before the first step has come; None for music from nothing."""
        if self._plan.score is None:
            return None
        score, bars = self._plan.score, self._plan.prompt_bars
        lines = bar_seconds(score, bars + self._bars)
        seam = float(lines[bars])
        return Growing(self._index, score, 0, seam, float(lines[-1]), seam, bars, self._attempt)

    def hear(self, first: int, steps: np.ndarray, share: float) -> None:
        """Steps from the n-th on; what was there in their place is void."""
        self._steps = np.concatenate([self._steps[:first], steps])
        self.notes, self.share = self._layout.notes(self._steps), share

    def grown(self) -> Growing | None:
        """The take so far, if there are more complete bars than were given out last."""
        bars = min(math.floor(self.share * self._bars + 1e-6), self._bars)
        if bars <= self._shown:
            return None
        self._shown, plan = bars, self._plan
        score, seam = after_prompt(plan, continuation(self._layout, plan, self._steps, bars), self._whistle)
        lines = bar_seconds(score, plan.prompt_bars + self._bars)
        seconds = float(lines[plan.prompt_bars + bars])
        return Growing(self._index, score, bars, seconds, float(lines[-1]), seam, plan.prompt_bars,
                       self._attempt)
