"""The numbers of ratings and comments beyond their means, as rows of the report's tables. Pure."""

from __future__ import annotations

from typing import Any

from analysis.agreement import ICC, PAIRED
from analysis.comments import COUNTED
from analysis.detection_numbers import detected
from analysis.labels import TOLD
from analysis.models import BY_AI
from analysis.moderators import WELCH
from analysis.ordinal import MODEL
from analysis.ranks import FRIEDMAN, WILCOXON
from analysis.rows import Row, number, people, span
from analysis.scales import CORRELATION
from analysis.surface import SURFACE
from analysis.tested import TESTED
from analysis.within import OWN, SAME_CLIPS
from analysis.wording import Results, p_value, percent

RATING_METHODS = {
    "ordinal model": f"{MODEL}. The value is the odds ratio of a higher rating: 1 is no effect.",
    "Friedman": f"{FRIEDMAN}.",
    "signed ranks": f"{WILCOXON}.",
    "adjusted mean": f"{TESTED}.",
    "surface": f"{SURFACE}. Factors are counted in halves of their tested range.",
    "own difference": f"{OWN}.",
    "within clips": f"{SAME_CLIPS}.",
    "Welch": f"{WELCH}.",
    "correlation": f"{CORRELATION}.",
    "ICC": f"{ICC}.",
    "alpha of repeats": f"{PAIRED}.",
    "dictionary": f"{COUNTED}.",
}
BELIEFS = {"said_ai": "taken for AI", "said_human": "taken for human"}
ORIGINS = {"ai": "clips by AI", "human": "clips by people", "all": "all clips"}
FACTORS = {"temperature": "temperature", "top_k": "top-k", "no_repeat_ngram": "n-gram"}


def rating_tables(results: Results) -> dict[str, list[Row]]:
    """The rows under each heading; some are empty."""
    ratings = results["ratings"]
    if not ratings["n_answers"]:
        return {"Themes of comments": themes(results["comments"])}
    return {
        "Ratings: AI and human, systems, settings": models(ratings),
        "Ratings: rank tests": ranks(ratings["ranks"]),
        "Ratings: the best settings": surface(ratings["surface"]),
        "Ratings and belief": halo(ratings["halo"]),
        "Ratings and labels": labels(ratings["labels"]),
        "Further scales": scales(ratings["scales"]),
        "Ratings by experience": experience(ratings["experience"]),
        "Reliability of ratings": reliability(ratings["reliability"]),
        "Themes of comments": themes(results["comments"]),
    }


def models(ratings: Results) -> list[Row]:
    """The ordinal mixed models, and the plain difference of AI and human clips."""
    rows = _contrast("AI minus human", ratings["origin_difference"], "own difference")
    for part in ratings["models"].values():
        if part:
            against = f" against {part['reference']}" if "reference" in part else ""
            rows += _model(part, against)
    return rows


def ranks(parts: Results) -> list[Row]:
    """Friedman's tests, then the pairs."""
    rows = []
    for name, part in parts.items():
        found = part["friedman"]
        if found and found["p_value"] is not None:
            statistic = f"χ²({found['df']}) = {number(found['statistic'])}"
            n = f"{people(found)} rated all {found['things']}"
            value = f"{number(found['kendall_w'])}, {statistic}, {p_value(found['p_value'])}"
            rows.append(Row(f"Between {name}: Kendall’s W", value, "–", n, "Friedman"))
            alike = (number(found["agreement"]), span(found["ci95"]) or "–", n, "Friedman")
            rows.append(Row(f"Between {name}: correlation of two listeners’ ranks", *alike))
    for part in parts.values():
        rows += [
            Row(
                f"{pair['first']} against {pair['second']}: rank-biserial r",
                corrected(number(pair["rank_biserial"]), pair),
                span(pair["ci95"]) or "–",
                people(pair),
                "signed ranks",
            )
            for pair in part["pairs"]
            if pair["rank_biserial"] is not None
        ]
    return rows


