"""The fast engine: one core's whole step in one compiled function, weights and memory in 8 bits.

What has been said at once, a prompt, is read by the torch module, whose large matrix products are as fast as
any; the step after step of decoding is steps.py. docs/engine.md says what this was measured against.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from model.compound import events as ev
from model.engine.lookback import add_looked_back, keep
from model.engine.steps import Blocks, Memory, body, field, normed, remember_all
from model.engine.tiles import ROWS, Tiles, pack
from model.networks.compound import STANDING, Compound
from model.networks.transformer import TransformerConfig


class Cache:
    """What a sequence has been so far: `length` positions of at most `capacity`.

    standing, kept: of a compound sequence what its header says, int64 (len(STANDING),), and what is kept of
    its events, int64 (capacity, 7), as in CompoundCache.
    """

    def __init__(self, config: TransformerConfig, capacity: int) -> None:
        self.capacity, self.length = capacity, 0
        self.standing = np.zeros(len(STANDING), np.int64)
        self.kept = np.zeros((capacity, 7), np.int64)
        heads, tiles = (config.layers, config.kv_heads), -(-max(capacity, 1) // ROWS)
        self.memory = Memory(
            np.zeros((*heads, tiles, -(-config.head_size // 4), ROWS, 4), np.int8),
            np.zeros((*heads, tiles * ROWS), np.float32),
            np.zeros((*heads, tiles * ROWS), np.int32),
            np.zeros((*heads, -(-config.head_size // ROWS), tiles * ROWS // 4, ROWS, 4), np.int8),
            np.zeros((*heads, tiles * ROWS), np.float32))
        self._config = config

    def copy(self, capacity: int) -> Cache:
        """The same with another capacity."""
        copy = Cache(self._config, capacity)
        copy.length, copy.standing = self.length, self.standing.copy()
        copy.kept[: self.length] = self.kept[: self.length]
        for mine, others, axis in zip(self.memory, copy.memory, (2, 2, 2, 3, 2), strict=True):
            room = min(mine.shape[axis], others.shape[axis])
            part = (slice(None),) * axis + (slice(room),)
            others[part] = mine[part]
        return copy


class EightBit:
    """A Transformer or a Compound as an engine; see model/engine/__init__.py."""

    def __init__(self, network: nn.Module) -> None:
        self.network, self.config = network, network.config

        def stack(each: Callable[[nn.Module], Tensor]) -> Tiles:
            return pack(np.stack([_numpy(each(block)) for block in network.blocks]))

        self._blocks = Blocks(
            stack(lambda block: torch.cat([block.attention.query.weight, block.attention.key.weight,
                                           block.attention.value.weight]) * block.norm_attention.weight),
            stack(lambda block: block.attention.out.weight),
            stack(lambda block: torch.cat([block.gate.weight, block.up.weight]) * block.norm_inner.weight),
            stack(lambda block: block.down.weight))
        self._turns = np.zeros((2, 0, self.config.head_size // 2), np.float32)
        self._gain = _numpy(network.norm.weight)
        if isinstance(network, Compound):
            self._embeddings = [_numpy(table.weight) for table in network.embeddings]
            standing = network.standing if self.config.standing else ()
            self._stands = [_numpy(table.weight) for table in standing]
            self._lookback = _numpy(network.lookback.weight) if self.config.lookback else None
            self._heads = [(pack(_numpy(head.up.weight * head.norm.weight)), pack(_numpy(head.down.weight)),
                            pack(_numpy(head.out.weight * head.norm_out.weight))) for head in network.draw]
            self._drawn = [_numpy(table.weight) for table in network.drawn]
            self._place = _numpy(network.place.weight)
        else:
            self._embedding = _numpy(network.embedding.weight)
            self._out = pack(_numpy(network.head.weight * network.norm.weight))
        self._compile()

    def cache(self, capacity: int) -> Cache:
        return Cache(self.config, capacity)

    def read(self, steps: np.ndarray, cache: Cache) -> np.ndarray:
        """See model/engine/__init__.py. ValueError when the cache cannot take so many."""
        if cache.length + len(steps) > cache.capacity:
            raise ValueError(f"A cache holds {cache.capacity} positions; "
                             f"received {cache.length} + {len(steps)}.")
        if len(steps) > 1 and cache.length == 0:
            return self._read_prompt(steps, cache)
        for step in steps:
            known = self._read_one(step, cache)
        return known

    def logits(self, number: int, known: np.ndarray) -> np.ndarray:
        return field(known, *self._heads[number])

    def fold(self, number: int, known: np.ndarray, value: int, position: int | None = None) -> np.ndarray:
        known = known + self._drawn[number][value]
        return known if position is None else known + self._place[position]

    def _compile(self) -> None:
        """Run all that is compiled once, so that nobody who plays has to wait for it."""
        compound = isinstance(self.network, Compound)
        steps = np.zeros((3, len(ev.FIELDS)) if compound else 3, np.int64)
        cache = self.cache(len(steps))
        self.read(steps[:2], cache)
        known = self.read(steps[2:], cache)
        if compound:
            self.logits(ev.TIME, known)

    @torch.inference_mode()
    def _read_prompt(self, steps: np.ndarray, cache: Cache) -> np.ndarray:
        exact = self.network.cache(len(steps))
        known = self.network(torch.from_numpy(steps)[None], exact, last_only=True)[0, -1]
        remember_all(cache.memory, exact.keys[:, 0].numpy(), exact.values[:, 0].numpy())
        cache.length = len(steps)
        if isinstance(self.network, Compound):
            cache.standing = exact.standing[0].numpy().copy()
            cache.kept[: len(steps)] = exact.kept[0].numpy()
        return known.numpy()

    def _read_one(self, step: np.ndarray, cache: Cache) -> np.ndarray:
        cos, sin = self._turn(cache)
        x = self._embed(step, cache)
        body(x, self._blocks, cache.memory, cache.length, self.config.window, self.config.heads, cos, sin)
        cache.length += 1
        if isinstance(self.network, Compound):
            return x * (self._gain / np.sqrt(np.mean(x * x) + np.float32(1e-6)))
        logits = np.empty(self._out.scale.size, np.float32)
        normed(self._out, x, logits)
        return logits

    def _embed(self, step: np.ndarray, cache: Cache) -> np.ndarray:
        """A step's vector (width,); what a header says is kept, and where an event stands."""
        if not isinstance(self.network, Compound):
            return self._embedding[step].copy()
        x = self._embeddings[0][step[0]].copy()
        for table, value in zip(self._embeddings[1:], step[1:], strict=True):
            x += table[value]
        kind = step[ev.INSTRUMENT]
        if kind == ev.START:
            cache.standing[:] = 0
        if kind in STANDING:
            cache.standing[STANDING.index(kind)] = step[ev.PITCH] + 1
        for table, value in zip(self._stands, cache.standing, strict=False):
            x += table[value]
        if self._lookback is not None:
            keep(cache.kept, cache.length, step)
            add_looked_back(x, self._lookback, cache.kept, cache.length, step)
        return x

    def _turn(self, cache: Cache) -> np.ndarray:
        """Cosines and sines of the next position, (2, D / 2)."""
        if cache.length >= self._turns.shape[1]:
            angles = torch.arange(cache.capacity)[:, None] * self.network.frequencies
            self._turns = np.stack([_numpy(angles.cos()), _numpy(angles.sin())])
        return self._turns[:, cache.length]


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().contiguous().numpy()
