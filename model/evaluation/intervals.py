"""Confidence intervals over pieces: the bootstrap, or the jackknife where a piece must not come twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 2000
GROUPS = 10
Z95 = 1.959964


def weights(n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each of n pieces is drawn in each resample of n: float (resamples, n), rows sum to n."""
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)


def percentile(values: np.ndarray) -> list[float] | None:
    """The 95% percentile interval of bootstrap values (Efron 1979), NaN left out; None if none is left."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return [round(float(v), 4) for v in np.percentile(values, [2.5, 97.5])] if len(values) else None


def ratio(above: np.ndarray, below: np.ndarray, rng: np.random.Generator) -> list[float] | None:
    """Interval of sum(above) / sum(below) over pieces; both float (n,), below not negative."""
    drawn = weights(len(above), rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        return percentile((drawn @ above) / (drawn @ below))


def quantile(values: np.ndarray, q: float, rng: np.random.Generator) -> list[float] | None:
    """Interval of a quantile (0-1) of values (n,)."""
    values = np.asarray(values, float)
    if not len(values):
        return None
    return percentile(np.quantile(values[rng.integers(0, len(values), (RESAMPLES, len(values)))], q, axis=1))


def jackknife(n: int, statistic: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Standard errors of a statistic of n pieces, by leaving out one group of them at a time (Kott 2001).

    statistic: takes indices of the pieces kept, gives float (k,). Returns float (k,); NaN below two pieces.
    """
    groups = np.array_split(rng.permutation(n), min(GROUPS, n))
    if len(groups) < 2:
        return np.full_like(statistic(np.arange(n)), np.nan)
    left = np.stack([statistic(np.setdiff1d(np.arange(n), group)) for group in groups])
    factor = (len(groups) - 1) / len(groups)
    return np.sqrt(factor * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
