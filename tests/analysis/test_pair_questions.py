"""Repeats, attention, sides, positions, experience, don't-know, d' over people and items: by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from sklearn.metrics import cohen_kappa_score

from analysis.consistency import kappa
from analysis.detection import ONE_WAY, TWO_WAY, two_way_intervals
from analysis.estimates import detection, detections
from analysis.right_answers import training_score
from tests.analysis.handmade import by_hand, pair, results_of


def everybody(people: int, heard: list[tuple[str, str]], choose, **more) -> dict:
    """A study in which each of ``people`` hears the pairs of ``heard``; ``choose(person, trial)`` answers."""
    names = [f"p{number:03d}" for number in range(people)]
    rows = [
        pair(name, a, b, choose(person, trial), trial_id=f"t{trial}", position=trial + 1)
        for person, name in enumerate(names)
        for trial, (a, b) in enumerate(heard)
    ]
    return by_hand(
        {name: {key: value(n) for key, value in more.items()} for n, name in enumerate(names)}, rows
    )


# Repeats and attention


def test_repeats_serve_consistency_alone(tmp_path):
    tables = by_hand(
        {"m": {}, "n": {}},
        [
            pair("m", "x", "y", "a", section="s"),
            pair("m", "yy", "xx", "neither", section="s"),
            pair("n", "x", "y", "b", section="s"),
            pair("m", "y", "x", "b", section="s", repeat_of="t0"),  # the same clip: equal
            pair("m", "xx", "yy", "a", section="s", repeat_of="t1"),  # another answer
            pair("n", "y", "x", "b", section="s", repeat_of="t2"),  # the same side, the other clip
        ],
    )
    found = results_of(tables, tmp_path)
    assert found["pairs"]["n_answers"] == 3
    assert set(found["pairs"]["by_trial"]) == {"t0", "t1", "t2"}
    again = found["consistency"]["pair"]
    assert (again["n"], again["n_participants"], again["equal"]) == (3, 2, 1)
    first, second = ["a", "neither", "b"], ["a", "b", "a"]
    assert again["kappa"] == pytest.approx(cohen_kappa_score(first, second))
    assert found["consistency"]["preference"]["n"] == 0
    assert found["consistency"]["preference"]["kappa"] is None


def test_kappa_as_scikit_learn():
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = rng.integers(0, 4, (2, 30))
        table = np.zeros((1, 4, 4))
        np.add.at(table[0], (first, second), 1)
        assert kappa(table)[0] == pytest.approx(cohen_kappa_score(first, second))


def test_attention_is_passed_by_the_choice_that_was_asked_for(tmp_path):
    rows = [
        ("m", "expect_a", "a"),
        ("m", "expect_both", "both"),
        ("n", "expect_b", "a"),
        ("n", "expect_a", "a"),
    ]
    tables = by_hand(
        {"m": {}, "n": {}},
        [
            {"participant_id": who, "kind": "attention", "condition": told, "choice": choice}
            for who, told, choice in rows
        ],
    )
    found = results_of(tables, tmp_path)["consistency"]["attention"]
    assert (found["n"], found["passed"], found["participants_who_failed_one"]) == (4, 3, 1)
    assert found["share"] == 0.75


def test_practice_is_never_analysed(tmp_path):
    tables = by_hand({"m": {}}, [pair("m", "x", "y", "a"), pair("m", "x", "y", "b", kind="practice")])
    assert results_of(tables, tmp_path)["pairs"]["n_answers"] == 1


# Don't know


def test_dont_know_as_missing_and_as_wrong(tmp_path):
    tables = by_hand(
        {"m": {}, "n": {}},
        [
            pair("m", "x", "y", "a"),
            pair("m", "y", "x", "dont_know"),
            pair("n", "x", "y", "b"),
            pair("n", "x", "y", "both"),
            pair("n", "y", "yy", "neither"),
            pair("n", "y", "yy", "dont_know"),
        ],
    )
    found = results_of(tables, tmp_path)["pairs"]["dont_know"]
    assert (found["n"], found["n_answers"]) == (2, 6)
    shares = {
        reading: {how: (part["correct"], part["n"]) for how, part in found[reading].items()}
        for reading in ("overall", "decided")
    }
    assert shares == {
        "overall": {"as_missing": (2, 4), "as_wrong": (2, 6)},
        "decided": {"as_missing": (1, 2), "as_wrong": (1, 3)},
    }


# Sides, position and experience


def test_a_side_bias_is_not_made_by_where_the_ai_stood(tmp_path):
    right = everybody(12, [("x", "y"), ("xx", "yy"), ("yy", "xx")], lambda who, trial: "aab"[trial])
    found = results_of(right, tmp_path / "right")["pairs"]["order"]["side"]
    assert (found["said_a"], found["n"], found["share"]) == (24, 36, 0.5)
    always = everybody(12, [("x", "y"), ("xx", "yy"), ("yy", "xx")], lambda who, trial: "ab"[who == 5])
    found = results_of(always, tmp_path / "always")["pairs"]["order"]["side"]
    assert found["share"] == pytest.approx(11 / 12)
    assert found["p_value"] < 0.001 and found["p_holm"] >= found["p_value"]


def test_getting_better_and_being_a_musician_show(tmp_path):
    rng = np.random.default_rng(4)
    heard = [("x", "y"), ("yy", "xx")] * 6

    def choose(who, trial):
        able = special.expit(-1.2 + 0.3 * trial + 1.5 * (who % 2))
        return "ab"[int((rng.random() < able) == (trial % 2))]

    tables = everybody(
        40, heard, choose, musician=lambda n: ["no", "yes"][n % 2], q_mt_a=lambda n: 2 + 3 * (n % 2)
    )
    found = results_of(tables, tmp_path)["pairs"]
    low, high = found["order"]["position"]["ci95"]
    assert low < np.exp(0.3) < high and low > 1
    part = found["moderators"]["musician"]
    assert part["ci95"][0] < np.exp(1.5) < part["ci95"][1] and part["p_value"] < 0.01
    assert part["n_participants"] == 40
    points = found["moderators"]["musical_training"]
    assert points["odds_ratio"] ** 3 == pytest.approx(part["odds_ratio"], rel=1e-3)
    assert found["moderators"]["level"]["note"] == "No value is known."
    assert found["mixed_model"]["accuracy_ci95"][0] < found["mixed_model"]["accuracy"]


def test_the_reversed_training_question_is_turned(tmp_path):
    people = pd.DataFrame(
        {"participant_id": list("mno"), "q_mt_a": ["7", "1", ""], "q_mt_not_musician": ["1", "7", "1"]}
    )
    score = training_score(people)
    assert (score["m"], score["n"]) == (7, 1)
    assert np.isnan(score["o"])


# Signal detection


def test_by_origin_and_system_by_hand(tmp_path):
    tables = everybody(4, [("x", "y"), ("xx", "yy")], lambda who, trial: ("a", "both", "b", "dont_know")[who])
    for clip, system in zip(tables["stimuli.csv"], ("one", "two"), strict=False):
        clip |= {"system": system}
    found = results_of(tables, tmp_path)["pairs"]["signal_detection"]
    assert {name: (part["said_ai"], part["n"]) for name, part in found["by_origin"].items()} == {
        "ai": (4, 6),
        "human": (4, 6),
    }
    assert set(found["by_system"]) == {"one", "two"}
    assert found["by_system"]["one"]["detection"]["d_prime"] == detection(2, 1, 4, 2).d_prime
    assert (found["by_clip"]["yy"]["said_ai"], found["by_clip"]["yy"]["n"]) == (2, 3)


def test_two_way_bootstrap_by_a_plain_loop():
    """The three variances from loops that draw people and items one by one."""
    rng = np.random.default_rng(5)
    people, items = np.divmod(np.arange(12 * 7), 7)
    counts = rng.integers(0, 3, (84, 4))
    drawn = {"both": [], "people": [], "items": []}
    for _ in range(1500):
        by_person = np.bincount(rng.integers(0, 12, 12), minlength=12)[people]
        by_item = np.bincount(rng.integers(0, 7, 7), minlength=7)[items]
        for kind, weight in (("both", by_person * by_item), ("people", by_person), ("items", by_item)):
            drawn[kind].append(detections((weight @ counts)[None].astype(float))[0][0])
    both, by_people, by_items = (np.var(drawn[kind]) for kind in ("both", "people", "items"))
    whole = 2 * (by_people + by_items) - both
    parts = [max(whole - by_items, 0) * 12 / 11, max(whole - by_people, 0) * 7 / 6]
    variance = max(sum(parts) + max(by_people + by_items - whole, 0), by_people, by_items)
    spread = parts[0] ** 2 / 11 + parts[1] ** 2 / 6
    half = np.sqrt(variance) * (stats.t.ppf(0.975, variance**2 / spread) if spread else 1.96)
    low, high = two_way_intervals(people, items, counts, np.random.default_rng(6), 3000)[0]
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert (low + high) / 2 == pytest.approx(detection(*counts.sum(axis=0)).d_prime)


def test_an_interval_over_people_and_items_needs_two_of_each():
    counts = np.ones((4, 4), dtype=int)
    rng = np.random.default_rng(7)
    assert two_way_intervals(np.zeros(4, dtype=int), np.arange(4), counts, rng, 10) == (None, None)
    assert two_way_intervals(np.zeros(0, dtype=int), np.zeros(0, dtype=int), counts[:0], rng, 10) == (
        None,
        None,
    )


def test_the_sensitivity_that_is_shown_is_about_other_items_where_there_are_some(tmp_path):
    def answer(who, trial):
        return ("a", "both", "b", "a", "neither", "a")[(2 * who + trial) % 6]

    two = results_of(everybody(6, [("x", "y"), ("xx", "yy")], answer), tmp_path)["pairs"]["signal_detection"]
    assert (two["method"], two["n_items"]) == (TWO_WAY, 2)
    assert two["same_items"]["method"] == ONE_WAY
    assert two["ci95"] != two["same_items"]["ci95"]
    one = results_of(everybody(6, [("x", "y")], answer), tmp_path)["pairs"]["signal_detection"]
    assert (one["method"], one["n_items"], one["ci95"]) == (ONE_WAY, 1, one["same_items"]["ci95"])


def test_two_way_interval_covers_where_items_differ():
    """250 studies in which people and pairs both shift d': about 95 in 100 intervals hold the truth."""
    rng = np.random.default_rng(8)
    people, items = np.divmod(np.arange(40 * 16), 16)
    truth, held = 1 / np.sqrt(1 + 2 * 0.3**2), 0
    for _ in range(250):
        apart = 0.5 + (0.3 * rng.normal(size=40))[people] + (0.3 * rng.normal(size=16))[items]
        hits, false = rng.normal(size=640) + apart > 0, rng.normal(size=640) - apart > 0
        counts = np.column_stack([hits, ~hits, false, ~false]).astype(int)
        low, high = two_way_intervals(people, items, counts, rng, 200)[0]
        held += low <= truth <= high
    assert 0.90 <= held / 250 <= 0.985
