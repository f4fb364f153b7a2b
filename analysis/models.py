"""The ordinal mixed model of ratings, for the questions that a study asks. Pure: frames -> results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.families import corrected
from analysis.ordinal import MODEL, fit

BY_AI = "by AI"
TOO_FEW = "There are too few units that carry this effect to tell it from chance."


def rating_models(ratings: pd.DataFrame, settings: pd.Series, systems: pd.Series) -> dict[str, Any]:
    """The model by origin, by system and by setting; a question that the study does not ask is None.

    ``settings`` and ``systems`` name each rating's setting and system, 'human' where a human wrote the
    clip, which is then what the others are compared with; else that is the first by name.
    """
    origin = (ratings["clip_origin"] == "ai").to_numpy(float)
    return {
        "origin": model_results(ratings, {BY_AI: origin}) if 0 < origin.sum() < len(origin) else None,
        "system": _by(ratings, systems, "systems against the first"),
        "setting": _by(ratings, settings, "settings against the first"),
    }


def model_results(ratings: pd.DataFrame, effects: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The model of ``ratings`` with these fixed effects, or with none of its numbers and a ``note``."""
    out = {
        "n": len(ratings),
        "n_participants": int(ratings["participant_id"].nunique()),
        "n_clips": int(ratings["stimulus_a"].nunique()),
        "effects": {},
        "method": MODEL,
        "note": None,
    }
    model = fit(
        ratings["rating"].to_numpy(dtype=int),
        effects,
        ratings["participant_id"].to_numpy(),
        ratings["stimulus_a"].to_numpy(),
    )
    if isinstance(model, str):
        return out | {"note": model}
    found = {name: model.effect(name) for name in effects}
    return out | {
        "effects": {
            name: {
                "log_odds_ratio": effect.estimate,
                "odds_ratio": float(np.exp(effect.estimate)),
                "ci95": effect.ci95
                and tuple(float(bound) for bound in np.exp(np.clip(effect.ci95, -300, 300))),
                "log_ci95": effect.ci95,
                "p_value": effect.p_value,
                "df": max(effect.df, 0),
                "note": None if effect.ci95 else TOO_FEW,
            }
            for name, effect in found.items()
        },
        "thresholds": model.thresholds.tolist(),
        "sd_participants": float(model.spreads[0]),
        "sd_clips": float(model.spreads[1]),
        "log_likelihood": model.log_likelihood,
    }


def _by(ratings: pd.DataFrame, labels: pd.Series, family: str) -> dict[str, Any] | None:
    names = sorted(labels.unique(), key=lambda name: (name != "human", name))
    # One system beside human music is the question of origin again.
    if len(names) < 2 or (len(names) == 2 and names[0] == "human"):
        return None
    effects = {name: (labels == name).to_numpy(float) for name in names[1:]}
    found = {"reference": names[0], **model_results(ratings, effects)}
    corrected(family, list(found["effects"].values()))
    return found
