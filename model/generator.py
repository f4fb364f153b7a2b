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
from numbers import Real
from pathlib import Path

import numpy as np
from symusic import Score, Tempo

from model import checkpoint
from model.layouts import Layout
from model.metrics import faults
from model.plan import Plan
from model.sampling import Sampling
from model.score import bar_seconds, count_bars, cut_bars, join, normalise
from model.wishes import ANY, Wishes
from model.workers import Job, Pool, Result, WorkerError


@dataclass(frozen=True)
class Settings:
    """A visitor's sliders; RANGES holds their ends. ValueError says which is out of its range."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.0
    no_repeat_ngram: int = 0
    no_repeat_bars: int = 0
    bars: int = 16
    prompt_bars: int = 8
    seed: int = 0
    keep_instruments: bool = True       # only the prompt's may play on
    whistle: bool = False
    style: str = ANY                    # one of the system's styles
    density: int = 0                    # notes a bar that are wished for; 0: any

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value, label = getattr(self, name), name.replace("_", " ")
            if not isinstance(value, Real) or not low <= value <= high:
                raise ValueError(f"{label} goes from {low} to {high}; received {value}.")
            kind = type(low)
            if kind(value) != value:
                raise ValueError(f"{label} is a whole number; received {value}.")
            object.__setattr__(self, name, kind(value))


RANGES = {
    "temperature": (0.05, 2.0),
    "top_k": (0, 200),
    "top_p": (0.05, 1.0),
    "min_p": (0.0, 0.5),
    "no_repeat_ngram": (0, 32),
    "no_repeat_bars": (0, 8),
    "bars": (1, 64),
    "prompt_bars": (0, 64),
    "seed": (0, 2**31 - 1),
    "density": (0, 96),
}

# 'natural', the default, is the setting that the machine listener tells from people least often
# (docs/experiments.md). The others are the published ones: temperature, top-k, n-gram.
_PUBLISHED = [(0.5, 15, 6), (0.7, 12, 4), (0.7, 12, 10), (0.3, 8, 4), (0.3, 8, 8), (0.9, 30, 12),
              (0.9, 30, 2), (0.1, 5, 2), (0.1, 5, 10)]
PRESETS = {"natural": Settings()} | {
    "balanced" if i == 0 else f"{t} · {k} · {n}": Settings(t, k, 1.0, no_repeat_ngram=n)
    for i, (t, k, n) in enumerate(_PUBLISHED)
}


@dataclass(frozen=True)
class Start:
    """Music from nothing: General MIDI programs from 0, 128 for drums, and beats a minute."""

    programs: tuple[int, ...] = (0,)
    tempo: float = 120.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.programs) <= 16 or any(program not in range(129) for program in self.programs):
            raise ValueError(f"A start has 1 to 16 programs from 0 to 128; received {list(self.programs)}.")
        if not 40 <= self.tempo <= 250:
            raise ValueError(f"A tempo goes from 40 to 250 beats a minute; received {self.tempo}.")


@dataclass(frozen=True)
class Progress:
    """How far all takes of one request are. `take` is the one that moved last."""

    take: int
    takes: int
    notes: int
    fraction: float
    seconds_left: float | None


@dataclass(frozen=True)
class Take:
    """One continuation. `score` is the prompt joined with it; the machine takes over at `seam_s` seconds.

    seam_bar: the same in bars, from 0. settings: as asked for, but for the seed that this take was made with.
    faults: as in metrics.faults; first_faults: those of the first attempt, the same unless retried.
    complete: False when it was stopped, or ran out of room in very dense music.
    tokens, notes: new ones. elapsed_s: from the request on, the first attempt of a retried take included.
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
                 pool: Pool | None = None) -> None:
        self._folder = checkpoint.folder_of(system)
        self.system = self._folder.name
        self.checkpoint_sha256 = checkpoint.sha256(self._folder)
        self.layout = _layout(self._folder)
        self.controls = checkpoint.controls(self._folder)
        self._pool = pool or Pool(self._folder, workers)
        self._others: dict[str, Generator] = {}

    @property
    def workers(self) -> int:
        """How many takes are made side by side."""
        return self._pool.count

    @property
    def systems(self) -> tuple[str, ...]:
        """What `of` takes: this system, then the others that ship."""
        return (self.system, *(name for name in checkpoint.names() if name != self.system))

    def of(self, system: str | None) -> Generator:
        """The same workers with another system; None for this one. CheckpointError: there is none."""
        if system in (None, self.system):
            return self
        if system not in self._others:
            self._others[system] = Generator(system, pool=self._pool)
        return self._others[system]

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

    def stream(
        self, prompt: Score | Start, settings: Settings, takes: int = 1, stop: threading.Event | None = None
    ) -> Iterator[Progress | Take]:
        """Make takes side by side; yield Progress as notes come, and every Take once, when it is done.

        Take i has the seed settings.seed + i. A take that is empty or stuck is made once more, with the next
        seed that no take has. `stop` ends every take where it is and keeps what was made; takes that had not
        begun do not come. Closing the iterator ends the work, too. ValueError: the system takes no such wish.
        GenerationError: a take could not be made.
        """
        if takes not in range(1, 17):
            raise ValueError(f"takes goes from 1 to 16; received {takes}.")
        closed = threading.Event()

        def stopped() -> bool:
            return closed.is_set() or (stop is not None and stop.is_set())

        wishes = Wishes(settings.style, settings.density)
        if isinstance(prompt, Start):
            plan = self.layout.from_nothing(prompt.programs, prompt.tempo, wishes)
        else:
            plan = self.layout.from_prompt(prompt, settings.prompt_bars, settings.keep_instruments, wishes)
        events: queue.Queue = queue.Queue()
        for index in range(takes):
            work = (plan, settings, index, takes, stopped, events)
            threading.Thread(target=self._make, args=work, daemon=True).start()
        began = time.monotonic()
        notes, fractions, left = [0] * takes, [0.0] * takes, takes
        try:
            while left:
                event = events.get()
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, Take):
                    left -= 1
                    fractions[event.index] = 1.0
                    yield event
                elif event is None:
                    left -= 1       # stopped before it began
                else:
                    index, notes[index], fractions[index] = event
                    share = sum(fractions) / takes
                    left_s = (time.monotonic() - began) * (1 - share) / share if share > 0.05 else None
                    yield Progress(index, takes, sum(notes), share, left_s)
        finally:
            closed.set()

    def _make(
        self, plan: Plan, settings: Settings, index: int, takes: int, stopped: Callable[[], bool],
        events: queue.Queue,
    ) -> None:
        """Make one take, and once more if it is faulty; put progress, then the Take, an error, or None."""
        try:
            began, kept, first_faults = time.monotonic(), None, None
            for attempt in range(2):
                seed = (settings.seed + index + attempt * takes) % 2**31
                job = Job(plan.given, plan.rules, _sampling(settings), settings.bars, seed, self._folder)
                result = self._pool.run(job, stopped, lambda notes, share: events.put((index, notes, share)))
                if result is None:
                    break
                broken_off = stopped() and not result[1]
                take = self._take(plan, replace(settings, seed=seed), index, result, broken_off=broken_off,
                                  retried=attempt > 0, elapsed_s=time.monotonic() - began,
                                  first_faults=first_faults)
                first_faults = take.first_faults
                if kept is None or not broken_off:      # a whole faulty take is better than half a new one
                    kept = take
                if not take.faults or broken_off:
                    break
            events.put(kept)
        except WorkerError as error:
            events.put(GenerationError(str(error)))
        except Exception as error:      # whatever it was, the visitor's stream must end
            events.put(error)

    def _take(
        self, plan: Plan, settings: Settings, index: int, result: Result, *, broken_off: bool, retried: bool,
        elapsed_s: float, first_faults: tuple[str, ...] | None,
    ) -> Take:
        steps, complete = result
        decoded = normalise(self.layout.score(np.concatenate([plan.given, steps])))
        continuation = cut_bars(decoded, plan.seen_bars, plan.seen_bars + settings.bars)
        # It begins in the tempo that was there or asked for, not in the vocabulary's nearest.
        continuation.tempos = [Tempo(0, mspq=plan.mspq), *(t for t in continuation.tempos if t.time > 0)]
        score, seam = continuation, 0.0
        if plan.score is not None:
            score = join(plan.score, continuation, at_bar=plan.prompt_bars, whistle=settings.whistle)
            seam = float(bar_seconds(score, plan.prompt_bars)[-1])
        # Who broke it off does not miss the rest; bars that there was no room for are silent.
        made = max(1, min(settings.bars, count_bars(continuation))) if broken_off else settings.bars
        return Take(
            index=index, score=score, seam_s=seam, seam_bar=plan.prompt_bars, settings=settings,
            faults=faults(continuation, made), retried=retried, complete=complete, system=self.system,
            checkpoint_sha256=self.checkpoint_sha256, tokens=len(steps), notes=continuation.note_num(),
            elapsed_s=elapsed_s, first_faults=first_faults,
        )


def _sampling(settings: Settings) -> Sampling:
    return Sampling(settings.temperature, settings.top_k, settings.top_p, settings.min_p,
                    settings.no_repeat_ngram, settings.no_repeat_bars)


@lru_cache(4)
def _layout(folder: Path) -> Layout:
    return checkpoint.load_layout(folder)


def round_trip(score: Score, system: str | None = None) -> Score:
    """What a system can hold of a score: decode(encode(score)). Human clips take it, so that they are
    quantised as the machine's are."""
    return normalise(_layout(checkpoint.folder_of(system)).round_trip(score))
