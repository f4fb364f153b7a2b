"""results.json against hand counts and against a row-by-row reading of the files."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from analysis.columns import CHOICES, LEVELS
from analysis.estimates import clopper_pearson, detection, wilson
from tests.analysis.handmade import by_hand, pair, results_of
from tests.analysis.simulate import TRUTHS, simulated_study


def test_counts_by_hand(tmp_path):
    people = {
        "m": {"musician": "yes", "level": "expert"},
        "n": {"musician": "no", "finished_at": "2025-01-01T00:00:00Z"},
    }
    tables = by_hand(
        people,
        [
            pair("m", "x", "y", "a"),  # right; hit, correct rejection
            pair("m", "y", "x", "a"),  # wrong; false alarm, miss
            pair("m", "x", "xx", "both"),  # right, not decided; two hits
            pair("m", "y", "yy", "b"),  # wrong, not decided: no AI clip; correct rejection, false alarm
            pair("n", "y", "x", "b"),  # right
            pair("n", "x", "y", "neither"),  # wrong, not decided; miss, correct rejection
            pair("n", "x", "y", "dont_know"),  # wrong; no judgement
        ],
    )
    found = results_of(tables, tmp_path)
    assert found["participants"] | {"experience": None} == {
        "started": 2,
        "finished": 1,
        "analysed": 2,
        "with_answers": 2,
        "excluded": {},
        "experience": None,
    }
    pairs = found["pairs"]
    assert pairs["choices"] == {"a": 2, "b": 2, "both": 1, "neither": 1, "dont_know": 1}
    assert (pairs["n_participants"], pairs["n_answers"]) == (2, 7)
    assert (pairs["overall"]["n"], pairs["overall"]["correct"]) == (7, 3)
    assert pairs["overall"]["ci95"] == list(wilson(3, 7))
    assert (pairs["decided"]["n"], pairs["decided"]["correct"]) == (3, 2)
    assert pairs["decided"]["ci95"] == list(clopper_pearson(2, 3))
    assert pairs["decided"]["p_value"] == pytest.approx(1.0)
    detected = pairs["signal_detection"]
    assert [detected[k] for k in ("hits", "misses", "false_alarms", "correct_rejections")] == [4, 2, 2, 4]
    assert (detected["d_prime"], detected["criterion"]) == detection(4, 2, 2, 4)
    assert pairs["by_musician"]["yes"]["overall"]["correct"] == 2
    assert pairs["by_musician"]["no"]["n_participants"] == 1
    assert pairs["by_level"]["expert"]["overall"]["n"] == 4
    assert pairs["by_trial"]["t0"]["truth"] == "a"
    assert pairs["by_trial"]["t2"]["truth"] == "both"
    assert pairs["by_trial"]["t3"]["truth"] == "neither"


def test_every_number_of_the_pairs_row_by_row(tmp_path):
    tables = simulated_study(15, 0.7, seed=3, excluded=2)
    pairs = results_of(tables, tmp_path)["pairs"]
    origin = {row["stimulus_id"]: row["origin"] for row in tables["stimuli.csv"]}
    musician = {row["participant_id"]: row["musician"] for row in tables["participants.csv"]}
    excluded = {row["participant_id"] for row in tables["participants.csv"] if row["excluded"] == "true"}
    rows = [
        row
        for row in tables["answers.csv"]
        if row["kind"] == "pair" and row["participant_id"] not in excluded
    ]
    right, decided, judged = Counter(), Counter(), Counter()
    for row in rows:
        ai = (origin[row["stimulus_a"]] == "ai", origin[row["stimulus_b"]] == "ai")
        says = {"a": (True, False), "b": (False, True), "both": (True, True), "neither": (False, False)}.get(
            row["choice"]
        )
        for group in ("all", musician[row["participant_id"]], row["trial_id"], row["condition"]):
            right[group, says == ai] += 1
            if sum(ai) == 1 and row["choice"] in "ab":
                decided[group, says == ai] += 1
            if says:
                judged.update((group, said, true) for said, true in zip(says, ai, strict=True))

    def check(part: dict, group: str) -> None:
        assert part["overall"]["correct"] == right[group, True]
        assert part["overall"]["n"] == right[group, True] + right[group, False]
        assert part["decided"]["correct"] == decided[group, True]
        assert part["decided"]["n"] == decided[group, True] + decided[group, False]

    check(pairs, "all")
    for answer in ("yes", "no"):
        check(pairs["by_musician"][answer], answer)
    assert set(pairs["by_condition"]) == {"ai_a", "ai_b", "both_ai", "both_human"}
    for name, condition in pairs["by_condition"].items():
        check(condition, name)
        counts = [
            judged[name, said, true]
            for said, true in ((True, True), (False, True), (True, False), (False, False))
        ]
        assert (condition["d_prime"], condition["criterion"]) == pytest.approx(detection(*counts))
    for number, truth in enumerate(TRUTHS, 1):
        trial = pairs["by_trial"][f"pair-{number}"]
        assert trial["truth"] == truth
        assert trial["correct"] == trial["choices"][truth] == right[f"pair-{number}", True]
    assert sum(pairs["choices"].values()) == len(rows)


def test_ratings_row_by_row(tmp_path):
    tables = simulated_study(14, 0.7, seed=4)
    ratings = results_of(tables, tmp_path)["ratings"]
    given = [row for row in tables["answers.csv"] if row["kind"] == "rating"]
    settings_of = {row["stimulus_id"]: row for row in tables["stimuli.csv"]}
    for clip, part in ratings["by_stimulus"].items():
        values = [row["rating"] for row in given if row["stimulus_a"] == clip]
        assert part["n"] == len(values)
        assert part["mean"] == pytest.approx(np.mean(values))
        test = stats.ttest_1samp(values, 3).confidence_interval(0.95)
        assert part["ci95"] == pytest.approx([test.low, test.high])
        assert list(part["histogram"].values()) == [values.count(value) for value in range(1, 6)]
        assert part["said_ai"] == sum(row["said_ai"] == "true" for row in given if row["stimulus_a"] == clip)
        assert part["settings"]["temperature"] == settings_of[clip]["temperature"]
        assert part["settings"]["no_repeat_ngram"] == settings_of[clip]["no_repeat_ngram"]
    assert len(ratings["by_stimulus"]) == len(ratings["by_setting"]) == 10
    assert ratings["by_system"]["remi-transformer"]["n"] == len(given)
    assert "temperature 0.5, top-k 15, n-gram 6" in ratings["by_setting"]
    assert ratings["reliability"]["n"] == len(given)


def test_clips_of_one_setting_and_of_people_are_told_apart(tmp_path):
    tables = by_hand({"m": {}, "n": {}}, [])
    machine = {"system": "gpt", "temperature": 0.5, "top_p": 0.9}
    tables["stimuli.csv"][0] |= machine
    tables["stimuli.csv"][1] |= machine
    for number, (who, clip, rating) in enumerate(
        [("m", "x", 2), ("m", "xx", 4), ("n", "x", 5), ("n", "y", 1)]
    ):
        tables["answers.csv"].append(
            {
                "study": "s",
                "answer_id": f"r{number}",
                "participant_id": who,
                "kind": "rating",
                "trial_id": clip,
                "stimulus_a": clip,
                "rating": rating,
            }
        )
    ratings = results_of(tables, tmp_path)["ratings"]
    assert {name: part["n"] for name, part in ratings["by_setting"].items()} == {
        "temperature 0.5, top-p 0.9": 3,
        "human": 1,
    }
    assert {name: part["n"] for name, part in ratings["by_system"].items()} == {"gpt": 3, "human": 1}
    assert ratings["by_setting"]["temperature 0.5, top-p 0.9"]["n_participants"] == 2
    assert ratings["by_stimulus"]["x"]["said_ai_n"] == 0
    assert ratings["by_stimulus"]["y"]["settings"] == dict.fromkeys(
        ("temperature", "top_k", "top_p", "no_repeat_ngram")
    )


def test_open_ratings_stand_apart(tmp_path):
    tables = simulated_study(8, 0.7, seed=4)
    found = results_of(tables, tmp_path)
    given = [row for row in tables["answers.csv"] if row["kind"] == "open_rating"]
    assert sum(part["n"] for part in found["open_ratings"]["by_stimulus"].values()) == len(given)
    assert {part["title"] for part in found["open_ratings"]["by_stimulus"].values()} == {
        "Nocturne",
        "March",
        "Waltz",
    }


def test_the_excluded_are_counted_by_reason_and_left_out(tmp_path):
    tables = simulated_study(10, 0.7, seed=6, excluded=3)
    tables["participants.csv"][2]["exclusion_reason"] = ""
    found = results_of(tables, tmp_path / "marked")
    gone = {"p0000", "p0001", "p0002"}
    without = {
        **tables,
        "participants.csv": tables["participants.csv"][3:],
        "answers.csv": [row for row in tables["answers.csv"] if row["participant_id"] not in gone],
    }
    assert found["participants"]["excluded"] == {"failed the sound check": 2, "no reason given": 1}
    assert found["participants"]["started"] == found["participants"]["analysed"] + 3 == 10
    never_there = results_of(without, tmp_path / "removed")
    for part in ("pairs", "ratings", "open_ratings", "comments"):
        assert found[part] == never_there[part]


def test_recognised_answers_count_and_can_be_seen_without(tmp_path):
    tables = by_hand(
        {"m": {}},
        [
            pair("m", "x", "y", "a", recognised="true"),
            pair("m", "y", "x", "a", recognised="false"),
            pair("m", "x", "y", "a"),
        ],
    )
    pairs = results_of(tables, tmp_path)["pairs"]
    assert pairs["decided"]["n"] == 3
    assert pairs["recognised"]["n"] == 1
    assert pairs["recognised"]["without"]["decided"]["n"] == 2
    assert pairs["recognised"]["without"]["overall"]["correct"] == 1


def test_a_trial_heard_either_way_round_is_one_trial(tmp_path):
    same = {"trial_id": "t"}
    tables = by_hand(
        {"m": {}, "n": {}, "o": {}},
        [
            pair("m", "x", "y", "a", **same),
            pair("n", "y", "x", "b", **same),
            pair("o", "x", "y", "neither", **same),
        ],
    )
    trial = results_of(tables, tmp_path)["pairs"]["by_trial"]["t"]
    assert (trial["truth"], trial["stimulus_a"], trial["stimulus_b"]) == ("a", "x", "y")
    assert trial["choices"] == {"a": 2, "b": 0, "both": 0, "neither": 1, "dont_know": 0}
    assert (trial["correct"], trial["sides_turned"]) == (2, 1)


def test_a_trial_with_clips_of_its_own_for_everybody_has_no_one_truth(tmp_path):
    same = {"trial_id": "t"}
    tables = by_hand(
        {"m": {}, "n": {}}, [pair("m", "x", "y", "a", **same), pair("n", "yy", "xx", "b", **same)]
    )
    trial = results_of(tables, tmp_path)["pairs"]["by_trial"]["t"]
    assert (trial["truth"], trial["stimulus_a"], trial["sides_turned"]) == ("varies", None, 0)
    assert (trial["choices"]["a"], trial["choices"]["b"], trial["correct"]) == (1, 1, 2)


def test_trials_and_clips_come_in_the_order_of_their_numbers(tmp_path):
    tables = by_hand({"m": {}}, [pair("m", "x", "y", "a", trial_id=f"pair-{n}") for n in (10, 9, 2, 1)])
    assert list(results_of(tables, tmp_path)["pairs"]["by_trial"]) == [
        "pair-1",
        "pair-2",
        "pair-9",
        "pair-10",
    ]


def test_comments_are_kept_as_written(tmp_path):
    tables = simulated_study(12, 0.7, seed=8)
    found = results_of(tables, tmp_path)["comments"]
    written = [row["comment"] for row in tables["answers.csv"] if row.get("comment")]
    assert [text["comment"] for text in found["texts"]] == written
    assert found["n"] == len(written) > 0


def test_the_keys_of_the_design_are_there(tmp_path):
    found = results_of(simulated_study(6, 0.7, seed=8), tmp_path)
    share = {"n", "correct", "accuracy", "ci95"}
    assert {"study", "participants", "pairs", "ratings", "open_ratings"} <= set(found)
    assert {"started", "finished", "analysed", "excluded"} <= set(found["participants"])
    pairs = found["pairs"]
    assert {
        "n_participants",
        "n_answers",
        "choices",
        "overall",
        "decided",
        "by_condition",
        "by_musician",
        "by_level",
        "by_trial",
        "signal_detection",
    } <= set(pairs)
    assert set(pairs["choices"]) == set(CHOICES)
    assert share <= set(pairs["overall"])
    assert share | {"p_value"} <= set(pairs["decided"])
    for condition in pairs["by_condition"].values():
        assert {"n_answers", "choices", "overall", "decided", "d_prime", "criterion"} <= set(condition)
    assert set(pairs["by_musician"]) == {"yes", "no"}
    assert set(pairs["by_level"]) == set(LEVELS)
    for group in (*pairs["by_musician"].values(), *pairs["by_level"].values()):
        assert {"n_participants", "overall"} <= set(group)
    for trial in pairs["by_trial"].values():
        assert {"truth", "choices", "correct"} <= set(trial)
    assert {"hits", "misses", "false_alarms", "correct_rejections", "d_prime", "criterion", "ci95"} <= set(
        pairs["signal_detection"]
    )
    for kind, groups in (
        ("ratings", ("by_stimulus", "by_setting", "by_system")),
        ("open_ratings", ("by_stimulus",)),
    ):
        for group in groups:
            for part in found[kind][group].values():
                assert {"n", "mean", "ci95", "histogram", "said_ai"} <= set(part)
                assert list(part["histogram"]) == ["1", "2", "3", "4", "5"]
    assert "krippendorff_alpha" in found["ratings"]["reliability"]
