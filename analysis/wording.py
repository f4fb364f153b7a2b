"""Results in sentences that claim no more than the numbers do. Pure: results -> plain text, never HTML.

A test that is not significant is never called 'no difference': it says that these answers do not settle
the question. 'Indistinguishable' is said only where an equivalence test shows it, and with the margin.
"""

from __future__ import annotations

from typing import Any

from analysis.pair_wording import pair_captions
from analysis.rating_wording import rating_captions

Results = dict[str, Any]
ALPHA = 0.05
ORIGINS = {"ai": "AI", "human": "a human", "both": "one of each", "none": ""}
READING = (
    "A 95% interval is the range that, over many such studies, holds the true value 95 times in 100. A wide "
    "one means that few people answered.",
    "Rows marked ‘Wilson’ and ‘exact’ treat answers as independent. Answers of one person resemble each "
    "other, so these intervals are somewhat too narrow; rows marked ‘clustered’, mean ratings and d′ take "
    "the listener into account, and rows that count items as well hold for other clips too.",
    "‘Indistinguishable’ is said only where two one-sided tests show that accuracy lies within a margin "
    "around one half that was stated beforehand; the table says which margin, and whether they do.",
    "The test under the first sentence is the main one. Tests that ask one question of many things, such as "
    "all pairs of settings, are a family; their p-values are corrected by Holm’s method and marked so, and "
    "the table of tests counts them. A result that is not significant does not show that two things sound "
    "alike.",
    "An odds ratio of 2 means that the odds of a higher rather than a lower rating are twice as high. The "
    "model lets listeners and clips have levels of their own; an effect of AI or of a setting is then sure "
    "only as far as many clips bear it out.",
    "d′ is the distance between how AI and human clips sound to listeners, in units of their own "
    "uncertainty: 0 is guessing, and a listener with 1 judges 69 clips in 100 rightly. A criterion below 0 "
    "means that listeners say “AI” too readily. Each clip of a pair counts as one judgement; “don’t know” is "
    "left out.",
    "Krippendorff’s alpha is 1 when listeners rate alike and 0 when they agree no more than by chance.",
)


def title(results: Results) -> str:
    """The study's name, or words for a study without one."""
    return results["study"] or "A listening test"


def is_simulated(results: Results) -> bool:
    """Whether the study says of itself that no person answered it."""
    return "simulated" in (results["study"] or "").lower()


def headline(results: Results) -> str:
    """The one sentence at the top: could listeners tell?"""
    decided = results["pairs"]["decided"]
    if decided["n"] == 0:
        return _nothing_decided(results)
    share = (
        f"In {decided['correct']:,} of {_count(decided['n'], 'answer')}, listeners picked the right clip as "
        f"the one made by AI ({percent(decided['accuracy'])})"
    )
    close = results["pairs"]["equivalence"]
    margin = f"the margin of {_points(close['margin'])} around one half"
    if tested(decided) >= ALPHA:
        if close["equivalent"]:
            return f"{share}: within {margin}, AI and human music were indistinguishable to them."
        return (
            f"{share}; guessing would be right about half the time, and these answers do not settle whether "
            "listeners do better or worse than that."
        )
    yet = f" Yet it lies within {margin}." if close["equivalent"] else ""
    if decided["accuracy"] > 0.5:
        return f"{share}, more often than guessing would explain.{yet}"
    return f"{share}, less often than guessing would: they took the human's music for the machine's.{yet}"


def tested(decided: Results) -> float:
    """The p-value that the headline goes by: with answers grouped by listener where that can be had."""
    grouped = decided["clustered"]["p_value"]
    return decided["p_value"] if grouped is None else grouped


def explanation(results: Results) -> str:
    """What stands under the headline: the interval, the test, and what was not counted."""
    pairs, decided = results["pairs"], results["pairs"]["decided"]
    if decided["n"] == 0:
        return ""
    low, high = decided["ci95"]
    # One decimal more than elsewhere: an interval that ends just above one half must not read '50%'.
    first = (
        f"95% interval {low:.1%} to {high:.1%}; exact binomial test against one half, answers taken as "
        f"independent, {p_value(decided['p_value'])}; {_count(decided['n_participants'], 'listener')}."
    )
    grouped, close = decided["clustered"], results["pairs"]["equivalence"]
    if grouped["p_value"] is not None:
        low, high = grouped["ci95"]
        first += f" With answers grouped by listener: {low:.1%} to {high:.1%}, {p_value(grouped['p_value'])}."
    model = pairs["mixed_model"]
    if model["average_ci95"] and model["n_items"] > 1:
        low, high = model["average_ci95"]
        first += (
            f" That is about these {_count(model['n_items'], 'pair')}; for others of the kind a model with "
            f"crossed listeners and pairs says {low:.1%} to {high:.1%}, {p_value(model['p_value'])}."
        )
    if close["equivalent"]:
        low, high = close["ci90"]
        first += (
            f" Two one-sided tests place accuracy within {_points(close['margin'])} of one half (90% "
            f"interval {low:.1%} to {high:.1%}, {p_value(close['p_value'])})."
        )
    elif tested(decided) >= ALPHA:
        first += " A result that is not significant does not show that listeners hear no difference."
    aside = pairs["n_answers"] - decided["n"]
    if aside:
        first += (
            f" {_count(aside, 'other answer')} (“both”, “neither”, “don’t know”, or a pair without exactly "
            f"one AI clip) {'is' if aside == 1 else 'are'} not in this count."
        )
    return first


