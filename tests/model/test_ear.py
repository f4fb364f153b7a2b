"""A taught listener tells what it was taught to tell, and is the same when it is read again."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from model import checkpoint, ear
from model.evaluation import teaching
from model.evaluation.passage import passage
from model.evaluation.teaching import teach
from model.generator import Generator
from model.judging import LISTENER, judge
from tests.model.takes import LIVELY


def made_up(names: tuple[str, ...], *trees: tuple) -> ear.Ear:
    """trees: (cues asked for, bounds, leaves)."""
    asks, bounds, leaves = zip(*trees, strict=True)
    return ear.Ear(names, tuple(float(i) for i in range(len(names))), asks, bounds, leaves, {})


def certain(log_odds: float) -> ear.Ear:
    return made_up(("polyphony",), ((0,), (0.0,), (log_odds, log_odds)))


def test_each_tree_answers_and_a_missing_cue_counts_as_usual():
    one = ((0, 1, 1), (0.5, 10.0, 20.0), (-4.0, -3.0, 1.0, 2.0))
    other = ((1, 0, 0), (0.0, 0.0, 0.0), (0.5, 0.5, 0.25, 0.25))
    heard = made_up(("polyphony", "pitch_mean"), one, other)       # usual: 0 and 1
    table = np.array([[0.0, 10.0], [0.0, 10.1], [0.6, 20.0], [0.6, 21.0], [np.nan, -1.0]])
    odds = np.array([-4 + 0.25, -3 + 0.25, 1 + 0.25, 2 + 0.25, -4 + 0.5])
    np.testing.assert_allclose(heard.chances(table), 1 / (1 + np.exp(-odds)))


def test_what_is_kept_of_trees_is_what_they_said():
    """Of scikit-learn's own trees, some of which stopped early."""
    rng = np.random.default_rng(0)
    cues = rng.normal(size=(150, 3, 5))
    cues[:, 0, 2] += 1.5
    cues[rng.random(cues.shape) < 0.05] = np.nan
    names = tuple("abcde")
    with mock.patch.object(teaching, "GradientBoostingClassifier", wraps=GradientBoostingClassifier) as made:
        learnt = teaching._fit(names, cues, {})
    given = cues.reshape(-1, 5)
    again = GradientBoostingClassifier(**made.call_args.kwargs)
    filled = np.where(np.isfinite(given), given, learnt.medians)
    again.fit(filled, np.tile([True, False, False], 150), np.tile([2, 1, 1], 150))
    np.testing.assert_allclose(learnt.chances(given), again.predict_proba(filled)[:, 1], atol=1e-4)
    assert min(tree.tree_.node_count for tree in again.estimators_[:, 0]) < 15


def test_a_verdict_is_led_by_the_listener(music):
    prompt, same = music(bars=4), music(bars=4)
    plain = judge(prompt, same, 4)
    sure = judge(prompt, same, 4, certain(3.0))
    assert LISTENER not in plain.scores
    assert sure.total == sure.scores[LISTENER] == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert "95 in 100" in sure.reasons[LISTENER]
    assert LISTENER not in judge(None, same, 4, certain(0.0)).scores


def test_what_was_taught_is_kept_and_read_again(tiny_events, prepared_events, tmp_path, music):
    with Generator(str(tiny_events), workers=1) as generator:
        taught = teach(generator, prepared_events, 6, each=2, split="train", bars=2, prompt_bars=2,
                       settings=LIVELY)
    assert taught.about["pieces"] == 6 and taught.about["takes"] == 2 and 0 <= taught.about["auc"] <= 1
    taught.save(tmp_path)
    again = ear.read(tmp_path)
    two_bars = passage(music(bars=2), 2)
    assert again.person(two_bars, two_bars) == taught.person(two_bars, two_bars)
    assert ear.read(Path(tmp_path, "nowhere")) is None


def test_the_listener_that_ships_knows_its_checkpoint():
    folder = checkpoint.folder_of(None)
    shipped = ear.read(folder)
    assert shipped.about["checkpoint_sha256"] == checkpoint.sha256(folder)
    assert shipped.about["split"] == "train" and shipped.about["auc"] > 0.7
