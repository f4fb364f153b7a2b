"""What comes back: music leans towards what came at this place some bars ago, or away from it.

Left alone, the network comes back too often after two bars, and too seldom after four and eight: a loop makes
the next one likelier, and one strange note leads away from a form that people come back to. So each value
that goes on repeating what came so many bars ago, field by field, is made e^lean times as likely, with the
leans under which bars are as alike as people's are. So does the decoding of Ji et al. 2023 (Language model
decoding as direct metrics optimization, section 2) with whole texts, where this leans each draw.
"""

from __future__ import annotations

from bisect import bisect_right
from copy import copy
from typing import NamedTuple

import numpy as np

from model.compound import events as ev

LEANS = {2: -0.35, 4: 0.3, 8: 0.6}     # nats a field, by how many bars ago it came (docs/experiments.md)


class Echo(NamedTuple):
    """What came next some bars ago: its fields, the time in steps after this place; and how much it is leaned
    towards."""

    time: int
    instrument: int
    pitch: int
    duration: int
    nats: float


class Returns:
    """The notes of a take and its prompt, in order, and what follows from them for the next one.

    given: int64 (n, 7); at: steps from bar 0 to the last of them; bar: steps a bar. strength: 0 for none.
    """

    def __init__(self, given: np.ndarray, at: int, bar: int, strength: float) -> None:
        self._leans = [(bars * bar, strength * nats) for bars, nats in LEANS.items()] if strength else []
        # A bar of another metre is none ago.
        metres = np.flatnonzero(given[:, ev.INSTRUMENT] == ev.METRE)
        when = at - int(given[:, ev.TIME].sum()) + np.cumsum(given[:, ev.TIME])
        self._begun = int(when[metres[-1]]) if len(metres) else at
        self._notes: list[tuple[int, ...]] = []
        for step, row in zip(when.tolist(), given.tolist(), strict=True):
            self.came(step, row)

    def copy(self) -> Returns:
        other = copy(self)
        other._notes = list(self._notes)
        return other

    def came(self, at: int, row: list[int]) -> None:
        """An event (five fields at least) came so many steps after bar 0."""
        if row[ev.INSTRUMENT] >= ev.PLAYERS:
            self._notes.append((at, *row[ev.INSTRUMENT : ev.VELOCITY]))

    def echoes(self, at: int, struck: tuple[int, int]) -> list[Echo]:
        """What came next, bars ago, after a place and the last note that was struck there (instrument and
        pitch; -1 for none)."""
        found = []
        for back, nats in self._leans:
            then = at - back
            index = bisect_right(self._notes, (then, *struck, ev.LONGEST + 1))
            if then >= self._begun and index < len(self._notes):
                when, *what = self._notes[index]
                if when - then <= ev.LONGEST:
                    found.append(Echo(when - then, *what, nats))
        return found


def lean(logits: np.ndarray, echoes: list[Echo], field: int) -> np.ndarray:
    """The logits of a field with what is leaned towards."""
    if not echoes:
        return logits
    leant = logits.copy()
    for echo in echoes:
        leant[echo[field]] += echo.nats
    return leant


def still(echoes: list[Echo], field: int, value: int) -> list[Echo]:
    """Those that go on once a field has a value."""
    return [echo for echo in echoes if echo[field] == value]
