"""Worker processes that decode: one thread, one network, one take at a time.

A worker is a plain Python process that imports the model alone. Those of multiprocessing would import the
program's main module, too, with its whole web server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np
import psutil

from model.sampling import Sampling

AT_HAND = 3         # checkpoints that a worker keeps loaded
READ = 4            # prompts that it has read and remembers
NICE = 5            # steps of Unix's niceness: who asks the server for a page or a sound goes first
LOOK_S = 0.02       # how often whoever runs a job looks whether it was stopped
TELL_S = 0.05       # how often a worker tells what it has made
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_CHECKOUT = Path(__file__).resolve().parent.parent
# Ctrl-C reaches every process of a terminal, and is the parent's to handle.
_MAIN = """import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path.insert(0, sys.argv[1])
from model.workers import work
work(sys.argv[2], int(sys.argv[3]))"""

Result = tuple[np.ndarray, bool]    # new steps, and whether the take came to its end
# The steps from the n-th on, as they were made (0: all that was told before is void), and the share (0-1).
Heard = Callable[[int, np.ndarray, float], None]


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


@dataclass(frozen=True)
class Reading:
    """A prompt to be read before anybody has asked to continue it."""

    given: np.ndarray
    folder: Path | None = None


class WorkerError(RuntimeError):
    """A take that no worker could make. One sentence."""


class Worker:
    """A process and the pipe to it.

    Down the pipe go jobs, readings, and None to end the present job; up come ("ready",), ("read",),
    ("heard", first, steps, share), ("done", steps, complete, bytes) and ("failed", sentence). The process
    ends when the pipe does. bytes: the memory that the process held after its last job; its peak would not
    do, for Linux counts the parent's in it.
    """

    def __init__(self, folder: Path) -> None:
        self.ready, self.reading, self.bytes = False, 0, 0
        self.pipe, child = Pipe()
        with child:
            command = [sys.executable, "-c", _MAIN, str(_CHECKOUT), str(folder), str(child.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[child.fileno()], stdin=subprocess.DEVNULL,
                                            env={**os.environ, **_ONE_THREAD})

    def read(self, prompt: Reading) -> None:
        """Have a prompt read, without waiting for it; nothing while the last one is still being read.

        For whoever has the worker to themselves.
        """
        while self.reading and self.pipe.poll():
            self._receive()
        if not self.reading:
            self.reading = 1
            self.pipe.send(prompt)

    def run(self, job: Job, stopped: Callable[[], bool], heard: Heard) -> Result | None:
        """Decode a job; None when it was stopped before it began. EOFError or OSError: the process died."""
        while not self.ready:
            if stopped():
                return None
            self._receive()
        self.pipe.send(job)
        told = False
        while True:
            if stopped() and not told:
                self.pipe.send(None)
                told = True
            match self._receive():
                case "heard", first, steps, share:
                    heard(first, steps, share)
                case "done", steps, complete, held:
                    self.bytes = held
                    return steps, complete

    def _receive(self) -> tuple | None:
        """The next message, or None after a while without one. WorkerError for a sentence of failure."""
        if not self.pipe.poll(LOOK_S):
            return None
        message = self.pipe.recv()
        match message:
            case "ready",:
                self.ready = True
            case "read",:
                self.reading = 0
            case "failed", sentence:
                raise WorkerError(sentence)
        return message

    def end(self) -> None:
        """Stop the process. The pipe is not closed: a thread may be reading it, and must see its end."""
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def work(folder: str, descriptor: int) -> None:
    """The worker's loop: load what is asked for first, then do what the pipe brings until it closes."""
    import torch

    os.nice(NICE)
    torch.set_num_threads(1)
    pipe, player = Connection(descriptor), _Player(Path(folder))
    try:
        player.load(player.folder)
    except Exception as error:      # told to whoever waits, instead of to a log that nobody reads
        pipe.send(("failed", f"The player could not start: {error}"))
        return
    try:
        pipe.send(("ready",))
        while True:
            match pipe.recv():
                case Reading() as prompt:
                    player.read(prompt)
                    pipe.send(("read",))
                case Job() as job:
                    pipe.send(player.play(job, pipe))
                case None:      # the wish to end a job that had ended already
                    pass
    except (EOFError, OSError):     # the parent has gone
        return


class _Player:
    """What a worker has at hand: the last few checkpoints, and the last few prompts as the network read them.
    """

    def __init__(self, folder: Path) -> None:
        from model import checkpoint, engine

        def load(folder: Path) -> checkpoint.Checkpoint:
            ready = checkpoint.load(folder)
            return replace(ready, network=engine.fast(ready.network))

        self.folder = folder
        self.load = lru_cache(AT_HAND)(load)
        self._read: OrderedDict[tuple, object] = OrderedDict()

    def read(self, prompt: Reading) -> None:
        """Remember a prompt. What cannot be read is told when somebody wants it continued."""
        try:
            ready = self.load(prompt.folder or self.folder)
            key = _key(prompt)
            if key not in self._read:
                self._read[key] = ready.layout.prefill(ready.network, prompt.given)
            self._read.move_to_end(key)
            while len(self._read) > READ:
                self._read.popitem(last=False)
        except Exception:
            return

    def play(self, job: Job, pipe: Connection) -> tuple:
        """The answer to a job; tells what is made meanwhile. EOFError or OSError: nobody listens."""
        told, fresh, reached, due = 0, [], 0.0, 0.0

        def heard(new: list, share: float) -> bool:
            nonlocal told, fresh, reached, due
            if new:                     # the share of what was told, not of what may be taken back
                fresh, reached = fresh + list(new), share
            if fresh and time.monotonic() >= due:
                pipe.send(("heard", told, np.array(fresh), reached))
                told, fresh, due = told + len(fresh), [], time.monotonic() + TELL_S
            return not pipe.poll()      # during a job nothing comes but the wish to end it

        try:
            ready = self.load(job.folder or self.folder)
            steps, complete = ready.layout.generate(
                ready.network, job.given, job.rules, job.how, bars=job.bars, seed=job.seed, heard=heard,
                prefix=self._read.get(_key(job)))
        except (EOFError, OSError):
            raise
        except Exception as error:      # the process must outlive a bad job
            return "failed", f"The take could not be made: {error}"
        return "done", steps, complete, psutil.Process().memory_info().rss


def _key(prompt: Reading | Job) -> tuple:
    return prompt.folder, prompt.given.shape, prompt.given.tobytes()
