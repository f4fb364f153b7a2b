"""Every layout keeps its contract: nothing outside asks which one it is."""

import json

import numpy as np
import pytest
import torch
from symusic import Score, TimeSignature

from model import checkpoint, compound, layouts, remi
from model.compound import Compound
from model.compound import events as ev
from model.layouts import FILE, create, load
from model.metrics import losses
from model.networks import build
from model.remi import Remi
from model.sampling import Sampling
from model.score import cut_bars, normalise, write


@pytest.fixture(params=["tiny", "tiny_events"])
def ready(request) -> checkpoint.Checkpoint:
    """A checkpoint of each layout."""
    return checkpoint.load(request.getfixturevalue(request.param))


@pytest.fixture
def changing(music) -> Score:
    """Twelve bars, from the sixth on in 3/4."""
    score = normalise(music(bars=12))
    score.time_signatures.append(TimeSignature(5 * 1920, 3, 4))
    return score


# --- which there are ----------------------------------------------------------------------------------------

def test_layouts_by_name():
    assert isinstance(create("events"), Compound)
    assert [type(create(name)) for name in layouts.NAMES] == [Compound, Remi, Remi, Remi]
    with pytest.raises(ValueError, match=r"^A layout is one of events, .*, chordless; received 'remi'\.$"):
        create("remi")


@pytest.mark.parametrize("name", layouts.NAMES)
def test_a_layout_is_kept_in_a_file(name, tmp_path):
    layout = create(name)
    layout.save(tmp_path / FILE)
    again = load(tmp_path)
    assert type(again) is type(layout) and again.same(layout) and again.shape == layout.shape
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / FILE).read_bytes()


def test_layouts_are_told_apart():
    every = [create(name) for name in layouts.NAMES]
    assert [[one.same(other) for other in every] for one in every] == np.eye(4, dtype=bool).tolist()


@pytest.mark.parametrize("key, value", [
    ("fields", ["time", "pitch"]), ("classes", {**ev.CLASSES, "time": 96}), ("styles", ["unknown"]),
    ("styles", None)])
def test_events_of_another_version_are_refused(tmp_path, key, value):
    Compound().save(tmp_path / FILE)
    table = json.loads((tmp_path / FILE).read_text())
    assert table[key] != value
    (tmp_path / FILE).write_text(json.dumps({**table, key: value}))
    with pytest.raises(ValueError, match=r"^Its events are not those of this version of Segue\.$"):
        load(tmp_path)


def test_a_folder_without_a_layout(tmp_path):
    with pytest.raises(FileNotFoundError, match=FILE):
        load(tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ValueError):
        load(tmp_path)


# --- music in, music out ------------------------------------------------------------------------------------

def test_a_piece_is_its_music_with_an_end(ready, changing):
    piece = ready.layout.piece(changing, "mutopia")
    assert ready.layout.notes(piece) == changing.note_num()
    assert write(normalise(ready.layout.score(piece))) == write(normalise(ready.layout.round_trip(changing)))
    empty = ready.layout.piece(Score(480))
    assert len(empty) == 0 and empty.shape == ready.layout.empty.shape
    assert np.concatenate([ready.layout.empty, piece]).dtype == piece.dtype


def test_a_piece_of_events_names_the_style_of_its_data_set(music):
    styles = [Compound().piece(music(), name)[0, ev.PITCH] for name in ("mutopia", "umd_rock", "whose?", "")]
    assert [ev.STYLES[style] for style in styles] == ["classical", "rock", "unknown", "unknown"]
    assert all(name in ev.STYLES for name in ev._STYLE_OF.values())


def test_noise_is_made_of_steps(ready):
    noise = ready.layout.noise(400, np.random.default_rng(0))
    assert len(noise) == 400 and noise.dtype == np.int64
    assert (noise == ready.layout.noise(400, np.random.default_rng(0))).all()
    nats = ready.network.nats(torch.from_numpy(noise)[None])
    assert nats.shape[:2] == (1, 399) and torch.isfinite(nats).all()


# --- stretches ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("length", [4, 5, 17, 64, 5000])
def test_stretches_predict_every_step_once(ready, changing, length):
    piece = ready.layout.piece(changing)
    spans = list(ready.layout.spans(piece, length))
    assert np.concatenate([steps[len(steps) - new :] for steps, new in spans]).tolist() == piece[1:].tolist()
    at = 1
    for steps, new in spans:
        assert steps.dtype == np.int64 and 0 < new < len(steps) <= length + 1
        assert steps[len(steps) - new - 1].tolist() == piece[at - 1].tolist(), "what came just before is seen"
        at += new


