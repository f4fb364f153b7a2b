"""The decode loop over events: one step of the network a note, its fields drawn in turn.

An event that may not be (an instrument that does not play, the end of the piece, a note that does not rise
in its chord) is drawn again, time and all, so that what is left keeps its proportions. Ruled out where it
stands instead, it would drive chords upwards and give the drums' rhythm to whoever is left. Only after TRIES
draws is an event forced.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from model import engine as engines
from model.compound import events as ev
from model.compound.plan import Rules
from model.plan import Heard
from model.sampling import NEVER, Bars, Ngrams, Sampling, ban, draw

TRIES = 16


@dataclass
class _Place:
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
    heard: called after each new note with the events (lists of 7) since the last call; False stops the loop.
    prefix: what engine.prefill made of what is given; it is copied. None: that is done now.

    Returns
    -------
    The new events, int64 (n, 7), and whether the take came to its end (False: stopped, or no room left). The
    same network, events, settings and seed give the same events on the same machine.
    """
    engine, rng = engines.of(network), np.random.default_rng(seed)
    ngrams, whole_bars = Ngrams(how.no_repeat_ngram), Bars(how.no_repeat_bars)
    bar = -1
    for row in given.tolist():
        _begin(whole_bars, (row[ev.BAR] - bar) % ev.BARS)
        bar = row[ev.BAR]
        if row[ev.INSTRUMENT] >= ev.PLAYERS:
            ngrams.add(tuple(row[:3]))
            whole_bars.add(tuple(row[1:6]))
    length = ev.bar_steps(rules.metre)
    last = rules.bar + bars
    seam = rules.seam
    start = rules.bar * length - seam           # bar lines are counted in the metre that goes on
    place = _Place(start % length, start // length, length)
    may = _may(rules)
    made: list[list[int]] = []
    told = 0
    cache = (prefix or engines.prefill(engine, given)).copy(len(given) + room)
    feed = given[-1:]
    while len(made) < room:
        known = engine.read(feed, cache)
        if seam > ev.LONGEST:
            row = [ev.LONGEST, ev.WAIT, 0, 0, 0]
        else:
            left = place.length - place.position        # of the bar; in its last step it may always end
            stay = seam == 0 and left > 1 and whole_bars.must_go_on()
            event = _Event(engine, known, place, may, how, rng)
            event.between(seam, left if stay else ev.LONGEST + 1)
            for _ in range(TRIES):
                over = place.after(event.draw_time())[0] >= last
                plays = event.draw_player()
                if over and (plays or event.row[ev.INSTRUMENT] < ev.PLAYERS):
                    return _rows(made), True
                if plays and event.draw_pitch(ngrams.banned()):
                    break
            else:
                event.force(ngrams.banned())
                if place.after(event.row[ev.TIME])[0] >= last:
                    return _rows(made), True
            row = event.finish()
        bar, position = place.after(row[0])
        _begin(whole_bars, bar - place.bar)
        if row[1] >= ev.PLAYERS:
            ngrams.add(tuple(row[:3]))
            whole_bars.add((*row[1:], position))
        struck = (row[1], row[2]) if row[1] >= ev.PLAYERS else (-1, -1)
        place = _Place(position, bar, length, *struck)
        seam = max(0, seam - row[0])
        made.append([*row, position, bar % ev.BARS])
        feed = np.array(made[-1:])
        if row[1] >= ev.PLAYERS:
            new, told = made[told:], len(made)
            share = (bar - rules.bar + position / length) / max(bars, 1)
            if not heard(new, min(max(share, 0.0), 1.0)):
                return _rows(made), False
    return _rows(made), False


class _Event:
    """The next event while it is drawn."""

    def __init__(self, engine: object, known: np.ndarray, place: _Place, may: np.ndarray, how: Sampling,
                 rng: np.random.Generator) -> None:
        self.engine, self.known, self.place, self.may = engine, known, place, may
        self.how, self.rng = how, rng
        self.times = engine.logits(ev.TIME, known)
        self.row = [0, 0, 0, 0, 0]

    def between(self, first: int, stop: int) -> None:
        """Rule out the times before `first` and from `stop` on."""
        self.times = self.times.copy()
        self.times[:first] = NEVER
        self.times[stop:] = NEVER

    def draw_time(self) -> int:
        time = draw(self.times, self.how, self.rng)
        _, position = self.place.after(time)
        self.row = [time, 0, 0, 0, 0]
        self.told = self.engine.fold(ev.TIME, self.known, time, position)
        return time

    def draw_player(self, legal: np.ndarray | None = None) -> bool:
        """Whether who was drawn may play here; with `legal` (bool) only these are drawn."""
        players = self.engine.logits(ev.INSTRUMENT, self.told)
        if legal is not None:
            players = np.where(legal, players, NEVER)
        self.row[1] = player = draw(players, self.how, self.rng)
        if player == ev.WAIT:
            return self.row[0] == ev.LONGEST
        if player >= ev.PLAYERS:
            self.told = self.engine.fold(ev.INSTRUMENT, self.told, player)
        return bool(self.may[player]) and (self.row[0] > 0 or player >= self.place.instrument)

    def draw_pitch(self, banned: Sequence[Hashable], rising: bool = False) -> bool:
        """Whether the pitch that was drawn may be struck here; `rising`: only such are drawn."""
        time, player = self.row[:2]
        if player < ev.PLAYERS:
            return True
        pitches = self.engine.logits(ev.PITCH, self.told).copy()
        pitches[ev.PITCHES :] = NEVER
        again = time == 0 and player == self.place.instrument
        if again and rising:
            pitches[: self.place.pitch + 1] = NEVER
        taboo = [pitch for *where, pitch in banned if where == [time, player]]
        self.row[2] = pitch = draw(ban(pitches, taboo), self.how, self.rng)
        return not again or pitch > self.place.pitch

    def force(self, banned: Sequence[Hashable]) -> None:
        """An event that may be, whatever the network thinks of it: the last chord has ended."""
        self.between(1, ev.LONGEST + 1)
        self.draw_time()
        self.draw_player(self.may)
        self.draw_pitch(banned, rising=True)

    def finish(self) -> list[int]:
        """The event with its duration and velocity, if it is a note."""
        if self.row[1] >= ev.PLAYERS:
            self.told = self.engine.fold(ev.PITCH, self.told, self.row[2])
            self.row[3] = self._draw(ev.DURATION)
            self.told = self.engine.fold(ev.DURATION, self.told, self.row[3])
            self.row[4] = self._draw(ev.VELOCITY)
        return self.row

    def _draw(self, field: int) -> int:
        return draw(self.engine.logits(field, self.told), self.how, self.rng)


def _may(rules: Rules) -> np.ndarray:
    """Bool (instruments,): which classes may be drawn at all; the piece does not end, nor change its pace."""
    may = np.zeros(ev.CLASSES["instrument"], bool)
    if rules.players is None:
        may[ev.PLAYERS :] = True
    else:
        may[sorted(rules.players)] = True
    return may


def _begin(bars: Bars, count: int) -> None:
    """So many bar lines."""
    for _ in range(count):
        bars.begin()


def _rows(made: list[list[int]]) -> np.ndarray:
    return np.array(made, np.int64).reshape(-1, len(ev.FIELDS))
