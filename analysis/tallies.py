"""Counts and shares of a set of pair answers: all, the decided ones, each trial, item and person. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pandas as pd

from analysis.clustered import share_results
from analysis.columns import CHOICES, LEVELS
from analysis.estimates import binomial_p, clopper_pearson, wilson

WILSON = "Wilson score interval"
EXACT = "Clopper-Pearson interval; exact two-sided binomial test against 1/2"


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
        "clustered": share_results(chosen["correct"], chosen["participant_id"], against=0.5),
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
    times = Counter(heard)
    first = min(times, key=lambda sides: (-times[sides], sides))
    turned = pd.Series([sides == first[::-1] != first for sides in heard], index=group.index)
    same_clips = set(times) <= {first, first[::-1]}
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


def dont_know(pairs: pd.DataFrame) -> dict[str, Any]:
    """How often listeners did not know, and what both readings of that make of the accuracy.

    As missing: such answers are left out. As wrong: they count, and are not right. ``overall`` reads all five
    answers against each pair's own truth; ``decided`` reads a and b on pairs with exactly one AI clip.
    """
    unsure = pairs["choice"] == "dont_know"
    people = pairs["participant_id"]
    one_ai = pairs["decided"] | (unsure & pairs["truth"].isin(["a", "b"]))
    told = share_results(unsure, people)
    return {
        "n": told["correct"],
        "n_answers": told["n"],
        "share": told["accuracy"],
        "ci95": told["ci95"],
        "method": told["method"],
        "overall": {
            "as_missing": share_results(pairs.loc[~unsure, "correct"], people[~unsure]),
            "as_wrong": share_results(pairs["correct"], people),
        },
        "decided": {
            "as_missing": share_results(pairs.loc[pairs["decided"], "correct"], people[pairs["decided"]]),
            "as_wrong": share_results(pairs.loc[one_ai, "correct"], people[one_ai]),
        },
    }


def by_key(pairs: pd.DataFrame, key: str) -> dict[str, Any]:
    """Decided accuracy of each value of ``key`` (item or participant_id), each with its own interval."""
    chosen = pairs[pairs["decided"]]
    table = chosen.groupby(key, sort=False)["correct"].agg(["size", "sum"])
    return {
        str(name): {
            "n": int(row.size_),
            "correct": int(row.right),
            "accuracy": int(row.right) / int(row.size_),
            "ci95": wilson(int(row.right), int(row.size_)),
            "method": WILSON,
        }
        for name, row in sorted(
            zip(table.index, table.set_axis(["size_", "right"], axis=1).itertuples(), strict=True),
            key=lambda item: natural(str(item[0])),
        )
    }
