"""What a take begins with: the same for every layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.score import count_bars, cut_bars, normalise

# The steps since the last call, and the share of the take (0-1); False ends the decoding.
Heard = Callable[[list, float], bool]


@dataclass(frozen=True)
class Plan:
    """score: the prompt as used, its last bar filled up (None: from nothing); prompt_bars: its bars.

    given: the last of its bars in the layout's steps; seen_bars: how many of them. rules: what the layout's
    decode loop may say, in its own terms. mspq: microseconds a quarter at the seam.
    """

    score: Score | None
    prompt_bars: int
    given: np.ndarray
    seen_bars: int
    rules: object
    mspq: int


def used_bars(prompt: Score, prompt_bars: int) -> tuple[Score, int]:
    """The first `prompt_bars` bars (0: all) of a score, and their number. ValueError: it has no notes."""
    score = normalise(prompt)
    bars = count_bars(score)
    if bars == 0:
        raise ValueError("A prompt has notes; received one without.")
    used = min(prompt_bars or bars, bars)
    return cut_bars(score, 0, used), used


def played_by(score: Score) -> set[int]:
    """The programs of a score; 128 for drums."""
    return {128 if track.is_drum else track.program for track in score.tracks}
