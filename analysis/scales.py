"""Further scales of a rating, such as usefulness: each like the first, and how they go together. Pure."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.columns import SCALE
from analysis.estimates import bootstrap_error
from analysis.families import corrected
from analysis.fisher import delta_interval
from analysis.ranks import friedman
from analysis.summaries import groups_of, summary
from analysis.within import OWN, codes, mean_difference

FIRST = "rating"
CORRELATION = (
    "Repeated-measures correlation (Bakdash & Marusich 2017): Pearson's within listeners; on Fisher's scale, "
    "standard error from a bootstrap over listeners, Student's t with listeners − 1 degrees of freedom"
)


def scale_results(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Every further scale (columns ``s_…``) that anybody answered, by its name.

    Two families are corrected over all scales, the first included: AI against human clips, and Friedman's
    test over the settings.
    """
    names = [
        column for column in ratings.columns if column.startswith(SCALE) and ratings[column].notna().any()
    ]
    if not names:
        return {"by_scale": {}, "correlations": [], "first": None}
    found = {column.removeprefix(SCALE): _scale(ratings.assign(rating=ratings[column])) for column in names}
    first = _tests(ratings)
    tests = [first, *found.values()]
    corrected("scales, AI against human", [part["origin_difference"] for part in tests])
    corrected("scales, between settings", [part["friedman"] for part in tests])
    pairs = combinations([FIRST, *names], 2)
    return {
        "first": first,
        "by_scale": found,
        "correlations": [
            {
                "first": one.removeprefix(SCALE),
                "second": other.removeprefix(SCALE),
                **correlation(ratings, one, other, rng, resamples),
            }
            for one, other in pairs
        ],
    }


def _scale(ratings: pd.DataFrame) -> dict[str, Any]:
    given = ratings[ratings["rating"].notna()]
    return {
        **summary(given),
        "by_setting": {name: summary(group) for name, group in groups_of(given, "setting")},
        "by_system": {name: summary(group) for name, group in groups_of(given, "system")},
        "by_origin": {name: summary(given[given["clip_origin"] == name]) for name in ("ai", "human")},
        **_tests(given),
    }


def _tests(given: pd.DataFrame) -> dict[str, Any]:
    values, is_ai = given["rating"].to_numpy(dtype=float), (given["clip_origin"] == "ai").to_numpy()
    difference = mean_difference(values, is_ai, given["participant_id"].to_numpy())
    wide = given.pivot_table(index="participant_id", columns="setting", values="rating", aggfunc="mean")
    complete = wide.to_numpy(dtype=float)[~wide.isna().any(axis=1)]
    return {
        "origin_difference": {**difference._asdict(), "method": OWN},
        "friedman": friedman(complete),
    }


def correlation(
    ratings: pd.DataFrame, one: str, other: str, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """How two scales go together from clip to clip within a listener.

    Σ(x − x̄_p)(y − ȳ_p) / √(Σ(x − x̄_p)² Σ(y − ȳ_p)²): between listeners who like everything and listeners
    who like nothing, all scales would agree, which says nothing about music.
    """
    both = ratings[ratings[one].notna() & ratings[other].notna()]
    out = {"n": len(both), "n_participants": 0, "r": None, "ci95": None, "method": CORRELATION}
    if not len(both):
        return out
    person = codes(both["participant_id"].to_numpy())
    people = int(person.max()) + 1
    x, y = (both[column].to_numpy(dtype=float) for column in (one, other))
    x, y = (column - (np.bincount(person, column) / np.bincount(person))[person] for column in (x, y))
    sums = np.column_stack([np.bincount(person, part, people) for part in (x * y, x * x, y * y)])
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=resamples) @ sums
    total = sums.sum(axis=0)
    if min(total[1], total[2]) < 1e-9:
        return out | {"n_participants": people}
    kept = drawn[(drawn[:, 1:] > 1e-9).all(axis=1)]
    r = float(total[0] / np.sqrt(total[1] * total[2]))
    error = bootstrap_error(kept[:, 0] / np.sqrt(kept[:, 1] * kept[:, 2]), people)
    interval = delta_interval(r, error, float(stats.t.ppf(0.975, max(people - 1, 1))))
    return out | {"n_participants": people, "r": r, "ci95": interval}
