"""Rank tests against scipy, brute force and a published example; Holm's correction against statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.families import corrected, counted, holm
from analysis.ranks import friedman, rank_results, signed_ranks

RNG = np.random.default_rng


def table(rng, n, k=4):
    level = rng.normal(size=(n, 1)) + np.linspace(0, 0.8, k)
    return np.clip(np.round(3 + level + rng.normal(size=(n, k))), 1, 5)


def test_friedman_as_scipy_with_ties():
    wide = table(RNG(1), 17)
    found, known = friedman(wide), stats.friedmanchisquare(*wide.T)
    assert (found["statistic"], found["p_value"]) == pytest.approx((known.statistic, known.pvalue))
    assert found["kendall_w"] == pytest.approx(known.statistic / (17 * 3))
    assert found["ci95"][0] < found["agreement"] < found["ci95"][1]


def test_agreement_is_the_mean_correlation_of_two_listeners_and_its_interval_a_jackknife():
    # Without ties the mean of all pairs' Spearman correlations is (nW − 1)/(n − 1).
    wide = RNG(5).normal(size=(12, 5)) + np.linspace(0, 2, 5)

    def mean_rho(chosen):
        between = stats.spearmanr(chosen, axis=1).statistic
        return between[np.triu_indices(len(chosen), 1)].mean()

    found, left = friedman(wide), np.arctanh([mean_rho(np.delete(wide, who, axis=0)) for who in range(12)])
    assert found["agreement"] == pytest.approx(mean_rho(wide))
    centre = 12 * np.arctanh(mean_rho(wide)) - 11 * left.mean()
    half = stats.t.ppf(0.975, 11) * np.sqrt(11 / 12 * ((left - left.mean()) ** 2).sum())
    assert found["ci95"] == pytest.approx(tuple(np.tanh([centre - half, centre + half])))


def test_friedman_as_published():
    # Hollander & Wolfe (1973), rounding first base, 22 runners: the example of R's friedman.test, χ² = 11.143
    times = """5.40 5.50 5.55 5.85 5.70 5.75 5.20 5.60 5.50 5.55 5.50 5.40 5.90 5.85 5.70 5.45 5.55 5.60
    5.40 5.40 5.35 5.45 5.50 5.35 5.25 5.15 5.00 5.85 5.80 5.70 5.25 5.20 5.10 5.65 5.55 5.45 5.60 5.35 5.45
    5.05 5.00 4.95 5.50 5.50 5.40 5.45 5.55 5.50 5.55 5.55 5.35 5.45 5.50 5.55 5.50 5.45 5.25 5.65 5.60 5.40
    5.70 5.65 5.55 6.30 6.30 6.25"""
    found = friedman(np.array(times.split(), dtype=float).reshape(22, 3))
    assert found["statistic"] == pytest.approx(11.143, abs=5e-4)
    assert found["p_value"] == pytest.approx(0.003805, abs=5e-7)


def test_friedman_needs_two_listeners_and_three_things():
    for wide in (np.zeros((0, 4)), np.ones((1, 4)), np.ones((5, 2)), np.ones((5, 4))):
        assert friedman(wide)["p_value"] is None


def test_wilcoxon_exact_as_scipy_without_ties():
    d = RNG(2).normal(0.4, 1, 14)
    known = stats.wilcoxon(d, method="exact")
    found = signed_ranks(d, RNG(0))
    assert (found["statistic"], found["p_value"]) == pytest.approx((known.statistic, known.pvalue))


@pytest.mark.parametrize("seed", range(4))
def test_wilcoxon_exact_with_ties_as_every_choice_of_signs(seed):
    d = RNG(seed).integers(-2, 4, 9).astype(float)
    ranks = stats.rankdata(np.abs(d[d != 0]))
    sums = [np.dot(signs, ranks) for signs in product((0, 1), repeat=len(ranks))]
    seen = abs(ranks[d[d != 0] > 0].sum() - ranks.sum() / 2)
    known = np.mean([abs(total - ranks.sum() / 2) >= seen - 1e-9 for total in sums])
    assert signed_ranks(d, RNG(0))["p_value"] == pytest.approx(known)


def test_wilcoxon_of_many_as_scipy():
    d = RNG(3).integers(-3, 5, 200).astype(float)
    known = stats.wilcoxon(d, method="asymptotic", correction=False)
    assert signed_ranks(d, RNG(0))["p_value"] == pytest.approx(known.pvalue)


def test_rank_biserial_and_its_interval_by_a_plain_bootstrap_on_fishers_scale():
    d = RNG(4).integers(-3, 5, 40).astype(float)

    def effect(sample):
        sample = sample[sample != 0]
        ranks = stats.rankdata(np.abs(sample))
        return (ranks[sample > 0].sum() - ranks[sample < 0].sum()) / ranks.sum()

    found = signed_ranks(d, RNG(0))
    rng = RNG(1)
    plain = [effect(d[rng.integers(0, 40, 40)]) for _ in range(2000)]
    r = effect(d)
    half = 1.96 * np.std(plain) * np.sqrt(40 / 39) / (1 - r**2)
    assert found["rank_biserial"] == pytest.approx(r)
    expected = np.tanh([np.arctanh(r) - half, np.arctanh(r) + half])
    assert found["ci95"] == pytest.approx(tuple(expected), abs=0.02)


def test_missing_and_equal_ratings_give_no_test():
    assert signed_ranks(np.array([np.nan, 0, 0]), RNG(0)) | {"method": ""} == {
        "n": 2, "n_participants": 2, "median": None, "statistic": None, "p_value": None,
        "rank_biserial": None, "ci95": None, "method": "",
    }  # fmt: skip


def test_listeners_who_all_agree_give_an_effect_without_an_interval():
    found = signed_ranks(np.array([1.0, 2, 1, 3]), RNG(0))
    assert (found["rank_biserial"], found["ci95"]) == (1, None)
    assert signed_ranks(np.array([1.0, 2, 1, -3]), RNG(0))["ci95"] is not None


def test_pairs_are_corrected_in_their_family():
    wide = table(RNG(5), 20, 3)
    long = pd.DataFrame(
        [
            {"participant_id": f"p{i}", "setting": "abc"[j], "rating": wide[i, j]}
            for i in range(20)
            for j in range(3)
        ]
    )
    found = rank_results(long, "setting", "settings", RNG(0), 200)
    plain = [stats.wilcoxon(wide[:, i] - wide[:, j], correction=False) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert [pair["statistic"] for pair in found["pairs"]] == [test.statistic for test in plain]
    adjusted = multipletests([pair["p_value"] for pair in found["pairs"]], method="holm")[1]
    assert [pair["p_holm"] for pair in found["pairs"]] == pytest.approx(list(adjusted))
    assert counted(found) == {
        "n": 4,
        "families": {"settings": {"n": 3, "correction": "Holm"}},
        "uncorrected": 1,
    }


def test_holm_leaves_out_what_was_not_tested():
    p = [0.001, 0.2, 0.013, 0.04, 0.04]
    assert holm([*p, None]) == pytest.approx([*multipletests(p, method="holm")[1], None])
    tests = [{"p_value": 0.5}, {"p_value": None}]
    corrected("two", tests)
    assert [test["p_holm"] for test in tests] == [0.5, None]
