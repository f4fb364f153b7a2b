"""Ratings and belief: is music liked less by those who take it for a machine's, and are they right? Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.clustered import CLUSTERED, clustered_share
from analysis.detection import DETECTION, outcomes, sensitivity
from analysis.families import corrected
from analysis.summaries import summary
from analysis.within import NOTHING, OWN, SAME_CLIPS, mean_difference, regression


def halo_results(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Ratings by what the listener took the clip for, and how right these guesses were; of blind ratings.

    Differences are said human minus said AI. ``difference`` compares all of a listener's clips, so that
    clips which sound like a machine and are liked less count; ``within_clips`` compares listeners on the
    same clip, which leaves belief and taste. Neither says what causes what: the label experiment does.
    """
    asked = ratings[ratings["said_ai"].notna()]
    said_ai = asked["said_ai"].astype(bool).to_numpy()
    is_ai = (asked["clip_origin"] == "ai").to_numpy()
    parts = {"all": np.full(len(asked), True), "ai": is_ai, "human": ~is_ai}
    differences = {name: _difference(asked[part], said_ai[part]) for name, part in parts.items()}
    corrected("belief", [differences["ai"], differences["human"]])
    return {
        "n": len(asked),
        "n_participants": int(asked["participant_id"].nunique()),
        "by_truth_and_belief": {
            origin: {
                belief: summary(asked[parts[origin] & (said_ai == value)])
                for belief, value in (("said_ai", True), ("said_human", False))
            }
            for origin in ("ai", "human")
        },
        "difference": differences,
        "within_clips": _within_clips(asked, said_ai),
        "guesses": guesses(asked, said_ai, is_ai, rng, resamples),
    }


def _difference(ratings: pd.DataFrame, said_ai: np.ndarray) -> dict[str, Any]:
    values = ratings["rating"].to_numpy(dtype=float)
    return {
        **mean_difference(values, ~said_ai, ratings["participant_id"].to_numpy())._asdict(),
        "method": OWN,
    }


def _within_clips(ratings: pd.DataFrame, said_ai: np.ndarray) -> dict[str, Any]:
    model = regression(
        ratings["rating"].to_numpy(dtype=float),
        (~said_ai).astype(float)[:, None],
        ratings["participant_id"].to_numpy(),
        ratings["stimulus_a"].to_numpy(),
    )
    return {**(model.contrast([1]) if model else NOTHING)._asdict(), "method": SAME_CLIPS}


def guesses(
    ratings: pd.DataFrame, said_ai: np.ndarray, is_ai: np.ndarray, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """How right 'this is AI' was of single clips: hits, false alarms, d', criterion."""
    right = clustered_share(said_ai == is_ai, ratings["participant_id"])
    judged = pd.DataFrame(
        {
            "participant_id": ratings["participant_id"].to_numpy(),
            "clip": ratings["stimulus_a"].to_numpy(),
            **outcomes(pd.Series(said_ai), pd.Series(is_ai)),
        }
    )
    return {
        **{name: int(judged[name].sum()) for name in DETECTION},
        "n": right.n,
        "accuracy": right.share,
        "accuracy_ci95": right.interval(),
        "accuracy_method": CLUSTERED,
        **sensitivity(judged, rng, resamples, items="clip"),
    }
