"""What the A/B pairs say: can listeners tell which clip a machine made? Pure: frames -> results.

A pair has a *truth* (a, b, both or neither clip is AI) and gets one of five answers. Three readings follow:

- overall: an answer is correct if it equals the truth; all five answers count, so dont_know is never right
- decided: only answers a or b, only pairs with exactly one AI clip; guessing is right half the time
- signal detection: each clip of the pair is one yes/no judgement 'this is AI': both says yes twice,
  neither no twice, dont_know is left out
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import detection
from analysis.clustered import clustered_share
from analysis.columns import LEVELS
from analysis.detection import DETECTION
from analysis.equivalence import bayes_factors, equivalence
from analysis.families import corrected
from analysis.order import order_results
from analysis.right_answers import mixed_results, moderators
from analysis.tallies import by_key, by_trial, choices, decided, dont_know, overall, people

UNNAMED = "(no condition)"


def judged(answers: pd.DataFrame, stimuli: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """The pair answers with what each was worth.

    Repeats are left out: they are for consistency alone. Adds truth, correct, decided (booleans), musician,
    level, item, and the four signal-detection counts (0-2 each). The item is what a pair asks about: its AI
    clip where it has exactly one, else both its clips.
    """
    pairs = answers[(answers["kind"] == "pair") & answers["repeat_of"].isna()]
    # The same numbers to the last digit, in whatever order the file has its rows.
    pairs = pairs.sort_values(["participant_id", "answer_id"], ignore_index=True)
    is_ai = stimuli.set_index("stimulus_id")["origin"] == "ai"
    a, b = (pairs[column].map(is_ai).astype(bool) for column in ("stimulus_a", "stimulus_b"))
    truth = np.select([a & b, a & ~b, ~a & b], ["both", "a", "b"], "neither")
    people = participants.set_index("participant_id")
    yes_a, yes_b = pairs["choice"].isin(["a", "both"]), pairs["choice"].isin(["b", "both"])
    knows = pairs["choice"] != "dont_know"

    def both_clips(says_yes: bool, is_signal: bool) -> pd.Series:
        said = ((yes_a == says_yes) & (a == is_signal)).astype(int) + (
            (yes_b == says_yes) & (b == is_signal)
        ).astype(int)
        return said.where(knows, 0)

    lesser = pairs["stimulus_a"].where(pairs["stimulus_a"] <= pairs["stimulus_b"], pairs["stimulus_b"])
    greater = pairs["stimulus_b"].where(pairs["stimulus_a"] <= pairs["stimulus_b"], pairs["stimulus_a"])
    item = (lesser + " + " + greater).mask(truth == "a", pairs["stimulus_a"])

    return pairs.assign(
        truth=truth,
        item=item.mask(truth == "b", pairs["stimulus_b"]),
        correct=pairs["choice"] == truth,
        decided=pairs["choice"].isin(["a", "b"]) & np.isin(truth, ["a", "b"]),
        musician=pairs["participant_id"].map(people["musician"]),
        level=pairs["participant_id"].map(people["level"]),
        condition=pairs["condition"].fillna(UNNAMED),
        hits=both_clips(True, True),
        misses=both_clips(False, True),
        false_alarms=both_clips(True, False),
        correct_rejections=both_clips(False, False),
    )


def pair_results(
    pairs: pd.DataFrame,
    stimuli: pd.DataFrame,
    participants: pd.DataFrame,
    rng: np.random.Generator,
    resamples: int,
    margin: float,
) -> dict[str, Any]:
    """The ``pairs`` part of results.json from the frame that ``judged`` returns."""
    known = pairs["recognised"].fillna(False).astype(bool)
    chosen = pairs[pairs["decided"]]
    everybody = clustered_share(chosen["correct"], chosen["participant_id"])
    clips = detection.judgements(pairs, stimuli)
    found = {
        "n_participants": int(pairs["participant_id"].nunique()),
        "n_answers": len(pairs),
        "choices": choices(pairs),
        "overall": overall(pairs),
        "decided": decided(pairs),
        "dont_know": dont_know(pairs),
        "mixed_model": mixed_results(chosen),
        "equivalence": equivalence(everybody, margin),
        "bayes_factor": bayes_factors(everybody.correct, everybody.n),
        "by_condition": {
            str(name): {
                "n_answers": len(group),
                "choices": choices(group),
                "overall": overall(group),
                "decided": decided(group),
                **detection.sensitivity(group, rng, resamples),
            }
            for name, group in pairs.groupby("condition", sort=True)
        },
        "by_musician": {answer: people(pairs[pairs["musician"] == answer]) for answer in ("yes", "no")},
        "by_level": {level: people(pairs[pairs["level"] == level]) for level in LEVELS},
        "by_trial": by_trial(pairs),
        "by_item": by_key(pairs, "item"),
        "by_participant": by_key(pairs, "participant_id"),
        "moderators": moderators(chosen, participants),
        "order": order_results(pairs),
        "signal_detection": {
            **{name: int(pairs[name].sum()) for name in DETECTION},
            **detection.sensitivity(pairs, rng, resamples),
            "by_origin": detection.by_origin(clips),
            "by_system": detection.by_system(clips, rng, resamples),
            "by_clip": detection.by_clip(clips),
        },
        # Knowing a piece is no judgement of its origin, yet leaving such answers out is for a study's plan to
        # decide. So they count above, and here is what the numbers are without them.
        "recognised": {
            "n": int(known.sum()),
            "without": {"overall": overall(pairs[~known]), "decided": decided(pairs[~known])},
        },
    }
    _correct(found)
    return found


def _correct(found: dict[str, Any]) -> None:
    """Holm's correction within each family of tests that ask one question of several groups."""
    families = {
        "accuracy by condition": found["by_condition"].values(),
        "accuracy by experience": [*found["by_musician"].values(), *found["by_level"].values()],
    }
    for family, groups in families.items():
        for reading, part in (
            ("clustered", [group["decided"]["clustered"] for group in groups]),
            ("exact", [group["decided"] for group in groups]),
        ):
            corrected(f"{family}, {reading}", [test for test in part if test["p_value"] is not None])
    corrected("experience as a moderator", list(found["moderators"].values()))
