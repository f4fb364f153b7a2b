"""The engine against torch's own loop, same network, same steps, in turn. Prints JSON last.

`python -m model bench` measures it against others.
"""

import json
import statistics
import time

import numpy as np
import pytest
import torch

from model.engine.eight_bit import EightBit
from model.engine.plain import Plain
from model.layouts import create
from model.networks import build


@pytest.mark.parametrize("name", ["segue", "events"])
def test_the_engine_pays(name):
    layout = create(name)
    shape = {"width": 256, "layers": 4, "inner": 512, "heads": 4, "kv_heads": 2, **layout.shape}
    network = build(layout.network, shape)
    network.initialise(torch.Generator().manual_seed(0))
    steps = layout.noise(160, np.random.default_rng(0))
    engines = [engine(network.eval()) for engine in (EightBit, Plain)]
    caches = [engine.cache(160) for engine in engines]
    for engine, cache in zip(engines, caches, strict=True):
        engine.read(steps[:100], cache)
    took: list[list[float]] = [[], []]
    for step in steps[100:]:
        for engine, cache, times in zip(engines, caches, took, strict=True):
            began = time.perf_counter()
            engine.read(step[None], cache)
            times.append(time.perf_counter() - began)
    ratio = statistics.median(took[1]) / statistics.median(took[0])
    print(json.dumps({"layout": name, "ratio": round(ratio, 2)}))
    assert ratio > 1.5
