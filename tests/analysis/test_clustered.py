"""Clustered shares, equivalence, the Bayes factor: statsmodels, brute force, published numbers, coverage."""

import doctest
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats
from statsmodels.api import GLM, families

import analysis.clustered
import analysis.consistency
import analysis.davidson
import analysis.equivalence
import analysis.right_answers
from analysis.clustered import clustered_share, share_results
from analysis.equivalence import bayes_factors, equivalence, exact_tost


@pytest.mark.parametrize(
    "module",
    [
        analysis.clustered,
        analysis.consistency,
        analysis.davidson,
        analysis.equivalence,
        analysis.right_answers,
    ],
)
def test_worked_examples_of_the_docstrings(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=60))
def test_as_a_clustered_logistic_regression_of_statsmodels(rows):
    right, people = (np.array(part) for part in zip(*rows, strict=True))
    share = clustered_share(right, people)
    assert (share.n, share.correct, share.people) == (len(rows), right.sum(), len(set(people)))
    if share.error is None:
        sums = [right[people == who].sum() - right.mean() * (people == who).sum() for who in set(people)]
        assert len(sums) < 2 or np.allclose(sums, 0)
        return
    model = GLM(right.astype(float), np.ones(len(right)), family=families.Binomial())
    plain = model.fit(cov_type="cluster", cov_kwds={"groups": people, "use_correction": False})
    count = share.people
    assert share.error == pytest.approx(plain.bse[0] * np.sqrt(count / (count - 1)), rel=1e-5)
    half = stats.t.ppf(0.975, count - 1) * share.error
    ends = special.expit([plain.params[0] - half, plain.params[0] + half])
    assert share.interval() == pytest.approx(tuple(ends), rel=1e-5)
    assert share.p_value() == pytest.approx(
        2 * stats.t.sf(abs(plain.params[0]) / share.error, count - 1), abs=1e-9
    )


def test_one_answer_a_person_is_close_to_the_binomial():
    share = clustered_share([True] * 60 + [False] * 40, range(100))
    assert share.interval() == pytest.approx((0.4997, 0.6929), abs=0.002)  # logit interval, z: 0.5013, 0.6914


def test_what_shows_no_spread_has_no_interval_and_says_why():
    assert share_results([], [])["ci95"] is None
    one = share_results([True, False], ["a", "a"])
    assert one["ci95"] is None and one["note"].startswith("One participant")
    alike = share_results([True, False, True, False], ["a", "a", "b", "b"])
    assert alike["ci95"] is None and alike["note"].startswith("All participants answered alike")


def test_clustered_interval_covers():
    """1,000 studies of 40 people with six pairs each: the interval holds the truth 93 to 97 times in 100."""
    rng = np.random.default_rng(1)
    z = np.linspace(-8, 8, 2001)
    truth = np.sum(special.expit(0.4 + 0.6 * z) * stats.norm.pdf(z)) * (z[1] - z[0])
    people = np.repeat(np.arange(40), 6)
    held = 0
    for _ in range(1000):
        right = rng.random(240) < special.expit(0.4 + 0.6 * rng.normal(size=40))[people]
        low, high = clustered_share(right, people).interval()
        held += low <= truth <= high
    assert 0.93 <= held / 1000 <= 0.97


# Equivalence


def test_equivalent_is_what_the_90_per_cent_interval_says():
    rng = np.random.default_rng(2)
    seen = set()
    for _ in range(300):
        right = rng.random(150) < rng.uniform(0.4, 0.6)
        share = clustered_share(right, np.repeat(np.arange(30), 5))
        found = equivalence(share, 0.1)
        low, high = found["ci90"]
        assert found["equivalent"] == (low > 0.4 and high < 0.6)
        seen.add(found["equivalent"])
    assert seen == {True, False}


@given(st.integers(0, 60), st.integers(1, 60))
def test_exact_tost_by_adding_up_both_tails(correct, n):
    correct = min(correct, n)
    below = sum(comb(n, k) * 0.4**k * 0.6 ** (n - k) for k in range(correct, n + 1))
    above = sum(comb(n, k) * 0.6**k * 0.4 ** (n - k) for k in range(correct + 1))
    assert exact_tost(correct, n, 0.1) == pytest.approx(max(below, above), abs=1e-9)


def test_nothing_is_equivalent_where_nothing_was_seen():
    for right, people in (([], []), ([True, False], ["a", "a"]), ([True, False] * 2, list("aabb"))):
        found = equivalence(clustered_share(right, people), 0.1)
        assert found["p_value"] is None
        assert found["equivalent"] is False


@pytest.mark.parametrize("margin", [0, -0.1, 0.5, 1])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match=f"and is {margin}"):
        equivalence(clustered_share([True, False], "ab"), margin)


def test_equivalence_is_seldom_claimed_at_the_margin():
    """True accuracy 0.6 and a margin of 0.1: at most about 5 in 100 studies may pass."""
    rng = np.random.default_rng(3)
    people = np.repeat(np.arange(80), 8)
    passed = 0
    for _ in range(1000):
        able = rng.beta(0.6 * 10, 0.4 * 10, 80)[people]
        passed += equivalence(clustered_share(rng.random(640) < able, people), 0.1)["equivalent"]
    assert 0.02 <= passed / 1000 <= 0.07


# Bayes factor


@given(st.integers(0, 80), st.integers(0, 80))
def test_bayes_factors_by_quadrature(right, wrong):
    n = right + wrong
    found = bayes_factors(right, n)
    if n == 0:
        assert found["bf01"] is None
        return

    def likelihood(p):
        return np.exp(right * np.log(p / 0.5) + wrong * np.log((1 - p) / 0.5))

    p = np.linspace(0, 1, 20_003)[1:-1]
    upper = p >= 0.5
    assert found["bf01"] == pytest.approx(1 / integrate.trapezoid(likelihood(p), p), rel=2e-3)
    one_sided = 2 * integrate.trapezoid(likelihood(p[upper]), p[upper])
    assert found["bf01_one_sided"] == pytest.approx(1 / one_sided, rel=2e-2)
    assert found["log10_bf01"] == pytest.approx(np.log10(found["bf01"]))


def test_bayes_factor_as_published():
    # Wagenmakers (2007), Psychonomic Bulletin & Review 14:779: 9 of 12 questions right, BF01 about 0.70.
    assert bayes_factors(9, 12)["bf01"] == pytest.approx(0.6982, abs=5e-4)


def test_a_factor_beyond_numbers_is_told_by_its_logarithm():
    found = bayes_factors(9000, 10_000)
    assert found["bf01"] is None
    assert found["log10_bf01"] < -1000


@pytest.mark.parametrize("right", [True, False])
def test_where_all_answers_are_alike_each_person_counts_once(right: bool):
    found = clustered_share([right] * 60, [number % 20 for number in range(60)])
    exact = stats.binomtest(20 if right else 0, 20).proportion_ci(0.95, "exact")
    assert found.interval() == pytest.approx((exact.low, exact.high))
    assert found.interval(0.9) == pytest.approx(stats.binomtest(20 * right, 20).proportion_ci(0.9, "exact"))
    assert found.p_value() is None and clustered_share([right] * 3, "aaa").interval() is None
