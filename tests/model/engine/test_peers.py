"""What the engine is measured against has the same weights: it says the same."""

import numpy as np
import pytest
import torch

from model import peers
from model.networks.transformer import Transformer, TransformerConfig
from model.sampling import Sampling

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def network():
    shape = TransformerConfig(vocabulary=60, width=32, layers=2, inner=40, heads=4, kv_heads=2, window=12)
    network = Transformer(shape)
    network.initialise(torch.Generator().manual_seed(0))
    return network.eval()


def test_the_twin_has_the_same_logits(network):
    ids = torch.randint(0, 60, (2, 30), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(peers.mistral(network)(ids).logits, network(ids), rtol=1e-4, atol=1e-5)


def test_it_makes_what_it_is_asked_for(network):
    twin, prompt = peers.mistral(network), np.arange(5, 15)
    speed, ids = peers.generate(twin, prompt, Sampling(), tokens=9, takes=3, seed=0)
    assert speed > 0 and ids.shape == (3, 9) and ids.min() >= 0 and ids.max() < 60
