"""Comparisons within listeners and within clips: what is left without everybody's own level. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from analysis.estimates import Interval

OWN = "Mean over listeners of their own difference; t interval over listeners"
SAME_CLIPS = (
    "Least squares within listeners and within clips; t interval, standard error clustered by participant"
)
ENOUGH, MOST_ROUNDS = 1e-10, 500


class Contrast(NamedTuple):
    """A difference of means on the scale of the ratings, with its 95% interval."""

    estimate: float | None
    ci95: Interval | None
    p_value: float | None
    n: int
    n_participants: int


NOTHING = Contrast(None, None, None, 0, 0)


def codes(labels: Sequence[Hashable]) -> np.ndarray:
    """Whole numbers from 0 for any labels."""
    return np.unique(np.asarray(labels), return_inverse=True)[1]


def absorbed(column: np.ndarray, *groups: np.ndarray) -> np.ndarray:
    """``column`` (n,) or (n, k) without the means of every grouping, taken away in turn until none is left.

    The residuals of a regression on one dummy a group, whatever the number of groups (Frisch, Waugh and
    Lovell; Guimarães & Portugal 2010, Stata Journal 10:628).
    """
    rest = np.array(column, dtype=float)
    table = rest.reshape(len(rest), -1)
    counts = [np.bincount(group) for group in groups]
    for _ in range(MOST_ROUNDS if len(groups) > 1 else 1):
        largest = 0.0
        for group, count in zip(groups, counts, strict=True):
            for k in range(table.shape[1]):
                means = np.bincount(group, table[:, k], len(count)) / count
                table[:, k] -= means[group]
                largest = max(largest, float(np.abs(means).max(initial=0)))
        if largest < ENOUGH:
            break
    return table.reshape(rest.shape)


class Regression(NamedTuple):
    """Coefficients and their covariance, clustered by listener; ``groups`` listeners carry them."""

    coefficients: np.ndarray
    covariance: np.ndarray
    n: int
    groups: int

    def contrast(self, weights: Sequence[float]) -> Contrast:
        """The weighted sum of coefficients with its t interval, groups − 1 degrees of freedom."""
        w = np.asarray(weights, dtype=float)
        estimate, error = float(w @ self.coefficients), float(np.sqrt(max(w @ self.covariance @ w, 0)))
        if self.groups < 2 or error < 1e-12:
            return Contrast(estimate, None, None, self.n, self.groups)
        half = float(stats.t.ppf(0.975, self.groups - 1)) * error
        p_value = float(2 * stats.t.sf(abs(estimate) / error, self.groups - 1))
        return Contrast(estimate, (estimate - half, estimate + half), p_value, self.n, self.groups)


def regression(
    y: np.ndarray, x: np.ndarray, people: Sequence[Hashable], clips: Sequence[Hashable] | None = None
) -> Regression | None:
    """Least squares of ``y`` (n,) on ``x`` (n, k) within listeners, and within ``clips`` where given.

    Cov = (X'X)⁻¹ (Σ_g X_g'e_g e_g'X_g) (X'X)⁻¹ · G/(G−1), with X and e absorbed and G the listeners in
    whose answers x varies: Liang & Zeger (1986), Biometrika 73:13. None where x does not vary within
    listeners (and clips).
    """
    if len(y) == 0:
        return None
    person = codes(people)
    groups = (person,) if clips is None else (person, codes(clips))
    x, y = absorbed(x, *groups), absorbed(y, *groups)
    inner = x.T @ x
    if np.linalg.matrix_rank(inner, tol=1e-8 * max(len(y), 1)) < x.shape[1]:
        return None
    coefficients = np.linalg.solve(inner, x.T @ y)
    scores = x * (y - x @ coefficients)[:, None]
    sums = np.column_stack([np.bincount(person, column) for column in scores.T])
    count = int((np.bincount(person, np.abs(x).max(axis=1)) > 1e-9).sum())
    inverse = np.linalg.inv(inner)
    spread = inverse @ (sums.T @ sums) @ inverse * (count / (count - 1) if count > 1 else 1)
    return Regression(coefficients, spread, len(y), count)


def mean_difference(values: np.ndarray, first: np.ndarray, people: Sequence[Hashable]) -> Contrast:
    """The mean over listeners of their own mean where ``first`` is true minus that where it is false.

    A t interval over the listeners who have both. Every such listener counts the same.
    """
    person, first = codes(people) if len(values) else np.zeros(0, int), np.asarray(first, dtype=bool)
    size = int(person.max()) + 1 if len(person) else 0
    sums = [np.bincount(person[side], values[side], size) for side in (first, ~first)]
    counts = [np.bincount(person[side], minlength=size) for side in (first, ~first)]
    both = (counts[0] > 0) & (counts[1] > 0)
    if not both.any():
        return NOTHING
    differences = sums[0][both] / counts[0][both] - sums[1][both] / counts[1][both]
    return mean_of(differences, int((counts[0] + counts[1])[both].sum()))


def mean_of(differences: np.ndarray, n: int) -> Contrast:
    """The mean of one difference a listener, with its t interval; ``n`` ratings are behind them."""
    size, mean = len(differences), float(differences.mean())
    if size < 2 or np.ptp(differences) == 0:
        return Contrast(mean, None, None, n, size)
    test = stats.ttest_1samp(differences, 0)
    low, high = test.confidence_interval(0.95)
    return Contrast(mean, (float(low), float(high)), float(test.pvalue), n, size)
