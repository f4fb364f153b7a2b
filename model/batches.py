"""A flat array of token ids -> endless batches to learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def windows(array: np.ndarray, length: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches of windows, int64 (batch, length + 1): neighbours share the token between them.

    Each epoch lays windows side by side from a random offset on and shuffles them; what fills no batch is
    left out. ValueError when the array does not fill one.
    """
    slack = len(array) - 1 - batch * length
    if slack < 0:
        given = max(0, len(array) - 1) // length
        raise ValueError(f"A batch needs {batch} windows of {length} tokens; the array gives {given}.")
    while True:
        offset = int(rng.integers(0, min(length - 1, slack) + 1))
        starts = np.arange(offset, len(array) - length, length)
        rng.shuffle(starts)
        for i in range(0, len(starts) - batch + 1, batch):
            yield np.stack([array[s : s + length + 1] for s in starts[i : i + batch]]).astype(np.int64)
