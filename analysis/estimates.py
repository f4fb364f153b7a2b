"""One formula a function: proportions, means, signal detection. Pure; None where a number does not exist.

Intervals are 95% unless ``level`` says otherwise, and are (low, high) tuples.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special, stats

Interval = tuple[float, float]


def wilson(correct: int, n: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval for a proportion ``correct / n``; None for n = 0.

    (p + z²/2n ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n). Wilson (1927), JASA 22:209; recommended for any n by
    Newcombe (1998), Statistics in Medicine 17:857. Assumes independent answers.

    >>> [round(bound, 4) for bound in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    _check(correct, n)
    if n == 0:
        return None
    z = float(special.ndtri((1 + level) / 2))
    share, below = correct / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / below
    half = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / below
    # At the ends the formula gives 0 and 1 but for rounding.
    return (0.0 if correct == 0 else centre - half), (1.0 if correct == n else centre + half)


def clopper_pearson(correct: int, n: int, level: float = 0.95) -> Interval | None:
    """The exact interval for a proportion, which covers at least ``level``; None for n = 0.

    All p that two one-sided binomial tests at (1 − level)/2 do not reject. Clopper & Pearson (1934),
    Biometrika 26:404. Assumes independent answers.

    >>> [round(bound, 4) for bound in clopper_pearson(81, 263)]
    [0.2527, 0.3676]
    """
    _check(correct, n)
    if n == 0:
        return None
    tail = (1 - level) / 2
    low = float(special.betaincinv(correct, n - correct + 1, tail)) if correct else 0.0
    high = float(special.betaincinv(correct + 1, n - correct, 1 - tail)) if correct < n else 1.0
    return low, high


def _check(correct: int, n: int) -> None:
    if not 0 <= correct <= n:
        raise ValueError(f"correct must lie between 0 and n, and is {correct} of {n}.")


def binomial_p(correct: int, n: int, chance: float = 0.5) -> float | None:
    """Exact two-sided binomial p-value of ``correct`` of ``n`` under ``chance``; None for n = 0.

    The summed probability of all outcomes no more likely than the one seen. Assumes independent answers.

    >>> round(binomial_p(9, 10), 4)   # (10 + 1 + 10 + 1) / 1024
    0.0215
    """
    return None if n == 0 else float(stats.binomtest(correct, n, chance).pvalue)


class Mean(NamedTuple):
    """A mean with its interval; ``groups`` is the number of different raters behind it."""

    mean: float | None
    ci95: Interval | None
    n: int
    groups: int


def clustered_mean(values: Sequence[float], groups: Sequence[Hashable], level: float = 0.95) -> Mean:
    """Mean of ``values`` with a t interval that knows which of them come from the same rater.

    Variance of the mean: G/(G−1) · Σ_g (Σ_{i in g} (x_i − mean))² / N², with G raters, N values and G − 1
    degrees of freedom; with one value a rater it is the ordinary t interval. Liang & Zeger (1986),
    Biometrika 73:13; Cameron & Miller (2015), Journal of Human Resources 50:317. The interval is None for
    fewer than two raters and where all values agree, since no spread was seen to estimate from. Same unit
    as ``values``.

    >>> result = clustered_mean([1, 2, 3, 4, 5], "abcde")
    >>> result.mean, [round(bound, 3) for bound in result.ci95]
    (3.0, [1.037, 4.963])
    """
    x = np.asarray(values, dtype=float)
    if len(x) != len(groups):
        raise ValueError(
            f"every value needs its group, and there are {len(x)} values and {len(groups)} groups."
        )
    if len(x) == 0:
        return Mean(None, None, 0, 0)
    labels: dict[Hashable, int] = {}
    index = np.array([labels.setdefault(group, len(labels)) for group in groups])
    mean, count = float(x.mean()), len(labels)
    totals = np.bincount(index, weights=x - mean, minlength=count)
    if count < 2 or np.ptp(x) == 0:
        return Mean(mean, None, len(x), count)
    error = float(np.sqrt(count / (count - 1) * np.sum(totals**2)) / len(x))
    half = float(stats.t.ppf((1 + level) / 2, count - 1)) * error
    return Mean(mean, (mean - half, mean + half), len(x), count)


class Detection(NamedTuple):
    """Sensitivity and bias, in standard deviations of the listeners' inner evidence."""

    d_prime: float | None
    criterion: float | None


