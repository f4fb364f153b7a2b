"""Two optimisers as one: each parameter has its own, both follow one schedule, a kept state goes on."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from model.optimisers import MuonAdamW


def parts(seed: int = 0) -> nn.ModuleDict:
    torch.manual_seed(seed)
    return nn.ModuleDict({"hidden": nn.Linear(8, 6), "table": nn.Embedding(5, 8)})


def optimiser(model: nn.ModuleDict, learning_rate: float = 0.01, weight_decay: float = 0.0) -> MuonAdamW:
    return MuonAdamW([model["hidden"].weight], [model["table"].weight], [model["hidden"].bias], learning_rate,
                     (0.9, 0.95), weight_decay)


def step(model: nn.ModuleDict, optimizer: torch.optim.Optimizer, seed: int) -> None:
    x = torch.randint(0, 5, (16,), generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    (model["hidden"](model["table"](x)) ** 2).mean().backward()
    optimizer.step()


def test_the_hidden_matrix_takes_an_orthogonal_step_and_the_others_adams():
    model = parts()
    before = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape)
    left, _, right = torch.linalg.svd(model["hidden"].weight.grad, full_matrices=False)
    model["hidden"].weight.grad = left @ torch.tensor([1, 0.5, 0.2, 0.1, 0.05, 0.02]).diag() @ right
    optimiser(model).step()
    moved = (model["hidden"].weight - before["hidden"].weight).detach()
    sizes = torch.linalg.svdvals(moved)
    assert sizes.min() > 0.4 * sizes.max(), "in all directions alike"
    root_mean_square = 0.2 * 0.01
    assert float(moved.square().mean().sqrt()) == pytest.approx(root_mean_square, rel=0.3)
    for name in ("hidden.bias", "table.weight"):        # Adam's first step
        moved = (model.get_parameter(name) - before.get_parameter(name)).detach().abs()
        torch.testing.assert_close(moved, torch.full_like(moved, 0.01), rtol=1e-3, atol=0)


def test_weights_decay_and_biases_do_not():
    model = parts()
    made = optimiser(model, learning_rate=0.1, weight_decay=0.5)
    with torch.no_grad():
        model["hidden"].bias.fill_(1.0)
    before = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    made.step()
    for name, share in (("hidden.weight", 0.95), ("table.weight", 0.95), ("hidden.bias", 1.0)):
        torch.testing.assert_close(model.get_parameter(name), before.get_parameter(name) * share)


def test_one_schedule_moves_both():
    model = parts()
    made = optimiser(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(made, lambda step: 0.0 if step else 1.0)
    step(model, made, 0)
    schedule.step()
    before = copy.deepcopy(model)
    step(model, made, 1)
    for one, other in zip(model.parameters(), before.parameters(), strict=True):
        assert torch.equal(one, other), "nothing moves at a learning rate of 0"


def test_the_loss_of_a_closure_is_given_back():
    model = parts()
    made = optimiser(model)

    def closure() -> torch.Tensor:
        made.zero_grad()
        loss = (model["hidden"].weight ** 2).sum()
        loss.backward()
        return loss.detach()

    first, second = (float(made.step(closure)) for _ in range(2))
    assert second < first


def test_a_state_that_was_kept_goes_on_exactly(tmp_path):
    model = parts()
    made = optimiser(model, weight_decay=0.1)
    for seed in range(3):
        step(model, made, seed)
    torch.save({"model": model.state_dict(), "optimizer": made.state_dict()}, tmp_path / "state")
    kept = torch.load(tmp_path / "state")
    other = parts(seed=9)
    other.load_state_dict(kept["model"])
    fresh, again = copy.deepcopy(other), optimiser(other, learning_rate=0.7, weight_decay=0.1)
    again.load_state_dict(kept["optimizer"])
    assert [group["lr"] for group in again.param_groups] == [0.01] * 3
    forgetful = optimiser(fresh, weight_decay=0.1)
    for network, its in ((model, made), (other, again), (fresh, forgetful)):
        step(network, its, 3)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, other.get_parameter(name)), name
        assert not torch.equal(weight, fresh.get_parameter(name)), "a new optimiser steps otherwise"


def test_a_schedule_reaches_a_state_that_was_loaded():
    model = parts()
    made = optimiser(model)
    step(model, made, 0)
    made.load_state_dict(copy.deepcopy(made.state_dict()))
    for group in made.param_groups:
        group["lr"] = 0.0
    before = copy.deepcopy(model)
    step(model, made, 1)
    assert all(torch.equal(one, other) for one, other in
               zip(model.parameters(), before.parameters(), strict=True))


def test_every_parameter_has_one_optimiser():
    model = parts()
    groups = [set(map(id, group["params"])) for group in optimiser(model).param_groups]
    assert all(one.isdisjoint(other) for one, other in pairwise(groups))
    assert set.union(*groups) == set(map(id, model.parameters()))
