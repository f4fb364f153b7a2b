"""Sends an answer of another ASGI application on, changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


class Gathered:
    """Stands in for the `send` of one answer, and holds it back until it is whole.

    wanted: whether an answer that begins so is to be changed; any other goes through as it comes, piece by
    piece. change: (headers, which it may change, and body) -> the body that is sent in one piece instead.
    """

    def __init__(self, send: Send, wanted: Callable[[Message], bool],
                 change: Callable[[MutableHeaders, bytes], Awaitable[bytes]]) -> None:
        self._send, self._wanted, self._change = send, wanted, change
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._wanted(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        body = await self._change(headers, b"".join(self._parts))
        headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
