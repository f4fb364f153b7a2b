"""One event, drawn field by field.

An event that may not be (an instrument that does not play, the end of the piece, a note that does not rise
in its chord) is drawn again, time and all, so that what is left keeps its proportions. Ruled out where it
stands instead, it would drive chords upwards and give the drums' rhythm to whoever is left.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from model.compound import events as ev
from model.compound.entries import Entries
from model.compound.guard import ON_GRID, Guard, Strict
from model.compound.returns import Echo, lean, still
from model.metre import STEPS
from model.sampling import NEVER, Sampling, ban, draw


@dataclass(frozen=True)
class Place:
    """Where in time the music is: steps into the bar, the bar's number, and the last note of this onset."""

    position: int
    bar: int
    length: int                     # of a bar
    instrument: int = -1
    pitch: int = -1

    def after(self, time: int) -> tuple[int, int]:
        """Bar and position so many steps later."""
        bars, position = divmod(self.position + time, self.length)
        return self.bar + bars, position

    @property
    def at(self) -> int:
        """Steps since bar 0."""
        return self.bar * self.length + self.position

    @property
    def left(self) -> int:
        """Steps to the next bar line."""
        return self.length - self.position


@dataclass(frozen=True)
class Manner:
    """How the events of a take are drawn. rng: chance; guard: what no note may do, if anybody looks."""

    how: Sampling
    rng: np.random.Generator
    guard: Guard | None


class Event:
    """The next event while it is drawn; `row` has its first five fields.

    known: what the network knows of it. entries: who may play; echoes: what it is leaned towards; strict:
    what it keeps to besides.
    """

    def __init__(self, engine: object, known: np.ndarray, place: Place, manner: Manner, entries: Entries,
                 echoes: list[Echo], strict: Strict | None = None) -> None:
        self.engine, self.known, self.place, self.manner, self.strict = engine, known, place, manner, strict
        self.entries, self.echoes = entries, echoes
        self.times = lean(engine.logits(ev.TIME, known), echoes, ev.TIME)
        self.row = [0, 0, 0, 0, 0]
        if strict and strict.grid:
            steps = (place.position + np.arange(len(self.times))) % place.length
            on = np.where(ON_GRID[steps % STEPS], self.times, NEVER)
            self.times = on if np.isfinite(on).any() else self.times

    def between(self, first: int, stop: int) -> None:
        """Rule out the times before `first` and from `stop` on."""
        self.times = self.times.copy()
        self.times[:first] = NEVER
        self.times[stop:] = NEVER

    def draw_time(self) -> int:
        time = self._draw(self.times)
        self.left = still(self.echoes, ev.TIME, time)
        _, position = self.place.after(time)
        self.row = [time, 0, 0, 0, 0]
        self.told = self.engine.fold(ev.TIME, self.known, time, position)
        return time

    def draw_player(self, legal: np.ndarray | None = None) -> bool:
        """Whether who was drawn may play here; with `legal` (bool) only these are drawn."""
        players = self._logits(ev.INSTRUMENT) + self.entries.call()
        if legal is not None:
            players = np.where(legal, players, NEVER)
        self.row[1] = player = self._draw(players)
        if player == ev.WAIT:
            return self.row[0] == ev.LONGEST
        if player >= ev.PLAYERS:
            self._fold(ev.INSTRUMENT)
        rises = self.row[0] > 0 or player >= self.place.instrument
        return rises and self.entries.lets_in(player, self.manner.rng)

    def draw_pitch(self, banned: Sequence[Hashable], rising: bool = False) -> bool:
        """Whether the pitch that was drawn may be struck here; `rising`: only such are drawn."""
        time, player = self.row[:2]
        if player < ev.PLAYERS:
            return True
        pitches = self._logits(ev.PITCH).copy()
        pitches[ev.PITCHES :] = NEVER
        if self.strict and player > ev.KIT:
            pitches[: ev.PITCHES][~self.strict.scale[np.arange(ev.PITCHES) % 12]] = NEVER
        again = time == 0 and player == self.place.instrument
        if again and rising:
            pitches = ban(pitches, range(self.place.pitch + 1))
        taboo = [pitch for *where, pitch in banned if where == [time, player]]
        self.row[2] = pitch = self._draw(ban(pitches, taboo))
        return not again or pitch > self.place.pitch

    def force(self, banned: Sequence[Hashable]) -> None:
        """An event that may be, whatever the network thinks of it: the last chord has ended."""
        self.between(1, ev.LONGEST + 1)
        self.draw_time()
        self.draw_player(self.entries.welcome > 0)
        self.draw_pitch(banned, rising=True)

    def finish(self) -> list[int]:
        """The event with its duration and velocity, if it is a note."""
        if self.row[1] >= ev.PLAYERS:
            self._fold(ev.PITCH)
            durations = self._logits(ev.DURATION)
            if self.manner.guard and self.row[1] > ev.KIT:
                durations = ban(durations, range(self.manner.guard.hanging(self.row[1]), len(durations)))
            self.row[3] = self._draw(durations)
            self.told = self.engine.fold(ev.DURATION, self.told, self.row[3])
            self.row[4] = self._draw(self.engine.logits(ev.VELOCITY, self.told))
        return self.row

    def _logits(self, field: int) -> np.ndarray:
        return lean(self.engine.logits(field, self.told), self.left, field)

    def _fold(self, field: int) -> None:
        """Tell what was drawn."""
        self.told = self.engine.fold(field, self.told, self.row[field])
        self.left = still(self.left, field, self.row[field])

    def _draw(self, logits: np.ndarray) -> int:
        return draw(logits, self.manner.how, self.manner.rng)
