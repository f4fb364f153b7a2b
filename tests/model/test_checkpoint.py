"""A checkpoint comes back as it went; what is wrong with one is a sentence; nothing is unpickled."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoint
from model.checkpoint import CheckpointError
from model.compound import Compound
from model.networks import build
from model.remi import Remi
from model.remi.tokenizer import Tokenizer


@pytest.fixture
def copy(tiny, tmp_path) -> Path:
    """A copy of the tiny checkpoint that a test may damage."""
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def refused(folder: Path | str) -> str:
    """The sentence with which a checkpoint is refused."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def change(folder: Path, **fields: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **fields}))


@pytest.mark.parametrize("system", ["tiny", "tiny_events"])
def test_round_trip(system, tmp_path, request):
    folder = request.getfixturevalue(system)
    before = checkpoint.load(folder)
    again = tmp_path / "again"
    digest = checkpoint.save(again, before.layout, before.network, {"steps": 0})
    after = checkpoint.load(again)
    assert after.sha256 == before.sha256 == digest == checkpoint.sha256(again)
    assert after.config == before.config and after.config["steps"] == 0
    assert after.layout.same(before.layout) and type(after.layout) is type(before.layout)
    assert (again / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert not after.network.training
    steps = torch.from_numpy(before.layout.noise(20, np.random.default_rng(0))[None])
    for name, weight in after.network.state_dict().items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, before.network.state_dict()[name]), name
    assert torch.equal(after.network(steps), before.network(steps))


def test_weights_are_kept_in_bfloat16(tmp_path):
    tokenizer = Tokenizer.create("segue")
    network = build("transformer", {"vocabulary": tokenizer.size, "width": 16, "layers": 1, "inner": 16,
                                    "heads": 2, "kv_heads": 1})
    checkpoint.save(tmp_path / "one", Remi(tokenizer), network, {})
    kept = checkpoint.load(tmp_path / "one").network.state_dict()
    for name, weight in network.state_dict().items():
        assert torch.equal(kept[name], weight.to(torch.bfloat16).float()), name
    size = (tmp_path / "one" / "weights.safetensors").stat().st_size
    assert size < 2.2 * sum(p.numel() for p in network.parameters())


def test_what_ships_can_be_named():
    assert checkpoint.names()[0] == checkpoint.DEFAULT
    folder = checkpoint.folder_of(None)
    assert folder == checkpoint.folder_of(checkpoint.DEFAULT) == checkpoint.WEIGHTS / checkpoint.DEFAULT


def test_an_unknown_name():
    assert refused("no-such-system") == ("A checkpoint is one that ships (" + ", ".join(checkpoint.names()) +
                                         ") or a folder; received 'no-such-system'.")


@pytest.mark.parametrize("file", ["config.json", "weights.safetensors", "tokenizer.json"])
def test_a_missing_file(copy, file):
    (copy / file).unlink()
    assert refused(copy) == f"A checkpoint holds {file}; copy does not."


def test_another_vocabulary(copy):
    Tokenizer.create("segue").save(copy / "tokenizer.json")
    assert refused(copy) == ("Network and layout belong together; those of copy do not fit: "
                             "transformer {'vocabulary': 662}.")


def test_another_layout(copy, tiny_events):
    Compound().save(copy / "tokenizer.json")
    assert refused(copy) == "Network and layout belong together; those of copy do not fit: transformer."
    shutil.copy(tiny_events / "tokenizer.json", copy)
    shutil.copy(tiny_events / "config.json", copy)
    assert refused(copy) == "The weights of copy do not fit its config.json."


@pytest.mark.parametrize("damage", [
    lambda data: b"",
    lambda data: b"garbage",
    lambda data: data[: len(data) // 2],
    lambda data: b"\xff" * 8 + data[8:],
    lambda data: pickle.dumps({"head.weight": [1.0]}),
])
def test_damaged_weights(copy, damage):
    weights = copy / "weights.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    assert refused(copy).startswith("The weights.safetensors of copy is damaged:")


@pytest.mark.parametrize("text, sentence", [
    ("{", "The config.json of copy cannot be used:"),
    ("[]", "The config.json of copy cannot be used:"),
    ("{}", "A config.json has 'network'; that of copy has not."),
    ('{"network": "transformer"}', "A config.json has 'shape'; that of copy has not."),
    ('{"network": "lstm", "shape": {}}', "A network is one of transformer, compound; received 'lstm'."),
    ('{"network": ["transformer"], "shape": {}}', "The config.json of copy cannot be used:"),
    ('{"network": "transformer", "shape": {"depth": 3}}', "A transformer is described by vocabulary, width"),
    ('{"network": "transformer", "shape": {"width": 0}}', "width is at least 1; received 0."),
])
def test_a_damaged_config(copy, text, sentence):
    (copy / "config.json").write_text(text)
    assert sentence in refused(copy)


def test_weights_of_another_shape(copy):
    shape = json.loads((copy / "config.json").read_text())["shape"]
    change(copy, shape={**shape, "layers": 3})
    assert refused(copy) == "The weights of copy do not fit its config.json."


@pytest.mark.parametrize("text", ["{", '{"config": {}}', "[]", '{"layout": "events", "fields": ["time"]}'])
def test_a_damaged_tokenizer(copy, text):
    (copy / "tokenizer.json").write_text(text)
    assert refused(copy) == "The tokenizer.json of copy cannot be read."


class Bomb:
    """Goes off when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


def test_nothing_is_unpickled(copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("weights.safetensors", "config.json", "tokenizer.json"):
        before = (copy / file).read_bytes()
        (copy / file).write_bytes(pickle.dumps(Bomb()))
        refused(copy)
        torch.save({"head.weight": Bomb()}, copy / file)
        refused(copy)
        (copy / file).write_bytes(before)
    assert not (tmp_path / "exploded").exists()
    pickle.loads(pickle.dumps(Bomb()))      # the bomb is live
    assert (tmp_path / "exploded").exists()


def test_a_control_is_one_that_was_measured_to_be_obeyed(copy):
    """What the Compose page offers (see test_compose_page.py)."""
    assert checkpoint.controls(copy) == frozenset(), "nothing was measured"
    measured = {"density": {"nothing": {"done": 0.9}, "obeyed": True}, "style": {"obeyed": False}}
    for found, offered in ((None, set()), (measured, {"density"})):
        (copy / "evaluation.json").write_text(json.dumps({"controls": found}))
        assert checkpoint.controls(copy) == offered
