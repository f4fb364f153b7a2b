"""Ratings in groups: means, spreads and AI votes of clips, settings and systems, and their names. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.clustered import CLUSTERED, clustered_share
from analysis.estimates import clustered_mean
from analysis.tallies import natural

SCALE = (1, 2, 3, 4, 5)
MEAN = "Mean; t interval, standard error clustered by participant"
SETTINGS = ("temperature", "top_k", "top_p", "no_repeat_ngram")


def summary(ratings: pd.DataFrame) -> dict[str, Any]:
    """Mean, spread and AI votes of one set of ratings.

    ``said_ai`` counts the ticks 'this is AI' among ``said_ai_n`` answers that had the tick to set.
    """
    values = ratings["rating"].astype(float)
    mean = clustered_mean(values.tolist(), ratings["participant_id"].tolist())
    counts = ratings["rating"].value_counts()
    asked = ratings[ratings["said_ai"].notna()]
    votes = clustered_share(asked["said_ai"].astype(bool), asked["participant_id"])
    return {
        "n": mean.n,
        "n_participants": mean.groups,
        "mean": mean.mean,
        "ci95": mean.ci95,
        "method": MEAN,
        "histogram": {str(value): int(counts.get(value, 0)) for value in SCALE},
        "said_ai": votes.correct,
        "said_ai_n": votes.n,
        "said_ai_ci95": votes.interval(),
        "said_ai_method": CLUSTERED,
    }


def settings_of(ratings: pd.DataFrame) -> dict[str, float | int | None]:
    """The settings that all these clips share; None where they have none or differ."""
    shared: dict[str, float | int | None] = {}
    for name in SETTINGS:
        values = ratings[f"clip_{name}"]
        same = len(values) > 0 and values.notna().all() and values.nunique() == 1
        shared[name] = values.iloc[0].item() if same else None
    return shared


def setting_labels(ratings: pd.DataFrame, with_system: bool) -> pd.Series:
    """'temperature 0.5, top-k 15, n-gram 6' of each rating's clip; 'human' where a human wrote it."""
    names = ["clip_origin", "clip_system", *(f"clip_{name}" for name in SETTINGS)]
    cache: dict[tuple, str] = {}

    def label(row: tuple) -> str:
        return cache.setdefault(row, _setting_label(dict(zip(names, row, strict=True)), with_system))

    rows = ratings[names].astype(object).where(ratings[names].notna(), None)
    return pd.Series(
        [label(row) for row in rows.itertuples(index=False, name=None)], index=ratings.index, dtype="str"
    )


def _setting_label(clip: dict[str, Any], with_system: bool) -> str:
    if clip["clip_origin"] == "human":
        return "human"
    parts = [
        f"{words} {clip[f'clip_{name}']:g}"
        for name, words in (("temperature", "temperature"), ("top_k", "top-k"), ("no_repeat_ngram", "n-gram"))
        if clip[f"clip_{name}"] is not None
    ]
    # 1 is top-p switched off, the published setting, and would be noise in every label.
    if clip["clip_top_p"] is not None and clip["clip_top_p"] != 1:
        parts.append(f"top-p {clip['clip_top_p']:g}")
    if with_system and clip["clip_system"] is not None:
        parts.insert(0, clip["clip_system"])
    return ", ".join(parts) or "settings unknown"


def system_labels(ratings: pd.DataFrame) -> pd.Series:
    """The system of each rating's clip, 'human' for human music."""
    return ratings["clip_system"].fillna("system unknown").mask(ratings["clip_origin"] == "human", "human")


def groups_of(ratings: pd.DataFrame, column: str) -> list[tuple[str, pd.DataFrame]]:
    """The groups of a text column, s2 before s10."""
    return sorted(ratings.groupby(column, sort=False), key=lambda group: natural(group[0]))
