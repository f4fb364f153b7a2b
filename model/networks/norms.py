"""What keeps activations in scale: RMSNorm, as in all networks that ship, and what else was tried beside it.

``rms``     x / rms(x) times a gain for each dimension (Zhang and Sennrich 2019).
``scale``   ScaleNorm: x / ||x|| times one gain, at first sqrt(width) (Nguyen and Salazar 2019, Transformers
            without tears, equation 4).
``none``    nothing: for T-Fixup, which does without (Huang et al. 2020).

FixNorm, beside any of them, gives every embedding, read or predicted, the same length (Nguyen and Salazar
2019, section 2.3): sqrt(width) where it is read, 1 where a logit is its product with what is known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-6


class ScaleNorm(nn.Module):
    """x (..., C) at a length of one learnt gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(width**0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * F.normalize(x, dim=-1, eps=EPSILON)


class UnitEmbedding(nn.Embedding):
    """An embedding whose rows have the length sqrt(width), wherever its weights point."""

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, F.normalize(self.weight, dim=-1)) * self.embedding_dim**0.5


class UnitLinear(nn.Linear):
    """Products with rows of length 1."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, F.normalize(self.weight, dim=-1))


NORMS = {
    "rms": lambda width: nn.RMSNorm(width, eps=EPSILON),
    "scale": ScaleNorm,
    "none": lambda width: nn.Identity(),
}


def embedding(classes: int, width: int, fixnorm: bool) -> nn.Embedding:
    """(...) of 0 to classes - 1 -> (..., width)."""
    return (UnitEmbedding if fixnorm else nn.Embedding)(classes, width)


def logits(width: int, classes: int, fixnorm: bool) -> nn.Linear:
    """(..., width) -> (..., classes), without a bias."""
    return (UnitLinear if fixnorm else nn.Linear)(width, classes, bias=False)
