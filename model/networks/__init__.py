"""One architecture a file; here is the list of them.

A network module takes its config, has `initialise(generator)`, and `nats(batch)`, the loss of every field
of every step of a batch of its layout. Its `forward(steps, cache=None, last_only=False)` and
`cache(capacity)` are for the decode loop.
"""

from __future__ import annotations

from torch import nn

from model.networks.compound import Compound, CompoundConfig
from model.networks.transformer import Transformer, TransformerConfig

NETWORKS: dict[str, tuple[type, type[nn.Module]]] = {
    "transformer": (TransformerConfig, Transformer),
    "compound": (CompoundConfig, Compound),
}


def build(name: str, shape: dict) -> nn.Module:
    """A network by its name and its config's fields. ValueError says which name or field is wrong."""
    if name not in NETWORKS:
        raise ValueError(f"A network is one of {', '.join(NETWORKS)}; received '{name}'.")
    config, module = NETWORKS[name]
    try:
        return module(config(**shape))
    except TypeError as error:
        fields = ", ".join(config.__dataclass_fields__)
        raise ValueError(f"A {name} is described by {fields}; {error}.") from None
