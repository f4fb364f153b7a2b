"""What a decode loop asks of a network: numbers in, numbers out, one step after the other.

An engine has

cache(capacity)                     an empty cache with room for so many steps; it has `copy(capacity)`
read(steps, cache)                  int64 (T, ...) after those of the cache -> float32 (C,), what is known
                                    after the last; token layouts: the logits. The cache is extended by T
logits(field, known)                float32 (classes,) of a note's field
fold(field, known, value, position) float32 (C,), what is known once the field has its value

the last two for compound networks alone. What has been said so far can be continued more than once: the cache
is copied.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from model.engine.plain import Plain


def of(network: object) -> object:
    """The engine of a network, exact; an engine is its own."""
    return Plain(network) if isinstance(network, nn.Module) else network


def fast(network: nn.Module) -> object:
    """The engine for decoding, in 8 bits. Its code is compiled the first time that a machine runs it (some
    seconds), and kept."""
    usual = type(network.config)()
    for name in ("norm", "fixnorm", "order"):
        if getattr(network.config, name, None) != getattr(usual, name, None):
            raise ValueError(f"A network is played in 8 bits with {name} '{getattr(usual, name)}'; received "
                             f"'{getattr(network.config, name)}', which can be taught and measured alone.")
    # Whoever learns, or only reads and writes scores, needs no compiler.
    from model.engine.eight_bit import EightBit

    return EightBit(network)


def prefill(network: object, steps: np.ndarray) -> object:
    """A cache that has read `steps` (T, ...), all but the last one."""
    engine = of(network)
    cache = engine.cache(len(steps) - 1)
    if len(steps) > 1:
        engine.read(steps[:-1], cache)
    return cache
