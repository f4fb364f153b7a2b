"""From the three frames of a study to every number that the report shows. Pure; the result is plain JSON.

Participants who are excluded are left out of everything but the count of exclusions, and so are their
answers. Where there is nothing to count from, a number is None; no input of the right shape raises.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from analysis.answers import Answers
from analysis.columns import LEVELS
from analysis.comments import comment_results
from analysis.consistency import consistency_results
from analysis.families import counted
from analysis.pairs import judged, pair_results
from analysis.plan import MARGIN
from analysis.preferences import preference_results
from analysis.ratings import open_results, rated, rating_results
from analysis.threads import one_thread

UNKNOWN = "not given"


def results(
    data: Answers, rng: np.random.Generator, resamples: int = 2000, margin: float = MARGIN
) -> dict[str, Any]:
    """Every number of results.json, as the design lists them and more.

    ``rng`` drives the bootstrap intervals (``resamples`` draws each): the same seed gives the same numbers.
    ``margin`` is the greatest distance of accuracy from 1/2 that counts as equivalent.
    All values are JSON's own types; intervals are two-item lists; what cannot be computed is None.
    """
    with one_thread():
        return _results(data, rng, resamples, margin)


def _results(data: Answers, rng: np.random.Generator, resamples: int, margin: float) -> dict[str, Any]:
    out = data.participants["excluded"].fillna(False).astype(bool)
    people = data.participants[~out]
    answers = data.answers[data.answers["participant_id"].isin(people["participant_id"])]
    pairs = judged(answers, data.stimuli, people)
    found = plain(
        {
            "study": data.study,
            "participants": participants(data.participants, out, answers),
            "answers": {
                "n": len(answers),
                "first_at": _moment(answers["answered_at"].min()),
                "last_at": _moment(answers["answered_at"].max()),
            },
            "stimuli": {
                "n": len(data.stimuli),
                "ai": int((data.stimuli["origin"] == "ai").sum()),
                "human": int((data.stimuli["origin"] == "human").sum()),
            },
            "pairs": pair_results(pairs, data.stimuli, people, rng, resamples, margin),
            "preferences": preference_results(answers, data.stimuli, rng, resamples),
            "consistency": consistency_results(answers, rng, resamples),
            "ratings": rating_results(rated(answers, data.stimuli, "rating"), people, rng, resamples),
            "open_ratings": open_results(rated(answers, data.stimuli, "open_rating")),
            "comments": comment_results(answers, people, data.stimuli),
            "bootstrap": {"resamples": resamples},
            "margin": margin,
        }
    )
    return found | {"tests": counted(found)}


def participants(table: pd.DataFrame, out: pd.Series, answers: pd.DataFrame) -> dict[str, Any]:
    """Who took part. ``analysed`` is everybody who was not excluded, so analysed + excluded = started."""
    kept = table[~out]
    reasons = table.loc[out, "exclusion_reason"].fillna("no reason given").value_counts()
    return {
        "started": len(table),
        "finished": int(table["finished_at"].notna().sum()),
        "analysed": len(kept),
        "with_answers": int(answers["participant_id"].nunique()),
        "excluded": {str(reason): int(reasons[reason]) for reason in sorted(reasons.index)},
        "experience": {
            "musician": _counted(kept["musician"], ("yes", "no")),
            "level": _counted(kept["level"], LEVELS),
            # How the published test asks: a level only of those who said yes.
            "level_of_musicians": _counted(kept.loc[kept["musician"] == "yes", "level"], LEVELS),
        },
    }


def plain(value: Any) -> Any:
    """``value`` in JSON's own types: numpy's numbers unwrapped, tuples as lists, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NA else value


def _counted(column: pd.Series, values: tuple[str, ...]) -> dict[str, int]:
    counts = column.value_counts()
    return {value: int(counts.get(value, 0)) for value in values} | {UNKNOWN: int(column.isna().sum())}


def _moment(time: pd.Timestamp) -> str | None:
    return None if pd.isna(time) else time.strftime("%Y-%m-%dT%H:%M:%SZ")
