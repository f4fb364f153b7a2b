"""Decoding that goes on while something else is measured, in as many workers as cores."""

from __future__ import annotations

import itertools
import os
import threading
import time
from dataclasses import replace
from types import TracebackType

import psutil

from model.generator import Generator, Progress, Settings, Start, Take

LONG = Settings(bars=64, prompt_bars=0)


class Decoding:
    """Takes of the default system from nothing, one after the other in every worker, until it is left."""

    def __init__(self) -> None:
        self._generator, self._stop = Generator(), threading.Event()
        self._made = [0] * self._generator.workers      # notes, of every worker
        self._threads = [threading.Thread(target=self._play, args=(number,))
                         for number in range(self._generator.workers)]

    def __enter__(self) -> Decoding:
        for thread in self._threads:
            thread.start()
        while not all(self._made):
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._generator.close()

    def _play(self, number: int) -> None:
        for seed in itertools.count(number, self._generator.workers):
            if self._stop.is_set():
                return
            before = self._made[number]
            for event in self._generator.stream(Start(), replace(LONG, seed=seed), 1, self._stop):
                if isinstance(event, Progress | Take):
                    self._made[number] = max(self._made[number], before + event.notes)

    def watch(self) -> Watch:
        """A look at the speed from now on."""
        return Watch(self)

    def processor_s(self) -> float:
        """Processor time of the workers so far."""
        times = [psutil.Process(worker.process.pid).cpu_times() for worker in self._generator._pool._all]
        return sum(one.user + one.system for one in times)


class Watch:
    """How fast a decoding is from a moment on, and what others leave it of the cores."""

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._then = self._now()

    def _now(self) -> tuple[float, int, float, float]:
        """Seconds, notes, processor seconds of the workers, and of everybody."""
        times = psutil.cpu_times()
        everybody = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
        return time.perf_counter(), sum(self._decoding._made), self._decoding.processor_s(), everybody

    def so_far(self) -> tuple[float, float]:
        """Notes a second, and the share (0-1) of all cores that nobody else used."""
        now = self._now()
        seconds, notes, own, everybody = (b - a for a, b in zip(self._then, now, strict=True))
        others = max(everybody - own, 0.0) / (seconds * (os.cpu_count() or 1))
        return notes / seconds, 1 - min(others, 1.0)