def captions(results: Results) -> dict[str, str]:
    """One sentence for each figure, by its name; what is missing where there is no figure."""
    people, pairs, ratings = results["participants"], results["pairs"], results["ratings"]
    choices = "How many listeners gave each of the five answers; the outlined cell is the truth."
    heatmap = "The number of listeners who gave each rating, settings ordered by their mean."
    opened = (
        "Ratings of pieces that listeners knew to be by AI; the dot is the mean, the line its 95% interval."
    )
    unheard = "No piece known to be AI has been rated yet."
    return {
        "accuracy": _decided_caption(pairs),
        "experience": _experience_caption(people),
        "choices": choices if pairs["n_answers"] else "No pair has been answered yet.",
        "correct_by_experience": _by_experience_caption(pairs),
        "rating_histograms": _histogram_caption(ratings),
        "setting_heatmap": heatmap if ratings["n_answers"] else "No clip has been rated yet.",
        "open_ratings": opened if results["open_ratings"]["n_answers"] else unheard,
        **pair_captions(results),
        **rating_captions(results),
    }


def percent(share: float | None) -> str:
    """0.617 -> 62%; an en dash for nothing. Never 0% or 100% for what is neither."""
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def p_value(value: float | None) -> str:
    """p = 0.021, or p < 0.001."""
    if value is None:
        return "–"
    # No-break spaces: 'p =' at the end of a line reads badly.
    words = "p < 0.001" if value < 0.001 else f"p = {value:.2f}" if value >= 0.1 else f"p = {value:.3f}"
    return words.replace(" ", "\u00a0")


def condition_words(condition: str) -> str:
    """The conditions that the program itself names, as people read them; a study's own as they are."""
    known = {"ai_a": "AI at A", "ai_b": "AI at B", "both_ai": "both AI", "both_human": "both human"}
    return known.get(condition, condition)


def truth_words(truth: str) -> str:
    """a -> A, both -> both, varies -> varies."""
    return truth.upper() if truth in ("a", "b") else truth


def _points(margin: float) -> str:
    """0.1 -> 10 percentage points."""
    return f"{100 * margin:g} percentage points"


def _nothing_decided(results: Results) -> str:
    if results["participants"]["started"] == 0:
        return "Nobody has taken this test yet."
    if results["participants"]["analysed"] == 0:
        return "Every participant of this test is excluded, so there is nothing to report."
    pairs = results["pairs"]
    if pairs["n_answers"] == 0:
        return _without_pairs(results)
    if pairs["choices"]["dont_know"] == pairs["n_answers"]:
        return (
            "Listeners answered every pair with “don’t know”, so nothing can be said about telling AI from "
            "human music."
        )
    return (
        "No listener has yet named one clip of a pair with exactly one AI clip, so nothing can be said about "
        "telling AI from human music."
    )


def _without_pairs(results: Results) -> str:
    """What listeners did instead, in a study that asks for preferences or ratings alone."""
    preferences, rated = results["preferences"]["n_answers"], results["ratings"]["overall"]
    given = [_count(preferences, "preference")] if preferences else []
    if rated["n"]:
        given.append(f"{_count(rated['n'], 'blind rating')} ({rated['mean']:.1f} of 5 on average)")
    if not given:
        return "No pair has been answered yet, so nothing can be said about telling AI from human music."
    return (
        f"Listeners gave {' and '.join(given)}; they judged no pair, so nothing can be said about telling AI "
        "from human music."
    )


def _decided_caption(pairs: Results) -> str:
    if not pairs["decided"]["n"]:
        return "No listener has yet named one clip of a pair with exactly one AI clip."
    return (
        "Share of right answers among those that named one clip of a pair with exactly one AI clip, with its "
        "95% interval, answers grouped by listener."
    )


def _experience_caption(people: Results) -> str:
    counts = people["experience"]["musician"]
    if not people["analysed"]:
        return "Nobody's answers are analysed yet."
    parts = [f"{counts['yes']} with musical experience", f"{counts['no']} without"]
    if counts["not given"]:
        parts.append(f"{counts['not given']} who did not say")
    return f"{_count(people['analysed'], 'listener')}: {', '.join(parts)}."


def _by_experience_caption(pairs: Results) -> str:
    groups = pairs["by_musician"]
    if not any(group["n_answers"] for group in groups.values()):
        return "No answer comes from a listener who told their musical experience."
    return (
        "Share of listeners whose answer was the truth, pair by pair; the counts describe these listeners, "
        "they do not test a difference."
    )


def _histogram_caption(ratings: Results) -> str:
    if not ratings["n_answers"]:
        return "No clip has been rated yet."
    votes = ""
    if ratings["overall"]["said_ai_n"]:
        votes = ", and how many of the listeners thought that a machine had made it"
    return (
        "Ratings from 1 to 5 of each setting, heard blind; the dot is the mean, the line its 95% "
        f"interval{votes}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
