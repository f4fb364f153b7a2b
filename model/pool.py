"""A pool of workers, started once: who waits is served in turn, the dead are replaced, memory is bounded."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from model.line import Line, expected_wait
from model.workers import Heard, Job, Reading, Result, Worker, WorkerError

MOST_WAITING = 96               # takes; whoever comes then is asked to come again
MOST_BYTES = 2_000_000_000      # of one worker; beyond it another takes its place
_LOOK_S = 0.1                   # how often whoever waits in line looks whether they were stopped
_PACE = 0.3                     # weight of the newest job in the mean pace


@dataclass(frozen=True)
class Place:
    """Where a party stands in line: 1 for the next one; seconds until its turn, None where nobody knows."""

    number: int
    seconds: float | None


@dataclass(eq=False)
class _Ticket:
    """A job on its way. `worker` is set, then `called`, when its turn has come."""

    job: Job
    called: threading.Event = field(default_factory=threading.Event)
    worker: Worker | None = None
    began: float = 0.0
    share: float = 0.0
    patient: bool = False

    def left_s(self, pace: float | None) -> float | None:
        """Seconds until it is done; pace: seconds a bar that others have taken."""
        if self.share > 0.05:
            return (time.monotonic() - self.began) * (1 - self.share) / self.share
        return None if pace is None else pace * self.job.bars


class Pool:
    """Workers, started at the first job with a checkpoint folder at hand.

    count: how many there are.
    """

    def __init__(self, folder: Path, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"There is at least 1 worker; received {workers}.")
        self._folder = folder
        self.count = workers or _cores()
        self._all: list[Worker] = []
        self._idle: list[Worker] = []           # the next to be used comes last
        self._line, self._later = Line(), Line()        # the second: of the patient
        self._playing: set[_Ticket] = set()
        self._pace: float | None = None         # seconds a bar
        self._closed = False
        self._guard = threading.Lock()          # of the seven above

    def start(self) -> None:
        """Start the workers, if that was not done yet."""
        with self._guard:
            if self._closed:
                raise WorkerError("The generator is closed.")
            if not self._all:
                self._all = [Worker(self._folder) for _ in range(self.count)]
                self._idle = list(self._all)

    def admit(self, jobs: int) -> None:
        """WorkerError where so many more jobs would wait too long."""
        with self._guard:
            waiting = len(self._line)
        if waiting and waiting + jobs > MOST_WAITING:
            raise WorkerError(f"So many people are composing that {waiting} takes are waiting already; "
                              "please press Continue again in a minute.")

    def run(self, job: Job, stopped: Callable[[], bool], heard: Heard, party: Hashable = None,
            began: Callable[[], None] = lambda: None, patient: bool = False) -> Result | None:
        """Decode a job in a free worker; None when it was stopped before it began.

        Whoever calls is kept waiting; `stopped` is asked many times a second and ends the job after its
        present step. Jobs of one party (None: a party of its own) are served in order, parties in turn.
        The patient wait while anybody else does, and leave them a worker. `began` is called when the job gets
        its worker. A worker that dies is replaced and its job given to
        another, once; then WorkerError.
        """
        self.start()
        party = party or object()
        for attempt in range(2):
            ticket = self._take(_Ticket(job, patient=patient), party, stopped, first=attempt > 0)
            if ticket is None:
                return None
            if not attempt:
                began()
            try:
                return self._run(ticket, stopped, heard)
            except (EOFError, OSError):
                self._replace(ticket.worker)
            except BaseException:
                self._give_back(ticket.worker)
                raise
            finally:
                with self._guard:
                    self._playing.discard(ticket)
        self._serve()
        raise WorkerError("The player stopped unexpectedly twice; please try again.")

    def read(self, prompt: Reading) -> None:
        """Have the workers that are free read a prompt, for whoever may want it continued."""
        self.start()
        with self._guard:
            for worker in [] if self._line or self._later else self._idle:
                with suppress(EOFError, OSError, WorkerError):      # whoever gives it a job has it replaced
                    worker.read(prompt)

    @property
    def spare(self) -> int:
        """Workers that are free; below zero, so many takes wait for one."""
        with self._guard:
            free = len(self._idle) if self._all else self.count
            return free - len(self._line)

    def place(self, party: Hashable) -> Place | None:
        """Where the party's next job stands in line; None where it does not wait."""
        with self._guard:
            ahead = self._line.ahead(party)
            if ahead is None:
                return None
            busy = [ticket.left_s(self._pace) for ticket in self._playing]
            before = [ticket.left_s(self._pace) for ticket in ahead]
        known = None not in busy and None not in before
        spare = [0.0] * max(self.count - len(busy), 0)
        return Place(len(before) + 1, expected_wait(busy + spare, before) if known else None)

    def close(self) -> None:
        """End the workers; jobs that wait or run end with WorkerError."""
        with self._guard:
            self._closed = True
            workers, self._all, self._idle = self._all, [], []
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()

    def _run(self, ticket: _Ticket, stopped: Callable[[], bool], heard: Heard) -> Result | None:
        def hear(first: int, steps: object, share: float) -> None:
            ticket.share = share
            heard(first, steps, share)

        result = ticket.worker.run(ticket.job, stopped, hear)
        if result is not None and result[1]:
            pace = (time.monotonic() - ticket.began) / max(ticket.job.bars, 1)
            with self._guard:
                self._pace = pace if self._pace is None else (1 - _PACE) * self._pace + _PACE * pace
        if ticket.worker.bytes > MOST_BYTES:
            self._replace(ticket.worker)
            self._serve()
        else:
            self._give_back(ticket.worker)
        return result

    def _take(self, ticket: _Ticket, party: Hashable, stopped: Callable[[], bool],
              first: bool) -> _Ticket | None:
        """The ticket with its worker, when it is its turn; None when stopped."""
        if stopped():
            self._serve()
            return None
        line = self._later if ticket.patient else self._line
        with self._guard:
            line.join(party, ticket, first)
            self._hand_out()
        while not ticket.called.wait(_LOOK_S):
            with self._guard:
                if ticket.worker is None and (self._closed or stopped()):
                    line.leave(party, ticket)
                    break
        if self._closed:
            raise WorkerError("The generator was closed before the take was done.")
        if ticket.worker and stopped():
            with self._guard:
                self._playing.discard(ticket)
            self._give_back(ticket.worker)
            return None
        return ticket if ticket.worker else None

    def _serve(self) -> None:
        with self._guard:
            self._hand_out()

    def _hand_out(self) -> None:
        """Give free workers to whose turn it is. For whoever holds the guard."""
        while self._idle:
            patient = sum(ticket.patient for ticket in self._playing)
            if self._line:
                ticket = self._line.serve()
            elif self._later and patient < max(self.count - 1, 1):
                ticket = self._later.serve()
            else:
                break
            ticket.worker, ticket.began = self._idle.pop(), time.monotonic()
            self._playing.add(ticket)
            ticket.called.set()

    def _give_back(self, worker: Worker) -> None:
        with self._guard:
            if not self._closed:
                self._idle.append(worker)
                self._hand_out()

    def _replace(self, old: Worker) -> None:
        """Another worker takes its place; it is for whoever calls to hand out."""
        old.end()
        with self._guard:
            if self._closed:
                raise WorkerError("The generator was closed before the take was done.")
            fresh = Worker(self._folder)
            self._all = [fresh if worker is old else worker for worker in self._all]
            self._idle.insert(0, fresh)     # it has yet to start: others first


def _cores() -> int:
    """Cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
