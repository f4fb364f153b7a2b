"""The network as it was taught, in torch and float32: what every other engine is measured against."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Plain:
    """A torch module as an engine; see model/engine/__init__.py."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def cache(self, capacity: int) -> object:
        return self.network.cache(capacity)

    @torch.inference_mode()
    def read(self, steps: np.ndarray, cache: object) -> np.ndarray:
        return self.network(torch.from_numpy(steps)[None], cache, last_only=True)[0, -1].float().numpy()

    @torch.inference_mode()
    def logits(self, field: int, known: np.ndarray) -> np.ndarray:
        return self.network.logits(field, torch.from_numpy(known)).float().numpy()

    @torch.inference_mode()
    def fold(self, field: int, known: np.ndarray, value: int, position: int | None = None) -> np.ndarray:
        place = None if position is None else torch.tensor(position)
        return self.network.fold(field, torch.from_numpy(known), torch.tensor(value), place).numpy()
