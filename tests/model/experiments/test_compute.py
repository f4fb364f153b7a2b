"""What a step costs, by hand and by PyTorch's own counter; a budget pays for one compute in any shape."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

pytest.importorskip("lightning", reason="training needs requirements-train.txt")

from model.compound import Compound as Layout
from model.experiments import compute
from model.networks import build
from model.training import Recipe

SHAPE = {"width": 32, "layers": 3, "inner": 48, "heads": 4, "kv_heads": 2, "window": 4096}


def network(**changes) -> torch.nn.Module:
    return build("transformer", {"vocabulary": 100, **SHAPE, **changes})


def test_a_step_by_hand():
    a_layer = 32 * 32 + 2 * 16 * 32 + 32 * 32 + 3 * 32 * 48
    assert compute.multiplying(network()) == 3 * a_layer + 100 * 32, "embeddings are looked up"
    assert compute.seen(5, 99) == (1 + 2 + 3 + 4 + 5) / 5
    assert compute.seen(5, 2) == (1 + 2 + 2 + 2 + 2) / 5
    assert compute.flop(network(window=2), 5) == 6 * (3 * a_layer + 3200) + 12 * 3 * 32 * 1.8


@pytest.mark.parametrize("name, more", [("transformer", {"vocabulary": 100}), ("compound", {"drawing": 24})])
def test_matrices_are_what_pytorch_counts_too(name, more):
    made, length, batch = build(name, {**SHAPE, **more}), 16, 2
    rows = Layout().noise(batch * (length + 1), np.random.default_rng(0)).reshape(batch, length + 1, -1)
    batch_of = torch.from_numpy(rows if name == "compound" else rows[..., 0] % 100)
    with FlopCounterMode(display=False) as counted:
        made.nats(batch_of).sum().backward()
    counts = counted.get_flop_counts()["Global"]
    products = sum(flop for operator, flop in counts.items() if str(operator) == "aten.mm")
    assert products / (batch * length) == pytest.approx(6 * compute.multiplying(made), rel=0.01)


@given(st.sampled_from([16, 32, 64]), st.integers(1, 6), st.integers(1, 4), st.sampled_from([16, 64, 300]),
       st.integers(1, 9), st.integers(8, 400))
def test_a_budget_pays_for_the_same_compute(width, layers, accumulate, sequence, batch, window):
    made = network(width=width, layers=layers, window=window)
    recipe = Recipe(name="r", data=Path(), sequence=sequence, batch=batch, accumulate=accumulate)
    a_step = batch * accumulate * sequence * compute.flop(made, sequence)
    for budget in (3.2 * a_step, 1000.6 * a_step):
        assert abs(compute.steps(budget, made, recipe) * a_step - budget) <= a_step / 2
    assert compute.steps(0.1 * a_step, made, recipe) == 1
