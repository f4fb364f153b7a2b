"""Krippendorff's alpha against the published example and a brute-force reading of its definition."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.krippendorff import crossed_interval, krippendorff_alpha, repeated_interval

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


def test_interval_as_alpha_again_without_each_clip_listener_and_rating():
    rng = np.random.default_rng(1)
    people, clips = (part.ravel() for part in np.mgrid[0:7, 0:9])
    kept = rng.random(len(people)) < 0.8
    people, clips = people[kept], clips[kept]
    values = np.clip(rng.normal(clips / 2, 1.2).round(), 0, 4).astype(int)

    def z(chosen: np.ndarray) -> float:
        counts = np.zeros((9, 5))
        np.add.at(counts, (clips[chosen], values[chosen]), 1)
        alpha, raters = krippendorff_alpha(counts), len(people) / 9
        return np.log((1 + (raters - 1) * alpha) / (1 - alpha)) / 2

    def without(codes: np.ndarray) -> np.ndarray:
        return np.array([z(codes != code) for code in np.unique(codes)])

    def spread(left: np.ndarray) -> float:
        return (len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum()

    by_clip, by_person = without(clips), without(people)
    noise = spread(without(np.arange(len(people))))
    beyond = max(spread(by_person) - noise, 0)
    variance = spread(by_clip) + beyond
    df = variance**2 / (spread(by_clip) ** 2 / 8 + beyond**2 / 6)
    centre = 9 * z(people >= 0) - 8 * by_clip.mean()
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    raised = np.exp(2 * np.array([centre - half, centre + half]))
    expected = (raised - 1) / (raised + len(people) / 9 - 1)
    assert crossed_interval(people, clips, values, 5) == pytest.approx(tuple(expected))


def test_interval_of_repeats_as_alpha_again_without_each_listener():
    rng = np.random.default_rng(2)
    people, first = np.repeat(np.arange(8), 2), rng.integers(0, 5, 16)
    pairs = np.column_stack([first, np.clip(first + rng.integers(-1, 2, 16), 0, 4)])
    counts = np.stack([(pairs == value).sum(axis=1) for value in range(5)], axis=1)
    left = np.arctanh([krippendorff_alpha(counts[people != who]) for who in range(8)])
    centre = 8 * np.arctanh(krippendorff_alpha(counts)) - 7 * left.mean()
    half = stats.t.ppf(0.975, 7) * np.sqrt(7 / 8 * ((left - left.mean()) ** 2).sum())
    expected = np.tanh([centre - half, centre + half])
    assert repeated_interval(people, counts) == pytest.approx(tuple(expected))


def test_an_interval_needs_three_clips_and_listeners():
    two, three = np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)
    values = np.array([0, 1, 2, 4, 3, 3])
    assert crossed_interval(two, three, values, 5) is None
    assert crossed_interval(three, two, values, 5) is None
    assert crossed_interval(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), 5) is None
    assert repeated_interval(np.array([0, 1]), counted([[1, 2], [3, 3]])) is None
    assert repeated_interval(np.zeros(0, int), counted([])) is None


@pytest.mark.parametrize("alike", [0, 2])
def test_listeners_who_agree_wholly_or_not_at_all_have_an_interval_or_none(alike):
    people, clips = (part.ravel() for part in np.mgrid[0:4, 0:5])
    values = clips if alike == 0 else np.full(20, alike)
    assert crossed_interval(people, clips, values, 5) is None


def test_the_interval_covers_where_a_bootstrap_over_clips_does_not():
    rng, held = np.random.default_rng(3), 0
    people, clips = (part.ravel() for part in np.mgrid[0:30, 0:10])
    for _ in range(200):
        liked = 0.8 * rng.normal(size=30)[people] + 0.5 * rng.normal(size=10)[clips]
        noisy = liked + rng.logistic(size=300)
        low, high = crossed_interval(people, clips, np.digitize(noisy, [-2, -0.7, 0.5, 1.8]), 5)
        held += low <= 0.0585 <= high  # of two million pairs of ratings by this model
    assert held >= 180  # 95% is 190, with a standard error of 3; the percentiles held 150