def detection(hits: int, misses: int, false_alarms: int, correct_rejections: int) -> Detection:
    """d' and criterion c from four counts, with the log-linear correction.

    H = (hits + ½)/(hits + misses + 1), F = (false alarms + ½)/(false alarms + correct rejections + 1),
    d' = z(H) − z(F), c = −(z(H) + z(F))/2. Hautus (1995), Behavior Research Methods 27:46; Macmillan and
    Creelman (2005), Detection Theory. d' is 0 for a listener who cannot tell, c is below 0 for one who says
    yes too readily. None where there was no signal or no noise to judge.

    >>> [round(number, 3) for number in detection(20, 5, 10, 15)]
    [1.044, -0.279]
    """
    if min(hits, misses, false_alarms, correct_rejections) < 0:
        raise ValueError(f"counts cannot be negative: {(hits, misses, false_alarms, correct_rejections)}.")
    if hits + misses == 0 or false_alarms + correct_rejections == 0:
        return Detection(None, None)
    d_prime, criterion = detections(np.array([[hits, misses, false_alarms, correct_rejections]], dtype=float))
    return Detection(float(d_prime[0]), float(criterion[0]))


def detections(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``detection`` for rows of (hits, misses, false alarms, correct rejections), shape (n, 4)."""
    hits, misses, false_alarms, correct_rejections = counts.T
    z_hit = stats.norm.ppf((hits + 0.5) / (hits + misses + 1))
    z_false = stats.norm.ppf((false_alarms + 0.5) / (false_alarms + correct_rejections + 1))
    return z_hit - z_false, -(z_hit + z_false) / 2


def detection_intervals(
    counts: np.ndarray, rng: np.random.Generator, resamples: int = 2000
) -> tuple[Interval | None, Interval | None]:
    """95% bootstrap intervals of d' and of c over participants.

    ``counts`` has shape (participants, 4): hits, misses, false alarms, correct rejections of each.
    Participants are drawn with replacement and their counts pooled, so that answers of one person stay
    together; the bounds are the 2.5th and 97.5th percentiles. Efron & Tibshirani (1993), chapter 13. None
    for fewer than two participants. With under about ten participants such an interval is too narrow.

    >>> same = np.array([[3, 1, 1, 3]] * 4)      # everybody alike: nothing varies between resamples
    >>> bounds = detection_intervals(same, np.random.default_rng(0), 50)[0]
    >>> bounds[0] == bounds[1] == detection(12, 4, 4, 12).d_prime
    True
    """
    counts = np.asarray(counts, dtype=float)
    people = len(counts)
    if people < 2:
        return None, None
    # Participants with the same counts are interchangeable: drawing how often each pattern comes is the same.
    counts, alike = np.unique(counts, axis=0, return_counts=True)
    pooled = rng.multinomial(people, alike / people, size=resamples) @ counts
    possible = (pooled[:, :2].sum(axis=1) > 0) & (pooled[:, 2:].sum(axis=1) > 0)
    d_primes, criteria = detections(pooled[possible])
    return percentiles(d_primes), percentiles(criteria)


def weight_blocks(n: int, rng: np.random.Generator, resamples: int) -> Iterator[np.ndarray]:
    """How often each of ``n`` is drawn, with replacement, in each resample; in blocks of shape (200, n).

    A block at a time, the last one shorter: 2,000 resamples of 5,000 participants at once would be 80 MB.
    """
    for start in range(0, resamples, 200):
        size = min(200, resamples - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)


def percentiles(values: np.ndarray, level: float = 0.95) -> Interval | None:
    """The central ``level`` of ``values``, shape (n,), as (low, high); None for none.

    >>> [round(bound, 1) for bound in percentiles(np.arange(101.0))]
    [2.5, 97.5]
    """
    if len(values) == 0:
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_error(drawn: np.ndarray, people: int) -> float | None:
    """Standard error from resamples of ``people``; None where nothing varies between them.

    The variance of resamples is (people − 1)/people of what it stands for.
    """
    error = float(drawn.std() * np.sqrt(people / (people - 1))) if len(drawn) and people > 1 else 0.0
    return error if error > 1e-9 else None
