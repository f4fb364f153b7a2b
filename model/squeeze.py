"""Makes answers smaller on their way out: pages, scripts, sheets and data, never sound."""

from __future__ import annotations

import zlib
from asyncio import Lock
from collections import OrderedDict
from weakref import WeakValueDictionary

import brotli
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.gathered import Gathered

KINDS = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json",
         "image/svg+xml")
LEAST, MOST = 500, 8_000_000    # bytes of an answer that is made smaller
KEPT = 16_000_000               # bytes of answers that do not change, kept as they were sent


class Squeeze:
    """ASGI middleware: Brotli or gzip for whoever takes it.

    What lies unchanged at its address (it has an ETag, or is immutable) is made smaller with more care, once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple, bytes] = OrderedDict()
        self._turns: WeakValueDictionary[tuple, Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] in ("GET", "POST")
        coding = _coding(scope) if asked else ""
        if not coding:
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]

        async def smaller(headers: MutableHeaders, body: bytes) -> bytes:
            headers.add_vary_header("Accept-Encoding")
            if len(body) < LEAST:
                return body
            small = await self._small(scope["path"], headers, body, coding)
            headers["Content-Encoding"] = coding
            if "etag" in headers:           # the same in meaning, not byte for byte
                headers["ETag"] = f"W/{headers['etag'].removeprefix('W/')}"
            return small

        await self._app({**scope, "headers": plain}, receive, Gathered(send, _worth, smaller))

    async def _small(self, path: str, headers: Headers, body: bytes, coding: str) -> bytes:
        etag = headers.get("etag", "immutable" if "immutable" in headers.get("cache-control", "") else "")
        if not etag:
            return await run_in_threadpool(_squeezed, body, coding, False)
        key = path, etag, coding
        async with self._turns.setdefault(key, Lock()):     # who asks meanwhile has it, too
            if key not in self._kept:
                self._kept[key] = await run_in_threadpool(_squeezed, body, coding, True)
        self._kept.move_to_end(key)
        small = self._kept[key]
        while sum(map(len, self._kept.values())) > KEPT:
            self._kept.popitem(last=False)
        return small


def _coding(scope: Scope) -> str:
    """br, gzip or "", whatever the browser takes first of these."""
    taken = Headers(scope=scope).get("accept-encoding", "")
    offers = [offer.partition(";") for offer in taken.lower().replace(" ", "").split(",")]
    accepted = {name for name, _, weight in offers if weight not in ("q=0", "q=0.0")}
    return next((coding for coding in ("br", "gzip") if coding in accepted), "")


def _worth(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind, size = headers.get("content-type", "").partition(";")[0], headers.get("content-length", "")
    return (start["status"] == 200 and kind in KINDS and "content-encoding" not in headers
            and size.isdecimal() and LEAST <= int(size) <= MOST)


def _squeezed(body: bytes, coding: str, carefully: bool) -> bytes:
    if coding == "br":
        # 11, its best, takes seconds a megabyte, and somebody waits
        return brotli.compress(body, mode=brotli.MODE_TEXT, quality=9 if carefully else 4)
    packer = zlib.compressobj(9 if carefully else 5, wbits=31)
    return packer.compress(body) + packer.flush()
