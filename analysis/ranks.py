"""Rank tests of ratings by the same listeners: Friedman over all, Wilcoxon's signed ranks in pairs. Pure."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import fisher
from analysis.estimates import Interval, bootstrap_error
from analysis.families import corrected

FRIEDMAN = (
    "Friedman's test over listeners who rated all; Kendall's W, and the mean correlation between two "
    "listeners' ranks, which W is with many of them, with its jackknife interval on Fisher's scale"
)
WILCOXON = (
    "Wilcoxon's signed-rank test over listeners who rated both; matched-pairs rank-biserial correlation, on "
    "Fisher's scale with the standard error of a bootstrap over listeners; no interval where they all agree "
    "on which is better"
)
# Up to this many untied differences the null distribution is counted, beyond it is normal enough.
EXACT_UP_TO = 50
# More things than this make more pairs than anybody reads; they are left to the model.
MOST_PAIRED = 20


def rank_results(
    ratings: pd.DataFrame, column: str, family: str, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """Friedman's test over the values of ``column``, and every pair of them, Holm's correction over the
    pairs.

    A listener's mean counts where they rated several clips of one value.
    """
    table = ratings.pivot_table(index="participant_id", columns=column, values="rating", aggfunc="mean")
    names = [str(name) for name in table.columns]
    wide = table.to_numpy(dtype=float)
    pairs = []
    if 2 <= len(names) <= MOST_PAIRED:
        pairs = [
            {"first": names[i], "second": names[j], **signed_ranks(wide[:, i] - wide[:, j], rng, resamples)}
            for i, j in combinations(range(len(names)), 2)
        ]
        corrected(family, pairs)
    return {
        "friedman": friedman(wide[~np.isnan(wide).any(axis=1)]),
        "pairs": pairs,
        "note": f"More than {MOST_PAIRED}: no pairs are tested." if len(names) > MOST_PAIRED else None,
    }


def friedman(table: np.ndarray) -> dict[str, Any]:
    """Friedman's test of a complete ``table`` (listeners, things), corrected for ties, with Kendall's W.

    χ² = (k − 1) Σ_j (R_j − n(k + 1)/2)² / Σ_ij (r_ij − (k + 1)/2)² with R_j the sums of ranks, W = χ²/(n(k
    − 1)): 1 where listeners rank alike, and 1/n on average where they rank at random. Conover (1999),
    Practical Nonparametric Statistics, section 5.8. What W would be with listeners without end is
    ``agreement``, (nW − 1)/(n − 1), the mean correlation between two listeners' ranks (Kendall & Gibbons
    1990, Rank Correlation Methods, section 6.6), and the interval is of that. None for fewer than two
    listeners or three things (two are a pair), and where all ranks are tied.
    """
    n, k = table.shape if table.ndim == 2 else (0, 0)
    out = {
        "n": int(table.size), "n_participants": n, "things": k, "statistic": None, "df": None,
        "p_value": None, "kendall_w": None, "agreement": None, "ci95": None, "method": FRIEDMAN,
    }  # fmt: skip
    if n < 2 or k < 3:
        return out
    centred = stats.rankdata(table, axis=1) - (k + 1) / 2
    sums, squares = centred.sum(axis=0), (centred**2).sum(axis=1)
    if squares.sum() == 0:
        return out
    w = float((sums**2).sum() / (n * squares.sum()))
    return out | {
        "statistic": n * (k - 1) * w,
        "df": k - 1,
        "p_value": float(stats.chi2.sf(n * (k - 1) * w, k - 1)),
        "kendall_w": w,
        "agreement": (n * w - 1) / (n - 1),
        "ci95": _agreement_interval(w, centred, sums, squares) if n > 2 else None,
    }


def _agreement_interval(
    w: float, centred: np.ndarray, sums: np.ndarray, squares: np.ndarray
) -> Interval | None:
    """Of the mean correlation between listeners' ranks, by leaving each listener out; Student's t."""
    n = len(centred)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = ((sums - centred) ** 2).sum(axis=1) / ((n - 1) * (squares.sum() - squares))
    z = fisher.scaled(((n - 1) * without - 1) / (n - 2))
    centre = fisher.corrected(float(fisher.scaled((n * w - 1) / (n - 1))), z)
    return fisher.interval(centre, np.sqrt(fisher.variance(z)), float(stats.t.ppf(0.975, n - 1)))


def signed_ranks(differences: np.ndarray, rng: np.random.Generator, resamples: int = 2000) -> dict[str, Any]:
    """Wilcoxon's test of one difference a listener (NaN: one of the two is missing), zeros left out.

    The effect is the matched-pairs rank-biserial correlation (W₊ − W₋)/(W₊ + W₋): 1 where every listener
    prefers the first, −1 the second. Kerby (2014), Comprehensive Psychology 3:1. Up to 50 differences the
    p-value is exact given the ties; beyond, normal with the tie correction. A resample draws listeners;
    with only so many different differences that is a multinomial draw of how often each one occurs.
    """
    d = differences[~np.isnan(differences)]
    values, counts = np.unique(np.round(d, 9), return_counts=True)
    size = len(d)
    out = {
        "n": size, "n_participants": size, "median": None, "statistic": None, "p_value": None,
        "rank_biserial": None, "ci95": None, "method": WILCOXON,
    }  # fmt: skip
    if not size or not (values != 0).any():
        return out
    plus, minus = _rank_sums(values, counts[None])
    drawn = rng.multinomial(size, counts / size, size=resamples)
    sums = _rank_sums(values, drawn)
    total = sums[0] + sums[1]
    effects = (sums[0] - sums[1])[total > 0] / total[total > 0]
    effect = float((plus[0] - minus[0]) / (plus[0] + minus[0]))
    return out | {
        "median": float(np.median(d)),
        "statistic": float(min(plus[0], minus[0])),
        "p_value": _signed_rank_p(d[np.abs(d) > 1e-9]),
        "rank_biserial": effect,
        "ci95": fisher.delta_interval(effect, bootstrap_error(effects, size)),
    }


def _rank_sums(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W₊ and W₋ of each row of ``counts`` (resamples, values): how often each of ``values`` occurs."""
    sizes, place = np.unique(np.abs(values), return_inverse=True)
    tied = np.zeros((len(counts), len(sizes)))
    for column, size in enumerate(place):
        tied[:, size] += counts[:, column]
    if sizes[0] == 0:
        tied[:, 0] = 0
    # The mean rank of a tied group is what lies below it and half of it and one.
    ranks = np.cumsum(tied, axis=1) - tied / 2 + 0.5
    shares = ranks[:, place] * counts
    return shares[:, values > 0].sum(axis=1), shares[:, values < 0].sum(axis=1)


def _signed_rank_p(d: np.ndarray) -> float:
    """Two-sided p-value of nonzero differences: the chance of so uneven rank sums, every sign being a
    coin."""
    ranks = stats.rankdata(np.abs(d))
    if len(d) > EXACT_UP_TO:
        spread = np.sqrt((ranks**2).sum() / 4)
        return float(2 * stats.norm.sf(abs(ranks[d > 0].sum() - ranks.sum() / 2) / spread))
    # Ranks are whole or half: twice the rank sums are whole numbers, and their chances a product of coins.
    doubled = np.round(2 * ranks).astype(int)
    chances = np.ones(1)
    for rank in doubled:
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    middle = doubled.sum() / 2
    far = abs(doubled[d > 0].sum() - middle)
    return float(min(1.0, chances[np.abs(np.arange(len(chances)) - middle) >= far - 1e-9].sum()))
