"""Krippendorff's alpha against the published example and a brute-force reading of its definition."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.agreement import alpha_interval, krippendorff_alpha

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: 4 observers, 12 units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]


def counted(units: list[list[int]]) -> np.ndarray:
    return np.array([[unit.count(value) for value in range(1, 6)] for unit in units]).reshape(-1, 5)


def brute_force(units: list[list[int]]) -> float | None:
    """Alpha by listing every pair of values, with the ordinal distance summed rank by rank."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    totals = {value: values.count(value) for value in range(1, 6)}

    def distance(c: int, k: int) -> float:
        low, high = min(c, k), max(c, k)
        return (sum(totals[g] for g in range(low, high + 1)) - (totals[c] + totals[k]) / 2) ** 2

    observed = sum(distance(c, k) / (len(unit) - 1) for unit in units for c, k in permutations(unit, 2))
    expected = sum(distance(c, k) for c, k in permutations(values, 2))
    if expected == 0:
        return None
    return 1 - (observed / len(values)) / (expected / (len(values) * (len(values) - 1)))


def test_alpha_as_published():
    units = [[value for value in unit if value] for unit in zip(*OBSERVERS, strict=True)]
    assert krippendorff_alpha(counted(units)) == pytest.approx(0.815, abs=5e-4)


UNITS = st.lists(st.lists(st.integers(1, 5), max_size=6), max_size=8)


@given(UNITS)
@settings(deadline=None)
def test_alpha_as_brute_force(units):
    expected = brute_force(units)
    assert krippendorff_alpha(counted(units)) == (
        None if expected is None else pytest.approx(expected, abs=1e-9)
    )


@given(UNITS, st.randoms())
@settings(deadline=None)
def test_alpha_does_not_ask_for_order(units, random):
    shuffled = [random.sample(unit, len(unit)) for unit in units]
    random.shuffle(shuffled)
    first, second = krippendorff_alpha(counted(units)), krippendorff_alpha(counted(shuffled))
    assert first == (None if second is None else pytest.approx(second, abs=1e-12))


def test_alpha_is_nothing_where_nothing_can_disagree():
    assert krippendorff_alpha(np.zeros((0, 5))) is None
    assert krippendorff_alpha(counted([[3], [4]])) is None
    assert krippendorff_alpha(counted([[3, 3], [3, 3]])) is None


def test_interval_as_a_plain_loop_over_units():
    rng = np.random.default_rng(1)
    counts = counted(
        [list(np.clip(rng.normal(c, 0.8, 6).round(), 1, 5).astype(int)) for c in rng.uniform(1, 5, 25)]
    )
    plain = [krippendorff_alpha(counts[rng.integers(0, 25, 25)]) for _ in range(2000)]
    expected = np.quantile(plain, [0.025, 0.975])
    assert alpha_interval(counts, np.random.default_rng(2), 2000) == pytest.approx(tuple(expected), abs=0.03)


def test_interval_needs_two_units():
    assert alpha_interval(counted([[1, 2, 3]]), np.random.default_rng(0)) is None
    assert alpha_interval(np.zeros((0, 5)), np.random.default_rng(0)) is None
