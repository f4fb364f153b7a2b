"""A decoder-only transformer of Mistral's shape.

RMSNorm before each block (Zhang and Sennrich 2019), rotary positions (Su et al. 2021), grouped-query
attention (Ainslie et al. 2023) over a sliding window (Jiang et al. 2023), SwiGLU (Shazeer 2020), no biases,
separate input and output embeddings. The defaults are the published system's: 24,003,072 parameters.

Letters in shape comments: B batch, T new positions, S positions in the cache, C width, H heads, K key-value
heads, D head size, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.initialisation import initialise
from model.networks.norms import NORMS, embedding, logits


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of a network. `window` is how many positions, itself included, a position may attend to; for
    `norm` and `fixnorm` see norms.py."""

    vocabulary: int = 5000
    width: int = 512
    layers: int = 8
    inner: int = 1024
    heads: int = 4
    kv_heads: int = 2
    window: int = 4096
    rope_base: float = 10000.0
    norm: str = "rms"
    fixnorm: bool = False

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise ValueError(f"norm is one of {', '.join(NORMS)}; received '{self.norm}'.")
        for name in ("vocabulary", "width", "layers", "inner", "heads", "kv_heads", "window"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1; received {getattr(self, name)}.")
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ValueError(f"width is an even multiple of heads; received {self.width} and {self.heads}.")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads is a multiple of kv_heads; received {self.heads} and {self.kv_heads}.")

    @property
    def head_size(self) -> int:
        return self.width // self.heads


class Cache:
    """Keys and values of every layer, in memory taken once: each (layers, B, K, capacity, D)."""

    def __init__(
        self, config: TransformerConfig, batch: int, capacity: int, dtype: torch.dtype = torch.float32
    ) -> None:
        shape = (config.layers, batch, config.kv_heads, capacity, config.head_size)
        self.keys = torch.zeros(shape, dtype=dtype)
        self.values = torch.zeros(shape, dtype=dtype)
        self.capacity = capacity
        self.length = 0

    def repeat(self, batch: int) -> Cache:
        """A cache of `batch` rows that all continue this cache's only row."""
        copy = object.__new__(type(self))
        copy.keys = self.keys.expand(-1, batch, -1, -1, -1).clone()
        copy.values = self.values.expand(-1, batch, -1, -1, -1).clone()
        copy.capacity, copy.length = self.capacity, self.length
        return copy

    def copy(self, capacity: int) -> Cache:
        """The same with another capacity."""
        copy = self.repeat(self.keys.shape[1])
        room = (0, 0, 0, capacity - self.capacity)
        copy.keys, copy.values = F.pad(copy.keys, room), F.pad(copy.values, room)
        copy.capacity = capacity
        return copy


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of x (B, H, T, D) by cos and sin (T, D / 2)."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


class Attention(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = config.heads, config.kv_heads, config.head_size
        self.window = config.window
        self.query = nn.Linear(config.width, config.heads * self.size, bias=False)
        self.key = nn.Linear(config.width, config.kv_heads * self.size, bias=False)
        self.value = nn.Linear(config.width, config.kv_heads * self.size, bias=False)
        self.out = nn.Linear(config.heads * self.size, config.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int) -> Tensor:
        batch, new, _ = x.shape
        q = self.query(x).view(batch, new, self.heads, self.size).transpose(1, 2)  # B H T D
        k = self.key(x).view(batch, new, self.kv_heads, self.size).transpose(1, 2)  # B K T D
        v = self.value(x).view(batch, new, self.kv_heads, self.size).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        start = 0
        if cache is not None:
            start = cache.length
            cache.keys[layer, :, :, start : start + new] = k
            cache.values[layer, :, :, start : start + new] = v
            # Positions that no new position can still see are left out, so old context costs nothing.
            first = max(0, start - self.window + 1)
            k = cache.keys[layer, :, :, first : start + new].to(q.dtype)
            v = cache.values[layer, :, :, first : start + new].to(q.dtype)
            start -= first
        if new == 1:
            # One query a head sees every key that is left: heads that share keys become a query axis.
            q = q.view(batch, self.kv_heads, self.heads // self.kv_heads, self.size)  # B K H/K D
            y = F.scaled_dot_product_attention(q, k, v).reshape(batch, 1, -1)
        else:
            group = self.heads // self.kv_heads
            k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)  # B H S D
            whole = start == 0 and new <= self.window
            mask = None if whole else self._mask(start, new, k.shape[2], x.device)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=whole)
            y = y.transpose(1, 2).reshape(batch, new, -1)
        return self.out(y)

    def _mask(self, start: int, new: int, seen: int, device: torch.device) -> Tensor:
        """Bool (T, S): query i, at position start + i, may see key j when 0 <= start + i - j < window."""
        queries, keys = torch.arange(start, start + new, device=device), torch.arange(seen, device=device)
        distance = queries[:, None] - keys
        return (distance >= 0) & (distance < self.window)


class Block(nn.Module):
    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.norm_attention = NORMS[config.norm](config.width)
        self.attention = Attention(config)
        self.norm_inner = NORMS[config.norm](config.width)
        self.gate = nn.Linear(config.width, config.inner, bias=False)
        self.up = nn.Linear(config.width, config.inner, bias=False)
        self.down = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int) -> Tensor:
        x = x + self.attention(self.norm_attention(x), cos, sin, cache, layer)
        h = self.norm_inner(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    """What decoders share whatever they read and predict: blocks, a norm, rotary positions and a cache."""

    def add_body(self, config: TransformerConfig) -> None:
        self.config = config
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = NORMS[config.norm](config.width)
        frequencies = config.rope_base ** (-torch.arange(0, config.head_size, 2) / config.head_size)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def initialise(self, generator: torch.Generator | None = None, how: str = "normal") -> None:
        """The first weights, from a generator; `how`: see initialisation.py. ValueError: no such name."""
        initialise(self, self.config.layers, how, generator)

    def body(self, x: Tensor, cache: Cache | None, last_only: bool) -> Tensor:
        """Embedded steps (B, T, C), after those of the cache, to what is known after each, (B, T or 1, C).

        ValueError when the cache, which is extended by T, cannot take T more positions.
        """
        start = cache.length if cache is not None else 0
        stop = start + x.shape[1]
        if cache is not None and stop > cache.capacity:
            raise ValueError(f"A cache holds {cache.capacity} positions; received {start} + {stop - start}.")
        angles = torch.arange(start, stop, device=x.device)[:, None] * self.frequencies  # T D/2
        cos, sin = angles.cos(), angles.sin()
        for layer, block in enumerate(self.blocks):
            x = block(x, cos, sin, cache, layer)
        if cache is not None:
            cache.length = stop
        return self.norm(x[:, -1:] if last_only else x)

    def cache(self, capacity: int) -> Cache:
        """An empty cache for one sequence of up to `capacity` steps."""
        return Cache(self.config, 1, capacity)


class Transformer(Decoder):
    """Next-token logits of token ids."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.embedding = embedding(config.vocabulary, config.width, config.fixnorm)
        self.add_body(config)
        self.head = logits(config.width, config.vocabulary, config.fixnorm)

    def forward(self, ids: Tensor, cache: Cache | None = None, last_only: bool = False) -> Tensor:
        """Logits after each of `ids`.

        Parameters
        ----------
        ids: int64 (B, T).
        cache: what came before; it is extended by T. Without it the ids begin the sequence.
        last_only: give the logits of the last position alone, shape (B, 1, V).

        Returns
        -------
        float tensor (B, T, V).

        Raises
        ------
        ValueError when ids is not two-dimensional or the cache cannot take T more positions.
        """
        if ids.ndim != 2:
            raise ValueError(f"ids has the shape (batch, time); received {tuple(ids.shape)}.")
        return self.head(self.body(self.embedding(ids), cache, last_only))

    def nats(self, ids: Tensor) -> Tensor:
        """Loss of each of ids 1 ... T, given those before, from int64 (B, T + 1): float (B, T, 1)."""
        logits = self(ids[:, :-1]).flatten(0, 1).float()
        loss = F.cross_entropy(logits, ids[:, 1:].flatten(), reduction="none")
        return loss.view(ids.shape[0], -1, 1)
