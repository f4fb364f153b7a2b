"""What a peer is, and what peers share: the loop around those that bring none, and names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model.sampling import Ngrams, Sampling, ban, draw


class Play(Protocol):
    """Continue a prompt.

    prompt: ids, int64 (T,). tokens: how many new ones; takes: of how many takes at once.

    Returns
    -------
    Tokens a second of all takes together, from the first new one to the last; and the ids, (takes, tokens).
    """

    def __call__(self, prompt: np.ndarray, how: Sampling, tokens: int, *, takes: int, threads: int,
                 seed: int) -> tuple[float, np.ndarray]: ...


@dataclass(frozen=True)
class Peer:
    """A program that plays a network's weights. together: it plays several takes at once."""

    name: str
    version: str
    play: Play
    together: bool = False


def alone(engine: Callable[[int], object]) -> Play:
    """One take at a time by an engine (model/engine/__init__.py) of so many threads, with the published
    sampling around it and no grammar."""
    def play(prompt: np.ndarray, how: Sampling, tokens: int, *, takes: int, threads: int,
             seed: int) -> tuple[float, np.ndarray]:
        if takes != 1:
            raise ValueError(f"This peer plays 1 take at a time; received {takes}.")
        player, rng, ngrams = engine(threads), np.random.default_rng(seed), Ngrams(how.no_repeat_ngram)
        cache = player.cache(len(prompt) + tokens)
        for token in prompt.tolist():
            ngrams.add(token)
        times, ids, feed = [], [], prompt
        for _ in range(tokens):
            token = draw(ban(player.read(feed, cache), ngrams.banned()), how, rng)
            times.append(time.perf_counter())
            ids.append(token)
            ngrams.add(token)
            feed = np.array([token])
        return (tokens - 1) / (times[-1] - times[0]), np.array([ids])

    return play


def renamed(key: str, names: dict[str, str]) -> str:
    """What a weight of ours is called elsewhere; names: of its part, {} for the layer."""
    first, *rest = key.removesuffix(".weight").split(".", 2)
    layer, part = rest or ("", first)
    return f"{names[part].format(layer)}.weight"
