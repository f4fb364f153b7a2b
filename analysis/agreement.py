"""Krippendorff's alpha: how far raters agree beyond what their ratings would agree by chance."""

from __future__ import annotations

import numpy as np

from analysis.estimates import Interval, percentiles


def coincidences(counts: np.ndarray) -> np.ndarray:
    """Coincidence matrix of every unit, shape (units, values, values), from how often it got each value.

    ``counts`` has shape (units, values). Of a unit with m ratings, all ordered pairs of two different ratings
    count 1/(m − 1) each; units with fewer than two ratings have no pair.
    """
    counts = np.asarray(counts, dtype=float)
    ratings = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= counts
    return pairs / np.where(ratings > 1, ratings - 1, np.inf)[:, None, None]


def ordinal_distances(totals: np.ndarray) -> np.ndarray:
    """Squared ordinal distances (..., values, values) from the totals of pairable values (..., values).

    δ²(c, k) = (Σ_{g=c..k} n_g − (n_c + n_k)/2)², for c ≤ k.
    """
    totals = np.asarray(totals, dtype=float)
    # Σ_{g=c..k} n_g − (n_c + n_k)/2 is the distance between the middles of the two values' ranks.
    middle = np.cumsum(totals, axis=-1) - totals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def krippendorff_alpha(counts: np.ndarray) -> float | None:
    """Krippendorff's alpha for ordinal data: 1 − D_o/D_e; any number of raters, missing ratings allowed.

    ``counts`` has shape (units, values): how many raters gave each unit each value, values in order. 1 is
    full agreement, 0 what chance would give, below 0 systematic disagreement. None where fewer than two
    ratings can be paired, or all are alike. Krippendorff (2011), Computing Krippendorff's
    Alpha-Reliability, section E; Krippendorff (2019), Content Analysis, chapter 12.

    >>> krippendorff_alpha(np.array([[2, 0], [0, 2]]))                # two raters agree on both units
    1.0
    >>> round(krippendorff_alpha(np.array([[1, 1], [1, 1]])), 3)      # D_o = 1, D_e = 2·2·2/(4·3) = 2/3
    -0.5
    """
    return _alpha(coincidences(counts).sum(axis=0)[None])[0]


def _alpha(matrices: np.ndarray) -> list[float | None]:
    """Alpha of each coincidence matrix, shape (n, values, values)."""
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    distances = ordinal_distances(totals)
    observed = (matrices * distances).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * distances).sum(axis=(1, 2))
    return [
        float(1 - (size - 1) * seen / chance) if size > 1 and chance > 0 else None
        for size, seen, chance in zip(n, observed, expected, strict=True)
    ]


def alpha_interval(counts: np.ndarray, rng: np.random.Generator, resamples: int = 2000) -> Interval | None:
    """95% percentile bootstrap interval of alpha over units: Zapf et al. (2016), BMC Med Res Methodol 16:93.

    ``counts`` as for ``krippendorff_alpha``. None for fewer than two units with pairable ratings. With few
    units (under about 20) the interval is rough.
    """
    counts = np.asarray(counts)
    matrices = coincidences(counts[counts.sum(axis=1) > 1])
    units, values = len(matrices), counts.shape[1]
    if units < 2:
        return None
    draws = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    pooled = (draws @ matrices.reshape(units, -1)).reshape(resamples, values, values)
    return percentiles(np.array([alpha for alpha in _alpha(pooled) if alpha is not None]))
