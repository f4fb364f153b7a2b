"""What a tab has kept of the settings comes back if a visitor could have set it so, and else not at all."""

import json
from dataclasses import astuple, replace

import pytest

from model.recall import Recalled, recall
from tests.model.page.site import Player

PLAIN = Recalled(16, "bars", 2, 1.0, 0, 0.95, 0, 0.75, False, False, "test", "", 0, 1, False)


def kept(settings: Recalled) -> str:
    return json.dumps(astuple(settings))


@pytest.mark.parametrize("settings, character", [
    (PLAIN, "natural"),
    (replace(PLAIN, temperature=0.5, top_k=15, top_p=1.0, no_repeat_ngram=6, guidance=0.0), "balanced"),
    (replace(PLAIN, temperature=0.45), None),
    (replace(PLAIN, length=90, unit="seconds", takes=4, best_of=8, ending=True), "natural"),
    (replace(PLAIN, system="obedient", style="waltz", density=12), "natural"),
])
def test_what_was_set_comes_back(settings: Recalled, character: str | None):
    found = recall(kept(settings), Player(), 4)
    assert found == settings and found.character == character


@pytest.mark.parametrize("text", [
    None, 7, "", "{{{", "[]", "7", "null", '"' + "x" * 15 + '"', "[" * 100_000, kept(PLAIN)[:-1] + ", 1]",
    *(kept(replace(PLAIN, **wrong)) for wrong in (
        {"length": 90}, {"length": "16"}, {"length": 2, "unit": "seconds"}, {"unit": "years"},
        {"unit": ["bars"]}, {"takes": 5}, {"takes": 1.5}, {"takes": [1]}, {"temperature": 9},
        {"temperature": float("nan")}, {"top_k": 1.5}, {"top_p": None}, {"guidance": {}}, {"best_of": 0},
        {"ending": "yes"}, {"whistle": 1}, {"system": "nobody"}, {"system": ["test"]}, {"style": "waltz"},
        {"density": 12}, {"system": "obedient", "style": "polka"})),
], ids=lambda text: str(text)[:40])
def test_what_no_visitor_could_have_set_is_left_aside(text):
    assert recall(text, Player(), 4) is None
