"""A made-up network that wants the same, whatever was played: what it must not have, it does not get."""

import numpy as np
import torch

from model.compound import events as ev

FOUR_FOUR = ev.METRE_LIST.index((4, 4))
OPENING = ev.header(FOUR_FOUR, ev.tempo_class(120)).astype(np.int64)
PIANO = ev.instrument_of(0)


class Wilful:
    """Wants the given value of a field 30 nats more than any other; of a dict each value by so many."""

    def __init__(self, **wanted: int | dict[int, float]) -> None:
        self.wanted = {name: want if isinstance(want, dict) else {want: 30.0}
                       for name, want in wanted.items()}

    def cache(self, capacity: int) -> None:
        return None

    def __call__(self, rows: torch.Tensor, cache: None, last_only: bool) -> torch.Tensor:
        return torch.zeros(1, 1, 1)

    def logits(self, field: int, known: torch.Tensor) -> torch.Tensor:
        name = ev.FIELDS[field]
        logits = torch.zeros(ev.CLASSES[name])
        for value, nats in self.wanted.get(name, {}).items():
            logits[value] = nats
        return logits

    def fold(self, field: int, known: torch.Tensor, value: torch.Tensor, position=None) -> torch.Tensor:
        return known
