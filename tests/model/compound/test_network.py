"""The network's losses by hand; nothing is known before its time; the cached forward is the full one."""

import numpy as np
import pytest
import torch

from model.compound import Compound as Layout
from model.compound import events as ev
from model.networks import build
from model.networks.compound import Compound

TINY = {"width": 32, "layers": 2, "inner": 48, "heads": 4, "kv_heads": 2, "drawing": 24}
DRAWN = range(5)


def network(**changes) -> Compound:
    made = build("compound", {**TINY, **changes})
    made.initialise(torch.Generator().manual_seed(1))
    with torch.no_grad():       # larger weights, so that a leak would show
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter *= 6
    return made.eval()


def notes(batch: int, time: int, seed: int = 0) -> torch.Tensor:
    """Random rows that are all notes."""
    rows = Layout().noise(batch * time, np.random.default_rng(seed)).reshape(batch, time, -1)
    rows[..., ev.INSTRUMENT] = rows[..., ev.INSTRUMENT] % 129 + ev.PLAYERS
    rows[..., ev.PITCH] %= 128
    return torch.from_numpy(rows)


def changed(rows: torch.Tensor, at: int, field: int) -> torch.Tensor:
    """The rows with another value in one field of one row; a note stays one."""
    rows = rows.clone()
    first = ev.PLAYERS if field == ev.INSTRUMENT else 0
    last = 127 if field == ev.PITCH else ev.CLASSES[ev.FIELDS[field]] - 1
    rows[:, at, field] = torch.where(rows[:, at, field] == last, first, rows[:, at, field] + 1)
    return rows


# --- the loss -----------------------------------------------------------------------------------------------

@torch.no_grad()
def test_the_loss_is_the_cross_entropy_of_each_field_given_those_before():
    model, rows = network(), notes(2, 9)
    nats = model.nats(rows)
    assert nats.shape == (2, 8, 5)
    for b in range(2):
        for t in range(8):
            known, after = model(rows[b : b + 1, : t + 1])[0, -1], rows[b, t + 1]
            for field in DRAWN:
                expected = -model.logits(field, known).log_softmax(-1)[after[field]]
                assert float(nats[b, t, field]) == pytest.approx(float(expected), abs=1e-4)
                if field < 4:
                    position = after[ev.POSITION] if field == ev.TIME else None
                    known = model.fold(field, known, after[field], position)


@torch.no_grad()
def test_what_is_given_costs_nothing_and_what_is_no_note_only_what_it_says():
    model, rows = network(), notes(1, 9)
    kinds = [ev.START, ev.DENSITY, ev.PLAYER, ev.PAD, ev.METRE, ev.TEMPO, ev.WAIT, ev.END]
    rows[0, 1:, ev.INSTRUMENT] = torch.tensor(kinds)
    costs = (model.nats(rows)[0] > 0).tolist()
    assert costs[:4] == [[False] * 5] * 4, "a header"
    assert costs[4:6] == [[True, True, True, False, False]] * 2, "a metre, a tempo"
    assert costs[6:] == [[True, True, False, False, False]] * 2, "waiting, and the end"
    assert (model.nats(notes(1, 9)) > 0).all(), "notes"


@torch.no_grad()
def test_random_weights_know_nothing():
    model = build("compound", TINY)
    model.initialise(torch.Generator().manual_seed(0))
    a_field = model.nats(notes(4, 30)).mean(dim=(0, 1))
    classes = torch.tensor([ev.CLASSES[name] for name in ev.FIELDS[:5]])
    torch.testing.assert_close(a_field, classes.log(), atol=0.1, rtol=0)


# --- what is known when -------------------------------------------------------------------------------------

@torch.no_grad()
@pytest.mark.parametrize("window", [6, 4096])
@pytest.mark.parametrize("field", range(7))
def test_a_later_row_changes_no_earlier_loss(window, field):
    model, rows = network(window=window), notes(1, 20)
    before, after = model.nats(rows)[0], model.nats(changed(rows, 12, field))[0]
    torch.testing.assert_close(before[:11], after[:11])     # row t of the loss is that of row t + 1
    assert not torch.allclose(before[12], after[12], atol=1e-3), "the next row knows"


@torch.no_grad()
@pytest.mark.parametrize("field", DRAWN)
def test_within_a_note_a_field_knows_only_those_before_it(field):
    model, rows = network(), notes(1, 10)
    before, after = model.nats(rows)[0, 5], model.nats(changed(rows, 6, field))[0, 5]
    torch.testing.assert_close(before[:field], after[:field])
    moved = (before - after).abs() > 1e-4
    assert moved[field:].all(), "its own loss and those of the fields after it"


