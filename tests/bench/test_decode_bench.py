"""The cached decode against a plain forward over the whole sequence for every step. Prints JSON last.

`python -m model bench` measures the same with a checkpoint that ships.
"""

import json
from pathlib import Path

import pytest
import torch

from model.bench import bench
from model.checkpoint import Checkpoint
from model.layouts import create
from model.networks import build


@pytest.mark.parametrize("name", ["segue", "events"])
def test_the_cache_pays(name):
    layout = create(name)
    shape = {"width": 128, "layers": 4, "inner": 256, "heads": 4, "kv_heads": 2, **layout.shape}
    network = build(layout.network, shape)
    network.initialise(torch.Generator().manual_seed(0))
    ready = Checkpoint("made up", Path(), network.eval(), layout, {"network": layout.network}, "")
    threads = torch.get_num_threads()
    result = bench(ready, prompt_tokens=192, tokens=16, rounds=3)
    print(json.dumps(result))
    assert result["ratio"] > 1
    assert torch.get_num_threads() == threads
