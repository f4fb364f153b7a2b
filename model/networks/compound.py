"""A transformer that takes one step a note: embeddings of a note's fields summed, then heads that draw the
next note's fields in turn, each knowing those before it.

The body is that of `transformer.py`. After Hsiao et al. 2021 (Compound Word Transformer), section 3.3, with
every field conditioned on all that are drawn before it. Letters in shape comments: B batch, T positions, C
width, F = 5 drawn fields.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.compound.events import (
    CLASSES,
    FIELDS,
    HEADER,
    INSTRUMENT,
    METRE,
    PLAYERS,
    POSITION,
    TEMPO,
)
from model.networks.transformer import Cache, Decoder, TransformerConfig

DRAWN = FIELDS[:5]


@dataclass(frozen=True)
class CompoundConfig(TransformerConfig):
    """The body's shape; `drawing` is the inner width of each field's head. There is no vocabulary of ids."""

    vocabulary: int = 1
    width: int = 256
    layers: int = 8
    inner: int = 640
    heads: int = 4
    kv_heads: int = 2
    drawing: int = 512


class Head(nn.Module):
    """Logits of one field from what is known of the next note."""

    def __init__(self, width: int, inner: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        self.norm_out = nn.RMSNorm(width, eps=1e-6)
        self.out = nn.Linear(width, classes, bias=False)

    def forward(self, known: Tensor) -> Tensor:
        return self.out(self.norm_out(known + self.down(F.silu(self.up(self.norm(known))))))


class Compound(Decoder):
    """Rows of events (B, T, 7) to what is known of the next; `logits` and `fold` draw it field by field."""

    def __init__(self, config: CompoundConfig) -> None:
        super().__init__()
        width = config.width
        self.embeddings = nn.ModuleList(nn.Embedding(CLASSES[field], width) for field in FIELDS)
        self.add_body(config)
        self.draw = nn.ModuleList(Head(width, config.drawing, CLASSES[field]) for field in DRAWN)
        self.drawn = nn.ModuleList(nn.Embedding(CLASSES[field], width) for field in DRAWN[:-1])
        self.place = nn.Embedding(CLASSES["position"], width)

    def forward(self, rows: Tensor, cache: Cache | None = None, last_only: bool = False) -> Tensor:
        """What is known of the event after each of `rows`, float (B, T, C); T is 1 when `last_only`.

        rows: int64 (B, T, 7). cache: what came before; it is extended by T. ValueError when it cannot take T.
        """
        x = self.embeddings[0](rows[..., 0])
        for field in range(1, len(FIELDS)):
            x = x + self.embeddings[field](rows[..., field])
        return self.body(x, cache, last_only)

    def logits(self, field: int, known: Tensor) -> Tensor:
        """Of the classes of a field, float (..., classes), from what is known (..., C)."""
        return self.draw[field](known)

    def fold(self, field: int, known: Tensor, value: Tensor, position: Tensor | None = None) -> Tensor:
        """What is known once a field's value (...) is drawn; with the time comes the new position."""
        known = known + self.drawn[field](value)
        return known if position is None else known + self.place(position)

    def nats(self, rows: Tensor) -> Tensor:
        """Loss of each field of rows 1 ... T, float (B, T, F), given those before; 0 where none is drawn."""
        known, after = self(rows[:, :-1]), rows[:, 1:]
        kind = after[..., INSTRUMENT]
        given = torch.zeros_like(kind, dtype=torch.bool)
        for special in HEADER:
            given |= kind == special
        note = kind >= PLAYERS
        valued = note | (kind == METRE) | (kind == TEMPO)
        counted = (~given, ~given, valued, note, note)
        columns = []
        for field in range(len(DRAWN)):
            logits = self.logits(field, known).float()
            loss = F.cross_entropy(logits.flatten(0, 1), after[..., field].flatten(), reduction="none")
            columns.append(loss.view_as(kind) * counted[field])
            if field < len(DRAWN) - 1:
                place = after[..., POSITION] if field == 0 else None
                known = self.fold(field, known, after[..., field], place)
        return torch.stack(columns, dim=-1)
