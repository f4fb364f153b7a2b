"""What is composed for visitors: one run at a time each, which outlives a reload of their page. No Gradio.

A run ends by itself when nobody has asked after it for a while; what was made until then is kept.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from model.generator import GenerationError, Progress

KEPT_S = 24 * 3600      # as long as the takes lie on the shelf
SILENT_S = 150.0        # without a word from the page; browsers let a hidden one speak once a minute
CLOSED_S = 20.0         # the same after its tab was closed, or is being reloaded
HERE_S = 5.0            # who asked so lately is still there
log = logging.getLogger(__name__)


@dataclass
class Run:
    """What one press of Continue has brought so far: a thread writes it, the page asks after it.

    id: whoever names it may see and stop the run. session: of the page that follows it.
    """

    title: str
    session: str = ""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    takes: dict[int, str] = field(default_factory=dict)     # by their number from 0, as the page shows them
    hung: threading.Event = field(default_factory=threading.Event)      # set when there was any
    said: str = ""                                      # why there is nothing, or no more
    failed: bool = False
    abandoned: bool = False                             # it was stopped because its visitor had gone
    over: bool = False                                  # set last: what is over has all its takes
    _until: float = 0.0                                 # when the visitor has gone, if nothing more is heard

    def __post_init__(self) -> None:
        self.asked()

    def asked(self) -> None:
        """The page has asked after it."""
        self._until = time.monotonic() + SILENT_S

    def closed(self) -> None:
        """The page has said that it closes."""
        self._until = min(self._until, time.monotonic() + CLOSED_S)

    @property
    def ending(self) -> str:
        """Why it was stopped, to be told with what was made; "" as long as it was not."""
        if self.abandoned:
            return "Nobody was here any more, so it was stopped here; what was made so far is kept."
        return "You stopped it here; what was made so far is kept." if self.stop.is_set() else ""

    @property
    def attended(self) -> bool:
        """Whether the page that follows it is open, as far as one can tell."""
        return self._until > time.monotonic() + SILENT_S - HERE_S

    def look(self) -> None:
        """Stops it if the visitor has gone; for whoever makes the takes, again and again."""
        if time.monotonic() > self._until and not self.stop.is_set():
            self.abandoned = True
            self.stop.set()


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
                run = self._runs[session] = Run(title, session)
                threading.Thread(target=_fill, args=(run, work), name="compose", daemon=True).start()
            return run

    def of(self, session: str) -> Run | None:
        """The session's last run, if it has begun any."""
        return self._runs.get(session)

    def follow(self, session: str, id: str, anyway: bool) -> Run | None:
        """Makes the run with that id the session's own; None where there is no such run.

        A run that another page attends stays with that page, unless ``anyway``; so does the session's own
        that is under way.
        """
        with self._guard:
            found = next((run for run in self._runs.values() if run.id == id), None)
            own = self._runs.get(session)
            if found and (own is None or own.over) and (anyway or not found.attended):
                found.session = session
                found.asked()
                self._runs[session] = found
            return found

    def stop(self, session: str) -> None:
        """Asks the session's run, if there is one, to end and to keep what it has."""
        if run := self._runs.get(session):
            run.stop.set()

    def closed(self, session: str) -> None:
        """The session's page is closed; another may follow its run."""
        run = self._runs.get(session)
        if run and run.session == session:
            run.closed()


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
