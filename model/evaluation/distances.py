"""How far a set of continuations is from the human ones, against how far these are from one another.

Numbers: Wasserstein-1 distance over the human standard deviation. Histograms: Jensen-Shannon distance of the
pooled, normalised histograms. The comparison of sets, not of pairs, follows Yang and Lerch 2020. Chance alone
parts two sets of the same music, so each distance is told over the *floor*: the distance of one random half
of the human continuations to the other, averaged over many halvings. The model's halves are compared with the
human halves of *other* prompts, so that both distances are between sets of one size: 1 is indistinguishable.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import wasserstein_distance

from model.evaluation import intervals
from model.evaluation.features import HISTOGRAMS, SCALARS, Features, divergence

HALVINGS = 100
_QUICK = 20             # halvings of each jackknife group
NAMES = (*SCALARS, *HISTOGRAMS)


def over_floor(machine: Sequence[Features], human: Sequence[Features], rng: np.random.Generator) -> dict:
    """{feature: {"ratio", "ci95", "distance", "floor", "machine_mean", "human_mean"}}, and "mean_ratio".

    Both sequences are of the same prompts in the same order, four at least. `ci95` comes from a jackknife
    over groups of prompts. None where a number is not defined: a floor of 0, a feature that nobody has.
    """
    if len(machine) != len(human) or len(human) < 4:
        raise ValueError("Distances compare continuations of the same 4 or more prompts; received "
                         f"{len(machine)} and {len(human)}.")
    table = _Table(machine, human)
    everyone = np.arange(len(human))
    distance, floor = table.measure(everyone, HALVINGS, rng)
    errors = intervals.jackknife(len(human), lambda kept: _logs(*table.measure(kept, _QUICK, rng)), rng)
    found = {}
    for i, name in enumerate(NAMES):
        ratio = distance[i] / floor[i] if floor[i] > 0 else np.nan
        spread = np.exp(intervals.Z95 * errors[i])
        found[name] = {
            "ratio": number(ratio), "ci95": _pair(ratio / spread, ratio * spread),
            "distance": number(distance[i]), "floor": number(floor[i]),
            "machine_mean": number(table.mean(i, 0)), "human_mean": number(table.mean(i, 1))}
    centre = np.nanmean(_logs(distance, floor))
    return {"features": found, "mean_ratio": number(np.exp(centre))}


def number(value: float, digits: int = 4) -> float | None:
    """A number for JSON: rounded, None for NaN and infinity."""
    return round(float(value), digits) if np.isfinite(value) else None


def _pair(low: float, high: float) -> list[float] | None:
    return [number(low), number(high)] if np.isfinite(low) and np.isfinite(high) else None


def _logs(distance: np.ndarray, floor: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(distance / floor)
    return np.where(np.isfinite(logs), logs, np.nan)


class _Table:
    """Both sets side by side: numbers (2, n, scalars) and histograms {name: (2, n, bins)}."""

    def __init__(self, machine: Sequence[Features], human: Sequence[Features]) -> None:
        both = (machine, human)
        self.numbers = np.array([[[one.scalars[name] for name in SCALARS] for one in side] for side in both])
        self.bins = {name: np.array([[_shares(one.histograms[name]) for one in side] for side in both])
                     for name in HISTOGRAMS}
        with np.errstate(invalid="ignore"):
            deviations = [np.nanstd(column) if np.isfinite(column).any() else 1.0
                          for column in self.numbers[1].T]
        self.scale = np.where(np.array(deviations) > 0, deviations, 1.0)

    def mean(self, i: int, side: int) -> float:
        if i >= len(SCALARS):
            return np.nan
        column = self.numbers[side, :, i]
        return float(np.nanmean(column)) if np.isfinite(column).any() else np.nan

    def measure(self, kept: np.ndarray, halvings: int,
                rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mean distances of machine and human, and of human and human, over random halves: (features,)
        each."""
        distance, floor = [], []
        for _ in range(halvings):
            mixed = rng.permutation(kept)
            half = len(mixed) // 2
            one, other = mixed[:half], mixed[half : 2 * half]
            floor.append(self._apart(1, one, 1, other))
            distance.append((self._apart(0, one, 1, other) + self._apart(0, other, 1, one)) / 2)
        return _means(distance), _means(floor)

    def _apart(self, side: int, rows: np.ndarray, other: int, others: np.ndarray) -> np.ndarray:
        a, b = self.numbers[side, rows], self.numbers[other, others]
        numbers = [_wasserstein(a[:, i], b[:, i]) for i in range(len(SCALARS))] / self.scale
        bins = [divergence(table[side, rows].sum(axis=0), table[other, others].sum(axis=0))
                for table in self.bins.values()]
        return np.r_[numbers, bins]


def _means(rows: list[np.ndarray]) -> np.ndarray:
    table = np.array(rows)
    known = np.isfinite(table)
    total = np.where(known, table, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Earth mover's distance of two samples, NaN left out; NaN where one has nothing left."""
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    if not len(a) or not len(b):
        return np.nan
    if len(a) == len(b):
        return float(np.abs(np.sort(a) - np.sort(b)).mean())
    return float(wasserstein_distance(a, b))


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(counts.sum(), 1)
