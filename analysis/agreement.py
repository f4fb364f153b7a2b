"""Reliability: how far listeners agree with each other beyond chance, and with themselves. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.estimates import Interval, clustered_mean, percentiles
from analysis.summaries import SCALE

ALPHA = "Krippendorff's alpha, ordinal; percentile bootstrap over clips"
ICC = "Intraclass correlation, two-way random listeners and clips, absolute agreement; F interval"
AGAIN = "Share of ratings repeated alike; t interval, standard error clustered by participant"
PAIRED = "Krippendorff's alpha of first and second rating, ordinal; percentile bootstrap over pairs"
DRIFT = "Mean of second minus first rating; t interval, standard error clustered by participant"


def coincidences(counts: np.ndarray) -> np.ndarray:
    """Coincidence matrix of every unit, shape (units, values, values), from how often it got each value.

    ``counts`` has shape (units, values). Of a unit with m ratings, all ordered pairs of two different ratings
    count 1/(m − 1) each; units with fewer than two ratings have no pair.
    """
    counts = np.asarray(counts, dtype=float)
    ratings = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= counts
    return pairs / np.where(ratings > 1, ratings - 1, np.inf)[:, None, None]


def ordinal_distances(totals: np.ndarray) -> np.ndarray:
    """Squared ordinal distances (..., values, values) from the totals of pairable values (..., values).

    δ²(c, k) = (Σ_{g=c..k} n_g − (n_c + n_k)/2)², for c ≤ k.
    """
    totals = np.asarray(totals, dtype=float)
    # Σ_{g=c..k} n_g − (n_c + n_k)/2 is the distance between the middles of the two values' ranks.
    middle = np.cumsum(totals, axis=-1) - totals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def krippendorff_alpha(counts: np.ndarray) -> float | None:
    """Krippendorff's alpha for ordinal data: 1 − D_o/D_e; any number of raters, missing ratings allowed.

    ``counts`` has shape (units, values): how many raters gave each unit each value, values in order. 1 is
    full agreement, 0 what chance would give, below 0 systematic disagreement. None where fewer than two
    ratings can be paired, or all are alike. Krippendorff (2011), Computing Krippendorff's
    Alpha-Reliability, section E; Krippendorff (2019), Content Analysis, chapter 12.

    >>> krippendorff_alpha(np.array([[2, 0], [0, 2]]))                # two raters agree on both units
    1.0
    >>> round(krippendorff_alpha(np.array([[1, 1], [1, 1]])), 3)      # D_o = 1, D_e = 2·2·2/(4·3) = 2/3
    -0.5
    """
    return _alpha(coincidences(counts).sum(axis=0)[None])[0]


def _alpha(matrices: np.ndarray) -> list[float | None]:
    """Alpha of each coincidence matrix, shape (n, values, values)."""
    totals = matrices.sum(axis=2)
    n = totals.sum(axis=1)
    distances = ordinal_distances(totals)
    observed = (matrices * distances).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * distances).sum(axis=(1, 2))
    return [
        float(1 - (size - 1) * seen / chance) if size > 1 and chance > 0 else None
        for size, seen, chance in zip(n, observed, expected, strict=True)
    ]


def alpha_interval(counts: np.ndarray, rng: np.random.Generator, resamples: int = 2000) -> Interval | None:
    """95% percentile bootstrap interval of alpha over units: Zapf et al. (2016), BMC Med Res Methodol 16:93.

    ``counts`` as for ``krippendorff_alpha``. None for fewer than two units with pairable ratings. With few
    units (under about 20) the interval is rough.
    """
    counts = np.asarray(counts)
    matrices = coincidences(counts[counts.sum(axis=1) > 1])
    units, values = len(matrices), counts.shape[1]
    if units < 2:
        return None
    draws = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    pooled = (draws @ matrices.reshape(units, -1)).reshape(resamples, values, values)
    return percentiles(np.array([alpha for alpha in _alpha(pooled) if alpha is not None]))


class Intraclass(NamedTuple):
    """One ICC with its 95% interval."""

    value: float | None
    ci95: Interval | None


def intraclass(table: np.ndarray) -> tuple[Intraclass, Intraclass]:
    """ICC(2,1), of one listener's ratings, and ICC(2,k), of the mean of them all, from (clips, listeners).

    (MSR − MSE)/(MSR + (k − 1) MSE + k (MSC − MSE)/n) and (MSR − MSE)/(MSR + (MSC − MSE)/n), with n clips, k
    listeners and the mean squares of clips, listeners and rest. Shrout & Fleiss (1979), Psychological
    Bulletin 86:420, who give the interval too. Nothing for fewer than two of either, or where nothing varies.
    """
    nothing = Intraclass(None, None)
    n, k = table.shape if table.ndim == 2 else (0, 0)
    if n < 2 or k < 2 or np.ptp(table) == 0:
        return nothing, nothing
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    between = k * ((rows - mean) ** 2).sum() / (n - 1)
    raters = n * ((columns - mean) ** 2).sum() / (k - 1)
    rest = ((table - rows[:, None] - columns + mean) ** 2).sum() / ((n - 1) * (k - 1))
    single = (between - rest) / (between + (k - 1) * rest + k * (raters - rest) / n)
    average = k * single / (1 + (k - 1) * single)
    if rest < 1e-12:
        return Intraclass(float(single), None), Intraclass(float(average), None)
    # Satterthwaite's degrees of freedom of the denominator.
    a, b = k * single / (n * (1 - single)), 1 + k * single * (n - 1) / (n * (1 - single))
    df = (a * raters + b * rest) ** 2 / ((a * raters) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    other = k * raters + (k * n - k - n) * rest
    high, low = stats.f.ppf(0.975, df, n - 1), stats.f.ppf(0.975, n - 1, df)
    bounds = (
        float(n * (between - low * rest) / (low * other + n * between)),
        float(n * (high * between - rest) / (other + n * high * between)),
    )
    if (k - 1) * bounds[0] <= -1:  # Spearman's and Brown's formula ends there
        return Intraclass(float(single), bounds), Intraclass(float(average), None)
    raised = tuple(float(k * bound / (1 + (k - 1) * bound)) for bound in bounds)
    return Intraclass(float(single), bounds), Intraclass(float(average), raised)


def agreement(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Alpha over all listeners and clips, and the ICC over listeners who rated every clip.

    Of a clip rated twice by a listener the first rating counts.
    """
    first = ratings.drop_duplicates(["participant_id", "stimulus_a"])
    counts = pd.crosstab(first["stimulus_a"], first["rating"].astype("Int64").astype(object))
    table = np.zeros((0, len(SCALE)))
    wide = np.zeros((0, 0))
    if len(first):
        table = counts.reindex(columns=list(SCALE), fill_value=0).to_numpy()
        whole = first.pivot(index="stimulus_a", columns="participant_id", values="rating")
        wide = whole.dropna(axis=1).to_numpy(dtype=float)
    single, average = intraclass(wide)
    return {
        "krippendorff_alpha": krippendorff_alpha(table),
        "ci95": alpha_interval(table, rng, resamples),
        "n": len(first),
        "n_stimuli": len(table),
        "n_participants": int(first["participant_id"].nunique()),
        "method": ALPHA,
        "icc": {
            "n": int(wide.size),
            "n_stimuli": len(wide),
            "n_participants": wide.shape[1],
            "single": single._asdict(),
            "average": average._asdict(),
            "method": ICC,
        },
    }


