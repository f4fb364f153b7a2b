"""How fast a checkpoint decodes: with the cache, against running the whole sequence for every step."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from model.checkpoint import Checkpoint
from model.sampling import Sampling

_BARS = 32      # more than any round fills


@torch.inference_mode()
def bench(ready: Checkpoint, prompt_tokens: int = 256, tokens: int = 64, rounds: int = 3) -> dict:
    """Medians of `rounds` after one warm-up, one thread, batch 1. A token is one step of the network.

    `cached` and `full_forward` read `tokens` random ones after the same random prompt; `with_sampling` plays
    from nothing by the layout's decode loop, `notes_per_s` are its notes. ValueError for a number below 1.

    Returns
    -------
    {"tokens_per_s": {"cached", "full_forward", "with_sampling"}, "ratio": cached / full_forward, ...}
    """
    for name, value in (("prompt_tokens", prompt_tokens), ("tokens", tokens), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"{name} is at least 1; received {value}.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    steps = torch.from_numpy(ready.layout.noise(prompt_tokens + tokens, np.random.default_rng(0)))[None]
    plan = ready.layout.from_nothing([0], 120.0)
    speeds_of_notes: list[float] = []

    def cached() -> float:
        cache = ready.network.cache(prompt_tokens + tokens)
        ready.network(steps[:, :prompt_tokens], cache, last_only=True)
        began = time.perf_counter()
        for at in range(prompt_tokens, prompt_tokens + tokens):
            ready.network(steps[:, at : at + 1], cache, last_only=True)
        return tokens / (time.perf_counter() - began)

    def full_forward() -> float:
        began = time.perf_counter()
        for at in range(prompt_tokens, prompt_tokens + tokens):
            ready.network(steps[:, : at + 1], last_only=True)
        return tokens / (time.perf_counter() - began)

    def with_sampling() -> float:
        heard = 0

        def enough(new: list, share: float) -> bool:
            nonlocal heard
            heard += 1
            return heard < tokens

        began = time.perf_counter()
        made, _ = ready.layout.generate(
            ready.network, plan.given, plan.rules, Sampling(1.0), bars=_BARS, seed=0, heard=enough)
        seconds = time.perf_counter() - began
        speeds_of_notes.append(ready.layout.notes(made) / seconds)
        return len(made) / seconds

    try:
        speeds = {way.__name__: _median(way, rounds) for way in (cached, full_forward, with_sampling)}
    finally:
        torch.set_num_threads(threads)
    return {
        "tokens_per_s": {name: round(speed, 1) for name, speed in speeds.items()},
        "notes_per_s": round(statistics.median(speeds_of_notes[1:]), 1),
        "ratio": round(speeds["cached"] / speeds["full_forward"], 2),
        "prompt_tokens": prompt_tokens,
        "tokens": tokens,
        "parameters": sum(p.numel() for p in ready.network.parameters()),
        "cores": os.cpu_count(),
        "checkpoint_sha256": ready.sha256,
    }


def _median(way: Callable[[], float], rounds: int) -> float:
    way()
    return statistics.median(way() for _ in range(rounds))
