"""Every number of the report as one table: what it is, its value, its interval, n and method. Pure."""

from __future__ import annotations

from typing import NamedTuple

from analysis.pairs import BOOTSTRAP, EXACT, WILSON
from analysis.ratings import ALPHA, MEAN
from analysis.wording import Results, condition_words, p_value, percent, truth_words

# What a row's last column says, and what it stands for; the long form is what results.json says.
METHODS = {
    "count": "A number of people or answers; it has no interval.",
    "Wilson": f"{WILSON}.",
    "exact": f"{EXACT}.",
    "bootstrap": f"{BOOTSTRAP}.",
    "clustered t": f"{MEAN}; no interval where all ratings agree or one listener gave them all.",
    "alpha": f"{ALPHA}.",
    "undefined": "d′ needs clips by AI and clips by people; here are only one or the other.",
}
SHORT = {WILSON: "Wilson", EXACT: "exact", BOOTSTRAP: "bootstrap", MEAN: "clustered t", ALPHA: "alpha"}


class Row(NamedTuple):
    """One number, as text. ``n`` says of what there are how many; ``method`` is a key of METHODS."""

    quantity: str
    value: str
    interval: str
    n: str
    method: str


def tables(results: Results) -> dict[str, list[Row]]:
    """The rows under each heading; a heading without rows is left out."""
    parts = {
        "Participants": _participants(results["participants"]),
        "Pairs": _pairs(results["pairs"]),
        "Pairs by condition": _conditions(results["pairs"]),
        "Pairs by experience": _experience(results["pairs"]),
        "Each pair": _trials(results["pairs"]),
        "Ratings": _ratings(results["ratings"]),
        "Pieces known to be AI": _open(results["open_ratings"]),
    }
    return {heading: rows for heading, rows in parts.items() if rows}


def _participants(people: Results) -> list[Row]:
    rows = [
        Row(name.capitalize(), str(people[name]), "", "", "count")
        for name in ("started", "finished", "analysed")
    ]
    reasons = [
        Row(f"Excluded: {reason}", str(n), "", "", "count") for reason, n in people["excluded"].items()
    ]
    return rows + reasons


def _pairs(pairs: Results) -> list[Row]:
    if not pairs["n_answers"]:
        return []
    rows = _accuracy("", pairs)
    rows += _detection("", pairs["signal_detection"])
    if known := pairs["recognised"]["n"]:
        rows.append(
            Row(
                "Answers by listeners who knew a piece",
                str(known),
                "",
                f"{pairs['n_answers']} answers",
                "count",
            )
        )
        rows += _accuracy(" without these", pairs["recognised"]["without"])
    return rows


def _conditions(pairs: Results) -> list[Row]:
    rows = []
    for name, condition in pairs["by_condition"].items():
        suffix = f", {condition_words(name)}"
        rows += _accuracy(suffix, condition) + _detection(suffix, condition)
    return rows


def _experience(pairs: Results) -> list[Row]:
    groups = {"musicians": pairs["by_musician"]["yes"], "others": pairs["by_musician"]["no"]}
    groups |= {f"level {level}": group for level, group in pairs["by_level"].items()}
    return [
        row for name, group in groups.items() if group["n_answers"] for row in _accuracy(f", {name}", group)
    ]


def _trials(pairs: Results) -> list[Row]:
    return [
        Row(f"{trial}: correct (truth: {truth_words(trial_results['truth'])})", *_share(trial_results))
        for trial, trial_results in pairs["by_trial"].items()
    ]


def _ratings(ratings: Results) -> list[Row]:
    if not ratings["n_answers"]:
        return []
    rows = _mean("All clips", ratings["overall"])
    for name, setting in ratings["by_setting"].items():
        rows += _mean(name, setting)
    if len(ratings["by_system"]) > 1:
        for name, system in ratings["by_system"].items():
            rows += _mean(f"System {name}", system)
    agreement = ratings["reliability"]
    rows.append(
        Row(
            "Agreement between listeners, alpha",
            _number(agreement["krippendorff_alpha"]),
            _range(agreement["ci95"]),
            f"{agreement['n']} ratings of {agreement['n_stimuli']} clips",
            SHORT[agreement["method"]],
        )
    )
    return rows


def _open(ratings: Results) -> list[Row]:
    return [
        row
        for clip, result in ratings["by_stimulus"].items()
        for row in _mean(result["title"] or clip, result)
    ]


def _accuracy(suffix: str, part: Results) -> list[Row]:
    rows = [Row(f"Answer equals the truth{suffix}", *_share(part["overall"]))]
    decided = part["decided"]
    if decided["n"]:
        value, interval, n, method = _share(decided)
        rows.append(
            Row(f"Right clip named{suffix}", f"{value}, {p_value(decided['p_value'])}", interval, n, method)
        )
    return rows


def _share(part: Results) -> tuple[str, str, str, str]:
    return (
        percent(part["accuracy"]),
        _range(part["ci95"], percent),
        f"{part['correct']} of {part['n']}",
        SHORT[part["method"]],
    )


def _detection(suffix: str, part: Results) -> list[Row]:
    n = f"{part['n_judgements']} judgements, {_people(part)}"
    if part["d_prime"] is None:
        return [Row(f"d′{suffix}", "–", "", n, "undefined")]
    return [
        Row(
            f"Sensitivity d′{suffix}",
            _number(part["d_prime"]),
            _range(part["ci95"]),
            n,
            SHORT[part["method"]],
        ),
        Row(
            f"Criterion c{suffix}",
            _number(part["criterion"]),
            _range(part["criterion_ci95"]),
            n,
            SHORT[part["method"]],
        ),
    ]


def _mean(name: str, part: Results) -> list[Row]:
    listeners = f"{part['n']} ratings"
    if part["n_participants"] != part["n"]:
        listeners += f", {_people(part)}"
    rows = [
        Row(
            f"{name}: mean rating",
            _number(part["mean"]),
            _range(part["ci95"]),
            listeners,
            SHORT[part["method"]],
        )
    ]
    if part["said_ai_n"]:
        votes, asked = part["said_ai"], part["said_ai_n"]
        rows.append(
            Row(
                f"{name}: taken for AI",
                percent(votes / asked),
                _range(part["said_ai_ci95"], percent),
                f"{votes} of {asked}",
                "Wilson",
            )
        )
    return rows


def _people(part: Results) -> str:
    return "1 person" if part["n_participants"] == 1 else f"{part['n_participants']} people"


def _number(value: float | None) -> str:
    # A minus sign as type sets it, and never '-0.00'.
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _range(interval: list[float] | None, form=_number) -> str:
    return "" if interval is None else f"{form(interval[0])} to {form(interval[1])}"
