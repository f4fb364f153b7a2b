"""The first weights of a decoder, by name.

``normal``      deviation 0.02, and 0.02 / sqrt(2 layers) where a matrix writes to the residual stream
                (Radford et al. 2019, section 2.3).
``embeddings``  the same, but embeddings that are read are PyTorch's default: deviation 1.
``tfixup``      Huang et al. 2020, Improving transformer optimization through better initialization, section
                3.2: Xavier for matrices, deviation width^-1/2 for embeddings that are read; these, and the
                matrices of values, of what attention writes and of the inner layer, times 0.67 layers^-1/4.
                That is its encoder's factor, for a layer of ours has two branches, too.
"""

from __future__ import annotations

import torch
from torch import nn

_WRITES = ("attention.out.weight", "down.weight")
_SCALED = (*_WRITES, "attention.value.weight", "gate.weight", "up.weight")


def initialise(network: nn.Module, layers: int, how: str, generator: torch.Generator | None) -> None:
    """Fill every matrix of a decoder. ValueError when `how` is no name of the module's docstring."""
    if how not in INITIALISATIONS:
        known = ", ".join(INITIALISATIONS)
        raise ValueError(f"An initialisation is one of {known}; received '{how}'.")
    read = {f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Embedding)}
    for name, parameter in network.named_parameters():
        if parameter.ndim == 2:
            INITIALISATIONS[how](parameter, name, name in read, layers, generator)


def _normal(weight: nn.Parameter, name: str, read: bool, layers: int, generator: torch.Generator) -> None:
    writes = name.startswith("blocks") and name.endswith(_WRITES)
    nn.init.normal_(weight, 0.0, 0.02 / (2 * layers) ** 0.5 if writes else 0.02, generator=generator)


def _embeddings(weight: nn.Parameter, name: str, read: bool, layers: int, generator: torch.Generator) -> None:
    if read:
        nn.init.normal_(weight, generator=generator)
    else:
        _normal(weight, name, read, layers, generator)


def _tfixup(weight: nn.Parameter, name: str, read: bool, layers: int, generator: torch.Generator) -> None:
    if read:
        nn.init.normal_(weight, 0.0, weight.shape[1] ** -0.5, generator=generator)
    else:
        nn.init.xavier_uniform_(weight, generator=generator)
    if read or (name.startswith("blocks") and name.endswith(_SCALED)):
        with torch.no_grad():
            weight.mul_(0.67 * layers**-0.25)


INITIALISATIONS = {"normal": _normal, "embeddings": _embeddings, "tfixup": _tfixup}
