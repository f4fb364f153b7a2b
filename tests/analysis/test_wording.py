"""Sentences that claim no more than the numbers do."""

from pathlib import Path

import numpy as np
import pytest

from analysis import wording
from analysis.answers import read
from analysis.columns import CHOICES
from analysis.numbers import METHODS, tables
from analysis.statistics import results
from tests.analysis.handmade import EMPTY
from tests.analysis.simulate import simulated_study, write

NO_INTERVAL = ("count", "undefined", "clustered t", "mixed model", "exact TOST", "Bayes factor")


@pytest.fixture
def empty(tmp_path: Path) -> dict:
    return results(read(write(EMPTY, tmp_path)), np.random.default_rng(0), 50)


def decided(numbers: dict, n: int, correct: int, p: float) -> dict:
    part = {
        "n": n,
        "correct": correct,
        "accuracy": correct / n,
        "p_value": p,
        "ci95": [0.3, 0.8],
        "n_participants": 10,
    }
    numbers["participants"] |= {"started": 10, "analysed": 10}
    numbers["pairs"] |= {"n_answers": n + 4, "decided": numbers["pairs"]["decided"] | part}
    return numbers


def test_better_than_guessing(empty):
    sentence = wording.headline(decided(empty, 60, 45, 0.0001))
    assert sentence == (
        "In 45 of 60 answers, listeners picked the right clip as the one made by AI (75%), "
        "more often than guessing would explain."
    )


def test_worse_than_guessing(empty):
    assert "less often than guessing would: they took the human's music" in wording.headline(
        decided(empty, 60, 15, 0.0001)
    )


def test_whether_it_holds_for_other_pairs_is_said(empty):
    numbers = decided(empty, 60, 45, 0.0001)
    assert "crossed" not in wording.explanation(numbers), "no model was fitted"
    numbers["pairs"]["mixed_model"] |= {"n_items": 6, "average_ci95": [0.44, 0.93], "p_value": 0.09}
    assert ("That is about these 6 pairs; for others of the kind a model with crossed listeners and pairs "
            "says 44.0% to 93.0%, p\u00a0=\u00a00.090.") in wording.explanation(numbers)


def test_not_significant_is_never_called_indistinguishable(empty):
    numbers = decided(empty, 60, 33, 0.52)
    text = f"{wording.headline(numbers)} {wording.explanation(numbers)}".lower()
    assert "do not settle" in text
    assert "does not show that listeners hear no difference" in text
    for claim in ("indistinguishable", "no difference between", "cannot tell", "not distinguishable"):
        assert claim not in text


def test_indistinguishable_takes_an_equivalence_test_that_passes(empty):
    numbers = decided(empty, 600, 303, 0.84)
    numbers["pairs"]["equivalence"] |= {"equivalent": True, "p_value": 0.0004, "ci90": [0.47, 0.54]}
    assert "within the margin of 10 percentage points around one half" in wording.headline(numbers)
    assert "indistinguishable" in wording.headline(numbers)
    assert "(90% interval 47.0% to 54.0%, p\u00a0<\u00a00.001)" in wording.explanation(numbers)
    assert "not significant" not in wording.explanation(numbers)


def test_better_than_guessing_within_the_margin_is_both(empty):
    numbers = decided(empty, 6000, 3200, 0.0001)
    numbers["pairs"]["equivalence"] |= {"equivalent": True, "p_value": 0.0004, "ci90": [0.52, 0.55]}
    sentence = wording.headline(numbers)
    assert "more often than guessing would explain. Yet it lies within the margin" in sentence
    assert "indistinguishable" not in sentence


def test_the_headline_goes_by_the_test_that_knows_the_listeners(empty):
    numbers = decided(empty, 60, 40, 0.01)
    numbers["pairs"]["decided"]["clustered"] |= {"p_value": 0.09, "ci95": [0.48, 0.81]}
    assert "do not settle" in wording.headline(numbers)
    assert "grouped by listener: 48.0% to 81.0%, p\u00a0=\u00a00.090" in wording.explanation(numbers)


def test_what_is_not_counted_is_said(empty):
    numbers = decided(empty, 60, 45, 0.0001)
    assert "4 other answers" in wording.explanation(numbers)
    numbers["pairs"]["n_answers"] = 61
    assert "1 other answer (" in wording.explanation(numbers)
    numbers["pairs"]["n_answers"] = 60
    assert "other answer" not in wording.explanation(numbers)


