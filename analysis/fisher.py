"""Intervals of correlations and reliabilities, on a scale where their error hardly depends on them. Pure.

For k raters z = ½ log((1 + (k − 1) r) / (1 − r)), which for k = 2 is artanh(r): Fisher (1925), Statistical
Methods for Research Workers, sections 35 and 39.
"""

from __future__ import annotations

import numpy as np

from analysis.estimates import Interval

NORMAL = 1.959964  # 97.5% of a standard normal lie below


def scaled(r: np.ndarray | float, raters: float = 2.0) -> np.ndarray:
    """z of ``r``; NaN where that is not finite, as at 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log((1 + (raters - 1) * np.asarray(r, dtype=float)) / (1 - np.asarray(r))) / 2
    return np.where(np.isfinite(z), z, np.nan)


def interval(centre: float, error: float, quantile: float, raters: float = 2.0) -> Interval | None:
    """``quantile`` errors to either side of ``centre``, both on the scale, as values of r.

    None where centre or error is not finite, or no error was seen.
    """
    if not (np.isfinite(centre) and np.isfinite(error) and error > 1e-9):
        return None
    low, high = (np.exp(2 * (centre + side * quantile * error)) for side in (-1, 1))
    return float((low - 1) / (low + raters - 1)), float((high - 1) / (high + raters - 1))


def delta_interval(r: float, error: float | None, quantile: float = NORMAL) -> Interval | None:
    """The interval of a correlation whose ``error`` is known on its own scale; None without one, or at ±1.

    >>> [round(bound, 3) for bound in delta_interval(0.8, 0.05)]      # artanh 0.8 ± 1.96 · 0.05 / 0.36
    [0.679, 0.879]
    """
    if error is None or not abs(r) < 1:
        return None
    return interval(float(scaled(r)), error / (1 - r**2), quantile)


def variance(without: np.ndarray, times: np.ndarray | None = None) -> float:
    """The jackknife's variance from the estimates ``without`` one, each standing ``times`` over (1).

    (n − 1)/n · Σ (estimate without i − their mean)². Tukey (1958), Annals of Mathematical Statistics 29:614.
    """
    times = np.ones(len(without)) if times is None else times
    n = times.sum()
    return float((n - 1) / n * (times @ (without - times @ without / n) ** 2))


def corrected(estimate: float, without: np.ndarray) -> float:
    """The estimate less the bias that leaving one out shows: Quenouille (1956), Biometrika 43:353.

    >>> corrected(2.0, np.array([1.5, 2.0, 2.5, 2.5]))       # 4 · 2 − 3 · 2.125
    1.625
    """
    return float(len(without) * estimate - (len(without) - 1) * without.mean())
