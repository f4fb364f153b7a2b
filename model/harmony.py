"""Scales: which pitches belong together, and how well music keeps to one."""

from __future__ import annotations

import numpy as np

_MAJOR, _MINOR = np.array([0, 2, 4, 5, 7, 9, 11]), np.array([0, 2, 3, 5, 7, 8, 10])
# The 24 major and natural minor scales: bool (24, 12), which pitch classes belong to each.
SCALES = np.stack([np.isin((np.arange(12) - key) % 12, scale)
                   for scale in (_MAJOR, _MINOR) for key in range(12)])


def scale_consistency(pitches: np.ndarray) -> float:
    """Largest share of notes that lie in one of SCALES, 0-1 (muspy, Dong et al. 2020); NaN without notes."""
    if not len(pitches):
        return np.nan
    return float((SCALES @ np.bincount(pitches % 12, minlength=12)).max() / len(pitches))


def best_scale(pitches: np.ndarray) -> np.ndarray:
    """The pitch classes of the one of SCALES that holds most of the notes, bool (12,)."""
    return SCALES[int((SCALES @ np.bincount(np.asarray(pitches, np.int64) % 12, minlength=12)).argmax())]
