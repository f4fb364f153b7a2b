"""What the A/B pairs say: can listeners tell which clip a machine made? Pure: frames -> results.

A pair has a *truth* (a, b, both or neither clip is AI) and gets one of five answers. Three readings follow:

- overall: an answer is correct if it equals the truth; all five answers count, so dont_know is never right
- decided: only answers a or b, only pairs with exactly one AI clip; guessing is right half the time
- signal detection: each clip of the pair is one yes/no judgement 'this is AI': both says yes twice,
  neither no twice, dont_know is left out
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from analysis.columns import CHOICES, LEVELS
from analysis.estimates import binomial_p, clopper_pearson, detection, detection_intervals, wilson

WILSON = "Wilson score interval"
EXACT = "Clopper-Pearson interval; exact two-sided binomial test against 1/2"
BOOTSTRAP = "Log-linear correction (Hautus 1995); percentile bootstrap over participants"
UNNAMED = "(no condition)"
DETECTION = ["hits", "misses", "false_alarms", "correct_rejections"]


def judged(answers: pd.DataFrame, stimuli: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """The pair answers with what each was worth.

    Adds truth, correct, decided (booleans), musician, level, and the four signal-detection counts (0-2 each).
    """
    pairs = answers[answers["kind"] == "pair"].reset_index(drop=True)
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

    return pairs.assign(
        truth=truth,
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


def pair_results(pairs: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """The ``pairs`` part of results.json from the frame that ``judged`` returns."""
    known = pairs["recognised"].fillna(False).astype(bool)
    return {
        "n_participants": int(pairs["participant_id"].nunique()),
        "n_answers": len(pairs),
        "choices": choices(pairs),
        "overall": overall(pairs),
        "decided": decided(pairs),
        "by_condition": {
            str(name): {
                "n_answers": len(group),
                "choices": choices(group),
                "overall": overall(group),
                "decided": decided(group),
                **_sensitivity(group, rng, resamples),
            }
            for name, group in pairs.groupby("condition", sort=True)
        },
        "by_musician": {answer: people(pairs[pairs["musician"] == answer]) for answer in ("yes", "no")},
        "by_level": {level: people(pairs[pairs["level"] == level]) for level in LEVELS},
        "by_trial": by_trial(pairs),
        "signal_detection": {
            **{name: int(pairs[name].sum()) for name in DETECTION},
            **_sensitivity(pairs, rng, resamples),
        },
        # Knowing a piece is no judgement of its origin, yet leaving such answers out is for a study's plan to
        # decide. So they count above, and here is what the numbers are without them.
        "recognised": {
            "n": int(known.sum()),
            "without": {"overall": overall(pairs[~known]), "decided": decided(pairs[~known])},
        },
    }


def choices(pairs: pd.DataFrame) -> dict[str, int]:
    """How often each of the five answers was given."""
    counts = pairs["choice"].value_counts()
    return {choice: int(counts.get(choice, 0)) for choice in CHOICES}


def overall(pairs: pd.DataFrame) -> dict[str, Any]:
    """Share of all answers that equal the pair's truth."""
    n, correct = len(pairs), int(pairs["correct"].sum())
    return {
        "n": n,
        "correct": correct,
        "accuracy": correct / n if n else None,
        "ci95": wilson(correct, n),
        "method": WILSON,
    }


def decided(pairs: pd.DataFrame) -> dict[str, Any]:
    """Share of right answers among a and b, on pairs with exactly one AI clip."""
    chosen = pairs[pairs["decided"]]
    n, correct = len(chosen), int(chosen["correct"].sum())
    return {
        "n": n,
        "n_participants": int(chosen["participant_id"].nunique()),
        "correct": correct,
        "accuracy": correct / n if n else None,
        "ci95": clopper_pearson(correct, n),
        "p_value": binomial_p(correct, n),
        "method": EXACT,
    }


def people(pairs: pd.DataFrame) -> dict[str, Any]:
    """One group of listeners."""
    return {
        "n_participants": int(pairs["participant_id"].nunique()),
        "n_answers": len(pairs),
        "overall": overall(pairs),
        "decided": decided(pairs),
    }


def by_trial(pairs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Answers of each trial.

    Where a trial was heard with its two clips on either side, the answers are turned so that ``a`` is always
    ``stimulus_a`` of the result (``sides_turned`` says how many were). Where a trial id stands for different
    clips, ``truth`` is ``varies`` unless it is the same for all, and answers are as heard.
    """
    groups = {str(trial): group for trial, group in pairs.groupby("trial_id", sort=False)}
    return {trial: _trial(groups[trial]) for trial in sorted(groups, key=natural)}


def natural(text: str) -> list[tuple[int, float, str]]:
    """A sort key that puts pair-2 before pair-10.

    >>> sorted(["pair-10", "pair-2", "pair"], key=natural)
    ['pair', 'pair-2', 'pair-10']
    """
    parts = re.findall(r"[0-9]+(?:\.[0-9]+)?|[^0-9]+", text)
    return [(0, float(part), "") if part[0] in "0123456789" else (1, 0.0, part) for part in parts]


def _trial(group: pd.DataFrame) -> dict[str, Any]:
    heard = list(zip(group["stimulus_a"], group["stimulus_b"], strict=True))
    first = min(heard, key=lambda sides: (-heard.count(sides), sides)) if len(set(heard)) > 1 else heard[0]
    turned = pd.Series([sides == first[::-1] != first for sides in heard], index=group.index)
    same_clips = all(sides in (first, first[::-1]) for sides in heard)
    if same_clips:
        swap = {"a": "b", "b": "a"}
        group = group.assign(
            **{
                column: group[column].where(~turned, group[column].replace(swap))
                for column in ("choice", "truth")
            }
        )
    truths = group["truth"].unique()
    return {
        "condition": str(group["condition"].iloc[0]) if group["condition"].nunique() == 1 else None,
        "stimulus_a": first[0] if same_clips else None,
        "stimulus_b": first[1] if same_clips else None,
        "truth": str(truths[0]) if len(truths) == 1 else "varies",
        "choices": choices(group),
        **overall(group),
        "sides_turned": int(turned.sum()) if same_clips else 0,
        "by_musician": {answer: _counts(group[group["musician"] == answer]) for answer in ("yes", "no")},
        "by_level": {level: _counts(group[group["level"] == level]) for level in LEVELS},
    }


def _counts(group: pd.DataFrame) -> dict[str, int]:
    return {"n": len(group), "correct": int(group["correct"].sum())}


def _sensitivity(pairs: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """d' and criterion of one set of pairs, with bootstrap intervals over its participants."""
    d_prime, criterion = detection(*(int(pairs[name].sum()) for name in DETECTION))
    # Without a signal or without noise there is no d' at all, whatever a resample of it would say.
    intervals = (None, None)
    if d_prime is not None:
        counts = pairs.groupby("participant_id", sort=True)[DETECTION].sum().to_numpy()
        intervals = detection_intervals(counts, rng, resamples)
    return {
        "n_judgements": int(pairs[DETECTION].to_numpy().sum()),
        "n_participants": int(pairs["participant_id"].nunique()),
        "d_prime": d_prime,
        "criterion": criterion,
        "ci95": intervals[0],
        "criterion_ci95": intervals[1],
        "method": BOOTSTRAP,
        "note": None if d_prime is not None else "d' needs judgements of AI clips and of human clips.",
    }
