"""What stands in a header is told to every event, however the events come; a network can learn to hear it."""

import numpy as np
import pytest
import torch

from model import checkpoint
from model.compound import Compound as Layout
from model.compound import events as ev
from model.networks import build
from model.networks.compound import STANDING, standing
from model.training import Recipe, RecipeError, train

TINY = {"width": 32, "layers": 2, "inner": 48, "heads": 4, "kv_heads": 2, "drawing": 24}


def rows(*parts: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))[None]


def notes(count: int, seed: int = 0) -> np.ndarray:
    made = Layout().noise(count, np.random.default_rng(seed))
    made[:, ev.INSTRUMENT] = ev.PLAYERS + made[:, ev.INSTRUMENT] % 129
    made[:, ev.PITCH] %= 128
    return made


def test_the_last_value_of_each_kind_stands_until_another_or_another_piece():
    change = ev.special(ev.TEMPO, 9)[None]
    music = rows(ev.header(2, 5, style=3, density=4), notes(2), change, notes(1), ev.header(1, 7), notes(1))
    told = standing(music)[0]
    columns = {kind: told[:, number].tolist() for number, kind in enumerate(STANDING)}
    assert columns == {ev.START: [4] * 8 + [1] * 4, ev.DENSITY: [0] + [5] * 7 + [0] * 4,
                       ev.METRE: [0, 0] + [3] * 6 + [0, 2, 2, 2], ev.TEMPO: [0] * 3 + [6] * 3 + [10] * 2
                       + [0, 0, 8, 8]}


def test_what_stood_before_goes_on_until_a_piece_begins():
    music = rows(ev.header(2, 5, style=3, density=4), notes(3), ev.header(1, 7), notes(2))
    whole = standing(music)
    for cut in range(1, music.shape[1]):
        before = standing(music[:, :cut])
        assert torch.equal(whole[:, cut:], standing(music[:, cut:], before[:, -1])), cut


@torch.no_grad()
def test_the_cached_forward_is_the_full_one():
    network = build("compound", {**TINY, "standing": True}).eval()
    music = rows(ev.header(2, 5, style=3, density=4), notes(9))
    full, cache = network(music), network.cache(20)
    steps = [network(part, cache) for part in music.split([6, 1, 1, 5], dim=1)]
    assert torch.allclose(torch.cat(steps, dim=1), full, atol=1e-5)
    twice = network.cache(20)
    network(music[:, :6], twice)
    both = network(music[:, 6:].expand(2, -1, -1), twice.repeat(2))
    assert torch.allclose(both[1], full[0, 6:], atol=1e-5)


@torch.no_grad()
def test_what_stands_is_heard_by_every_event():
    network = build("compound", {**TINY, "standing": True, "layers": 1, "window": 1}).eval()
    one, other = (rows(ev.header(2, 5, density=density), notes(6)) for density in (1, 8))
    far = network(one)[0, -1], network(other)[0, -1]        # the header is out of the window
    assert not torch.allclose(*far)
    deaf = build("compound", {**TINY, "layers": 1, "window": 1}).eval()
    assert torch.equal(deaf(one)[0, -1], deaf(other)[0, -1])


# --- a run that begins with a checkpoint --------------------------------------------------------------------

def recipe(data, begin, **changes) -> Recipe:
    shape = {**TINY, "drawing": 32, "window": 96}
    return Recipe(**{"name": "on", "data": data, "begin": str(begin), "shape": shape, "sequence": 32,
                     "batch": 4, "steps": 1, "warmup": 1, "learning_rate": 1e-9, "compile": False,
                     "validate_every": 1, "validation_windows": 4, "precision": "32-true", **changes})


@pytest.mark.parametrize("ear", [{}, {"standing": True}, {"lookback": True}])
def test_a_run_begins_with_the_weights_of_a_checkpoint(tiny_events, prepared_events, tmp_path, ear):
    asked = recipe(prepared_events, tiny_events)
    made = checkpoint.load(train(asked.model_copy(update={"shape": {**asked.shape, **ear}}), tmp_path))
    theirs = checkpoint.load(tiny_events).network.state_dict()
    ours = made.network.state_dict()
    assert all(torch.allclose(ours[name], value, atol=1e-2) for name, value in theirs.items())
    assert {name.split(".")[0] for name in ours.keys() - theirs.keys()} == set(ear)
    assert made.config["tokens_seen"] == 4 * 32


def test_a_checkpoint_of_another_shape_is_refused(tiny_events, prepared_events, tmp_path):
    asked = recipe(prepared_events, tiny_events)
    wider = asked.model_copy(update={"shape": {**asked.shape, "inner": 64}})
    with pytest.raises(RecipeError, match=r"^begin is a checkpoint of the recipe's shape; .* has another\.$"):
        train(wider, tmp_path)
    with pytest.raises(RecipeError, match=r"^begin: A checkpoint is one that ships .* received 'nobody'\.$"):
        train(asked.model_copy(update={"begin": "nobody"}), tmp_path)
