"""What the ratings say: how much each clip, setting and system is liked, and why. Pure: frames -> results."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from analysis.agreement import agreement, repeated
from analysis.halo import halo_results
from analysis.labels import label_results, labelled
from analysis.models import rating_models
from analysis.moderators import experience_results
from analysis.ranks import rank_results
from analysis.scales import scale_results
from analysis.summaries import groups_of, setting_labels, settings_of, summary, system_labels
from analysis.surface import surface_results
from analysis.within import OWN, mean_difference


def rated(answers: pd.DataFrame, stimuli: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Answers of ``kind`` (rating or open_rating) beside what is known of the clip that was rated."""
    ratings = answers[answers["kind"] == kind]
    clips = stimuli.drop(columns="study").add_prefix("clip_")
    return ratings.merge(
        clips, left_on="stimulus_a", right_on="clip_stimulus_id", how="left", validate="many_to_one"
    )


def rating_results(
    everything: pd.DataFrame, participants: pd.DataFrame, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """The ``ratings`` part of results.json from the frame that ``rated`` returns.

    Repeats count for consistency alone. Where a study tells listeners who wrote a clip, only what they
    rated without being told is here, and the rest is in ``labels``; unless they were told of every clip.
    """
    first = everything[everything["repeat_of"].isna()]
    told = labelled(first)
    blind = first[first["label"].isna()]
    ratings = (blind if len(blind) else first).reset_index(drop=True)
    several = ratings["clip_system"].nunique() > 1
    ratings = ratings.assign(
        setting=setting_labels(ratings, with_system=several), system=system_labels(ratings)
    )
    return {
        "n_participants": int(ratings["participant_id"].nunique()),
        "n_answers": len(ratings),
        "n_repeats": len(everything) - len(first),
        "n_labelled": int(first["label"].notna().sum()),
        "overall": summary(ratings),
        "by_stimulus": by_stimulus(ratings),
        "by_setting": {
            name: {**summary(group), "settings": settings_of(group)}
            for name, group in groups_of(ratings, "setting")
        },
        "by_system": {str(name): summary(group) for name, group in ratings.groupby("system", sort=True)},
        "by_origin": {
            origin: summary(ratings[ratings["clip_origin"] == origin]) for origin in ("ai", "human")
        },
        "origin_difference": origin_difference(ratings),
        "models": rating_models(ratings, ratings["setting"], ratings["system"]),
        "ranks": ranks(ratings, rng, resamples),
        "surface": surface_results(ratings, rng, resamples),
        "halo": halo_results(ratings, rng, resamples),
        "labels": label_results(told) if len(told) else None,
        "scales": scale_results(ratings, rng, resamples),
        "experience": experience_results(ratings, participants),
        "reliability": {
            **agreement(ratings),
            "repeats": repeated(everything),
        },
    }


def open_results(everything: pd.DataFrame) -> dict[str, Any]:
    """The ``open_ratings`` part of results.json: clips that the listener knew to be AI; no repeats."""
    ratings = everything[everything["repeat_of"].isna()]
    return {
        "n_participants": int(ratings["participant_id"].nunique()),
        "n_answers": len(ratings),
        "overall": summary(ratings),
        "by_stimulus": by_stimulus(ratings),
    }


def by_stimulus(ratings: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Each clip by its id."""
    return {
        clip: {
            **summary(group),
            "title": _first(group, "clip_title"),
            "origin": _first(group, "clip_origin"),
            "system": _first(group, "clip_system"),
            "settings": settings_of(group),
        }
        for clip, group in groups_of(ratings, "stimulus_a")
    }


def ranks(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Rank tests over settings, systems and clips; where every setting is one clip, these are tested once."""
    columns = {"settings": "setting", "systems": "system", "clips": "stimulus_a"}
    alike = ratings["setting"].nunique() == ratings["stimulus_a"].nunique()
    if alike:
        del columns["clips"]
    found = {
        name: rank_results(ratings, column, f"pairs of {name}", rng, resamples)
        for name, column in columns.items()
    }
    if alike:
        found["clips"] = {"friedman": None, "pairs": [], "note": "Every setting is one clip: see settings."}
    return found


def origin_difference(ratings: pd.DataFrame) -> dict[str, Any]:
    """How much more a listener likes clips by AI than clips by people, below 0 if less."""
    is_ai = (ratings["clip_origin"] == "ai").to_numpy()
    values = ratings["rating"].to_numpy(dtype=float)
    found = mean_difference(values, is_ai, ratings["participant_id"].to_numpy())
    return {**found._asdict(), "method": OWN}


def _first(group: pd.DataFrame, column: str) -> Hashable | None:
    value = group[column].iloc[0]
    return None if pd.isna(value) else value
