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
    DENSITY,
    FIELDS,
    HEADER,
    INSTRUMENT,
    METRE,
    PITCH,
    PLAYERS,
    POSITION,
    START,
    TEMPO,
)
from model.networks.lookback import ROWS, look_back, place_of
from model.networks.norms import NORMS, embedding, logits
from model.networks.transformer import Cache, Decoder, TransformerConfig

DRAWN = FIELDS[:5]
STANDING = (START, DENSITY, METRE, TEMPO)
EARS = ("standing.", "lookback.")      # weights that may be added to a network; they say nothing at first


@dataclass(frozen=True)
class CompoundConfig(TransformerConfig):
    """The body's shape; `drawing` is the inner width of each field's head. There is no vocabulary of ids.

    `standing`: every event is told what its header says of style, density, metre and tempo, instead of having
    to look for it.
    `lookback`: every event is told what came after its place one, two, four and eight bars ago (lookback.py).
    `order`: in which the fields of a note are drawn. What ships draws them in the order of the events.
    """

    vocabulary: int = 1
    width: int = 256
    layers: int = 8
    inner: int = 640
    heads: int = 4
    kv_heads: int = 2
    drawing: int = 512
    standing: bool = False
    lookback: bool = False
    order: str = " ".join(DRAWN)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self.order.split()
        if sorted(names) != sorted(DRAWN) or names.index("instrument") > min(map(names.index, DRAWN[2:])):
            raise ValueError("order names time, instrument, pitch, duration and velocity once each, the last "
                             f"three after instrument, which decides on them; received '{self.order}'.")

    @property
    def drawing_order(self) -> list[int]:
        """The fields' indices, in the order in which they are drawn."""
        return [DRAWN.index(name) for name in self.order.split()]


class CompoundCache(Cache):
    """A cache that knows what stood in the header, int64 (B, len(STANDING)), values + 1, 0 for nothing, and
    what lookback.py keeps of every event, int64 (B, capacity, 7)."""

    def __init__(self, *how: object) -> None:
        super().__init__(*how)
        batch = self.keys.shape[1]
        self.standing = torch.zeros(batch, len(STANDING), dtype=torch.int64)
        self.kept = torch.zeros(batch, self.capacity, 7, dtype=torch.int64)

    def repeat(self, batch: int) -> CompoundCache:
        copy = super().repeat(batch)
        copy.standing = self.standing.expand(batch, -1).clone()
        copy.kept = self.kept.expand(batch, -1, -1).clone()
        return copy

    def copy(self, capacity: int) -> CompoundCache:
        copy = super().copy(capacity)
        copy.kept = F.pad(copy.kept, (0, 0, 0, capacity - self.capacity))
        return copy


class Head(nn.Module):
    """Logits of one field from what is known of the next note."""

    def __init__(self, config: CompoundConfig, classes: int) -> None:
        super().__init__()
        width, inner = config.width, config.drawing
        self.norm = NORMS[config.norm](width)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        self.norm_out = NORMS[config.norm](width)
        self.out = logits(width, classes, config.fixnorm)

    def forward(self, known: Tensor) -> Tensor:
        return self.out(self.norm_out(known + self.down(F.silu(self.up(self.norm(known))))))


