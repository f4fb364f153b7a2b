"""What of the Study page's web application may be reached, and with how much.

The page is a Gradio application, which brings endpoints that a participant has no use for: uploads, files,
queues, monitoring. Only what the page itself asks for gets through; the rest is not found. Nor is a study
that does not exist.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from survey import markup
from survey.store import Busy, Store, UnknownStudy

MAX_REQUEST_BYTES = 65_536
_PAGE = "/"
_EVENTS = "/gradio_api/component_server"
_OPEN = (_EVENTS, "/gradio_api/heartbeat/", "/gradio_api/startup-events", "/gradio_api/app_id",
         "/assets/", "/static/", "/svelte/", "/theme.css", "/favicon.ico")


class Gate:
    """ASGI middleware around the page of a study; `slug` is the path parameter that it was mounted with."""

    def __init__(self, app: ASGIApp, store: Store):
        self._app = app
        self._store = store
        self._known: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refusal = await run_in_threadpool(self._refusal, scope)
        if refusal is not None:
            return await refusal(scope, receive, send)
        if get_route_path(scope).startswith(_EVENTS):
            receive = _Limited(receive).receive
        await self._app(scope, receive, _private(send))

    def _refusal(self, scope: Scope) -> Response | None:
        path = get_route_path(scope)
        if path != _PAGE and not path.startswith(_OPEN):
            return PlainTextResponse("Not found", 404)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            return PlainTextResponse(f"A request may have at most {MAX_REQUEST_BYTES} bytes.", 413)
        try:
            known = self._knows(scope["path_params"]["slug"])
        except Busy as error:
            return PlainTextResponse(str(error), 503, {"Retry-After": "1"})
        if known:
            return None
        if path == _PAGE:
            return HTMLResponse(_alone(markup.unknown()), 404)
        return PlainTextResponse("Not found", 404)

    def _knows(self, slug: str) -> bool:
        if slug not in self._known:
            try:
                self._store.welcome(slug)
            except UnknownStudy:
                return False
            self._known.add(slug)
        return True


class _Limited:
    """Passes a body on until it is too long, whatever its headers promised."""

    def __init__(self, receive: Receive):
        self._receive = receive
        self._left = MAX_REQUEST_BYTES

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return message if self._left >= 0 else {"type": "http.disconnect"}


def _private(send: Send) -> Send:
    """Adds headers that keep the private link private, and the page out of caches."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Referrer-Policy"] = "same-origin"
            if headers.get("content-type", "").startswith(("text/html", "application/json")):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sending


def _alone(view: str) -> str:
    """A view as a whole document that needs no script. Paths are relative to /study/<slug>/."""
    return ('<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Segue</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="../../static/segue.css">'
            '<link rel="stylesheet" href="../../static/study.css">'
            '</head><body class="gradio-container"><div class="study"><p class="study-mark">Segue</p>'
            f'{view}</div></body></html>')
