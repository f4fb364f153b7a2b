"""Sends clips so that nothing shows but the sound, and tells what was sent.

The headers are the same for every clip: no name, no date, no tag, nothing for a cache to keep; every clip
takes the same path through this file, so that time tells nothing either. Ranges (RFC 9110, section 14) are
served because Safari plays nothing without them. What is streamed is noted before it is sent: an answer
counts only if its clips were. A clip has a constant bit rate, so bytes are seconds.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "audio/mpeg"
CHUNK_S = 10.0                          # of sound that is noted, then sent
_BLOCK = 1024                           # bytes; 0.05 s at LAME's 160 kbit/s
_REMEMBERED = 10_000                    # clips of which this process knows what it has sent
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")
_CONSTANT = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "no-store",
    "Content-Disposition": 'inline; filename="clip.mp3"',
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
log = logging.getLogger(__name__)


class UnsatisfiableRange(ValueError):
    """The range asked for begins past the end of the clip."""


class Withheld(Exception):
    """A clip may not be sent, or not on; `response` says why."""

    def __init__(self, response: Response):
        super().__init__(response.status_code)
        self.response = response


class Streams:
    """Sends clips and knows what it has sent. `served(handle, seconds)` is told of seconds of a clip that
    were never sent before, just before they are; it may raise Withheld."""

    def __init__(self, served: Callable[[str, float], None]):
        self._served = served
        self._blocks = Blocks()

    def response(self, handle: str, data: bytes, duration_s: float, wanted: str | None) -> Response:
        """A clip of `duration_s` seconds under its handle, or the part that a Range header wants."""
        try:
            part = parse_range(wanted, len(data))
        except UnsatisfiableRange:
            return Response(status_code=416, headers={**_CONSTANT, "Content-Range": f"bytes */{len(data)}"})

        def note(first: int, stop: int) -> None:
            with self._blocks.sending(handle, first, stop) as new:
                if new:
                    self._served(handle, new * duration_s / len(data))

        first, last = part or (0, len(data) - 1)
        where = {"Content-Range": f"bytes {first}-{last}/{len(data)}"} if part else {}
        chunk = max(_BLOCK, int(len(data) * CHUNK_S / duration_s))
        return _Streamed(data[first:last + 1], 206 if part else 200, _CONSTANT | where, chunk,
                         lambda start, stop: note(first + start, first + stop))


class Blocks:
    """Which blocks of which clips this process has sent. Another process counts for itself; whoever adds the
    seconds up takes no more of a clip than it has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[str, int] = OrderedDict()       # one bit a block

    @contextmanager
    def sending(self, handle: str, first: int, stop: int) -> Iterator[int]:
        """The bytes from `first` to before `stop` are being sent: gives how many of them, in whole blocks,
        were never sent before. If the block of code fails they count as not sent."""
        wanted = (1 << -(-stop // _BLOCK)) - (1 << first // _BLOCK)
        with self._lock:
            new = wanted & ~self._sent.get(handle, 0)
            self._sent[handle] = self._sent.pop(handle, 0) | wanted
            while len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
        try:
            yield new.bit_count() * _BLOCK
        except BaseException:
            with self._lock:
                self._sent[handle] = self._sent.get(handle, 0) & ~new
            raise


class _Streamed(Response):
    """Bytes that are noted (`note(first, stop)`), chunk by chunk, before they are sent; nothing is noted for
    a HEAD, nor for a browser that has left."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str], chunk: int,
                 note: Callable[[int, int], None]):
        super().__init__(body, status, headers, MEDIA_TYPE)
        self._chunk = chunk
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            return await send({"type": "http.response.body", "body": b""})
        left = asyncio.ensure_future(_disconnected(receive))
        try:
            for first in range(0, len(self.body), self._chunk):
                part = self.body[first:first + self._chunk]
                try:
                    await run_in_threadpool(self._note, first, first + len(part))
                except Withheld as withheld:
                    if first == 0:
                        return await withheld.response(scope, receive, send)
                    return log.warning("a clip was cut short: %s", withheld.__cause__)     # asked for anew
                if first == 0:
                    await send(start)
                if left.done():
                    return
                await send({"type": "http.response.body", "body": part,
                            "more_body": first + len(part) < len(self.body)})
        finally:
            left.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte (both counted) that a Range header asks for; None for the whole.

    Several ranges, other units and nonsense mean the whole, as RFC 9110 allows.

    Raises:
        UnsatisfiableRange: if the one range holds no byte of the clip.
    """
    match = _RANGE.match(header.replace(" ", "")) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:                                   # the last so many bytes
        length = min(int(last), size)
        if not length:
            raise UnsatisfiableRange(header)
        return size - length, size - 1
    start = int(first)
    stop = min(int(last), size - 1) if last else size - 1
    if start >= size:
        raise UnsatisfiableRange(header)
    return None if stop < start else (start, stop)
