"""A taught listener tells what it was taught to tell, and is the same when it is read again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model import checkpoint, ear
from model.evaluation.teaching import teach
from model.generator import Generator
from model.judging import LISTENER, judge
from tests.model.takes import LIVELY


def made_up(weights: dict[str, float]) -> ear.Ear:
    names = tuple(weights)
    zeros = (0.0,) * len(names)
    return ear.Ear(names, zeros, zeros, (1.0,) * len(names), (*weights.values(), *zeros), 0.0, {})


def test_chances_follow_the_weights_and_missing_cues_count_as_usual():
    heard = made_up({"polyphony": 1.0})
    low, none, high = heard.chances(np.array([[-1.0], [np.nan], [2.0]]))
    assert low < none == 0.5 < high < 1
    assert heard.chances(np.array([[100.0]])) == heard.chances(np.array([[4.0]]))    # nothing is that far


def test_a_verdict_is_led_by_the_listener(music):
    prompt, same = music(bars=4), music(bars=4)
    plain = judge(prompt, same, 4)
    sure = judge(prompt, same, 4, replace(made_up({"polyphony": 0.0}), constant=3.0))
    assert LISTENER not in plain.scores
    assert sure.total == sure.scores[LISTENER] == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert "95 in 100" in sure.reasons[LISTENER]
    assert LISTENER not in judge(None, same, 4, made_up({"polyphony": 0.0})).scores


def test_what_was_taught_is_kept_and_read_again(tiny_events, prepared_events, tmp_path, music):
    with Generator(str(tiny_events), workers=1) as generator:
        taught = teach(generator, prepared_events, 6, split="train", bars=2, prompt_bars=2, settings=LIVELY)
    assert taught.about["pieces"] == 6 and 0 <= taught.about["auc"] <= 1
    taught.save(tmp_path)
    again = ear.read(tmp_path)
    assert again.person(music(bars=2), music(bars=2), 2) == taught.person(music(bars=2), music(bars=2), 2)
    assert ear.read(Path(tmp_path, "nowhere")) is None


def test_the_listener_that_ships_knows_its_checkpoint():
    folder = checkpoint.folder_of(None)
    shipped = ear.read(folder)
    assert shipped.about["checkpoint_sha256"] == checkpoint.sha256(folder)
    assert shipped.about["split"] == "train" and len(shipped.weights) == 2 * len(shipped.names)