@torch.no_grad()
def test_the_position_is_known_with_the_time_and_the_bar_afterwards():
    model, rows = network(), notes(1, 10)
    before = model.nats(rows)[0]
    place, bar = (model.nats(changed(rows, 6, field))[0] for field in (ev.POSITION, ev.BAR))
    assert ((before - place)[5].abs() > 1e-4).tolist() == [False, True, True, True, True]
    assert ((before - bar)[5] == 0).all() and ((before - bar)[6].abs() > 1e-4).any()


@torch.no_grad()
def test_a_row_of_a_batch_gets_what_it_gets_alone():
    model, rows = network(), notes(4, 12)
    together = model.nats(rows)
    for row in range(4):
        alone = model.nats(rows[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-4, rtol=1e-4)


# --- the cache ----------------------------------------------------------------------------------------------

@torch.no_grad()
@pytest.mark.parametrize("window", [5, 17, 4096])
@pytest.mark.parametrize("chunks", [[1] * 30, [12] + [1] * 18, [7, 9, 1, 1, 12]], ids=str)
def test_the_cached_forward_is_the_full_one(window, chunks):
    model, rows = network(window=window), notes(1, 30)
    cache, found, start = model.cache(30), [], 0
    for size in chunks:
        found.append(model(rows[:, start : start + size], cache))
        start += size
    torch.testing.assert_close(torch.cat(found, 1), model(rows), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_last_only_is_the_last_position():
    model, rows = network(), notes(2, 9)
    torch.testing.assert_close(model(rows, last_only=True), model(rows)[:, -1:])


@torch.no_grad()
def test_a_full_cache_and_a_wrong_shape_are_named():
    model = network()
    with pytest.raises(ValueError, match="A cache holds 4 positions; received 0 \\+ 5"):
        model(notes(1, 5), model.cache(4))
    with pytest.raises(ValueError, match=r"A compound is described by vocabulary, width.*drawing"):
        build("compound", {**TINY, "depth": 3})
    with pytest.raises(ValueError, match="heads is a multiple of kv_heads"):
        build("compound", {**TINY, "kv_heads": 3})


# --- how it begins ------------------------------------------------------------------------------------------

def test_weights_begin_by_the_seed():
    def begun(seed: int) -> dict[str, torch.Tensor]:
        model = build("compound", {**TINY, "layers": 8})
        model.initialise(torch.Generator().manual_seed(seed))
        return model.state_dict()

    one, again, other = begun(0), begun(0), begun(1)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["embeddings.0.weight"], other["embeddings.0.weight"])
    deviations = {name: float(weight.std()) for name, weight in one.items() if weight.ndim == 2}
    residual = {name for name in deviations if name.startswith("blocks") and name.endswith(
        ("out.weight", "down.weight"))}
    assert len(residual) == 16
    for name, deviation in deviations.items():
        assert deviation == pytest.approx(0.005 if name in residual else 0.02, rel=0.15), name


# --- another order of the fields ----------------------------------------------------------------------------

@torch.no_grad()
@pytest.mark.parametrize("order", ["instrument time pitch duration velocity",
                                   "time instrument velocity duration pitch"])
def test_fields_in_another_order_know_those_before_them_there(order):
    model, rows = network(order=order), notes(2, 9)
    places = [ev.FIELDS.index(name) for name in order.split()]
    nats = model.nats(rows)
    known = model(rows[:, :8])
    for place, field in enumerate(places):
        expected = -model.logits(field, known).log_softmax(-1).gather(-1, rows[:, 1:, field, None])[..., 0]
        torch.testing.assert_close(nats[..., field], expected, atol=1e-4, rtol=0)
        later = model.nats(changed(rows, 5, field))
        torch.testing.assert_close(nats[:, 4, places[:place]], later[:, 4, places[:place]])
        if place < 4:
            known = model.fold(field, known, rows[:, 1:, field],
                               rows[:, 1:, ev.POSITION] if field == ev.TIME else None)


@pytest.mark.parametrize("order", ["time instrument", "time pitch instrument duration velocity", ""])
def test_an_order_that_cannot_be(order):
    with pytest.raises(ValueError, match=r"^order names time, instrument, pitch, "):
        network(order=order)