def surface(part: Results) -> list[Row]:
    """The settings as tested with their chances to be the best, then the surface."""
    rows = []
    for setting in part["tested"]["settings"]:
        n = f"{setting['n']} ratings, {people(setting)}, clips: {setting['n_clips']}"
        mean, chance = number(setting["mean"]), percent(setting["best"])
        value = f"{mean}, best in {chance} of resamples"
        rows.append(Row(setting_words(setting), value, span(setting["ci95"]), n, "adjusted mean"))
    if best := part["optimum"]:
        n = f"{best['n']} ratings, {people(best)}, {part['n_clips']} clips"
        rows.append(Row("Best point: rating", number(best["predicted"]), span(best["ci95"]), n, "surface"))
        for name in part["factors"]:
            value = f"{best[name]:g}" + (" (edge of what was tested)" if best["at_edge"][name] else "")
            rows.append(
                Row(f"Best point: {FACTORS[name]}", value, span(best["region"][name], _short), n, "surface")
            )
    for term, found in part["terms"].items():
        words = " × ".join(FACTORS[name] for name in term.split(" × "))
        rows += _contrast(words, found, "surface")
    return rows


def halo(part: Results) -> list[Row]:
    """Ratings by truth and belief, what belief goes with, and how right it was."""
    rows = [
        Row(
            f"{_begun(ORIGINS[origin])}, {BELIEFS[belief]}: mean rating",
            number(cell["mean"]),
            span(cell["ci95"]),
            f"{cell['n']} ratings, {people(cell)}",
            "clustered t",
        )
        for origin, cells in part["by_truth_and_belief"].items()
        for belief, cell in cells.items()
        if cell["n"]
    ]
    words = "Taken for human minus taken for AI"
    for name, found in part["difference"].items():
        rows += _contrast(f"{words}, {ORIGINS[name]}", found, "own difference")
    rows += _contrast(f"{words}, the same clip", part["within_clips"], "within clips")
    return rows + _guesses(part["guesses"])


def _guesses(part: Results) -> list[Row]:
    if not part["n"]:
        return []
    n = f"{part['n']} guesses, {people(part)}"
    share = (percent(part["accuracy"]), span(part["accuracy_ci95"], percent))
    rows = [Row("Guesses “this is AI” that were right", *share, n, "clustered")]
    return rows + (detected(" of guesses", part) if part["d_prime"] is not None else [])


def labels(part: Results | None) -> list[Row]:
    """What a label does to a rating."""
    if not part:
        return []
    rows = []
    for name, found in part["contrasts"].items():
        rows += _contrast(_told(name), found, "within clips")
    for origin, contrasts in part["contrasts_by_origin"].items():
        for name, found in contrasts.items():
            rows += _contrast(f"{_told(name)}, {ORIGINS[origin]}", found, "within clips")
    return rows + (_model(part["model"], f" against {TOLD[part['labels'][0]]}") if part["model"] else [])


def _told(contrast: str) -> str:
    """ai minus blind -> Told “AI” minus told nothing."""
    return _begun(" minus ".join(TOLD[name] for name in contrast.split(" minus ")))


def scales(part: Results) -> list[Row]:
    """Every further scale's mean and tests, and their correlations."""
    rows = []
    for name, found in part["by_scale"].items():
        n = f"{found['n']} ratings, {people(found)}"
        rows.append(Row(f"{name}: mean", number(found["mean"]), span(found["ci95"]), n, "clustered t"))
        rows += _contrast(f"{name}: AI minus human", found["origin_difference"], "own difference")
        between = found["friedman"]
        if between["p_value"] is not None:
            value = corrected(f"correlation of ranks {number(between['agreement'])}", between)
            bounds = span(between["ci95"]) or "–"
            rows.append(Row(f"{name}: between settings", value, bounds, people(between), "Friedman"))
    for pair in part["correlations"]:
        if pair["r"] is not None:
            n = f"{pair['n']} ratings, {people(pair)}"
            words = f"{pair['first']} and {pair['second']}: r"
            rows.append(Row(words, number(pair["r"]), span(pair["ci95"]), n, "correlation"))
    return rows


def experience(part: Results) -> list[Row]:
    """Ratings of musicians and others, and whether they differ."""
    rows = [
        Row(
            f"{words}: mean rating",
            number(found["mean"]),
            span(found["ci95"]),
            f"{found['n']} ratings, {people(found)}",
            "clustered t",
        )
        for words, found in (
            ("Musicians", part["by_musician"]["yes"]),
            ("Others", part["by_musician"]["no"]),
            *((f"Level {level}", found) for level, found in part["by_level"].items()),
        )
        if found["n"]
    ]
    rows += _contrast("Musicians minus others: mean rating", part["level"], "Welch")
    rows += _contrast("Musicians minus others: AI minus human", part["origin_effect"], "Welch")
    return rows + (_model(part["model"], "") if part["model"] else [])


