"""The parts of the likelihood add up to the whole, for both layouts."""

import math

import numpy as np
import pytest

from model import checkpoint
from model.evaluation import likelihood
from model.evaluation.prepared import Prepared
from model.metrics import losses

CASES = [("tiny", "prepared"), ("tiny_events", "prepared_events")]


@pytest.mark.parametrize("system, data", CASES)
def test_kinds_positions_and_data_sets_add_up(system, data, request):
    ready, folder = checkpoint.load(request.getfixturevalue(system)), request.getfixturevalue(data)
    steps = []
    found = likelihood(ready, folder, "train", 6, 256, progress=lambda n, total: steps.append((n, total)))
    whole = found["all"]
    assert steps[-1] == (6, 6) and whole["pieces"] == 6
    for parts in (found["by_dataset"], found["by_position"]):
        assert sum(part["notes"] for part in parts.values()) == whole["notes"]
        assert sum(part["tokens"] for part in parts.values()) == whole["tokens"]
        bits = sum(part["bits_per_note"] * part["notes"] for part in parts.values()) / whole["notes"]
        assert bits == pytest.approx(whole["bits_per_note"], abs=5e-3)
    assert sum(whole["bits_per_note_by_kind"].values()) == pytest.approx(whole["bits_per_note"], abs=5e-3)
    low, high = whole["bits_per_note_ci95"]
    assert low < whole["bits_per_note"] < high
    assert list(found["by_position"])[:2] == ["64", "128"]


def test_kinds_of_events_are_the_fields(tiny_events, prepared_events):
    ready, prepared = checkpoint.load(tiny_events), Prepared(prepared_events, "test")
    piece = prepared.steps(prepared.rows[0])
    nats = losses(ready.network, ready.layout, piece, 128)
    found = ready.layout.kinds(piece, nats)
    assert list(found) == ["time", "instrument", "pitch", "duration", "velocity"]
    assert found["pitch"] == pytest.approx(float(nats[:, 2].sum()), rel=1e-4)


def test_kinds_of_tokens_are_their_types(tiny, prepared):
    ready, folder = checkpoint.load(tiny), Prepared(prepared, "test")
    layout, piece = ready.layout, folder.steps(folder.rows[0])
    pair = next(i for i, base in enumerate(layout.tokenizer.base)
                if [token.split("_")[0] for token in base] == ["Velocity", "Duration"])
    bar = next(i for i, base in enumerate(layout.tokenizer.base) if base[:1] == ("Bar_None",))
    nats = np.array([[3.0], [1.0]], np.float32)
    found = layout.kinds(np.array([layout.tokenizer.bos, pair, pair]), nats)
    assert found == {"velocity": 2.0, "duration": 2.0}
    assert "bar" in layout.kinds(np.array([layout.tokenizer.bos, bar, pair]), nats)
    whole = losses(ready.network, layout, piece, 128)
    assert sum(layout.kinds(piece, whole).values()) == pytest.approx(float(whole.sum()), rel=1e-4)
    assert math.isfinite(sum(layout.kinds(piece, whole).values()))
