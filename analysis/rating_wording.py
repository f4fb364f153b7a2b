"""Captions of the figures of ratings: one sentence each, also of what is missing. Pure."""

from __future__ import annotations

from typing import Any

from analysis.labels import TOLD

Results = dict[str, Any]


def rating_captions(results: Results) -> dict[str, str]:
    """By the figures' names."""
    ratings = results["ratings"]
    bars = (
        "All ratings of each setting, the best liked on top: the numbers count ratings from 1 on the left to "
        "5 on the right, and half of the 3s lie on either side of the dashed line."
    )
    return {
        "rating_bars": bars if ratings["n_answers"] else "No clip has been rated yet.",
        "surface": _surface(ratings["surface"]),
        "halo": _halo(ratings["halo"]),
        "labels": _labels(ratings["labels"]),
    }


def _surface(part: Results) -> str:
    if not part["optimum"]:
        note = part["note"] or "Too few settings were rated for a surface."
        return f"No surface of settings is drawn: {note[0].lower()}{note[1:]}"
    words = {"temperature": "temperature {:g}", "top_k": "top-k {:g}", "no_repeat_ngram": "n-gram {:g}"}
    best = part["optimum"]
    where = ", ".join(words[name].format(round(best[name], 2)) for name in part["factors"])
    edge = " at the edge of what was tested" if any(best["at_edge"].values()) else ""
    return (
        f"The rating that a {part['order']} surface expects: circles are the settings that were tested, the "
        f"diamond is the best point ({where}){edge}; the table says how sure that is, had other "
        "people come and other clips of these settings been heard."
    )


def _halo(part: Results) -> str:
    if not part["n"]:
        return "Listeners were not asked who made the clips that they rated."
    found = part["difference"]["all"]
    if found["estimate"] is None:
        return "No listener took some clips for a machine's and others for a human's."
    more = "higher" if found["estimate"] >= 0 else "lower"
    interval = ""
    if found["ci95"]:
        low, high = found["ci95"]
        interval = f", 95% interval {_signed(low)} to {_signed(high)}"
    return (
        "Mean ratings by what listeners took a clip for, each with its 95% interval: what they took for a "
        f"human's they rated {abs(found['estimate']):.2f} {more}{interval}; this is no proof that belief "
        "moves taste."
    )


def _labels(part: Results | None) -> str:
    if not part:
        return "This study told nobody who had made a clip before it was rated."
    contrasts = part["contrasts"]
    name = "ai minus human" if "ai minus human" in contrasts else next(iter(contrasts), None)
    found = contrasts.get(name)
    told = "Mean ratings by what listeners were told, each with its 95% interval"
    if not found or found["estimate"] is None or not found["ci95"]:
        return f"{told}."
    low, high = found["ci95"]
    one, other = name.split(" minus ")
    return (
        f"{told}: the same clips got {_signed(found['estimate'])} when {TOLD[one]} rather than "
        f"{TOLD[other]}, 95% interval {_signed(low)} to {_signed(high)}."
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
