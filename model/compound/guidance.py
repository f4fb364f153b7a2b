"""Guidance by the prompt: what the network expects after it, against what it expects without it.

The difference of the two, in log-probabilities, is what the prompt says; it is added once more, by `strength`
(context-aware decoding, Shi et al. 2023, equation 3; Sanchez et al. 2023, Stay on topic with classifier-free
guidance, equation 7). Both hear what is composed. A pair of caches costs twice the time of one.
"""

from __future__ import annotations

import numpy as np

from model import engine as engines
from model.compound import events as ev

HEARD = 24                  # events at most of the prompt's last bar, which both hear
_MOST = 3.0                 # nats that the prompt may be said to speak for or against something
Known = tuple[np.ndarray, np.ndarray]


class Caches:
    """What was heard with the prompt and without it; `length` is that of the first."""

    def __init__(self, full: object, bare: object) -> None:
        self.full, self.bare = full, bare

    @property
    def length(self) -> int:
        return self.full.length

    @length.setter
    def length(self, length: int) -> None:
        self.bare.length += length - self.full.length
        self.full.length = length


class Guided:
    """An engine whose logits are guided; see model/engine/__init__.py."""

    def __init__(self, engine: object, strength: float) -> None:
        self._engine, self._strength = engine, strength

    def caches(self, full: object, given: np.ndarray, room: int) -> Caches:
        """The pair that begins with a full cache of all that is given but its last event."""
        music = np.flatnonzero(given[:, ev.INSTRUMENT] >= ev.PLAYERS)
        head = given[: music[0]] if len(music) else given
        last = given[len(head):]
        last = last[last[:, ev.BAR] == given[-1, ev.BAR]][-HEARD:]
        bare = engines.prefill(self._engine, np.concatenate([head, last]))
        return Caches(full, bare.copy(len(head) + len(last) + room))

    def read(self, steps: np.ndarray, cache: Caches) -> Known:
        return self._engine.read(steps, cache.full), self._engine.read(steps, cache.bare)

    def logits(self, field: int, known: Known) -> np.ndarray:
        full, bare = (_log(self._engine.logits(field, one)) for one in known)
        return full + self._strength * np.clip(full - bare, -_MOST, _MOST)

    def fold(self, field: int, known: Known, value: int, position: int | None = None) -> Known:
        full, bare = (self._engine.fold(field, one, value, position) for one in known)
        return full, bare


def _log(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits)
