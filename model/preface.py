"""Says something at the beginning of a page's <head> that another program writes."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.gathered import Gathered


class Preface:
    """ASGI middleware for a mounted Gradio application: ``tags`` come first in the head of its page."""

    def __init__(self, app: ASGIApp, tags: Callable[[], str]) -> None:
        self._app, self._tags = app, tags

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or get_route_path(scope).strip("/"):
            await self._app(scope, receive, send)
            return

        async def prefaced(_: MutableHeaders, body: bytes) -> bytes:
            return body.replace(b"<head>", f"<head>{self._tags()}".encode(), 1)

        await self._app(scope, receive, Gathered(send, _is_page, prefaced))


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
