"""Norms, fixed lengths and first weights by their formulas; what ships has what it always had."""

import numpy as np
import pytest
import torch
from torch import nn

from model import engine
from model.compound import Compound as Layout
from model.networks import build
from model.networks.initialisation import INITIALISATIONS
from model.networks.norms import ScaleNorm, UnitEmbedding, UnitLinear

SHAPE = {"width": 64, "layers": 3, "inner": 96, "heads": 4, "kv_heads": 2}
NETWORKS = {"transformer": {"vocabulary": 500}, "compound": {"drawing": 64}}


def network(name: str, how: str = "normal", **shape) -> nn.Module:
    made = build(name, {**SHAPE, **NETWORKS[name], **shape})
    made.initialise(torch.Generator().manual_seed(3), how)
    return made


def steps(name: str) -> torch.Tensor:
    """Made-up input (2, 20, ...) of a network's layout."""
    rng = np.random.default_rng(0)
    if name == "transformer":
        return torch.from_numpy(rng.integers(0, 500, (2, 20)))
    return torch.from_numpy(Layout().noise(40, rng).reshape(2, 20, -1))


# --- norms --------------------------------------------------------------------------------------------------

def test_scale_norm_by_hand():
    norm, x = ScaleNorm(9), torch.tensor([[3.0, 0, 0, 4, 0, 0, 0, 0, 0], [0] * 9])
    torch.testing.assert_close(norm(x), torch.tensor([[3 * 0.6, 0, 0, 3 * 0.8, 0, 0, 0, 0, 0], [0] * 9]))
    with torch.no_grad():
        norm.gain.fill_(2)
    torch.testing.assert_close(norm(x)[0, [0, 3]], torch.tensor([1.2, 1.6]))


@torch.no_grad()
def test_fixed_lengths_by_hand():
    table, out, x = UnitEmbedding(5, 16), UnitLinear(16, 7, bias=False), torch.randn(3, 16)
    rows = table.weight / table.weight.square().sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(table(torch.tensor([4, 0])), 4 * rows[[4, 0]])
    lengths = out.weight.square().sum(1).sqrt()
    torch.testing.assert_close(out(x), x @ out.weight.T / lengths)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm, kind", [("rms", nn.RMSNorm), ("scale", ScaleNorm), ("none", nn.Identity)])
def test_all_norms_of_a_network_are_what_is_asked_for(name, norm, kind):
    made = network(name, norm=norm)
    heads = 2 * 5 if name == "compound" else 0
    norms = [type(module) for module in made.modules()
             if isinstance(module, (nn.RMSNorm, ScaleNorm, nn.Identity))]
    assert norms == [kind] * (2 * 3 + 1 + heads)
    nats = made.nats(steps(name))
    nats.sum().backward()
    assert nats.isfinite().all() and all(p.grad is not None for p in made.blocks.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_under_fixnorm_the_lengths_of_embeddings_do_not_matter(name):
    fixed, free = network(name, fixnorm=True), network(name)
    before = [it.nats(steps(name)) for it in (fixed, free)]
    with torch.no_grad():
        for made in (fixed, free):
            for key, weight in made.named_parameters():
                if "embedding" in key or "drawn" in key or "place" in key or key.startswith("head"):
                    weight.mul_(torch.linspace(0.5, 3, len(weight))[:, None])
    torch.testing.assert_close(fixed.nats(steps(name)), before[0])
    assert not torch.allclose(free.nats(steps(name)), before[1], atol=1e-3)


def test_a_norm_that_there_is_not():
    with pytest.raises(ValueError, match=r"^norm is one of rms, scale, none; received 'batch'\.$"):
        network("compound", norm="batch")


# --- first weights ------------------------------------------------------------------------------------------

def deviations(how: str) -> dict[str, float]:
    made = network("compound", how)
    matrices = ((name, weight.detach()) for name, weight in made.named_parameters() if weight.ndim == 2)
    return {name: float(weight.std()) for name, weight in matrices}


def test_first_weights_as_they_ship():
    found = deviations("normal")
    for name, deviation in found.items():
        writes = name.endswith("attention.out.weight") or (name.startswith("blocks") and "down" in name)
        assert deviation == pytest.approx(0.02 / 6**0.5 if writes else 0.02, rel=0.05), name


def test_pytorchs_embeddings_are_the_only_difference():
    usual = deviations("normal")
    for name, deviation in deviations("embeddings").items():
        read = name.startswith(("embeddings", "drawn", "place"))
        assert deviation == pytest.approx(1 if read else usual[name], rel=0.1), name


def test_tfixup_by_hand():
    found, factor = deviations("tfixup"), 0.67 * 3**-0.25

    def xavier(rows: int, columns: int) -> float:
        return (2 / (rows + columns)) ** 0.5

    expected = {
        "embeddings.2.weight": factor / 64**0.5,
        "blocks.1.attention.query.weight": xavier(64, 64),
        "blocks.1.attention.key.weight": xavier(32, 64),
        "blocks.1.attention.value.weight": factor * xavier(32, 64),
        "blocks.1.attention.out.weight": factor * xavier(64, 64),
        "blocks.2.gate.weight": factor * xavier(96, 64),
        "blocks.2.down.weight": factor * xavier(64, 96),
        "draw.0.up.weight": xavier(64, 64),
        "draw.0.out.weight": xavier(64, 192),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("how", INITIALISATIONS)
def test_first_weights_are_those_of_the_generator(how):
    one, another = network("transformer", how), network("transformer", how)
    for mine, its in zip(one.parameters(), another.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_first_weights_that_there_are_not():
    with pytest.raises(ValueError, match=r"^An initialisation is one of normal, .*; received 'x'\.$"):
        network("transformer", "x")


# --- what a decode loop may be given ------------------------------------------------------------------------

@pytest.mark.parametrize("changed", [{"norm": "scale"}, {"fixnorm": True},
                                     {"order": "instrument time pitch duration velocity"}])
def test_what_is_only_measured_is_not_played_in_8_bits(changed):
    [(field, value)] = changed.items()
    with pytest.raises(ValueError, match=rf"^A network is played .* with {field} .*; received '{value}'"):
        engine.fast(network("compound", **changed))
