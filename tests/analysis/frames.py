"""Frames of ratings as ``ratings.rated`` makes them, for tests. No answer here was given by a person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.summaries import setting_labels, system_labels

CUTS = np.array([-2, -0.7, 0.5, 1.8])


def ratings_of(rows: list[dict]) -> pd.DataFrame:
    """One row a rating: who, clip and rating are needed; origin, said_ai, label and settings may be given."""
    full = [
        {
            "participant_id": row["who"],
            "stimulus_a": row["clip"],
            "trial_id": row.get("trial", row["clip"]),
            "section": row.get("section", "ratings"),
            "rating": row["rating"],
            "said_ai": row.get("said_ai"),
            "label": row.get("label"),
            "repeat_of": row.get("repeat_of"),
            "clip_origin": row.get("origin", "ai"),
            "clip_system": row.get("system", "segue") if row.get("origin", "ai") == "ai" else None,
            "clip_title": None,
            **{
                f"clip_{name}": row.get(name) for name in ("temperature", "top_k", "top_p", "no_repeat_ngram")
            },
            **{name: value for name, value in row.items() if name.startswith("s_")},
        }
        for row in rows
    ]
    frame = pd.DataFrame(full)
    for name in ("participant_id", "stimulus_a", "trial_id", "section", "label", "repeat_of", "clip_system"):
        frame[name] = frame[name].astype("str").where(frame[name].notna())
    whole = ["rating", "clip_top_k", "clip_no_repeat_ngram"]
    for name in whole + [name for name in frame.columns if name.startswith("s_")]:
        frame[name] = frame[name].astype("Int64")
    for name in ("clip_temperature", "clip_top_p"):
        frame[name] = frame[name].astype("float64")
    frame["said_ai"] = frame["said_ai"].astype("boolean")
    return frame.assign(setting=setting_labels(frame, False), system=system_labels(frame))


def given(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Ratings 1-5 by proportional odds."""
    return 1 + ((eta + rng.logistic(size=len(eta)))[:, None] > CUTS).sum(axis=1)