def reliability(part: Results) -> list[Row]:
    """Intraclass correlations, and ratings of the same clip given twice."""
    rows, icc, again = [], part["icc"], part["repeats"]
    n = f"{icc['n_stimuli']} clips, {people(icc)} who rated all"
    for words, name in (("one listener", "single"), ("the mean of all", "average")):
        if icc[name]["value"] is not None:
            value = number(icc[name]["value"])
            rows.append(Row(f"ICC of {words}", value, span(icc[name]["ci95"]) or "–", n, "ICC"))
    if again["n"]:
        n = f"{again['n']} repeats, {people(again)}"
        for words, name in (("Rated alike again", "same"), ("Rated at most one off", "within_one")):
            share, bounds = percent(again[name]["share"]), span(again[name]["ci95"], percent)
            rows.append(Row(words, share, bounds, n, "clustered"))
        drift = again["drift"]
        rows.append(
            Row("Second minus first rating", number(drift["mean"]), span(drift["ci95"]), n, "clustered t")
        )
        alpha = again["alpha"]
        if alpha["value"] is not None:
            bounds = span(alpha["ci95"]) or "–"
            rows.append(Row("First and second, alpha", number(alpha["value"]), bounds, n, "alpha of repeats"))
    return rows


def themes(comments: Results) -> list[Row]:
    """Listeners who name a theme, of all and by what the comment is about."""
    rows = []
    for theme, part in comments["themes"].items():
        about = {"": part}
        about |= {f", on {_about(origin)}": found for origin, found in part["by_origin"].items()}
        about |= {f", section {section}": found for section, found in part["by_section"].items()}
        rows += [
            Row(
                f"{theme.capitalize()}{words}",
                percent(found["share"]),
                span(found["ci95"], percent),
                f"{found['n']} of {found['of']} comments, {found['n_participants']} of "
                f"{found['of_participants']} people",
                "dictionary",
            )
            for words, found in about.items()
            if found["of"]
        ]
    return rows


def tests(counts: Results) -> list[Row]:
    """How many tests were made, and how many in each corrected family."""
    families = [
        Row(_begun(name), f"{part['n']}, {part['correction']}", "", "", "count")
        for name, part in counts["families"].items()
    ]
    alone = Row("Alone, uncorrected", str(counts["uncorrected"]), "", "", "count")
    return [Row("All tests with a p-value", str(counts["n"]), "", "", "count"), *families, alone]


def setting_words(setting: dict[str, Any]) -> str:
    """Temperature 0.5, top-k 15, n-gram 6."""
    given = [f"{words} {setting[name]:g}" for name, words in FACTORS.items() if setting.get(name) is not None]
    return ", ".join(given).capitalize()


def _begun(words: str) -> str:
    """A capital letter first, and no other changed."""
    return words[:1].upper() + words[1:]


def _about(origin: str) -> str:
    known = {"both": "a pair of both", "none": "a section", "ai": "AI’s music", "human": "people’s music"}
    return known[origin]


def _contrast(words: str, part: Results, method: str) -> list[Row]:
    if part["estimate"] is None:
        return []
    n = f"{part['n']} ratings, {people(part)}" if part["n"] != part["n_participants"] else people(part)
    return [Row(words, corrected(number(part["estimate"]), part), span(part["ci95"]) or "–", n, method)]


def _model(part: Results, against: str) -> list[Row]:
    n = f"{part['n']} ratings, {people(part)}, {part['n_clips']} clips"
    return [
        Row(
            f"{_begun(name)}{'' if name == BY_AI else against}: odds ratio",
            corrected(number(effect["odds_ratio"]), effect),
            span(effect["ci95"]) or "–",
            n,
            "ordinal model",
        )
        for name, effect in part["effects"].items()
    ]


def corrected(value: str, part: Results) -> str:
    """The value with its p-value: Holm's where the test belongs to a family."""
    if part["p_value"] is None:
        return value
    if part.get("p_holm") is None:
        return f"{value}, {p_value(part['p_value'])}"
    return f"{value}, {p_value(part['p_holm'])} (Holm)"


def _short(value: float) -> str:
    return f"{value:.3g}"
