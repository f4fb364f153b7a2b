"""Worker processes that decode: one thread, one network, one take at a time.

A worker is a plain Python process that imports the model alone. Those of multiprocessing would import the
program's main module, too, with its whole web server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from model.sampling import Sampling

AT_HAND = 3         # checkpoints that a worker keeps loaded
LOOK_S = 0.05       # how often whoever waits looks whether it was stopped
_CHECKOUT = Path(__file__).resolve().parent.parent
# Ctrl-C reaches every process of a terminal, and is the parent's to handle.
_MAIN = """import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path.insert(0, sys.argv[1])
from model.workers import work
work(sys.argv[2], int(sys.argv[3]))"""

Result = tuple[np.ndarray, bool]    # new steps, and whether the take came to its end
Heard = Callable[[int, float], None]        # notes so far, share of the take (0-1)


@dataclass(frozen=True)
class Job:
    """One take to decode: what a layout's `generate` needs, without the network.

    folder: of the checkpoint; None for the pool's.
    """

    given: np.ndarray
    rules: object
    how: Sampling
    bars: int
    seed: int
    folder: Path | None = None


class WorkerError(RuntimeError):
    """A take that no worker could make. One sentence."""


class _Worker:
    """A process and the pipe to it.

    Down the pipe go jobs, and None to end the present one; up come ("ready",), ("heard", notes, share),
    ("done", steps, complete) and ("failed", sentence). The process ends when the pipe does.
    """

    def __init__(self, folder: Path) -> None:
        self.ready = False
        self.pipe, child = Pipe()
        with child:
            command = [sys.executable, "-c", _MAIN, str(_CHECKOUT), str(folder), str(child.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[child.fileno()], stdin=subprocess.DEVNULL)

    def run(self, job: Job, stopped: Callable[[], bool], heard: Heard) -> Result | None:
        """Decode a job; None when it was stopped before it began. EOFError or OSError: the process died."""
        while not self.ready:
            if stopped():
                return None
            self.ready = self._receive() is not None
        self.pipe.send(job)
        told = False
        while True:
            if stopped() and not told:
                self.pipe.send(None)
                told = True
            match self._receive():
                case "heard", notes, share:
                    heard(notes, share)
                case "done", steps, complete:
                    return steps, complete

    def _receive(self) -> tuple | None:
        """The next message, or None after a while without one. WorkerError for a sentence of failure."""
        if not self.pipe.poll(LOOK_S):
            return None
        message = self.pipe.recv()
        if message[0] == "failed":
            raise WorkerError(message[1])
        return message

    def end(self) -> None:
        """Stop the process. The pipe is not closed: a thread may be reading it, and must see its end."""
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Pool:
    """Workers, started at the first job with a checkpoint folder at hand. Jobs get one in order of arrival.

    count: how many there are.
    """

    def __init__(self, folder: Path, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"There is at least 1 worker; received {workers}.")
        self._folder = folder
        self.count = workers or _cores()
        self._all: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._queue: deque[object] = deque()
        self._closed = False
        self._changed = threading.Condition()       # guards the four above

    def start(self) -> None:
        """Start the workers, if that was not done yet."""
        with self._changed:
            if self._closed:
                raise WorkerError("The generator is closed.")
            if not self._all:
                self._all = [_Worker(self._folder) for _ in range(self.count)]
                self._idle = list(self._all)

    def run(self, job: Job, stopped: Callable[[], bool], heard: Heard) -> Result | None:
        """Decode a job in a free worker; None when it was stopped before it began.

        Whoever calls is kept waiting; `stopped` is asked every 50 ms and ends the job after its present
        token. A worker that dies is replaced and its job given to another, once; then WorkerError.
        """
        self.start()
        for _ in range(2):
            worker = self._take(stopped)
            if worker is None:
                return None
            try:
                return worker.run(job, stopped, heard)
            except (EOFError, OSError):
                worker = self._replace(worker)
            finally:
                self._give_back(worker)
        raise WorkerError("The player stopped unexpectedly twice; please try again.")

    def close(self) -> None:
        """End the workers; jobs that wait or run end with WorkerError."""
        with self._changed:
            self._closed = True
            workers, self._all, self._idle = self._all, [], []
            self._changed.notify_all()
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()

    def _take(self, stopped: Callable[[], bool]) -> _Worker | None:
        """The next free worker, when those who came before have theirs; None when stopped."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while not stopped():
                    if self._closed:
                        raise WorkerError("The generator was closed before the take was done.")
                    if self._idle and self._queue[0] is ticket:
                        return self._idle.pop()
                    self._changed.wait(LOOK_S)
                return None
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _give_back(self, worker: _Worker) -> None:
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify_all()

    def _replace(self, dead: _Worker) -> _Worker:
        dead.end()
        with self._changed:
            if self._closed:
                raise WorkerError("The generator was closed before the take was done.")
            fresh = _Worker(self._folder)
            self._all = [fresh if worker is dead else worker for worker in self._all]
        return fresh


def _cores() -> int:
    """Cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work(folder: str, descriptor: int) -> None:
    """The worker's loop: load what is asked for first, then decode what comes through the pipe until it
    closes. The last few checkpoints stay at hand."""
    import torch

    from model import checkpoint

    torch.set_num_threads(1)
    pipe, load = Connection(descriptor), lru_cache(AT_HAND)(checkpoint.load)
    try:
        load(Path(folder))
    except Exception as error:      # told to whoever waits, instead of to a log that nobody reads
        pipe.send(("failed", f"The player could not start: {error}"))
        return

    def decode(job: Job) -> Result:
        told = 0

        def heard(notes: int, share: float) -> bool:
            nonlocal told
            if notes >= told + 4:
                told = notes
                pipe.send(("heard", notes, share))
            return not pipe.poll()      # during a job nothing comes but the wish to end it

        ready = load(job.folder or Path(folder))
        return ready.layout.generate(
            ready.network, job.given, job.rules, job.how, bars=job.bars, seed=job.seed, heard=heard)

    try:
        pipe.send(("ready",))
        while True:
            job: Job | None = pipe.recv()
            if job is None:     # the wish to end a job that had ended already
                continue
            try:
                answer = ("done", *decode(job))
            except (EOFError, OSError):
                raise
            except Exception as error:      # the process must outlive a bad job
                answer = ("failed", f"The take could not be made: {error}")
            pipe.send(answer)
    except (EOFError, OSError):     # the parent has gone
        return
