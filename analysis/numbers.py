"""Every number of the report as one table: what it is, its value, its interval, n and method. Pure."""

from __future__ import annotations

from analysis.agreement import ALPHA
from analysis.detection_numbers import DETECTION_METHODS, SENSED, detected
from analysis.pair_numbers import PAIR_METHODS, pair_tables
from analysis.rating_numbers import RATING_METHODS, corrected, rating_tables, tests
from analysis.rows import Row, number, people, span
from analysis.summaries import MEAN
from analysis.tallies import EXACT, WILSON
from analysis.wording import Results, condition_words, percent, truth_words

# What a row's last column says, and what it stands for; the long form is what results.json says.
METHODS = {
    "count": "A number of people or answers; it has no interval.",
    "Wilson": f"{WILSON}.",
    "exact": f"{EXACT}.",
    "clustered t": f"{MEAN}; no interval where all ratings agree or one listener gave them all.",
    "alpha": f"{ALPHA}.",
    **DETECTION_METHODS,
    **PAIR_METHODS,
    **RATING_METHODS,
}
SHORT = {WILSON: "Wilson", EXACT: "exact", **SENSED, MEAN: "clustered t", ALPHA: "alpha"}


def tables(results: Results) -> dict[str, list[Row]]:
    """The rows under each heading; a heading without rows is left out."""
    parts = {
        "Participants": _participants(results["participants"]),
        "Pairs": _pairs(results["pairs"]),
        "Pairs by condition": _conditions(results["pairs"]),
        "Pairs by experience": _experience(results["pairs"]),
        "Each pair": _trials(results["pairs"]),
        **pair_tables(results),
        "Ratings": _ratings(results["ratings"]),
        **rating_tables(results),
        "Pieces known to be AI": _open(results["open_ratings"]),
        "Tests": tests(results["tests"]) if results["tests"]["n"] else [],
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
    rows += detected("", pairs["signal_detection"], same_items=True)
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
        rows += _accuracy(suffix, condition) + detected(suffix, condition)
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
            number(agreement["krippendorff_alpha"]),
            span(agreement["ci95"]),
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
        rows.append(Row(f"Right clip named{suffix}", corrected(value, decided), interval, n, method))
    return rows


def _share(part: Results) -> tuple[str, str, str, str]:
    return (
        percent(part["accuracy"]),
        span(part["ci95"], percent),
        f"{part['correct']} of {part['n']}",
        SHORT[part["method"]],
    )


def _mean(name: str, part: Results) -> list[Row]:
    listeners = f"{part['n']} ratings"
    if part["n_participants"] != part["n"]:
        listeners += f", {people(part)}"
    rows = [
        Row(
            f"{name}: mean rating",
            number(part["mean"]),
            span(part["ci95"]),
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
                span(part["said_ai_ci95"], percent) or "–",
                f"{votes} of {asked}",
                "clustered",
            )
        )
    return rows
