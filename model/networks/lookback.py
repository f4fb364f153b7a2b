"""What came next when the music was here before: one, two, four and eight bars ago.

Music repeats itself by bars, and a network that counts notes has to find out where a bar ago was. So every
event is told, for each of DISTANCES, which event came after its place and itself that long ago, and whether
it repeats what sounded there: Waite 2016 (Generating long-term structure in songs and stories), Lookback RNN,
with the bars of the metre in force, and for polyphony, by the order of events.

Letters in shape comments: B batch, T new events, S those before them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.compound import events as ev

DISTANCES = (1, 2, 4, 8)            # bars
# What is told of each distance: classes, 0 for nothing. How long until that event, who plays it, what, for
# how long; and whether the event repeats (2) or not (1).
TOLD = (ev.CLASSES["time"] + 1, ev.CLASSES["instrument"] + 1, ev.CLASSES["pitch"] + 1,
        ev.CLASSES["duration"] + 1, 3)
ROWS = len(DISTANCES) * sum(TOLD)   # of one table that holds an embedding of each
FIRST = torch.tensor([[sum(TOLD) * distance + sum(TOLD[:column]) for column in range(len(TOLD))]
                      for distance in range(len(DISTANCES))])
BAR_STEPS = torch.tensor([ev.bar_steps(metre) for metre in range(len(ev.METRE_LIST))])

# Columns of what is kept of every event: where it stands in the order of events; when it is; when its piece
# began; steps a bar of its metre; who, what, for how long.
KEY, AT, BEGUN, LENGTH, INSTRUMENT, PITCH, DURATION = range(7)
PLACE = 16                          # bits of a key below the time's


def place_of(rows: Tensor, before: Tensor | None = None) -> Tensor:
    """What is kept of events, int64 (B, T, 7).

    rows: int64 (B, T, 7). before: int64 (B, S, 7), what was kept of those before them.
    """
    kind, first = rows[..., ev.INSTRUMENT], before is None or not before.shape[1]
    zero = torch.zeros_like(kind[:, :1])
    last = [zero] * 7 if first else [before[:, -1:, column] for column in range(7)]
    at = rows[..., ev.TIME].cumsum(dim=1) + last[AT]
    begun = torch.where(kind == ev.START, at, -1).cummax(dim=1).values
    begun = torch.where(begun < 0, last[BEGUN], begun)
    places = torch.arange(rows.shape[1], device=rows.device).expand_as(kind)
    metre = torch.where(kind == ev.METRE, places, -1).cummax(dim=1).values
    value = rows[..., ev.PITCH].gather(1, metre.clamp(min=0)).clamp(max=len(BAR_STEPS) - 1)
    length = torch.where(metre < 0, last[LENGTH], BAR_STEPS.to(rows.device)[value])
    key = torch.maximum(_key(at, rows), last[KEY]).cummax(dim=1).values
    return torch.stack([key, at, begun, length, kind, rows[..., ev.PITCH], rows[..., ev.DURATION]], dim=-1)


def look_back(rows: Tensor, kept: Tensor) -> Tensor:
    """What events are told, rows of the table: int64 (B, T, len(DISTANCES) * len(TOLD)).

    rows: int64 (B, T, 7). kept: int64 (B, S + T, 7), of them and of all before them.
    """
    new, keys = kept[:, -rows.shape[1] :], kept[..., KEY].contiguous()
    own = _key(new[..., AT], rows)
    here = torch.arange(keys.shape[1] - rows.shape[1], keys.shape[1], device=rows.device)
    first = FIRST.to(rows.device)
    told = []
    for number, bars in enumerate(DISTANCES):
        back = bars * new[..., LENGTH]
        target = own - (back << PLACE)
        found = torch.searchsorted(keys, target, right=True)
        there = (back > 0) & (new[..., AT] - back >= new[..., BEGUN])
        again = keys.gather(1, (found - 1).clamp(min=0)) == target
        event = kept.gather(1, found.clamp(max=keys.shape[1] - 1)[..., None].expand(-1, -1, 7))
        until = event[..., AT] - (new[..., AT] - back)
        next_one = there & (found < here) & (until <= ev.LONGEST)
        columns = [until, event[..., INSTRUMENT], event[..., PITCH], event[..., DURATION]]
        told += [first[number, column] + torch.where(next_one, value + 1, 0)
                 for column, value in enumerate(columns)]
        told.append(first[number, 4] + torch.where(there, 1 + again.long(), 0))
    return torch.stack(told, dim=-1)


def _key(at: Tensor, rows: Tensor) -> Tensor:
    """Events rise by time, instrument and pitch; what is no note comes before the notes of its time."""
    kind = rows[..., ev.INSTRUMENT]
    return (at << PLACE) + torch.where(kind >= ev.PLAYERS, (kind << 8) + rows[..., ev.PITCH], 0)
