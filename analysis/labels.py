"""The label experiment: the same clips told to be AI's, told to be a human's, or not told. Pure.

Every listener hears each clip under one label, in turn over listeners. Who they are and which clip it is
are taken away, so that a difference between labels is what the label did.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.families import corrected
from analysis.models import BY_AI, model_results
from analysis.summaries import summary
from analysis.within import NOTHING, SAME_CLIPS, regression

TOLD = {"human": "told “human”", "blind": "told nothing", "ai": "told “AI”"}


def labelled(ratings: pd.DataFrame) -> pd.DataFrame:
    """The ratings of the label experiment, with what the listener was ``told``: ai, human or blind.

    All of a section in which any clip was labelled belong to it, those heard blind too.
    """
    sections = ratings["section"].fillna("")
    inside = sections.isin(set(sections[ratings["label"].notna()]))
    return ratings[inside].assign(told=ratings["label"].fillna("blind")[inside])


def label_results(ratings: pd.DataFrame) -> dict[str, Any]:
    """Means by label and truth, contrasts of labels over all clips and by truth, and their ordinal model."""
    told = [name for name in TOLD if (ratings["told"] == name).any()]
    origins = [name for name in ("ai", "human") if (ratings["clip_origin"] == name).any()]
    contrasts = _contrasts(ratings, told)
    by_origin = {name: _contrasts(ratings[ratings["clip_origin"] == name], told) for name in origins}
    corrected("labels", list(contrasts.values()))
    corrected("labels by truth", [test for part in by_origin.values() for test in part.values()])
    effects = {TOLD[name]: (ratings["told"] == name).to_numpy(float) for name in told[1:]}
    if len(origins) == 2:
        effects[BY_AI] = (ratings["clip_origin"] == "ai").to_numpy(float)
    return {
        "n": len(ratings),
        "n_participants": int(ratings["participant_id"].nunique()),
        "labels": told,
        "means": {
            name: {
                origin: summary(ratings[(ratings["told"] == name) & (ratings["clip_origin"] == origin)])
                for origin in origins
            }
            for name in told
        },
        "contrasts": contrasts,
        "contrasts_by_origin": by_origin,
        "model": model_results(ratings, effects) if len(told) > 1 else None,
    }


def _contrasts(ratings: pd.DataFrame, told: list[str]) -> dict[str, dict[str, Any]]:
    """Every label minus every other, such as 'ai minus human'."""
    dummies = [(ratings["told"] == name).to_numpy(float) for name in told[1:]]
    model = None
    if dummies:
        model = regression(
            ratings["rating"].to_numpy(dtype=float),
            np.column_stack(dummies),
            ratings["participant_id"].to_numpy(),
            ratings["stimulus_a"].to_numpy(),
        )
    # The first label is the reference: its own coefficient is 0.
    weights = np.vstack([np.zeros(len(dummies)), np.eye(len(dummies))])
    return {
        f"{told[second]} minus {told[first]}": {
            **(model.contrast(weights[second] - weights[first]) if model else NOTHING)._asdict(),
            "method": SAME_CLIPS,
        }
        for first, second in combinations(range(len(told)), 2)
    }
