"""What visitors of the Compose page have chosen, and what is being composed for them. No Gradio.

Choices come from the browser as anybody may send them; what cannot be used is a ValueError of one sentence.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from model.catalogue import Catalogue, Prompt
from model.generator import GenerationError, Progress
from model.score import Score, bar_seconds, cut_bars
from model.settings import RANGES, Start

KEPT_S = 24 * 3600      # as long as the takes lie on the shelf
log = logging.getLogger(__name__)

BARS, SECONDS = "bars", "seconds"
LENGTHS = 5, 180        # seconds
SHELF, FILE, NOTHING = "From the library", "Your own file", "From nothing"


@dataclass(frozen=True)
class Visit:
    """What one visitor begins with; kept on the server."""

    source: str = SHELF
    piece: str = ""                 # id in the catalogue; "" for its first
    file: Prompt | None = None

    def prompt(self, catalogue: Catalogue) -> Prompt | None:
        """The music to continue, if there is any yet."""
        if self.source == NOTHING:
            return None
        if self.source == FILE:
            return self.file
        cards = catalogue.cards()
        return catalogue.prompt(self.piece) or (cards[0].prompt if cards else None)

    def origin(self, catalogue: Catalogue, programs: list, tempo: float,
               first: float = 1) -> tuple[Score | Start, str]:
        """What the generator begins with, and its name. first: the bar, from 1, that a prompt begins with."""
        if self.source == NOTHING:
            chosen = tuple(dict.fromkeys(int(program) for program in programs or ()))
            if not chosen:
                raise ValueError("Please choose at least one instrument.")
            return Start(chosen, float(tempo)), "Out of nothing"
        prompt = self.prompt(catalogue)
        if prompt is None:
            what = "a MIDI file" if self.source == FILE else "a piece"
            raise ValueError(f"Please choose {what} first.")
        if first not in range(1, prompt.bars + 1):
            raise ValueError(f"This prompt begins with one of its bars 1 to {prompt.bars}; received {first}.")
        if first == 1:
            return prompt.score, prompt.title
        return cut_bars(prompt.score, int(first) - 1, prompt.bars), f"{prompt.title}, from bar {int(first)}"


def bars_of(length: float, unit: str, origin: Score | Start, used: int) -> int:
    """How many bars a length is: of SECONDS, the bars that last nearest to it in the tempo and the metre with
    which the first `used` bars of the origin end; one at least, and no more than RANGES allow."""
    if unit == BARS:
        return int(length)
    if unit != SECONDS:
        raise ValueError(f"A length is counted in {BARS} or in {SECONDS}; received '{unit}'.")
    low, high = LENGTHS
    if not low <= length <= high:
        raise ValueError(f"A length in seconds goes from {low} to {high}; received {length}.")
    if isinstance(origin, Start):
        a_bar = 4 * 60 / origin.tempo
    else:
        last = bar_seconds(origin, max(used, 1))
        a_bar = float(last[-1] - last[-2])
    least, most = RANGES["bars"]
    return min(max(round(length / a_bar), least), most)


@dataclass
class Run:
    """What one press of Continue has brought so far: a thread writes it, the page asks after it."""

    title: str
    id: str = field(default_factory=lambda: f"{random.SystemRandom().getrandbits(48):x}")
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    takes: dict[int, str] = field(default_factory=dict)     # by their number from 0, as the page shows them
    hung: threading.Event = field(default_factory=threading.Event)      # set when there was any
    said: str = ""                                      # why there is nothing, or no more
    failed: bool = False
    over: bool = False                                  # set last: what is over has all its takes


class Running:
    """The run of every session: one at a time, which goes on whether or not anybody asks after it."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._guard = threading.Lock()

    def begin(self, session: str, title: str, work: Callable[[Run], None]) -> Run:
        """A new run that ``work`` fills in a thread; if one of the session is under way, that one instead."""
        with self._guard:
            now = time.monotonic()
            self._runs = {s: run for s, run in self._runs.items() if not run.over or now - run.began < KEPT_S}
            run = self._runs.get(session)
            if run is None or run.over:
                run = self._runs[session] = Run(title)
                threading.Thread(target=_fill, args=(run, work), name="compose", daemon=True).start()
            return run

    def of(self, session: str) -> Run | None:
        """The session's last run, if it has begun any."""
        return self._runs.get(session)

    def stop(self, session: str) -> None:
        """Asks the session's run, if there is one, to end and to keep what it has."""
        if run := self._runs.get(session):
            run.stop.set()


def _fill(run: Run, work: Callable[[Run], None]) -> None:
    try:
        work(run)
        if not run.takes:
            run.said = "Stopped before the first note, so there is nothing to keep."
    except Exception as error:
        run.said, run.failed = reason(error), True
    finally:
        run.over = True


def reason(error: Exception) -> str:
    """What a visitor is told of a continuation that failed: our own sentence, or that it was our fault."""
    if isinstance(error, (ValueError, GenerationError)):        # ScoreError among them
        return str(error)
    log.error("A continuation failed.", exc_info=error)
    return "Something went wrong on our side. Please press Continue once more."


def seed_of(text: str | None, chance: random.Random) -> int:
    """The seed that a visitor wrote, or one by chance where none is written."""
    written = (text or "").strip()
    if not written:
        return chance.randrange(1_000_000)
    low, high = RANGES["seed"]
    if not (written.isascii() and written.isdecimal() and len(written) <= 10 and int(written) <= high):
        raise ValueError(f"A seed is a whole number from {low} to {high}; received {written[:40]!r}.")
    return int(written)
