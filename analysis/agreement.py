"""Reliability: how far listeners agree with each other beyond chance, and with themselves. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clustered import CLUSTERED, clustered_share
from analysis.estimates import Interval, clustered_mean
from analysis.krippendorff import crossed_interval, krippendorff_alpha, repeated_interval
from analysis.summaries import SCALE
from analysis.within import codes

ALPHA = (
    "Krippendorff's alpha, ordinal; jackknife over clips and listeners on Fisher's scale, bias corrected "
    "(Arvesen 1969); with fewer than ten clips too narrow"
)
ICC = "Intraclass correlation, two-way random listeners and clips, absolute agreement; F interval"
PAIRED = (
    "Krippendorff's alpha of first and second rating, ordinal; jackknife over listeners on Fisher's scale, "
    "bias corrected (Arvesen 1969)"
)
DRIFT = "Mean of second minus first rating; t interval, standard error clustered by participant"


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


def agreement(ratings: pd.DataFrame) -> dict[str, Any]:
    """Alpha over all listeners and clips, and the ICC over listeners who rated every clip.

    Of a clip rated twice by a listener the first rating counts.
    """
    first = ratings.drop_duplicates(["participant_id", "stimulus_a"])
    counts = pd.crosstab(first["stimulus_a"], first["rating"].astype("Int64").astype(object))
    table, wide, interval = np.zeros((0, len(SCALE))), np.zeros((0, 0)), None
    if len(first):
        who, what = codes(first["participant_id"]), codes(first["stimulus_a"])
        interval = crossed_interval(who, what, first["rating"].to_numpy(dtype=int) - SCALE[0], len(SCALE))
        table = counts.reindex(columns=list(SCALE), fill_value=0).to_numpy()
        whole = first.pivot(index="stimulus_a", columns="participant_id", values="rating")
        wide = whole.dropna(axis=1).to_numpy(dtype=float)
    single, average = intraclass(wide)
    return {
        "krippendorff_alpha": krippendorff_alpha(table),
        "ci95": interval,
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


def repeated(ratings: pd.DataFrame) -> dict[str, Any]:
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
    same, near = (clustered_share(part, people) for part in (off == 0, np.abs(off) <= 1))
    drift = clustered_mean(off.tolist(), people)
    counts = np.stack([(values == value).sum(axis=1) for value in SCALE], axis=1)
    return {
        "n": len(pairs),
        "n_participants": same.people,
        "same": {"share": same.share, "ci95": same.interval(), "method": CLUSTERED},
        "within_one": {"share": near.share, "ci95": near.interval(), "method": CLUSTERED},
        "drift": {"mean": drift.mean, "ci95": drift.ci95, "method": DRIFT},
        "alpha": {
            "value": krippendorff_alpha(counts),
            "ci95": repeated_interval(codes(people), counts),
            "method": PAIRED,
        },
    }
