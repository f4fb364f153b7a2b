"""Prompt and settings -> takes, streamed: what the rest of the program calls.

Each worker is a process with one thread, one network and one take at a time: two threads in one decode loop
collapse when a core is busy, and a web server must never wait for a network. The parent reads and writes
scores; workers see token ids only. Nothing is started before the first take is asked for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from symusic import Score

from model import checkpoint, ear
from model.candidates import ranked, together
from model.compound.guard import LEAST_SCALE
from model.endings import close
from model.evaluation.faults import more_faults
from model.evaluation.passage import passage
from model.growing import Growing, Sprout, after_prompt, continuation
from model.judging import Verdict, judge
from model.layouts import Layout
from model.metrics import faults
from model.plan import Plan
from model.pool import Place, Pool
from model.score import count_bars, normalise
from model.settings import Settings, Start, sampling
from model.wishes import Wishes
from model.workers import Job, Reading, Result, WorkerError

_LOOK_S = 0.2           # how often a request that waits looks where it stands in line


@dataclass(frozen=True)
class Progress:
    """How far all takes of one request are. `take` is the one that moved last.

    place: where the request stands in line, until the first of its takes has begun. made, candidates: where
    takes are the best of several, how many of these are done, and how many are made for all takes together.
    """

    take: int
    takes: int
    notes: int
    fraction: float
    seconds_left: float | None
    place: Place | None = None
    made: int = 0
    candidates: int = 0


@dataclass(frozen=True)
class Take:
    """One continuation. `score` is the prompt joined with it; the machine takes over at `seam_s` seconds.

    seam_bar: the same in bars, from 0. settings: as asked for, but for the seed that this take was made with.
    faults: as in metrics.faults; first_faults: those of the first attempt, the same unless retried.
    complete: False when it was stopped, or ran out of room in very dense music.
    tokens, notes: new ones. elapsed_s: from the request on, all attempts included. verdict: the continuation
    held against its prompt. slips: its faults against the prompt, as in evaluation/faults.py. rejected: the
    other candidates and the first attempt of a retried take, the best first; these have none of their own.
    """

    index: int
    score: Score
    seam_s: float
    seam_bar: int
    settings: Settings
    faults: tuple[str, ...]
    retried: bool
    complete: bool
    system: str
    checkpoint_sha256: str
    tokens: int
    notes: int
    elapsed_s: float
    first_faults: tuple[str, ...] | None = None
    verdict: Verdict | None = None
    slips: tuple[str, ...] = ()
    rejected: tuple[Take, ...] = ()

    def __post_init__(self) -> None:
        if self.first_faults is None:
            object.__setattr__(self, "first_faults", self.faults)


class GenerationError(RuntimeError):
    """A take that could not be made. One sentence."""


class Generator:
    """Takes from one checkpoint, made by `workers` processes (default: one a core). Close it when done.

    controls: which wishes (style, density) the system has been seen to obey (see evaluation/controls.py).
    """

    def __init__(self, system: str | None = None, workers: int | None = None,
                 pool: Pool | None = None, patient: bool = False) -> None:
        self._folder = checkpoint.folder_of(system)
        self.system = self._folder.name
        self.checkpoint_sha256 = checkpoint.sha256(self._folder)
        self.layout = _layout(self._folder)
        self.controls = checkpoint.controls(self._folder)
        self.ear = ear.read(self._folder)
        self._pool, self._patient = pool or Pool(self._folder, workers), patient
        self._others: dict[str, Generator] = {}

    @property
    def workers(self) -> int:
        """How many takes are made side by side."""
        return self._pool.count

    @property
    def spare(self) -> int:
        """Workers that are free; below zero, so many takes wait for one."""
        return self._pool.spare

    @property
    def systems(self) -> tuple[str, ...]:
        """What `of` takes: this system, then the others that ship."""
        return (self.system, *(name for name in checkpoint.names() if name != self.system))

    def of(self, system: str | None) -> Generator:
        """The same workers with another system; None for this one. CheckpointError: there is none."""
        if system in (None, self.system):
            return self
        if system not in self._others:
            self._others[system] = Generator(system, pool=self._pool, patient=self._patient)
        return self._others[system]

    def in_background(self) -> Generator:
        """The same workers for whom nobody waits: its takes are made while no other is asked for."""
        return Generator(str(self._folder), pool=self._pool, patient=True)

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def warm(self) -> None:
        """Start the workers now, so that the first visitor does not wait for them."""
        self._pool.start()

    def prepare(self, prompt: Score | Start, settings: Settings) -> Growing | None:
        """Have the workers that are free read a prompt, so that a stream of it begins at once; what each of
        its takes will grow from, None from nothing. The errors of `stream`."""
        plan = self._plan(prompt, settings)
        self._pool.read(Reading(plan.given, self._folder))
        return Sprout(self.layout, plan, settings.bars, settings.whistle, 0, 0).seed()

    def _plan(self, prompt: Score | Start, settings: Settings) -> Plan:
        wishes = Wishes(settings.style, settings.density)
        if isinstance(prompt, Start):
            return self.layout.from_nothing(prompt.programs, prompt.tempo, wishes)
        return self.layout.from_prompt(prompt, settings.prompt_bars, settings.keep_instruments, wishes)

    def stream(
        self, prompt: Score | Start, settings: Settings, takes: int = 1, stop: threading.Event | None = None,
        growing: bool = False, again: int | None = None,
    ) -> Iterator[Progress | Growing | Take]:
        """Make takes side by side; yield Progress as notes come, and every Take once, when it is done.

        growing: Growing is yielded, too, as a take begins and as its bars are complete; not of the best of
        several candidates, for nobody knows which it is.

        again: each take as it was made before with these settings, faulty or not: after so many steps, or 0
        for all of them. No second attempt is made.

        Take i has the seed settings.seed + i; of n takes its next candidates have those n, 2 n, ... later.
        The best by its verdict is the take; where all are empty or stuck, one more is made. `stop` ends
        every take where it is and keeps what was made; takes that had not begun do not come. Closing the
        iterator ends the work, too. ValueError: the system takes no such wish. GenerationError: a take could
        not be made.
        """
        if takes not in range(1, 17):
            raise ValueError(f"takes goes from 1 to 16; received {takes}.")
        closed = threading.Event()

        def stopped() -> bool:
            return closed.is_set() or (stop is not None and stop.is_set())

        plan = self._plan(prompt, settings)
        try:
            self._pool.admit(0 if self._patient else takes * settings.best_of)
        except WorkerError as error:
            raise GenerationError(str(error)) from None
        events: queue.Queue = queue.Queue()      # which also stands for the request in the pool's line
        for index in range(takes):
            work = (plan, settings, index, takes, stopped, events, growing and settings.best_of == 1, again)
            threading.Thread(target=self._make, args=work, daemon=True).start()
        began = time.monotonic()
        notes, fractions, made, left = [0] * takes, [0.0] * takes, [0] * takes, takes
        candidates = takes * settings.best_of if settings.best_of > 1 else 0
        try:
            while left:
                try:
                    event = events.get(timeout=_LOOK_S)
                except queue.Empty:
                    if not any(fractions) and (place := self._pool.place(events)) is not None:
                        yield Progress(0, takes, 0, 0.0, None, place)
                    continue
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, Growing):
                    yield event
                elif isinstance(event, Take):
                    left -= 1
                    fractions[event.index] = 1.0
                    yield event
                elif event is None:
                    left -= 1       # stopped before it began
                else:
                    index, notes[index], fractions[index], made[index] = event
                    share = sum(fractions) / takes
                    left_s = (time.monotonic() - began) * (1 - share) / share if share > 0.05 else None
                    yield Progress(index, takes, sum(notes), share, left_s, None, sum(made), candidates)
        finally:
            closed.set()

    def _make(
        self, plan: Plan, settings: Settings, index: int, takes: int, stopped: Callable[[], bool],
        events: queue.Queue, growing: bool, again: int | None,
    ) -> None:
        """Make the candidates of one take, and one more if all are faulty; put progress, then the best as a
        Take, an error, or None."""
        began = time.monotonic()
        heard = [(0, 0.0)] * settings.best_of       # of each candidate
        done: set[int] = set()

        def attempt(number: int) -> Take | None:
            seed = (settings.seed + index + number * takes) % 2**31
            job = Job(plan.given, plan.rules, sampling(settings), settings.bars, seed, self._folder)
            sprout = Sprout(self.layout, plan, settings.bars, settings.whistle, index, number)

            def show(grown: Growing | None) -> None:
                if growing and grown is not None:
                    events.put(grown)

            def report() -> None:
                all_notes, shares = zip(*heard, strict=True)
                events.put((index, sum(all_notes), sum(shares) / settings.best_of, len(done)))

            def tell(first: int, steps: np.ndarray, share: float) -> None:
                sprout.hear(first, steps, share)
                heard[number % settings.best_of] = sprout.notes, share
                report()
                if growing:
                    show(sprout.grown())

            result = self._pool.run(job, stopped, tell, events, lambda: show(sprout.seed()), self._patient)
            if result is None:
                return None
            if settings.best_of > 1 and number < settings.best_of:
                done.add(number)
                heard[number] = sprout.notes, 1.0
                report()
            if again and len(result[0]) > again:
                result = result[0][:again], False
            broken_off = stopped() and not result[1]
            return self._take(plan, replace(settings, seed=seed), index, result, broken_off=broken_off,
                              elapsed_s=time.monotonic() - began)

        try:
            made = [take for take in together(attempt, settings.best_of) if take is not None]
            best = ranked(made)
            if again is None and made and all(take.faults for take in made) and not stopped():
                second = attempt(settings.best_of)
                if second is not None:      # a whole faulty take is better than half a new one
                    second = replace(second, retried=True, first_faults=made[0].faults)
                    best.insert(0 if second.complete or not stopped() else len(best), second)
            elapsed_s = time.monotonic() - began
            events.put(replace(best[0], elapsed_s=elapsed_s, rejected=tuple(best[1:])) if made else None)
        except WorkerError as error:
            events.put(GenerationError(str(error)))
        except Exception as error:      # whatever it was, the visitor's stream must end
            events.put(error)

    def _take(
        self, plan: Plan, settings: Settings, index: int, result: Result, *, broken_off: bool,
        elapsed_s: float,
    ) -> Take:
        steps, complete = result
        new = continuation(self.layout, plan, steps, settings.bars)
        if settings.ending and complete:
            new = close(new, settings.bars)
        score, seam = after_prompt(plan, new, settings.whistle)
        # Who broke it off does not miss the rest; bars that there was no room for are silent.
        made = max(1, min(settings.bars, count_bars(new))) if broken_off else settings.bars
        return Take(
            index=index, score=score, seam_s=seam, seam_bar=plan.prompt_bars, settings=settings,
            faults=faults(new, made), retried=False, complete=complete, system=self.system,
            checkpoint_sha256=self.checkpoint_sha256, tokens=len(steps), notes=new.note_num(),
            elapsed_s=elapsed_s, verdict=judge(plan.score, new, made, self.ear),
            slips=_slips(plan, new, made),
        )


def _slips(plan: Plan, continuation: Score, bars: int) -> tuple[str, ...]:
    """What a continuation has of the evaluation's faults that are measured against its prompt."""
    if plan.score is None:
        return ()
    return more_faults(passage(continuation, bars), passage(plan.score, plan.prompt_bars), LEAST_SCALE)


@lru_cache(4)
def _layout(folder: Path) -> Layout:
    return checkpoint.load_layout(folder)


def round_trip(score: Score, system: str | None = None) -> Score:
    """What a system can hold of a score: decode(encode(score)). Human clips take it, so that they are
    quantised as the machine's are."""
    return normalise(_layout(checkpoint.folder_of(system)).round_trip(score))