def repeated(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """The same clip rated again by the same listener: alike, within one step, and how far off.

    ``repeat_of`` names the trial of the first hearing.
    """
    again = ratings[ratings["repeat_of"].notna()]
    first = ratings[ratings["repeat_of"].isna()].drop_duplicates(["participant_id", "trial_id", "stimulus_a"])
    pairs = again.merge(
        first[["participant_id", "trial_id", "stimulus_a", "rating"]],
        left_on=["participant_id", "repeat_of", "stimulus_a"],
        right_on=["participant_id", "trial_id", "stimulus_a"],
        suffixes=("", "_first"),
    )
    values = pairs[["rating_first", "rating"]].to_numpy(dtype=float)
    off, people = values[:, 1] - values[:, 0], pairs["participant_id"].tolist()
    same, near, drift = (
        clustered_mean(part.tolist(), people) for part in ((off == 0) * 1.0, (np.abs(off) <= 1) * 1.0, off)
    )
    counts = np.stack([(values == value).sum(axis=1) for value in SCALE], axis=1)
    return {
        "n": len(pairs),
        "n_participants": same.groups,
        "same": {"share": same.mean, "ci95": same.ci95, "method": AGAIN},
        "within_one": {"share": near.mean, "ci95": near.ci95, "method": AGAIN},
        "drift": {"mean": drift.mean, "ci95": drift.ci95, "method": DRIFT},
        "alpha": {
            "value": krippendorff_alpha(counts),
            "ci95": alpha_interval(counts, rng, resamples),
            "method": PAIRED,
        },
    }
