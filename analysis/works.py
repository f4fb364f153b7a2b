"""Long work that the Research page asks for: one thread for the whole program, one piece of work at a time.

Work goes on when the page is closed, tells how far it is, and ends soon after it is asked to stop. Whoever
asks for something that is waiting or under way already asks for nothing new.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

log = logging.getLogger(__name__)

CLIPS, AUDIT = "clips", "audit"                     # what is done
Progress = Callable[[int, int], None]               # (steps done, steps in all)
Work = Callable[[Progress, threading.Event], Any]   # returns what it made; soon after the event, anything
Key = tuple[str, str]                               # what is done, and for which study


@dataclass
class Job:
    """One piece of work. `said` is the sentence of one that failed, `made` what a finished one returned."""

    work: Work
    state: Literal["waiting", "under way", "done", "stopped", "failed"] = "waiting"
    done: int = 0
    of: int = 0
    said: str = ""
    made: Any = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        """Whether it ended, well or not."""
        return self.state in ("done", "stopped", "failed")


class Works:
    """The work of a program. Safe to use from several threads."""

    def __init__(self) -> None:
        self._jobs: dict[Key, Job] = {}
        self._waiting: deque[Job] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, key: Key, work: Work) -> None:
        """Puts work in line, unless the same is there already. Forgets how it went the last time.

        Of a ValueError or OSError that `work` raises the message is kept; it is one sentence for people.
        """
        with self._change:
            if self._closed or (key in self._jobs and not self._jobs[key].over):
                return
            self._jobs[key] = Job(work)
            self._waiting.append(self._jobs[key])
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="works", daemon=True)
                self._thread.start()
            self._change.notify()

    def stop(self, key: Key) -> None:
        """Ends that work as soon as it can; what it has kept stays."""
        with self._change:
            job = self._jobs.get(key)
            if job is None or job.over:
                return
            job.stop.set()
            if job.state == "waiting":
                self._waiting.remove(job)
                job.state = "stopped"

    def of(self, key: Key) -> Job | None:
        """The last work of that kind; None if nobody has asked for any."""
        with self._change:
            return self._jobs.get(key)

    def close(self) -> None:
        """Stops everything; nothing is taken on any more. Does not wait."""
        with self._change:
            self._closed = True
            self._waiting.clear()
            for job in self._jobs.values():
                job.stop.set()
            self._change.notify()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                job = self._waiting.popleft()
                job.state = "under way"
            state = self._end(job)
            with self._change:
                job.state = state

    def _end(self, job: Job) -> Literal["done", "stopped", "failed"]:
        """Does the work, and says how it ended."""

        def progress(done: int, of: int) -> None:
            job.done, job.of = done, of

        try:
            job.made = job.work(progress, job.stop)
        except (ValueError, OSError) as error:
            job.said = str(error) or type(error).__name__
            if not job.stop.is_set():
                log.error("Work that was asked for failed: %s", job.said)
        except Exception:
            log.exception("Work that was asked for failed")
            job.said = "That did not work; the server's log says why."
        if job.stop.is_set():
            return "stopped"
        return "failed" if job.said else "done"
