"""A model card says what its checkpoint knows, names every source, and calls weights free only if all are."""

import json
import shutil
from pathlib import Path

import pytest

from model import checkpoint
from model.card import SOURCES, write_card


@pytest.fixture
def folder(tiny, tmp_path) -> Path:
    """A checkpoint that has been taught on two data sets, one of them not at all."""
    copy = tmp_path / "made-up"
    shutil.copytree(tiny, copy)
    config = json.loads((copy / "config.json").read_text())
    config |= {"recipe": {"name": "made-up", "weights": {"umd_rock": 0.0}}, "steps": 1234, "tokens_seen": 500,
               "data": {"layout": "events", "tokens": {"train": 1000}, "datasets": {
                   "mutopia": {"files": 3, "notes": 4567}, "umd_rock": {"files": 9, "notes": 99}}}}
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def test_a_card_tells_what_the_files_know(folder):
    ready = checkpoint.load(folder)
    (folder / "notes.md").write_text("What it is for.\n---\n- It is deaf.\n")
    (folder / "evaluation.json").write_text(json.dumps({
        "bits_per_note": {"test": 7.126}, "copied_run_p99": None,
        "machine_listener_auc": {"model": 0.71, "markov": 0.994},
        "controls": {"density": {"prompt": {"done": 0.934, "unasked": 0.25}, "obeyed": True},
                     "players": {"nothing": {"done": 0.71, "unasked": None}, "obeyed": True}}}))
    card = write_card(ready).read_text()
    assert card.startswith("# made-up\n\nWhat it is for.\n\n")
    assert ready.sha256 in card and "1,234 optimiser steps" in card and "0.50 of a pass" in card
    assert "7.13 bits per note" in card and "0.71" in card and "0.99" in card and "faults per" not in card
    assert "- wish, continuing: notes a bar within a factor 1.5: 93% (unasked 25%)\n" in card
    assert "- wish, from nothing: chosen instruments that play: 71%\n" in card and "a style" not in card
    assert card.endswith("## Known faults\n\n- It is deaf.\n")


def test_only_what_was_learnt_is_named_and_free_only_if_all_is(folder):
    card = write_card(checkpoint.load(folder)).read_text()
    row = "| mutopia | MutopiaProject/MutopiaProject | public domain or CC BY | free | 3 | 4,567 | 1 |"
    assert row in card
    assert "umd_rock" not in card and "All of it is free" in card
    config = json.loads((folder / "config.json").read_text())
    config["recipe"]["weights"] = {"umd_rock": 0.5}
    (folder / "config.json").write_text(json.dumps(config))
    card = write_card(checkpoint.load(folder)).read_text()
    assert "umd_rock" in card and "All of it is free" not in card and "research and private use only" in card


def test_a_data_set_without_a_source_is_not_free(folder):
    config = json.loads((folder / "config.json").read_text())
    config["data"]["datasets"] = {"my_own": {"files": 1, "notes": 2}}
    (folder / "config.json").write_text(json.dumps(config))
    card = write_card(checkpoint.load(folder)).read_text()
    assert "| my_own |  | unknown | unknown | 1 | 2 | 1 |" in card and "All of it is free" not in card


def test_every_style_has_a_source():
    from model.compound.events import _STYLE_OF
    named = {line.split(",")[0] for line in SOURCES.read_text().splitlines()[1:]}
    assert set(_STYLE_OF) == named