class Compound(Decoder):
    """Rows of events (B, T, 7) to what is known of the next; `logits` and `fold` draw it field by field."""

    def __init__(self, config: CompoundConfig) -> None:
        super().__init__()
        self.order = config.drawing_order

        def embedded(classes: int) -> nn.Embedding:
            return embedding(classes, config.width, config.fixnorm)

        self.embeddings = nn.ModuleList(embedded(CLASSES[field]) for field in FIELDS)
        self.add_body(config)
        self.draw = nn.ModuleList(Head(config, CLASSES[field]) for field in DRAWN)
        self.drawn = nn.ModuleList(embedded(CLASSES[DRAWN[field]]) for field in self.order[:-1])
        self.place = embedded(CLASSES["position"])
        if config.standing:
            self.standing = nn.ModuleList(embedded(CLASSES["pitch"] + 1) for _ in STANDING)
        if config.lookback:
            self.lookback = nn.Embedding(ROWS, config.width)

    def initialise(self, generator: torch.Generator | None = None, how: str = "normal") -> None:
        """As every decoder, but that what stands in the header, and what came next some bars ago, say nothing
        at first: so a network can get these ears without forgetting what it has learnt."""
        super().initialise(generator, how)
        for name, weight in self.named_parameters():
            if name.startswith(EARS):
                nn.init.zeros_(weight)

    def cache(self, capacity: int) -> CompoundCache:
        return CompoundCache(self.config, 1, capacity)

    def forward(self, rows: Tensor, cache: CompoundCache | None = None, last_only: bool = False) -> Tensor:
        """What is known of the event after each of `rows`, float (B, T, C); T is 1 when `last_only`.

        rows: int64 (B, T, 7). cache: what came before; it is extended by T. ValueError when it cannot take T.
        """
        x = self.embeddings[0](rows[..., 0])
        for field in range(1, len(FIELDS)):
            x = x + self.embeddings[field](rows[..., field])
        if self.config.standing:
            stands = standing(rows, cache.standing if cache is not None else None)
            for number, embedding in enumerate(self.standing):
                x = x + embedding(stands[..., number])
            if cache is not None:
                cache.standing = stands[:, -1]
        if self.config.lookback:
            x = x + self._looked_back(rows, cache)
        return self.body(x, cache, last_only)

    def _looked_back(self, rows: Tensor, cache: CompoundCache | None) -> Tensor:
        """What rows (B, T, 7) are told of earlier bars, float (B, T, C); the cache keeps them."""
        before = None if cache is None else cache.kept[:, : cache.length]
        kept = place_of(rows, before)
        if cache is not None:
            cache.kept[:, cache.length : cache.length + rows.shape[1]] = kept
            kept = cache.kept[:, : cache.length + rows.shape[1]]
        told = look_back(rows, kept)
        return F.embedding_bag(told.flatten(0, 1), self.lookback.weight, mode="sum").view(*rows.shape[:2], -1)

    def logits(self, field: int, known: Tensor) -> Tensor:
        """Of the classes of a field, float (..., classes), from what is known (..., C)."""
        return self.draw[field](known)

    def fold(self, field: int, known: Tensor, value: Tensor, position: Tensor | None = None) -> Tensor:
        """What is known once a field's value (...) is drawn; with the time comes the new position."""
        known = known + self.drawn[self.order.index(field)](value)
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
        columns = [torch.empty(0)] * len(DRAWN)
        for field in self.order:
            logits = self.logits(field, known).float()
            loss = F.cross_entropy(logits.flatten(0, 1), after[..., field].flatten(), reduction="none")
            columns[field] = loss.view_as(kind) * counted[field]
            if field != self.order[-1]:
                place = after[..., POSITION] if field == 0 else None
                known = self.fold(field, known, after[..., field], place)
        return torch.stack(columns, dim=-1)


def standing(rows: Tensor, before: Tensor | None = None) -> Tensor:
    """What each row's header says, int64 (B, T, len(STANDING)): the last value of every kind since the piece
    began, plus 1; 0 where there is none.

    rows: int64 (B, T, 7). before: int64 (B, len(STANDING)), what stood before the first of them.
    """
    kind, value = rows[..., INSTRUMENT], rows[..., PITCH]
    places = torch.arange(rows.shape[1], device=rows.device).expand_as(kind)

    def last(of: int) -> Tensor:
        return torch.where(kind == of, places, -1).cummax(dim=1).values

    begun = last(START)
    columns = []
    for number, of in enumerate(STANDING):
        seen = last(of)
        said = value.gather(1, seen.clamp(min=0)) + 1
        earlier = torch.zeros_like(kind) if before is None else before[:, number : number + 1].expand_as(kind)
        unsaid = torch.where(begun < 0, earlier, torch.zeros_like(kind))
        columns.append(torch.where((seen >= 0) & (seen >= begun), said, unsaid))
    return torch.stack(columns, dim=-1)
