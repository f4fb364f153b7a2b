"""Davidson's model and the ranking: published estimates, brute force, and studies written by hand."""

import numpy as np
import pytest
from scipy import optimize

from analysis.davidson import davidson, probabilities
from tests.analysis.handmade import by_hand, pair, results_of

# Agresti (2002), Categorical Data Analysis, table 10.10: wins of row over column, American League, 1987.
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)


def test_without_ties_as_published():
    """Milwaukee, Detroit, Toronto, New York, Boston, Cleveland over Baltimore, as in R's BradleyTerry2."""
    strengths, _ = davidson(BASEBALL, np.zeros((7, 7)))
    assert strengths - strengths[-1] == pytest.approx(
        [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0], abs=1e-3
    )


def likelihood(place: np.ndarray, wins: np.ndarray, ties: np.ndarray) -> float:
    """−log likelihood, written out from Davidson's formulas; the last strength is 0."""
    power, tie, total = np.exp(np.append(place[:-1], 0)), np.exp(place[-1]), 0.0
    for i in range(len(wins)):
        for j in range(i + 1, len(wins)):
            equal = tie * np.sqrt(power[i] * power[j])
            whole = power[i] + power[j] + equal
            total -= wins[i, j] * np.log(power[i] / whole) + wins[j, i] * np.log(power[j] / whole)
            total -= ties[i, j] * np.log(equal / whole)
    return total


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_ties_by_brute_force_and_many_tables_at_once(seed):
    rng = np.random.default_rng(seed)
    wins, upper = rng.integers(1, 12, (2, 4, 4)), np.triu(rng.integers(1, 8, (2, 4, 4)), 1)
    wins[:, range(4), range(4)] = 0
    ties = upper + upper.transpose(0, 2, 1)
    strengths, tie = davidson(wins, ties, prior=1e4)
    for which in range(2):
        best = optimize.minimize(likelihood, np.zeros(4), (wins[which], ties[which]), tol=1e-12)
        found = np.append(strengths[which, :3] - strengths[which, 3], tie[which])
        assert found == pytest.approx(best.x, abs=1e-3)


def test_probabilities_are_those_of_the_formulas():
    shares = probabilities(np.array([0.5, 0.0, -0.5]), -0.2)
    power, tied = np.exp([0.5, -0.5]), np.exp(-0.2)
    assert shares[0, 2] == pytest.approx(power[0] / (power.sum() + tied))
    assert 1 - shares[0, 2] - shares[2, 0] == pytest.approx(tied / (power.sum() + tied))


def test_who_always_wins_is_finite_and_first():
    strengths, tie = davidson(np.array([[0, 9, 9], [0, 0, 5], [0, 4, 0]]), np.zeros((3, 3)))
    assert np.isfinite([*strengths, tie]).all()
    assert strengths[0] == strengths.max()


def study(answers: list[tuple[str, str, str, str]], tmp_path, **more) -> dict:
    """Preferences between x (system one), xx (system two) and y (human): who, a, b, choice."""
    tables = by_hand(
        {who: {} for who in {row[0] for row in answers}},
        [
            pair(who, a, b, choice, kind="preference", condition="prefer", position=n + 1)
            for n, (who, a, b, choice) in enumerate(answers)
        ],
    )
    tables["stimuli.csv"][0] |= {"system": "one"}
    tables["stimuli.csv"][1] |= {"system": "two"}
    return results_of(tables, tmp_path)["preferences"]


def test_a_ranking_counts_every_answer_once_whatever_the_side(tmp_path):
    rows = []
    for number in range(12):
        who = f"p{number}"
        rows += [
            (who, "x", "xx", "a" if number % 4 else "b"),  # one is preferred to two by 9 of 12
            (who, "y", "x", "a" if number % 3 else "both"),  # human to one by 8, 4 ties
            (who, "xx", "y", "b" if number % 2 else "neither"),  # human to two by 6, 6 ties
            (who, "x", "y", "dont_know"),
        ]
    found = study(rows, tmp_path)
    assert (found["n_answers"], found["choices"]["dont_know"]) == (48, 12)
    ranking = found["by_system"]
    assert (ranking["n"], ranking["n_participants"]) == (36, 12)
    assert list(ranking["systems"]) == ["human", "one", "two"]
    assert [part["rank"] for part in ranking["systems"].values()] == [1, 2, 3]
    assert {
        name: (part["preferred"], part["tied"], part["not_preferred"])
        for name, part in ranking["systems"].items()
    } == {"human": (14, 10, 0), "one": (9, 4, 11), "two": (3, 6, 15)}
    wins = np.array([[0, 8, 6], [0, 0, 9], [0, 3, 0]])
    ties = np.array([[0, 4, 6], [4, 0, 0], [6, 0, 0]])
    strengths, tie = davidson(wins, ties)
    assert [part["strength"] for part in ranking["systems"].values()] == pytest.approx(list(strengths))
    assert ranking["tie_parameter"] == pytest.approx(np.exp(tie))
    for part in ranking["systems"].values():
        assert part["ci95"][0] < part["strength"] < part["ci95"][1]
        assert part["rank_ci95"][0] <= part["rank"] <= part["rank_ci95"][1]
    pairs = {(test["first"], test["second"]): test for test in ranking["pairs"]}
    assert (pairs["one", "two"]["preferred_first"], pairs["human", "two"]["tied"]) == (9, 6)
    assert all(test["p_holm"] >= test["p_value"] for test in pairs.values())
    assert pairs["one", "two"]["family"] == "preferences by system"
    assert found["preferred_a"]["n"] == 26


@pytest.mark.parametrize(
    ("rows", "words"),
    [([], "Nothing was compared"), ([("m", "x", "x", "a")], "Nothing was compared")],
)
def test_where_there_is_no_ranking_it_says_why(rows, words, tmp_path):
    found = study(rows, tmp_path)["by_system"]
    assert found["note"].startswith(words)
    assert found["systems"] == {}


def test_two_islands_are_not_ranked_together(tmp_path):
    tables = by_hand(
        {"m": {}, "n": {}},
        [
            pair("m", "x", "xx", "a", kind="preference"),
            pair("n", "y", "yy", "a", kind="preference"),
        ],
    )
    for clip, system in zip(tables["stimuli.csv"], ("one", "two", "three", "four"), strict=True):
        clip |= {"origin": "ai", "system": system}
    found = results_of(tables, tmp_path)["preferences"]["by_system"]
    assert found["note"].startswith("Some were never compared")


def test_settings_are_ranked_apart_from_systems(tmp_path):
    tables = by_hand({"m": {}, "n": {}}, [pair(who, "x", "xx", "a", kind="preference") for who in "mn"])
    for clip, temperature in zip(tables["stimuli.csv"], (0.5, 1), strict=False):
        clip |= {"system": "one", "temperature": temperature}
    found = results_of(tables, tmp_path)["preferences"]
    assert found["by_system"]["note"].startswith("Nothing was compared")
    assert list(found["by_setting"]["systems"]) == ["temperature 0.5", "temperature 1"]
