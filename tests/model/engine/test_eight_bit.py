"""The fast engine plays what the exact one plays, as nearly as 8 bits can say it."""

import numpy as np
import pytest
import torch

from model import checkpoint, engine
from model.compound import events as ev
from model.corpus import convert
from model.engine.eight_bit import EightBit
from model.engine.fidelity import fidelity
from model.engine.plain import Plain
from model.excerpts import EXCERPTS
from model.layouts import create
from model.networks import build
from model.sampling import Sampling

SHAPES = [{"width": 64, "layers": 2, "inner": 96, "heads": 4, "kv_heads": 2, "window": 24},
          {"width": 20, "layers": 1, "inner": 18, "heads": 2, "kv_heads": 1, "window": 300},
          {"width": 160, "layers": 1, "inner": 32, "heads": 1, "kv_heads": 1, "window": 70}]


def made_up(kind: str, shape: dict) -> torch.nn.Module:
    compound = {"drawing": 40, "standing": True, "lookback": True}
    more = compound if kind == "compound" else {"vocabulary": 90}
    network = build(kind, shape | more)
    network.initialise(torch.Generator().manual_seed(1))
    for parameter in network.parameters():      # livelier than at the start of training
        parameter.data *= 3 if parameter.ndim == 2 else 1
    return network.eval()


def noise(kind: str, steps: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    if kind == "compound":
        return create("events").noise(steps, rng)
    return rng.integers(0, 90, steps)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("shape", SHAPES, ids=["window", "odd", "wide head"])
@pytest.mark.parametrize("kind", ["transformer", "compound"])
def test_it_knows_what_the_network_knows(kind, shape):
    """At every step, whatever was read at once, across tiles and past the window."""
    network, steps = made_up(kind, shape), noise(kind, 150)
    fast, exact = EightBit(network), Plain(network)
    for begin in (1, 100):
        mine, theirs = fast.cache(150), exact.cache(150)
        fast.read(steps[:begin], mine)
        exact.read(steps[:begin], theirs)
        for at in range(begin, 150):
            found, expected = fast.read(steps[at : at + 1], mine), exact.read(steps[at : at + 1], theirs)
            assert found.dtype == np.float32 and likeness(found, expected) > 0.99
    with pytest.raises(ValueError, match=r"^A cache holds 150 positions; received 150 \+ 1\.$"):
        fast.read(steps[:1], mine)


def test_the_fields_of_a_note_are_drawn_alike():
    network = made_up("compound", SHAPES[0])
    fast, exact = EightBit(network), Plain(network)
    known = np.random.default_rng(0).standard_normal(64).astype(np.float32)
    for field, value in enumerate((3, 9, 60, 5)):
        assert likeness(fast.logits(field, known), exact.logits(field, known)) > 0.99
        place = 7 if field == ev.TIME else None
        told = fast.fold(field, known, value, place)
        np.testing.assert_allclose(told, exact.fold(field, known, value, place), rtol=1e-6)
        known = told
    assert likeness(fast.logits(ev.VELOCITY, known), exact.logits(ev.VELOCITY, known)) > 0.99


@pytest.mark.parametrize("kind", ["transformer", "compound"])
@pytest.mark.parametrize("room", [70, 200])
def test_a_copy_goes_on_alike_and_alone(kind, room):
    network, steps = made_up(kind, SHAPES[0]), noise(kind, 70)
    fast = EightBit(network)
    cache = fast.cache(100)
    fast.read(steps[:60], cache)
    copies = [cache.copy(room) for _ in range(2)]
    fast.read(steps[:1], copies[0])
    for step in steps[60:]:
        expected, found = fast.read(step[None], cache), fast.read(step[None], copies[1])
        assert found.tolist() == expected.tolist()


# --- what ships ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("system", ["segue-base", "segue-small"])
def test_what_ships_loses_less_than_a_hundredth(system):
    """Of a mazurka by Chopin, which its training left out: the loss, and how likely anything else was."""
    ready = checkpoint.load(system)
    mazurka = next(excerpt for excerpt in EXCERPTS if "mazurka06-2" in excerpt.file)
    piece = ready.layout.piece(convert(mazurka))
    stretch, _ = next(ready.layout.spans(piece, 300))
    found = fidelity(EightBit(ready.network), Plain(ready.network), [stretch])
    assert found["steps"] > 150 and found["loss_exact"] > 0.5
    assert 0.99 < found["ratio"] < 1.01 and 0 < found["kl_nats"] < 0.02


@pytest.mark.parametrize("kind", ["events", "tokens"])
def test_the_decode_loops_play_it(kind, music, tiny, tiny_events):
    """And the same seed gives the same notes, with and without what was read before."""
    ready = checkpoint.load(tiny_events if kind == "events" else tiny)
    fast = engine.fast(ready.network)
    plan = ready.layout.from_prompt(music(bars=6), 4, True)

    def play(prefix: object | None = None) -> list:
        how = Sampling(temperature=1.0, top_k=0, no_repeat_ngram=0)
        return ready.layout.generate(fast, plan.given, plan.rules, how, bars=3, seed=3,
                                     heard=lambda new, share: True, prefix=prefix)[0].tolist()

    expected = play()
    assert len(expected) > 5 and play() == expected
    assert play(ready.layout.prefill(fast, plan.given)) == expected
