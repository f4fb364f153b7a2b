"""Captions of the figures of pairs and preferences: one sentence each, also of what is missing. Pure."""

from __future__ import annotations

from typing import Any

Results = dict[str, Any]
MOST_ITEMS = 40  # rows of a figure
MOST_LISTENERS = 20  # more are drawn as counts


def pair_captions(results: Results) -> dict[str, str]:
    """By the figures' names."""
    pairs = results["pairs"]
    nothing = "No listener has yet named one clip of a pair with exactly one AI clip."
    levels = [part["decided"] for part in pairs["by_level"].values()]
    return {
        "by_item": (
            "Share of listeners who named the right clip, item by item (an item is a pair, called by its AI "
            "clip), with 95% intervals, the easiest on top."
            if pairs["by_item"]
            else nothing
        ),
        "by_participant": _participants(len(pairs["by_participant"])) if pairs["by_participant"] else nothing,
        "by_level": (
            "Share of right answers among those that named one clip, by level of musical experience, with "
            "95% intervals clustered by listener where they can be had."
            if any(part["n"] for part in levels)
            else "No such answer comes from a listener who told their level of musical experience."
        ),
        "preferences": _preferences(results["preferences"]),
    }


def _participants(n: int) -> str:
    if n > MOST_LISTENERS:
        return f"How many of the {n:,} listeners named the right clip how often, beside what guessing gives."
    return (
        "Share of pairs in which each listener named the right clip, with 95% intervals, the surest on top; "
        "with few pairs each, chance alone spreads them widely."
    )


def _preferences(part: Results) -> str:
    if not part["n_answers"]:
        return "No preference between clips was asked for."
    if not (part["by_system"]["systems"] or part["by_setting"]["systems"]):
        return f"No ranking is drawn: {part['by_system']['note'] or part['by_setting']['note']}"
    return (
        "How strongly each is preferred, in log odds around their mean, with 95% intervals: a step of 1 "
        "means that one is preferred 2.7 times as often as the other."
    )
