"""A made-up engine that wants the same, whatever was played: what it must not have, it does not get."""

import numpy as np

from model.compound import events as ev

FOUR_FOUR = ev.METRE_LIST.index((4, 4))
OPENING = ev.header(FOUR_FOUR, ev.tempo_class(120)).astype(np.int64)
PIANO = ev.instrument_of(0)


class Wilful:
    """Wants the given value of a field 30 nats more than any other; of a dict each value by so many."""

    def __init__(self, **wanted: int | dict[int, float]) -> None:
        self.wanted = {name: want if isinstance(want, dict) else {want: 30.0}
                       for name, want in wanted.items()}

    length = 0      # as a cache, which it is, too: nothing is remembered

    def cache(self, capacity: int) -> "Wilful":
        return self

    copy = cache

    def read(self, rows: np.ndarray, cache: "Wilful") -> np.ndarray:
        return np.zeros(1, np.float32)

    def logits(self, field: int, known: np.ndarray) -> np.ndarray:
        name = ev.FIELDS[field]
        logits = np.zeros(ev.CLASSES[name], np.float32)
        for value, nats in self.wanted.get(name, {}).items():
            logits[value] = nats
        return logits

    def fold(self, field: int, known: np.ndarray, value: int, position: int | None = None) -> np.ndarray:
        return known
