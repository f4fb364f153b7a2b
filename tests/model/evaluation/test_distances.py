"""The distance over the floor is 1 for music of one kind and grows with what differs."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from model.evaluation.distances import NAMES, _wasserstein, over_floor
from model.evaluation.features import features
from tests.model.evaluation.material import passage_of, tune, wander


def kind(first: int, spread: int = 7, count: int = 40) -> list:
    return [features(wander(seed, spread=spread)) for seed in range(first, first + count)]


def test_music_of_one_kind_is_as_near_as_itself():
    found = over_floor(kind(0), kind(1000), np.random.default_rng(0))
    assert set(found["features"]) == set(NAMES)
    assert 0.8 < found["mean_ratio"] < 1.25
    low, high = found["features"]["pitch_mean"]["ci95"]
    assert low < found["features"]["pitch_mean"]["ratio"] < high


def test_what_differs_stands_out():
    found = over_floor(kind(0, spread=1), kind(1000), np.random.default_rng(0))
    ratios = {name: one["ratio"] for name, one in found["features"].items()}
    assert ratios["interval"] > 3 and ratios["pitch_spread"] > 2
    assert ratios["velocity_mean"] < 1.5 and ratios["inter_onset"] < 1.5
    assert ratios["empty_bars"] is None, "without a floor there is no ratio"


def test_the_same_seed_gives_the_same_numbers():
    one, other = kind(0, count=12), kind(50, count=12)
    found, again = (over_floor(one, other, np.random.default_rng(4)) for _ in range(2))
    assert found == again


def test_a_few_passages_without_pitch_are_left_out_not_counted():
    drums = features(passage_of(*tune([36] * 8, program=128, length=3)))
    found = over_floor([*kind(0, count=10), drums], kind(50, count=11), np.random.default_rng(0))
    assert found["features"]["pitch_mean"]["ratio"] is not None


def test_wasserstein_is_scipys():
    rng = np.random.default_rng(0)
    for n, m in ((5, 5), (4, 9), (30, 30)):
        a, b = rng.normal(size=n), rng.normal(1, 2, size=m)
        assert _wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b))


def test_sets_must_be_of_the_same_prompts():
    with pytest.raises(ValueError, match="received 5 and 4"):
        over_floor(kind(0, count=5), kind(0, count=4), np.random.default_rng(0))
