"""The numbers of pairs and preferences beyond plain accuracy, as rows of the report's tables. Pure."""

from __future__ import annotations

from typing import Any

from analysis.clustered import CLUSTERED
from analysis.consistency import KAPPA
from analysis.detection_numbers import detected
from analysis.equivalence import BAYES, EXACT_TOST, TOST
from analysis.order import SIDE
from analysis.preferences import DAVIDSON, RANK
from analysis.right_answers import MIXED, SLOPE
from analysis.rows import Row, number, people, span
from analysis.wording import Results, p_value, percent

PAIR_METHODS = {
    "clustered": f"{CLUSTERED}.",
    "mixed model": f"{MIXED}.",
    "profile": "Profile likelihood of the intercept of that model, with the same t quantile.",
    "slope": f"{SLOPE}. The value is the odds ratio of a right answer: 1 is no effect.",
    "TOST": f"{TOST}. The interval is the 90% one that belongs to two tests at 5%.",
    "exact TOST": f"{EXACT_TOST}.",
    "Bayes factor": f"{BAYES}. Above 1 it speaks for guessing.",
    "sides": f"{SIDE}.",
    "Davidson": f"{DAVIDSON}. Strengths are log odds around a mean of 0.",
    "rank": f"Rank by that strength; {RANK}.",
    "kappa": f"{KAPPA}.",
}
MODERATORS = {
    "musician": "A musician answers right",
    "level": "A level of experience up",
    "musical_training": "A point of musical training more",
}


def pair_tables(results: Results) -> dict[str, list[Row]]:
    """The rows under each heading; some are empty."""
    pairs = results["pairs"]
    heard = (
        {}
        if not pairs["n_answers"]
        else {
            "Pairs: listeners and clips as chance": crossed(pairs),
            "Pairs: guessing": guessing(pairs),
            "Pairs: don’t know": unsure(pairs["dont_know"]),
            "Pairs: who and when": moved(pairs),
            "What is called AI": called(pairs["signal_detection"]),
            "Each item": items(pairs["by_item"]),
        }
    )
    return {
        **heard,
        "Preferences between systems": preferences(results["preferences"]["by_system"]),
        "Preferences between settings": preferences(results["preferences"]["by_setting"]),
        "Consistency": consistency(results["consistency"]),
    }


def crossed(pairs: Results) -> list[Row]:
    """Accuracy with participants, and with participants and items, as what was sampled."""
    rows = _share("Right clip named", pairs["decided"]["clustered"], "clustered")
    model = pairs["mixed_model"]
    n = f"{model['n']} answers, {people(model)}, {model['n_items']} items"
    if model["accuracy"] is not None:
        value = f"{percent(model['accuracy'])}, {p_value(model['p_value'])}"
        rows += [
            Row("Typical listener and item", value, span(model["accuracy_ci95"], percent), n, "mixed model"),
            Row(
                "All listeners and items",
                percent(model["average"]),
                span(model["average_ci95"], percent),
                n,
                "mixed model",
            ),
            Row("Spread of listeners, log odds", number(model["sd_participants"]), "", n, "mixed model"),
            Row("Spread of items, log odds", number(model["sd_items"]), "", n, "mixed model"),
        ]
    if model["accuracy_profile_ci95"]:
        interval = span(model["accuracy_profile_ci95"], percent)
        rows.insert(2, Row("Typical listener and item", percent(model["accuracy"]), interval, n, "profile"))
    return rows


def guessing(pairs: Results) -> list[Row]:
    """Equivalence and the Bayes factor."""
    part, factor = pairs["equivalence"], pairs["bayes_factor"]
    if not part["n"]:
        return []
    what = f"Accuracy within {100 * part['margin']:g} percentage points of one half"
    verdict = "shown" if part["equivalent"] else "not shown"
    n = f"{part['n']} answers, {people(part)}"
    exact = part["exact"]
    return [
        Row(what, f"{verdict}, {p_value(part['p_value'])}", span(part["ci90"], percent), n, "TOST"),
        Row(what, p_value(exact["p_value"]), "", f"{exact['n']} answers", "exact TOST"),
        Row(
            "Guessing against any accuracy",
            _factor(factor["bf01"], factor["log10_bf01"]),
            "",
            f"{factor['n']} answers",
            "Bayes factor",
        ),
        Row(
            "Guessing against better than guessing",
            _factor(factor["bf01_one_sided"], None),
            "",
            f"{factor['n']} answers",
            "Bayes factor",
        ),
    ]


def unsure(part: Results) -> list[Row]:
    """Don't-know, and accuracy with it missing and wrong."""
    if not part["n"]:
        return []
    n = f"{part['n']} of {part['n_answers']}"
    words = {"overall": "Answer equals the truth", "decided": "Right clip named"}
    hows = {"as_missing": "don’t know left out", "as_wrong": "don’t know is wrong"}
    return [
        Row("Answered don’t know", percent(part["share"]), span(part["ci95"], percent), n, "clustered"),
        *(
            row
            for reading, name in words.items()
            for how, note in hows.items()
            for row in _share(f"{name}, {note}", part[reading][how], "clustered")
        ),
    ]


