"""Guidance: what the network expects after all that is given, against what it expects without a part of it.

The difference of the two, in log-probabilities, is what that part says; it is added once more, by `strength`:
classifier-free guidance (Ho and Salimans 2022, equation 6) for the style, context-aware
decoding (Shi et al. 2023, equation 3; Sanchez et al. 2023, equation 7) for the prompt. All hear what is
composed. Each contrast costs one more step of the network a note.

Style is the one wish that is guided: what the network makes of a density or of chosen players is too little
to be worth saying twice (docs/experiments.md; see pace.py and entries.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model import engine as engines
from model.compound import events as ev

HEARD = 24                  # events at most of the prompt's last bar, which are heard without it, too
STYLE = 4.0                 # strength of a style that is wished for (docs/experiments.md)
_MOST = 3.0                 # nats that anything may be said to speak for or against something
Known = list[np.ndarray]


@dataclass(frozen=True)
class Contrast:
    """given: int64 (n, 7), all but the part that guides; strength: how often that part counts more."""

    given: np.ndarray
    strength: float


def contrasts(given: np.ndarray, guidance: float) -> list[Contrast]:
    """What guides a take of what is given, int64 (n, 7): the prompt, by `guidance`, and a style, if any."""
    music = np.flatnonzero(given[:, ev.INSTRUMENT] >= ev.PLAYERS)
    found = []
    if guidance > 0 and len(music):
        head, rest = given[: music[0]], given[music[0] :]
        last = rest[rest[:, ev.BAR] == given[-1, ev.BAR]][-HEARD:]
        found.append(Contrast(np.concatenate([head, last]), guidance))
    if given[0, ev.PITCH]:              # the start's style
        any_style = given.copy()
        any_style[0, ev.PITCH] = 0
        found.append(Contrast(any_style, STYLE))
    return found


class Caches:
    """What was heard of all that is given, and of each contrast; `length` is that of the first."""

    def __init__(self, full: object, others: Sequence[object]) -> None:
        self.full, self.others = full, others

    @property
    def length(self) -> int:
        return self.full.length

    @length.setter
    def length(self, length: int) -> None:
        for other in self.others:
            other.length += length - self.full.length
        self.full.length = length


class Guided:
    """An engine whose logits are guided; see model/engine/__init__.py."""

    def __init__(self, engine: object, by: Sequence[Contrast]) -> None:
        self._engine, self._by = engine, by

    def caches(self, full: object, room: int) -> Caches:
        """Those that begin with a full cache of all that is given but its last event."""
        return Caches(full, [engines.prefill(self._engine, one.given).copy(len(one.given) + room)
                             for one in self._by])

    def read(self, steps: np.ndarray, cache: Caches) -> Known:
        return [self._engine.read(steps, one) for one in (cache.full, *cache.others)]

    def logits(self, field: int, known: Known) -> np.ndarray:
        full, *others = (_log(self._engine.logits(field, one)) for one in known)
        return full + sum(contrast.strength * np.clip(full - other, -_MOST, _MOST)
                          for contrast, other in zip(self._by, others, strict=True))

    def fold(self, field: int, known: Known, value: int, position: int | None = None) -> Known:
        return [self._engine.fold(field, one, value, position) for one in known]


def _log(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits)
