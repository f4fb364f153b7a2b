"""The machine listener tells what can be told and guesses where nothing can."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model.evaluation import listener
from model.evaluation.cues import cues
from model.evaluation.features import features
from model.evaluation.listener import auc, listen
from tests.model.evaluation.material import wander


@pytest.fixture(autouse=True)
def once(monkeypatch):
    """One round of folds is enough to see what these tests ask."""
    monkeypatch.setattr(listener, "REPEATS", 1)


def heard(first: int, count: int, spread: int = 7) -> list[dict]:
    found = []
    for seed in range(first, first + count):
        part, prompt = wander(seed, spread=spread), wander(seed + 500)
        found.append(cues(part, prompt, features(part, prompt), features(prompt)))
    return found


def names(count: int) -> list[str]:
    return [f"piece {i}" for i in range(count)]


def test_it_tells_two_kinds_of_music():
    found = listen(heard(0, 20, spread=1), heard(0, 20), names(20), np.random.default_rng(0))
    assert found["auc"] > 0.95 and found["pairs_told"] > 0.9 and found["ci95"][0] > 0.85
    assert found["telling"]["pitch_spread"] < 0.2, "a narrow melody is what gives them away"


def test_it_guesses_where_there_is_one_kind():
    found = listen(heard(0, 30), heard(2000, 30), names(30), np.random.default_rng(0))
    low, high = found["ci95"]
    assert low < 0.5 < high and 0.3 < found["auc"] < 0.7


def test_a_piece_is_not_recognised_by_its_other_continuation():
    """Twins, whose only difference is random: who had learnt the piece would be always wrong, or right."""
    rng = np.random.default_rng(1)
    mine = heard(0, 30)
    human = [{**one, "noise": float(rng.normal())} for one in mine]
    machine = [{**one, "noise": float(rng.normal())} for one in mine]
    assert 0.3 < listen(machine, human, names(30), np.random.default_rng(0))["auc"] < 0.7


def test_takes_of_one_piece_are_one_group():
    machine, human = heard(0, 18, spread=1), heard(0, 18)
    assert listen(machine, human, ["one", "two", "three"] * 6, np.random.default_rng(0)) is None
    found = listen(machine, human, names(6) * 3, np.random.default_rng(0))
    assert len(found["scores"]["machine"]) == 18


def test_auc_is_scikit_learns():
    rng = np.random.default_rng(0)
    machine, human = rng.normal(0.5, 1, 50).round(1), rng.normal(0, 1, 50).round(1)
    value, (low, high) = auc(machine, human, rng)
    assert value == pytest.approx(roc_auc_score([1] * 50 + [0] * 50, np.r_[machine, human]), abs=1e-4)
    assert low < value < high and 0.05 < high - low < 0.35


def test_the_interval_is_wider_where_takes_share_pieces():
    rng = np.random.default_rng(0)
    piece = np.repeat(np.arange(10), 8)
    machine, human = rng.normal(size=10)[piece] + 0.3, rng.normal(size=10)[piece]
    wide = np.diff(auc(machine, human, np.random.default_rng(0), piece)[1])
    assert wide > 1.5 * np.diff(auc(machine, human, np.random.default_rng(0))[1])
