"""results.json of studies with little in them, and of whatever hypothesis can think of."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.columns import CHOICES, LEVELS
from analysis.statistics import plain
from tests.analysis.handmade import EMPTY, by_hand, pair, results_of
from tests.analysis.simulate import simulated_study


def test_an_empty_study_has_nulls_and_no_crash(tmp_path):
    found = results_of(EMPTY, tmp_path)
    assert found["study"] is None
    assert found["pairs"]["overall"]["accuracy"] is found["pairs"]["decided"]["ci95"] is None
    assert found["pairs"]["decided"]["p_value"] is found["pairs"]["signal_detection"]["d_prime"] is None
    assert found["ratings"]["reliability"]["krippendorff_alpha"] is None
    assert found["pairs"]["by_trial"] == found["ratings"]["by_setting"] == {}
    assert found["answers"] == {"n": 0, "first_at": None, "last_at": None}


@pytest.mark.parametrize("people", [1, 2])
def test_one_and_two_participants(tmp_path, people):
    found = results_of(simulated_study(people, 0.7, seed=9), tmp_path)
    ci95 = found["pairs"]["signal_detection"]["ci95"]
    assert (ci95 is None) == (people == 1)
    assert all((part["ci95"] is None) or part["n"] > 1 for part in found["ratings"]["by_setting"].values())


def test_dont_know_throughout(tmp_path):
    tables = by_hand({"m": {}}, [pair("m", "x", "y", "dont_know"), pair("m", "y", "x", "dont_know")])
    pairs = results_of(tables, tmp_path)["pairs"]
    assert pairs["decided"]["n"] == 0
    assert pairs["overall"]["accuracy"] == 0
    assert pairs["signal_detection"]["d_prime"] is None
    assert pairs["signal_detection"]["note"].endswith(".")


def test_the_same_seed_gives_the_same_numbers_and_the_order_of_rows_does_not_matter(tmp_path):
    tables = simulated_study(8, 0.7, seed=10)
    first = results_of(tables, tmp_path / "first", seed=5)
    assert results_of(tables, tmp_path / "first", seed=5) == first
    rng = np.random.default_rng(0)
    shuffled = {name: [rows[i] for i in rng.permutation(len(rows))] for name, rows in tables.items()}
    second = results_of(shuffled, tmp_path / "second", seed=5)
    for part in ("participants", "pairs", "answers", "stimuli"):
        assert second[part] == first[part]
    # What is added up in another order may differ in its last digit.
    last_digit = ("mean", "ci95", "said_ai_ci95")
    for group in ("by_stimulus", "by_setting", "by_system"):
        for name, part in first["ratings"][group].items():
            other = second["ratings"][group][name]
            assert other | dict.fromkeys(last_digit) == part | dict.fromkeys(last_digit)
            assert all(other[key] == pytest.approx(part[key]) for key in last_digit if part[key])


CELLS = {
    "kind": st.sampled_from(["pair", "pair", "rating", "open_rating", "comment"]),
    "participant_id": st.sampled_from(["m", "n", "o"]),
    "stimulus_a": st.sampled_from(["x", "xx", "y", "yy"]),
    "stimulus_b": st.sampled_from(["x", "xx", "y", "yy"]),
    "choice": st.sampled_from(CHOICES),
    "rating": st.integers(1, 5),
    "said_ai": st.sampled_from(["true", "false", ""]),
    "recognised": st.sampled_from(["true", "false", ""]),
    "comment": st.sampled_from(["", " ", "<b>&"]),
    "condition": st.sampled_from(["", "one", "two"]),
    "trial_id": st.sampled_from(["t1", "t2"]),
}
PERSON = st.fixed_dictionaries(
    {
        "musician": st.sampled_from(["yes", "no", ""]),
        "level": st.sampled_from([*LEVELS, ""]),
        "excluded": st.sampled_from(["true", "false", ""]),
    }
)


@given(st.tuples(PERSON, PERSON, PERSON), st.lists(st.fixed_dictionaries(CELLS), max_size=14))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_answers_the_sums_agree_and_the_json_is_valid(tmp_path, people, answers):
    rows = [{**row, "position": number} for number, row in enumerate(answers, 1)]
    tables = by_hand(dict(zip("mno", people, strict=True)), rows)
    found = results_of(tables, tmp_path)
    json.dumps(found, allow_nan=False)
    pairs, participants = found["pairs"], found["participants"]
    assert participants["analysed"] + sum(participants["excluded"].values()) == participants["started"] == 3
    assert sum(pairs["choices"].values()) == pairs["overall"]["n"] == pairs["n_answers"]
    assert sum(part["n_answers"] for part in pairs["by_condition"].values()) == pairs["n_answers"]
    assert sum(part["n"] for part in pairs["by_trial"].values()) == pairs["n_answers"]
    counts = [pairs["signal_detection"][k] for k in ("hits", "misses", "false_alarms", "correct_rejections")]
    assert sum(counts) == 2 * (pairs["n_answers"] - pairs["choices"]["dont_know"])
    for group in ("by_stimulus", "by_setting", "by_system"):
        assert sum(part["n"] for part in found["ratings"][group].values()) == found["ratings"]["n_answers"]


def test_plain_knows_what_json_does_not():
    value = {"a": (np.float64("nan"), np.int64(3), np.bool_(True)), 1: [float("inf"), pd.NA], "b": None}
    assert plain(value) == {"a": [None, 3, True], "1": [None, None], "b": None}
