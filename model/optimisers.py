"""Muon for the matrices inside the network, AdamW for everything else, as one optimiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn


class MuonAdamW(torch.optim.Optimizer):
    """Source: Jordan et al. 2024, Muon; its step is scaled to the size of AdamW's (Liu et al. 2025, Muon is
    scalable for LLM training, section 2.2), so that one learning rate serves both."""

    def __init__(self, hidden: Sequence[nn.Parameter], matrices: Sequence[nn.Parameter],
                 others: Sequence[nn.Parameter], learning_rate: float, betas: tuple[float, float],
                 weight_decay: float) -> None:
        self.parts = (
            torch.optim.Muon(hidden, learning_rate, weight_decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW([{"params": matrices, "weight_decay": weight_decay},
                               {"params": others, "weight_decay": 0.0}], learning_rate, betas, foreach=True),
        )
        super().__init__([{"params": [*hidden, *matrices, *others]}], {"lr": learning_rate})
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: dict) -> None:
        for part, its in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(its)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