def test_nothing_to_say_is_said(empty):
    assert wording.headline(empty) == "Nobody has taken this test yet."
    empty["participants"] |= {"started": 2, "analysed": 0}
    assert "excluded" in wording.headline(empty)
    empty["participants"]["analysed"] = 2
    assert wording.headline(empty).startswith("No pair has been answered yet")
    empty["pairs"] |= {"n_answers": 3, "choices": dict.fromkeys(CHOICES, 0) | {"dont_know": 3}}
    assert "every pair with “don’t know”" in wording.headline(empty)
    empty["pairs"]["choices"] |= {"dont_know": 1, "both": 2}
    assert "No listener has yet named one clip" in wording.headline(empty)
    assert wording.explanation(empty) == ""


def test_a_study_without_pairs_is_not_called_unanswered(empty):
    empty["participants"] |= {"started": 2, "analysed": 2}
    empty["preferences"]["n_answers"] = 1
    assert wording.headline(empty).startswith("Listeners gave 1 preference; they judged no pair, so nothing")
    empty["ratings"]["overall"] |= {"n": 1200, "mean": 2.96}
    assert "1 preference and 1,200 blind ratings (3.0 of 5 on average);" in wording.headline(empty)


@pytest.mark.parametrize("people", [0, 1, 2, 9])
def test_every_caption_is_one_sentence(tmp_path, people):
    numbers = results(read(write(simulated_study(people, 0.8, 3), tmp_path)), np.random.default_rng(0), 50)
    for caption in wording.captions(numbers).values():
        assert caption.endswith(".")
        assert caption.count(". ") == 0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0%"),
        (0.001, "<1%"),
        (0.005, "0%"),
        (0.617, "62%"),
        (0.994, "99%"),
        (0.999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_percent(share, words):
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [(None, "–"), (0.00005, "p < 0.001"), (0.0214, "p = 0.021"), (0.5, "p = 0.50"), (1.0, "p = 1.00")],
)
def test_p_value(p, words):
    assert wording.p_value(p).replace("\u00a0", " ") == words


def test_simulated_studies_are_known_by_their_name(empty):
    assert not wording.is_simulated(empty)
    assert wording.is_simulated(empty | {"study": "default-SIMULATED-3"})


def test_every_row_of_the_tables_has_a_method_and_what_there_is_n_of(tmp_path):
    numbers = results(read(write(simulated_study(9, 0.8, 3), tmp_path)), np.random.default_rng(0), 50)
    parts = tables(numbers)
    assert list(parts) == [
        "Participants",
        "Pairs",
        "Pairs by condition",
        "Pairs by experience",
        "Each pair",
        "Pairs: listeners and clips as chance",
        "Pairs: guessing",
        "Pairs: don’t know",
        "Pairs: who and when",
        "What is called AI",
        "Each item",
        "Ratings",
        "Ratings: AI and human, systems, settings",
        "Ratings: rank tests",
        "Ratings: the best settings",
        "Ratings and belief",
        "Ratings by experience",
        "Reliability of ratings",
        "Themes of comments",
        "Pieces known to be AI",
        "Tests",
    ]
    for heading, rows in parts.items():
        for row in rows:
            assert row.method in METHODS
            assert row.n or heading in ("Participants", "Tests")
            assert row.interval or row.method in NO_INTERVAL
    first = parts["Pairs"][0]
    assert first.n == f"{numbers['pairs']['overall']['correct']} of {numbers['pairs']['overall']['n']}"


def test_a_test_of_a_family_shows_its_corrected_p_value(tmp_path):
    numbers = results(read(write(simulated_study(30, 0.65, 3), tmp_path)), np.random.default_rng(0), 50)
    parts = tables(numbers)
    rows = {row.quantity: row.value for part in parts.values() for row in part}
    assert "(Holm)" not in rows["Right clip named"]
    shown = numbers["pairs"]["by_musician"]["no"]["decided"]
    assert shown["p_holm"] > shown["p_value"]
    assert rows["Right clip named, others"].endswith(f"{wording.p_value(shown['p_holm'])} (Holm)")
    for heading in ("Pairs by condition", "Pairs by experience"):
        tested = [row.value for row in parts[heading] if "p\u00a0" in row.value]
        assert tested and all(value.endswith("(Holm)") for value in tested)


def test_tables_of_nothing(empty):
    assert list(tables(empty)) == ["Participants"]
