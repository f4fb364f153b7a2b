"""What it costs to teach a network one step, and how many optimiser steps a budget pays for.

FLOP of a step of the network, forward and backward (Kaplan et al. 2020, Scaling laws for neural language
models, section 2.1, with attention's own products of the positions that a position sees):

    6 (numbers in matrices that multiply) + 12 (layers) (width) (mean of the positions that a position sees)

Matrices that multiply are those of linear layers, output layers too; embeddings are looked up. Norms, the
softmax, the loss and the optimiser's own work are not counted.
"""

from __future__ import annotations

from torch import nn

from model.training import Recipe


def multiplying(network: nn.Module) -> int:
    """How many numbers stand in the matrices of a network that multiply."""
    return sum(layer.weight.numel() for layer in network.modules() if isinstance(layer, nn.Linear))


def seen(sequence: int, window: int) -> float:
    """Of the positions of a sequence, how many each sees on average, itself included."""
    window = min(window, sequence)
    return window - window * (window - 1) / (2 * sequence)


def flop(network: nn.Module, sequence: int) -> float:
    """FLOP of learning from one of a sequence's steps."""
    config = network.config
    attention = config.layers * config.width * seen(sequence, config.window)
    return 6 * multiplying(network) + 12 * attention


def steps(budget: float, network: nn.Module, recipe: Recipe) -> int:
    """Optimiser steps whose compute is nearest to the budget, at least 1."""
    each = recipe.batch * recipe.accumulate * recipe.sequence * flop(network, recipe.sequence)
    return max(1, round(budget / each))