def test_later_stretches_of_events_are_told_the_metre_in_force(changing):
    piece = Compound().piece(changing, "mutopia")
    (first, at), *others = Compound().spans(piece, 24)
    assert first.tolist() == piece[:25].tolist() and at == 24
    changed = np.flatnonzero(piece[:, ev.INSTRUMENT] == ev.METRE)[-1]
    told = []
    for steps, new in others:
        metre = (3, 4) if changed < at else (4, 4)
        now = ev.special(ev.METRE, ev.METRE_LIST.index(metre))
        assert steps[:3].tolist() == np.stack([piece[0], now, piece[2]]).tolist()
        told.append(metre)
        at += new
    assert set(told) == {(4, 4), (3, 4)}


@pytest.mark.parametrize("length", [0, 3])
def test_stretches_of_events_have_room_for_their_header(length, changing):
    with pytest.raises(ValueError, match=f"^Events are seen in stretches of at least 4; received {length}.$"):
        next(Compound().spans(Compound().piece(changing), length))


@pytest.mark.parametrize("length", [20, 64, 5000])
def test_losses_of_events_are_those_of_the_stretches(tiny_events, changing, length):
    ready = checkpoint.load(tiny_events)
    piece = ready.layout.piece(changing)
    found = losses(ready.network, ready.layout, piece, length, batch=3)
    assert found.shape == (len(piece) - 1, 5) and found.dtype == np.float32
    with torch.no_grad():
        expected = [ready.network.nats(torch.from_numpy(steps)[None])[0, len(steps) - 1 - new :]
                    for steps, new in ready.layout.spans(piece, length)]
    np.testing.assert_allclose(found, torch.cat(expected).numpy(), rtol=1e-3, atol=1e-4)
    assert (found[2:-1][ev.is_note(piece[3:-1])] > 0).all()


# --- takes --------------------------------------------------------------------------------------------------

def generate(ready: checkpoint.Checkpoint, plan, bars: int = 3, prefix=None) -> tuple[np.ndarray, bool]:
    return ready.layout.generate(ready.network, plan.given, plan.rules, Sampling(1.0, 0, no_repeat_ngram=0),
                                 bars=bars, seed=1, heard=lambda new, share: True, prefix=prefix)


def test_what_was_read_before_is_played_on_alike(ready, music):
    plan = ready.layout.from_prompt(music(bars=6), 4, True)
    prefix = ready.layout.prefill(ready.network, plan.given)
    expected = generate(ready, plan)[0]
    for _ in range(2):      # it is copied, and so can be played on from more than once
        assert generate(ready, plan, prefix=prefix)[0].tolist() == expected.tolist()


def test_a_take_fills_its_bars_after_the_prompt(ready, music):
    prompt = music(bars=6)
    plan = ready.layout.from_prompt(prompt, 4, True)
    steps, complete = generate(ready, plan)
    assert complete
    decoded = normalise(ready.layout.score(np.concatenate([plan.given, steps])))
    before = normalise(ready.layout.round_trip(cut_bars(prompt, 0, 4)))
    assert write(cut_bars(decoded, 0, 4)) == write(cut_bars(before, 0, 4))
    assert cut_bars(decoded, 4, 7).note_num() == ready.layout.notes(steps) > 0
    assert cut_bars(decoded, 7, 99).note_num() == 0


def test_a_take_has_room_for_so_much_a_bar(ready, monkeypatch):
    monkeypatch.setattr(compound, "NOTES_PER_BAR", 2)
    monkeypatch.setattr(remi, "TOKENS_PER_BAR", 2)
    steps, complete = generate(ready, ready.layout.from_nothing((0, 40), 120.0), bars=5)
    assert len(steps) == 10 and not complete


def test_a_layout_names_its_network(ready):
    shape = {"width": 16, "layers": 1, "inner": 16, "heads": 2, "kv_heads": 1, **ready.layout.shape}
    assert type(build(ready.layout.network, shape)) is type(ready.network)
    assert ready.config["network"] == ready.layout.network


def test_a_file_that_describes_no_layout_is_named(tmp_path):
    (tmp_path / FILE).write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"^A tokenizer\.json describes a layout; that of .* does not\.$"):
        load(tmp_path)
