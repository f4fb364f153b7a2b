"""Formulas against independent oracles: published numbers, statsmodels, the standard library, brute force."""

import doctest
from math import comb
from statistics import NormalDist, mean

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

import analysis.estimates
import analysis.fisher
import analysis.krippendorff
from analysis.estimates import (
    binomial_p,
    clopper_pearson,
    clustered_mean,
    detection,
    detection_intervals,
    wilson,
)

COUNTS = st.integers(0, 200)


@st.composite
def proportions(draw) -> tuple[int, int]:
    n = draw(st.integers(1, 300))
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize("module", [analysis.estimates, analysis.krippendorff, analysis.fisher])
def test_worked_examples_of_the_docstrings(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


# Newcombe (1998), Statistics in Medicine 17:857, table I.
@pytest.mark.parametrize(
    ("correct", "n", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_intervals_of_a_proportion_as_published(correct, n, score, exact):
    assert wilson(correct, n) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(correct, n) == pytest.approx(exact, abs=5e-5)


@given(proportions())
def test_intervals_of_a_proportion_as_statsmodels(counts):
    correct, n = counts
    assert wilson(correct, n) == pytest.approx(proportion_confint(correct, n, method="wilson"), abs=1e-9)
    assert clopper_pearson(correct, n) == pytest.approx(
        proportion_confint(correct, n, method="beta"), abs=1e-9
    )


@given(proportions())
def test_intervals_of_a_proportion_hold_it_and_mirror(counts):
    correct, n = counts
    for interval in (wilson, clopper_pearson):
        low, high = interval(correct, n)
        assert 0 <= low <= correct / n + 1e-12
        assert correct / n - 1e-12 <= high <= 1
        assert interval(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_proportion_of_nothing_has_no_interval_and_no_test():
    assert wilson(0, 0) is clopper_pearson(0, 0) is binomial_p(0, 0) is None


def test_more_correct_than_answers_is_refused():
    with pytest.raises(ValueError, match="between 0 and n, and is 3 of 2"):
        wilson(3, 2)


@given(proportions())
def test_binomial_test_by_adding_up_the_distribution(counts):
    correct, n = counts
    likely = [comb(n, k) for k in range(n + 1)]
    as_unlikely = sum(ways for ways in likely if ways <= likely[correct])
    assert binomial_p(correct, n) == pytest.approx(as_unlikely / 2**n, rel=1e-9)


def test_binomial_test_of_fishers_tea():
    # Fisher's lady with 10 of 10 cups in a paired design: 2 / 2^10.
    assert binomial_p(10, 10) == pytest.approx(2 / 1024)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 8)), min_size=3, max_size=60))
def test_clustered_mean_as_statsmodels(rows):
    values, groups = zip(*rows, strict=True)
    result = clustered_mean(values, groups)
    assert result.mean == pytest.approx(mean(values))
    assert (result.n, result.groups) == (len(rows), len(set(groups)))
    if len(set(groups)) < 2 or len(set(values)) == 1:
        assert result.ci95 is None
        return
    model = sm.OLS(np.array(values, dtype=float), np.ones(len(values)))
    codes = pd.factorize(np.array(groups))[0]
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    assert result.ci95 == pytest.approx(tuple(fit.conf_int()[0]), abs=1e-8)


def test_clustered_mean_with_one_value_a_rater_is_students():
    # Student's sleep data (1908), drug 2 minus drug 1; R: t.test(c(1.2, 2.4, ...)) gives 0.7001 to 2.4599.
    hours = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    result = clustered_mean(hours, range(10))
    assert result.mean == pytest.approx(1.58)
    assert result.ci95 == pytest.approx((0.7001142, 2.4598858), abs=1e-6)


def test_mean_of_nothing_of_one_and_of_agreement():
    assert clustered_mean([], []) == (None, None, 0, 0)
    assert clustered_mean([4, 5], ["a", "a"]) == (4.5, None, 2, 1)
    assert clustered_mean([4, 4, 4], "abc") == (4.0, None, 3, 3)


def test_a_value_without_its_rater_is_refused():
    with pytest.raises(ValueError, match="2 values and 1 groups"):
        clustered_mean([1, 2], ["a"])


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_detection_as_hautus_by_the_standard_library(hits, misses, false_alarms, correct_rejections):
    result = detection(hits, misses, false_alarms, correct_rejections)
    if hits + misses == 0 or false_alarms + correct_rejections == 0:
        assert result == (None, None)
        return
    z = NormalDist().inv_cdf
    hit_rate = (hits + 0.5) / (hits + misses + 1)
    false_rate = (false_alarms + 0.5) / (false_alarms + correct_rejections + 1)
    assert result.d_prime == pytest.approx(z(hit_rate) - z(false_rate), abs=1e-9)
    assert result.criterion == pytest.approx(-0.5 * (z(hit_rate) + z(false_rate)), abs=1e-9)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_swapping_what_is_called_ai_turns_sensitivity_round(hits, misses, false_alarms, correct_rejections):
    there = detection(hits, misses, false_alarms, correct_rejections)
    back = detection(false_alarms, correct_rejections, hits, misses)
    if there.d_prime is not None:
        assert back.d_prime == pytest.approx(-there.d_prime, abs=1e-9)
        assert back.criterion == pytest.approx(there.criterion, abs=1e-9)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="cannot be negative"):
        detection(-1, 2, 3, 4)


def test_bootstrap_is_repeatable_and_needs_two_people():
    counts = np.random.default_rng(1).integers(0, 5, (20, 4))
    first = detection_intervals(counts, np.random.default_rng(7), 300)
    assert first == detection_intervals(counts, np.random.default_rng(7), 300)
    assert detection_intervals(counts[:1], np.random.default_rng(7)) == (None, None)


def test_bootstrap_as_a_plain_loop_over_people():
    counts = np.random.default_rng(2).integers(0, 6, (30, 4))
    rng = np.random.default_rng(3)
    plain = [detection(*counts[rng.integers(0, 30, 30)].sum(axis=0)) for _ in range(4000)]
    intervals = detection_intervals(counts, np.random.default_rng(4), 4000)
    for index, interval in enumerate(intervals):
        expected = np.quantile([resample[index] for resample in plain], [0.025, 0.975])
        assert interval == pytest.approx(tuple(expected), abs=0.03)


def test_bootstrap_interval_of_a_simulated_listener_covers():
    """400 simulated studies of 40 people with d' = 1: the 95% interval holds it about 95 times in 100."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        hits = rng.binomial(20, NormalDist().cdf(0.5), 40)
        false_alarms = rng.binomial(20, NormalDist().cdf(-0.5), 40)
        counts = np.column_stack([hits, 20 - hits, false_alarms, 20 - false_alarms])
        low, high = detection_intervals(counts, rng, 400)[0]
        covered += low <= 1.0 <= high
    assert 0.90 <= covered / 400 <= 0.98
