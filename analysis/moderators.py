"""Musical experience as a moderator of ratings: who likes more, and who likes AI's clips less. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.columns import LEVELS
from analysis.families import corrected
from analysis.models import BY_AI, model_results
from analysis.summaries import summary

WELCH = "Difference of two groups' means of one number a listener, musicians minus others; Welch's t"


def experience_results(ratings: pd.DataFrame, participants: pd.DataFrame) -> dict[str, Any]:
    """Ratings of musicians and others, and by level; whether they differ, and in what they make of AI's
    clips.

    ``level`` compares each listener's mean rating; ``origin_effect`` each one's mean of AI clips minus that
    of human clips. The ordinal model says the same as an interaction.
    """
    people = participants.set_index("participant_id")
    musician = ratings["participant_id"].map(people["musician"])
    level = ratings["participant_id"].map(people["level"])
    known = ratings[musician.notna()]
    mean = known.groupby("participant_id")["rating"].mean().astype(float)
    by_origin = known.pivot_table(
        index="participant_id", columns="clip_origin", values="rating", aggfunc="mean"
    ).reindex(columns=["ai", "human"])
    tests = {
        "level": welch(mean, people),
        "origin_effect": welch((by_origin["ai"] - by_origin["human"]).dropna().astype(float), people),
    }
    corrected("experience", list(tests.values()))
    return {
        "by_musician": {answer: summary(ratings[musician == answer]) for answer in ("yes", "no")},
        "by_level": {name: summary(ratings[level == name]) for name in LEVELS},
        **tests,
        "model": _model(known, (musician[musician.notna()] == "yes").to_numpy(dtype=float)),
    }


def welch(values: pd.Series, people: pd.DataFrame) -> dict[str, Any]:
    """Musicians minus others in ``values``, one a listener (by participant_id), with Welch's interval.

    Welch (1947), Biometrika 34:28: the groups' spreads need not be alike.
    """
    musician = people["musician"].reindex(values.index)
    groups = [values[musician == answer].to_numpy() for answer in ("yes", "no")]
    sizes = [len(group) for group in groups]
    out = dict.fromkeys(("estimate", "ci95", "p_value"))
    out |= {"n": sum(sizes), "n_participants": sum(sizes), "n_musicians": sizes[0], "method": WELCH}
    if min(sizes) < 1:
        return out
    out["estimate"] = float(groups[0].mean() - groups[1].mean())
    if min(sizes) < 2 or max(np.ptp(group) for group in groups) == 0:
        return out
    test = stats.ttest_ind(*groups, equal_var=False)
    low, high = test.confidence_interval(0.95)
    return out | {"ci95": (float(low), float(high)), "p_value": float(test.pvalue)}


def _model(ratings: pd.DataFrame, musician: np.ndarray) -> dict[str, Any] | None:
    """The ordinal model of origin, experience and both together; of experience alone where all is of one."""
    if not 0 < musician.sum() < len(musician):
        return None
    ai = (ratings["clip_origin"] == "ai").to_numpy(dtype=float)
    effects = {"musician": musician}
    if 0 < ai.sum() < len(ai):
        effects = {BY_AI: ai, **effects, f"{BY_AI} × musician": ai * musician}
    return model_results(ratings, effects)