def moved(pairs: Results) -> list[Row]:
    """Sides, position and experience."""
    side, rows = pairs["order"]["side"], []
    if side["share"] is not None:
        value = f"{percent(side['share'])}{_tested(side)}"
        n = f"{side['said_a']} of {side['n']} answers"
        rows.append(Row("Named the clip at A", value, span(side["ci95"], percent), n, "sides"))
    slopes = [("A position later in the test", pairs["order"]["position"])]
    slopes += [(words, pairs["moderators"][name]) for name, words in MODERATORS.items()]
    for words, part in slopes:
        if part["odds_ratio"] is not None:
            n = f"{part['n']} answers, {people(part)}"
            value = f"{number(part['odds_ratio'])}{_tested(part)}"
            rows.append(Row(f"{words}: odds ratio", value, span(part["ci95"]), n, "slope"))
    return rows


def called(part: Results) -> list[Row]:
    """How readily clips are called AI: by origin, by system, clip by clip."""
    rows = []
    for origin, words in (("ai", "clips by AI"), ("human", "clips by people")):
        rows += _called(f"Called AI, {words}", part["by_origin"][origin])
    for name, system in part["by_system"].items():
        rows += _called(f"Called AI, system {name}", system)
        rows += detected(f", system {name}", system["detection"])
    for name, clip in part["by_clip"].items():
        rows.append(
            Row(
                f"Called AI, clip {name}",
                percent(clip["share"]),
                span(clip["ci95"], percent),
                f"{clip['said_ai']} of {clip['n']}",
                "Wilson",
            )
        )
    return rows


def items(parts: Results) -> list[Row]:
    """Decided accuracy of each item."""
    return [
        Row(
            f"Right clip named, item {name}",
            percent(part["accuracy"]),
            span(part["ci95"], percent),
            f"{part['correct']} of {part['n']}",
            "Wilson",
        )
        for name, part in parts.items()
    ]


def preferences(ranking: Results) -> list[Row]:
    """The ranking, and every pair."""
    rows = [
        Row(
            f"{part['rank']}. {name}: strength",
            number(part["strength"]),
            span(part["ci95"]),
            f"{part['n']} comparisons",
            "Davidson",
        )
        for name, part in ranking["systems"].items()
    ]
    rows += [
        Row(
            f"Rank of {name}",
            str(part["rank"]),
            span(part["rank_ci95"], _rank),
            f"{part['n']} comparisons",
            "rank",
        )
        for name, part in ranking["systems"].items()
    ]
    return rows + [
        Row(
            f"{test['first']} over {test['second']}: difference",
            f"{number(test['difference'])}{_tested(test)}",
            span(test["ci95"]),
            f"{test['preferred_first']} to {test['preferred_second']}, {test['tied']} ties",
            "Davidson",
        )
        for test in ranking["pairs"]
    ]


def consistency(part: Results) -> list[Row]:
    """Repeats and attention checks."""
    rows = []
    for kind, words in (("pair", "pairs"), ("preference", "preferences")):
        again = part[kind]
        if again["n"]:
            n = f"{again['equal']} of {again['n']} repeats"
            rows.append(
                Row(
                    f"Same answer again, {words}",
                    percent(again["share"]),
                    span(again["ci95"], percent),
                    n,
                    "clustered",
                )
            )
            rows.append(
                Row(
                    f"Agreement with oneself, {words}",
                    number(again["kappa"]),
                    span(again["kappa_ci95"]),
                    n,
                    "kappa",
                )
            )
    checks = part["attention"]
    if checks["n"]:
        n = f"{checks['passed']} of {checks['n']}"
        rows.append(
            Row(
                "Attention checks passed",
                percent(checks["share"]),
                span(checks["ci95"], percent),
                n,
                "clustered",
            )
        )
    return rows


def _share(words: str, part: Results, method: str) -> list[Row]:
    if not part["n"]:
        return []
    tested = f", {p_value(part['p_value'])}" if part.get("p_value") is not None else ""
    n = f"{part['correct']} of {part['n']}, {people(part)}"
    return [Row(words, f"{percent(part['accuracy'])}{tested}", span(part["ci95"], percent), n, method)]


def _called(words: str, part: Results) -> list[Row]:
    if not part["n"]:
        return []
    n = f"{part['said_ai']} of {part['n']}, {people(part)}"
    return [Row(words, percent(part["share"]), span(part["ci95"], percent), n, "clustered")]


def _tested(part: dict[str, Any]) -> str:
    """The corrected p-value, marked so."""
    corrected = part.get("p_holm")
    return "" if corrected is None else f", {p_value(corrected)} (Holm)"


def _rank(value: float) -> str:
    return f"{value:.0f}"


def _factor(value: float | None, log: float | None) -> str:
    """A Bayes factor in at most four figures, or as a power of ten."""
    if value is not None and 0.001 <= value < 10_000:
        return f"{value:.3g}"
    if log is not None:
        return f"10^{log:.0f}".replace("-", "−")
    return "–" if value is None else "<0.001" if value < 1 else ">10,000"
