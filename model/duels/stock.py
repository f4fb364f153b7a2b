"""A few duels ahead, so that one starts at once, made when nobody else wants the machine.

One thread makes them one after another, gives way to whoever composes, and stops as soon as READY are there.
A duel's two sounds and their music lie in a folder under random names, and go when the duel is over.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from symusic import Score

from model.blind.clips import RoundTrip
from model.duels.making import Made, Passage, make, passages
from model.duels.store import DuelStore
from model.generator import Take, round_trip
from model.library import Piece
from model.settings import Settings

READY = 5
LOOK_S = 1.0                        # how often it looks whether a worker is free
TIDY_S = 60.0
FAILED_S = 30.0                     # of rest after something went wrong
log = logging.getLogger(__name__)


class Machine(Protocol):
    """What is needed of `model.Generator`. spare: workers that are free, less the takes that wait for one."""

    spare: int

    def stream(self, prompt: Score, settings: Settings, takes: int = 1,
               stop: threading.Event | None = None) -> Iterator[object]: ...


class Crowded(Exception):
    """Somebody else waits for the machine."""


class Stock:
    """Keeps duels ready in a store and their files in `folder`. `start` begins, `close` ends its thread."""

    def __init__(self, folder: Path, store: DuelStore, machine: Machine, find: Callable[[], Sequence[Piece]],
                 round_trip: RoundTrip = round_trip, chance: random.Random | None = None):
        self.folder, self._store, self._machine, self._find = folder, store, machine, find
        self._round_trip, self._chance = round_trip, chance or random.SystemRandom()
        self._passages: list[Passage] | None = None
        self._closed, self._wake = threading.Event(), threading.Event()
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> threading.Thread:
        """Begins to prepare duels."""
        thread = threading.Thread(target=self._run, name="duels", daemon=True)
        thread.start()
        return thread

    def wake(self) -> None:
        """One was taken."""
        self._wake.set()

    def close(self) -> None:
        """Ends what is being made; does not wait."""
        self._closed.set()
        self._wake.set()

    def sound(self, name: str) -> bytes:
        """The MP3 of that name. FileNotFoundError: it is over."""
        return (self.folder / f"{name}.mp3").read_bytes()

    def music(self, name: str) -> Score:
        """The music of that name."""
        return Score(str(self.folder / f"{name}.mid"))

    def tidy(self) -> None:
        """Clears the files of duels that are over."""
        needed, now = self._store.tidy(), time.time()
        for path in self.folder.iterdir():
            # What is young may belong to a duel that is being written down.
            if path.stem not in needed and now - path.stat().st_mtime > TIDY_S:
                path.unlink(missing_ok=True)

    def fill(self) -> bool:
        """Makes one duel if there are too few; whether it did. Crowded: not now."""
        if self._store.ready() >= READY:
            return False
        if self._machine.spare < 1:
            raise Crowded
        if self._passages is None:
            self._passages = self._suitable()
        if not self._passages:
            return False
        uses = self._store.uses()
        pieces = {passage.piece.id: 0 for passage in self._passages}
        for (piece, _), count in uses.items():
            pieces[piece] = pieces.get(piece, 0) + count
        passage = min(self._passages, key=lambda one: (
            pieces[one.piece.id], uses[one.piece.id, one.first], self._chance.random()))
        made = make(passage, self._compose, self._chance, self._round_trip)
        if made is None:
            log.info("Bars %d on of '%s' make no duel.", passage.first + 1, passage.piece.title)
            self._passages.remove(passage)
        else:
            self._keep(made)
        return True

    def _suitable(self) -> list[Passage]:
        found = []
        for piece in self._find():
            if self._closed.is_set():
                break
            try:
                found += passages(piece, self._round_trip)
            except ValueError as error:         # ScoreError: it cannot be read
                log.warning("'%s' makes no duel: %s", piece.title, error)
        return found

    def _compose(self, prompt: Score, settings: Settings) -> Take:
        stop = threading.Event()
        for event in self._machine.stream(prompt, settings, stop=stop):
            if self._closed.is_set() or self._machine.spare < 0:
                stop.set()
                raise Crowded
            if isinstance(event, Take):
                return event
        raise Crowded

    def _keep(self, made: Made) -> None:
        """Files first: a duel that is given has its sound."""
        for name, (sound, music) in made.files.items():
            (self.folder / f"{name}.mid").write_bytes(music)
            (self.folder / f"{name}.mp3").write_bytes(sound)
        self._store.add(made.facts)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self.tidy()
                while self.fill() and not self._closed.is_set():
                    pass
                rest = TIDY_S
            except Crowded:
                rest = LOOK_S
            except Exception:
                if self._closed.is_set():
                    return
                log.exception("A duel could not be prepared; the next attempt is in %g seconds.", FAILED_S)
                rest = FAILED_S
            self._wake.wait(rest)
            self._wake.clear()
