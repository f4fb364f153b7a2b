"""A piece that still grows, and its sound for whoever listens from a time on.

Every listener has a synthesizer that keeps its state and is given each bar once, as soon as it is complete.
So what is heard is what the finished piece sounds like, 25 ms late (LAME's delay), but for its loudness,
which is taken from the music before the seam.
"""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from fastapi.concurrency import run_in_threadpool
from symusic import Score

from model.fluidsynth import SAMPLE_RATE, Event, Synth
from model.instruments import DRUMS
from model.live_sound import Ceiling, Gauge, Mp3
from model.music import Music, fold, unpack
from model.picture import picture
from model.render import RUNG, TAIL_S, default_soundfont, key_events, seats
from model.score import MAX_INSTRUMENTS

AHEAD_S = 12.0              # how far the sound runs ahead of who listens: nobody may go on listening
_FIRST_S, _CHUNK_S = 0.3, 1.0
_PREROLL_S = 0.3            # played unheard before the beginning, so that the room already sounds
_FADE_S = 0.005
_LOOK_S = 0.05              # how often a listener looks whether there is more


@dataclass(frozen=True)
class Sketch:
    """A piece as far as it has come. seconds: how much of it will not change; all of it once not `growing`.

    attempt: counts how often it was begun anew; -1: it will never be finished.
    """

    score: Score
    seconds: float
    attempt: int = 0
    growing: bool = True

    @cached_property
    def music(self) -> Music:
        return unpack(self.score)

    @cached_property
    def roll(self) -> bytes:
        """The picture, as JSON of ``picture`` with "open" and "attempt"."""
        return json.dumps({**picture(self.score), "open": self.growing, "attempt": self.attempt}).encode()


class Growth:
    """A piece that grows. Whoever makes it sets `now`; who shows or plays it reads that, in any thread."""

    def __init__(self, title: str, now: Sketch, gauge: Gauge) -> None:
        self.title, self.now = title, now
        self._gauge, self._first = gauge, now

    @cached_property
    def factor(self) -> float:
        """What brings the synthesizer to the loudness of the shelf, from the music that was there first."""
        return self._gauge.factor(self._first.score, self._first.seconds)


class Broadcast:
    """One listener's sound of a growing piece from a time (seconds) on, as MP3. Close it when done.

    audible: whether the notes of a program (128: drums) are heard; each as loud as among all others.
    """

    def __init__(self, piece: Growth, start_s: float,
                 audible: Callable[[int], bool] = lambda _: True) -> None:
        self._piece, self._attempt, self._audible = piece, piece.now.attempt, audible
        self._start = round(start_s * SAMPLE_RATE)
        self._synth = Synth(default_soundfont())
        self._synth.frame = max(self._start - round(_PREROLL_S * SAMPLE_RATE), 0)
        self._channels: dict[int, int] = {}
        self._heard: Sketch | None = None
        self._events: list[Event] = []
        self._ceiling, self._mp3 = Ceiling(), Mp3()
        self._loudest, self._over = 0.0, False

    @property
    def seconds(self) -> float:
        """How much sound was made."""
        return max(self._synth.frame - self._start, 0) / SAMPLE_RATE

    def more(self) -> bytes | None:
        """The next bytes; b"" where there is nothing new yet; None: played out, or begun anew."""
        now = self._piece.now
        if self._over or now.attempt != self._attempt:
            return None
        if now is not self._heard:
            self._learn(now)
        end = round(now.seconds * SAMPLE_RATE)
        last = end if now.growing else end + round(TAIL_S * SAMPLE_RATE)
        here = max(self._synth.frame, self._start)
        stop = min(here + round((_CHUNK_S if here > self._start else _FIRST_S) * SAMPLE_RATE), last)
        if stop <= here:
            return b"" if now.growing else self._rest()
        samples = self._play(stop)
        level = float(np.abs(samples).max(initial=0))
        self._loudest = max(self._loudest, level)
        data = self._mp3.add(self._ceiling.add(samples * np.float32(self._piece.factor)))
        return data + self._rest() if stop > end and level <= RUNG * self._loudest else data

    def close(self) -> None:
        self._synth.close()

    def _learn(self, now: Sketch) -> None:
        """Hear of new bars: whoever enters gets a seat, and what was not played yet is written anew."""
        chosen = {program: notes for program, notes in now.music.parts.items() if self._audible(program)}
        parts = fold(chosen, MAX_INSTRUMENTS)
        channels = seats(parts, self._channels)
        for program in channels.keys() - self._channels.keys():
            self._synth.seat(channels[program], program % DRUMS)
        events = key_events(parts, now.music.tempos, channels)
        at = bisect_left(events, (self._synth.frame,))
        if self._heard is None:
            held: dict[tuple[int, int], Event] = {}
            for event in events[:at]:
                held[event[1:3]] = event
            self._events = [event for event in held.values() if event[3]]
        else:
            self._events = []
        self._events += events[at:]
        self._channels, self._heard = channels, now

    def _play(self, stop: int) -> np.ndarray:
        """Sound up to a frame, from the beginning on: (frames, 2)."""
        count = bisect_left(self._events, (stop,))
        early = max(self._start - self._synth.frame, 0)
        samples = self._synth.play(self._events[:count], stop)[early:]
        self._events = self._events[count:]
        if early:
            ramp = np.linspace(0, 1, round(_FADE_S * SAMPLE_RATE), dtype=np.float32)[: len(samples), None]
            samples[: len(ramp)] *= ramp
        return samples

    def _rest(self) -> bytes:
        self._over = True
        return self._mp3.add(self._ceiling.rest()) + self._mp3.rest()


async def broadcast(piece: Growth, start_s: float,
                    audible: Callable[[int], bool] = lambda _: True) -> AsyncIterator[bytes]:
    """The bytes of a Broadcast as they come, until it is over; at most AHEAD_S ahead of the clock."""
    sound = await run_in_threadpool(Broadcast, piece, start_s, audible)
    began = time.monotonic()
    try:
        while (data := await run_in_threadpool(sound.more)) is not None:
            if data:
                yield data
            ahead = sound.seconds - (time.monotonic() - began)
            if not data or ahead > AHEAD_S:
                await asyncio.sleep(_LOOK_S if not data else ahead - AHEAD_S)
    finally:
        sound.close()
