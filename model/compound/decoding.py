"""The decode loop over events: one step of the network a note, its fields drawn in turn (drawing.py).

With a guard every bar is looked at when it is complete, and made again where it slips (guard.py). A take that
is to end the piece makes its last bars several times, and keeps those after which the network thinks it
likeliest that the piece is over. Events are settled, and told, when nothing can take them back any more.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from model import engine as engines
from model.compound import events as ev
from model.compound.drawing import Event, Manner, Place
from model.compound.entries import Entries
from model.compound.guard import RETRIES, Guard, Strict
from model.compound.guidance import Guided, contrasts
from model.compound.pace import Pace
from model.compound.plan import Rules
from model.compound.returns import Echo, Returns
from model.plan import Heard
from model.sampling import Bars, Ngrams, Sampling

TRIES = 16              # draws, after which an event is forced
CLOSES = 6              # endings of which one is kept
CLOSE_BARS = 2          # that an ending has


def generate(network: object, given: np.ndarray, rules: Rules, how: Sampling, *, bars: int, room: int,
             seed: int = 0, heard: Heard = lambda new, share: True,
             prefix: object | None = None) -> tuple[np.ndarray, bool]:
    """Continue events bar by bar.

    Parameters
    ----------
    network: a torch module or an engine (see model/engine).
    given: int64 (n, 7), a header and music.
    rules: where the new music begins, and who may play it.
    bars: how many bars to add; the event that would begin one more ends the take.
    room: how many events there may be.
    heard: called after each new note with the events (lists of 7) that were settled since the last call;
        False stops the loop.
    prefix: what engine.prefill made of what is given; it is copied. None: that is done now.

    Returns
    -------
    The new events, int64 (n, 7), and whether the take came to its end (False: stopped, or no room left). The
    same network, events, settings and seed give the same events on the same machine.
    """
    loop = _Loop(engines.of(network), given, rules, how, bars, room, seed, heard, prefix)
    close = loop.last - CLOSE_BARS if how.ending else loop.last
    came = loop.until(close) if close > rules.bar else Came.ON
    if came is Came.ON:
        came = loop.end()
    loop.settle()
    return np.array(loop.now.made, np.int64).reshape(-1, len(ev.FIELDS)), came is Came.OVER


class Came(Enum):
    """How a stretch of music came to its end: another bar begins, the take is over, or it was broken off."""

    ON, OVER, OFF = range(3)


@dataclass
class _State:
    """All that changes from event to event. known: what the network knows of the next one; length: of its
    cache; seam: steps that must pass before it; entries: who comes in; returns: what came before, by which
    it is leaned; made: the new events so far."""

    known: np.ndarray
    length: int
    place: Place
    seam: int
    entries: Entries
    returns: Returns
    ngrams: Ngrams
    bars: Bars
    made: list[list[int]]

    def copy(self) -> _State:
        return replace(self, entries=self.entries.copy(), returns=self.returns.copy(),
                       ngrams=deepcopy(self.ngrams), bars=deepcopy(self.bars), made=list(self.made))


class _Loop:
    """A take under way. `next` is an event that is drawn but lies in a bar that has not begun."""

    def __init__(self, engine: object, given: np.ndarray, rules: Rules, how: Sampling, bars: int, room: int,
                 seed: int, heard: Heard, prefix: object | None) -> None:
        guided = contrasts(given, how.guidance)
        self.engine = Guided(engine, guided) if guided else engine
        self.rules, self.heard = rules, heard
        self.room, self.total, self.last = room, bars, rules.bar + bars
        length = ev.bar_steps(rules.metre)
        start = rules.bar * length - rules.seam         # bar lines are counted in the metre that goes on
        self.guard = Guard(given, length) if how.guard else None
        self.manner = Manner(how, np.random.default_rng(seed), self.guard)
        self.pace = Pace(rules.density, length) if rules.density else None
        self.cache = (prefix or engines.prefill(engine, given)).copy(len(given) + room)
        if guided:
            self.cache = self.engine.caches(self.cache, room)
        known = self.engine.read(given[-1:], self.cache)
        ngrams, whole_bars = Ngrams(how.no_repeat_ngram), Bars(how.no_repeat_bars)
        _listen(given, ngrams, whole_bars)
        place = Place(start % length, start // length, length)
        self.now = _State(known, self.cache.length, place, rules.seam, Entries(given, rules, how.newcomers),
                          Returns(given, start, length, how.returns), ngrams, whole_bars, [])
        self.next: list[int] | None = None
        self.told = self.settled = 0
        self.share = 0.0

    def until(self, stop: int, settles: bool = True) -> Came:
        """Make bars up to the line of bar `stop`; where it `settles`, each is settled when it is made."""
        came = Came.ON
        while came is Came.ON and not (self.next and self._lands(self.next) >= stop):
            back, strict = self.now.copy(), None
            for retry in range(RETRIES + 1 if self.guard else 1):
                if retry:
                    self._go_back(back)
                    strict = self.guard.strict(_rows(back.made)) if retry == RETRIES else None
                came = self._bar(strict, settles and not self.guard)
                if came is Came.OFF or not self._slips(len(back.made)):
                    break
            if settles:
                self.settled = len(self.now.made)
        return came

    def end(self) -> Came:
        """Make the bars that are left CLOSES times; keep those after which the piece is likeliest over."""
        back, found = self.now.copy(), []
        for _ in range(CLOSES):
            self._go_back(back)
            if self.until(self.last, settles=False) is Came.OFF:
                return Came.OFF
            found.append((self._over(), self.now))
        self.now = max(found, key=lambda pair: pair[0])[1]
        return Came.OVER

    def settle(self) -> None:
        """Tell what has not been told."""
        self.settled = len(self.now.made)
        if self.told < self.settled:
            self._tell()

    def _bar(self, strict: Strict | None, settles: bool) -> Came:
        """Make the events of one bar: the one in which the next event lies."""
        bar = None
        while True:
            row, self.next = self.next or self._draw(strict), None
            if row is None:
                return Came.OVER
            if bar is not None and self._lands(row) > bar:
                self.next = row
                return Came.ON
            bar = self._lands(row)
            self._add(row)
            if settles:
                self.settled = len(self.now.made)
            if len(self.now.made) >= self.room or (row[1] >= ev.PLAYERS and not self._tell()):
                return Came.OFF

    def _draw(self, strict: Strict | None) -> list[int] | None:
        """The first five fields of the next event; None: the last bar is full."""
        now = self.now
        if now.seam > ev.LONGEST:
            return [ev.LONGEST, ev.WAIT, 0, 0, 0]
        event = Event(self.engine, now.known, now.place, self.manner, now.entries, self._echoes(), strict)
        if self.pace:
            event.times = event.times + self.pace.lean(len(now.made), self._steps())
        left = now.place.left                   # of the bar; in its last step it may always end
        stay = now.seam == 0 and left > 1 and now.bars.must_go_on()
        stop = left if stay else ev.LONGEST + 1
        if self.guard:
            stop = min(stop, max(left, now.seam) + self.guard.rest)
        event.between(now.seam, stop)
        for _ in range(TRIES):
            over = now.place.after(event.draw_time())[0] >= self.last
            plays = event.draw_player()
            if over and (plays or event.row[ev.INSTRUMENT] < ev.PLAYERS):
                return None
            if plays and event.draw_pitch(now.ngrams.banned()):
                return event.finish()
        event.force(now.ngrams.banned())
        return event.finish() if now.place.after(event.row[ev.TIME])[0] < self.last else None

    def _echoes(self) -> list[Echo]:
        """What came next some bars ago; at the seam: on the bar line where the new music begins."""
        place, seam = self.now.place, self.now.seam
        struck = (place.instrument, place.pitch) if not seam else (-1, -1)
        echoes = self.now.returns.echoes(place.at + seam, struck)
        return [one._replace(time=one.time + seam) for one in echoes if one.time + seam <= ev.LONGEST]

    def _add(self, row: list[int]) -> None:
        now = self.now
        bar, position = now.place.after(row[0])
        whole = [*row, position, bar % ev.BARS]
        for _ in range(bar - now.place.bar):
            now.bars.begin()
        struck = (-1, -1)
        if row[1] >= ev.PLAYERS:
            now.ngrams.add(tuple(row[:3]))
            now.bars.add((*row[1:], position))
            now.entries.came(row[1])
            struck = row[1], row[2]
        now.made.append(whole)
        now.place = Place(position, bar, now.place.length, *struck)
        now.returns.came(now.place.at, row)
        now.entries.bars = self._steps() / now.place.length
        now.seam = max(0, now.seam - row[0])
        now.known = self.engine.read(np.array([whole]), self.cache)
        now.length = self.cache.length

    def _go_back(self, back: _State) -> None:
        """Begin the bar after `back` anew: no event may fall into the bars before it."""
        self.now, self.next = back.copy(), None
        self.cache.length = back.length
        if back.made:
            self.now.seam = max(back.seam, back.place.left)

    def _slips(self, first: int) -> bool:
        """Whether the bar that begins with new event `first` slips."""
        if not self.guard or len(self.now.made) == first:
            return False
        rows = _rows(self.now.made)
        begun = np.cumsum(np.diff(rows[:, ev.BAR], prepend=-1) != 0)
        return self.guard.slips(rows[first:], rows[:first][begun[:first] == begun[first] - 1])

    def _over(self) -> float:
        """Log-probability that the piece ends on the last bar line."""
        place, known = self.now.place, self.now.known
        steps = place.left + (self.last - 1 - place.bar) * place.length
        if steps > ev.LONGEST:
            return -np.inf
        told = self.engine.fold(ev.TIME, known, steps, 0)
        return float(_log(self.engine.logits(ev.TIME, known))[steps]
                     + _log(self.engine.logits(ev.INSTRUMENT, told))[ev.END])

    def _steps(self) -> int:
        """How long the new music is; below 0: so long until it begins."""
        place = self.now.place
        return place.at - self.rules.bar * place.length

    def _lands(self, row: list[int]) -> int:
        return self.now.place.after(row[0])[0]

    def _tell(self) -> bool:
        new, self.told = self.now.made[self.told : self.settled], max(self.told, self.settled)
        share = self._steps() / (self.now.place.length * max(self.total, 1))
        self.share = min(max(share, self.share), 1.0)
        return self.heard(new, self.share)


def _listen(given: np.ndarray, ngrams: Ngrams, bars: Bars) -> None:
    """Tell what must not be said twice what was given."""
    bar = -1
    for row in given.tolist():
        for _ in range((row[ev.BAR] - bar) % ev.BARS):
            bars.begin()
        bar = row[ev.BAR]
        if row[ev.INSTRUMENT] >= ev.PLAYERS:
            ngrams.add(tuple(row[:3]))
            bars.add(tuple(row[1:6]))


def _rows(made: list[list[int]]) -> np.ndarray:
    return np.array(made, np.int64).reshape(-1, len(ev.FIELDS))


def _log(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits)
