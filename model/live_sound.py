"""Sound that is made piece by piece: held at the ceiling of loudness, and written as MP3 while it comes."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict

import numpy as np
import soundfile
from symusic import Score

from model import loudness
from model.fluidsynth import SAMPLE_RATE
from model.render import FORMATS, synthesise
from model.score import cut_seconds

LUFS = -20.0                # as `render.to_audio` makes it
GAUGE_S = 8.0               # of the music before a time that its loudness is taken from
_MARGIN = 1024              # frames that the limiter looks ahead and back; its filters reach 600
BYTES_A_SECOND = 320_000 // 8
_PLACEHOLDER = 144 * 320_000 // SAMPLE_RATE     # bytes of LAME's first frame
# Chromium hands on what it has received in blocks of 32 KiB (seen with version 150). At the highest bit
# rate that is 0.8 s of sound; a tag at the beginning fills most of the first one, so that it comes sooner.
_TAG = 24_576
_GAUGED = 256


class Gauge:
    """How loud music is before it is brought to LUFS. Remembers the last few measurements."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._guards = [threading.Lock() for _ in range(16)]

    def factor(self, score: Score, seconds: float) -> float:
        """What brings the GAUGE_S before a time to LUFS; 1.0 for silence."""
        part = cut_seconds(score, max(seconds - GAUGE_S, 0.0), max(seconds, 0.1))
        key = part.dumps_midi()
        with self._guards[hash(key) % len(self._guards)]:
            if key not in self._known:
                lufs = loudness.measure(synthesise(part, seconds=min(max(seconds, 0.1), GAUGE_S)))
                self._known[key] = 10 ** ((LUFS - lufs) / 20) if np.isfinite(lufs) else 1.0
                while len(self._known) > _GAUGED:
                    self._known.popitem(last=False)
            return self._known[key]


class Ceiling:
    """``loudness.held`` for sound that comes in pieces: the same samples, _MARGIN frames late."""

    def __init__(self) -> None:
        self._past, self._next = np.zeros((_MARGIN, 2), np.float32), np.zeros((0, 2), np.float32)

    def add(self, samples: np.ndarray) -> np.ndarray:
        """What is certain once these samples (frames, 2) have come."""
        whole = np.concatenate([self._past, self._next, samples])
        ready = max(len(whole) - 2 * _MARGIN, 0)
        self._past, self._next = whole[ready : ready + _MARGIN], whole[ready + _MARGIN :]
        return loudness.held(whole)[_MARGIN : _MARGIN + ready]

    def rest(self) -> np.ndarray:
        """What is left when nothing more comes."""
        return self.add(np.zeros((_MARGIN, 2), np.float32))


class Mp3:
    """An MP3 of BYTES_A_SECOND that can be sent while it is written, after an ID3 tag that says nothing.

    LAME begins with a frame that says how long the file is. A stream cannot know; there it is left out.
    """

    def __init__(self) -> None:
        self._sink = _Sink()
        how = {**FORMATS["mp3"], "compression_level": 0.0}
        self._file = soundfile.SoundFile(self._sink, "w", SAMPLE_RATE, channels=2, **how)
        self._to_skip, self._tag = _PLACEHOLDER, _tag(_TAG)

    def add(self, samples: np.ndarray) -> bytes:
        """The bytes that are new once these samples are written, float32 (frames, 2) within [-1, 1]."""
        self._file.write(samples)
        return self._new()

    def rest(self) -> bytes:
        """The bytes that are left when nothing more comes."""
        self._file.close()
        return self._new()

    def _new(self) -> bytes:
        data = self._sink.empty()
        skipped = data[: self._to_skip]
        self._to_skip -= len(skipped)
        tag, self._tag = self._tag, b""
        return tag + data[len(skipped) :]


def _tag(size: int) -> bytes:
    """An ID3 tag of so many bytes, nearly all of them padding. ID3v2.4, sections 3.1, 3.3 and 4.2.6."""
    frame = b"TSSE" + bytes([0, 0, 0, 6, 0, 0, 3]) + b"Segue"
    length = bytes(size - 10 >> shift & 0x7F for shift in (21, 14, 7, 0))
    return (b"ID3\x04\x00\x00" + length + frame).ljust(size, b"\0")


class _Sink(io.RawIOBase):
    """A file that keeps only what was appended since it was last emptied; what is overwritten is lost."""

    def __init__(self) -> None:
        self._fresh, self._length, self._at = bytearray(), 0, 0

    def empty(self) -> bytes:
        data, self._fresh = bytes(self._fresh), bytearray()
        return data

    def write(self, data: bytes) -> int:
        if self._at == self._length:
            self._fresh += data
        self._at += len(data)
        self._length = max(self._length, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        return 0
