"""What of the Study page's web application may be reached, and with how much.

The page is a Gradio application, which brings endpoints that a participant has no use for: uploads, files,
queues, monitoring. Only what the page itself asks for gets through; the rest is not found. Nor is a study
that does not exist. Of a call of the page's server function only what it says is passed on: which component,
which function and which of Gradio's sessions it names is not believed. Nobody may ask too often
(`survey.web.limits`).
"""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.routing import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from survey.store import Busy, Store, UnknownStudy
from survey.web import markup
from survey.web.limits import Limits
from survey.web.refusals import language_of, refusal

MAX_REQUEST_BYTES = 65_536
MAX_DEPTH = 8                           # of lists and mappings in a request; the page needs four
_PAGE = "/"
_EVENTS = "/gradio_api/component_server"
_OPEN = (_EVENTS, "/gradio_api/heartbeat/", "/gradio_api/startup-events", "/gradio_api/app_id",
         "/assets/", "/static/", "/svelte/", "/theme.css", "/favicon.ico")
_OF_THE_BODY = (b"content-type", b"content-length", b"content-encoding", b"transfer-encoding")
_SESSION = "study"                      # one for all: Gradio would keep one for every name that it is told


class Gate:
    """ASGI middleware around the page of a study; `slug` is the path parameter that it was mounted with.

    `component` is the Gradio id of the page's one component, `function` the name of its server function.
    """

    def __init__(self, app: ASGIApp, store: Store, limits: Limits, component: int, function: str):
        self._app = app
        self._store = store
        self._limits = limits
        self._component = component
        self._function = function
        self._known: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refused = await run_in_threadpool(self._refusal, scope)
        if refused is not None:
            return await refused(scope, receive, send)
        if scope["method"] == "POST" and get_route_path(scope).startswith(_EVENTS):
            call = await self._call(scope, receive)
            if isinstance(call, Response):
                return await call(scope, receive, send)
            scope, receive = call
        await self._app(scope, receive, _private(send))

    def _refusal(self, scope: Scope) -> Response | None:
        path = get_route_path(scope)
        if path != _PAGE and not path.startswith(_OPEN):
            return refusal(scope, 404, "http.not_found")
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > MAX_REQUEST_BYTES:
            return _too_large(scope)
        refused = self._limits.refusal("act", scope) if path == _PAGE else None
        if refused is not None:
            return refused
        try:
            known = self._knows(scope["path_params"]["slug"])
        except Busy:
            return refusal(scope, 503, "notice.busy", {"Retry-After": "1"})
        if known:
            return None
        if path == _PAGE:
            return HTMLResponse(_alone(language_of(scope)), 404)
        return refusal(scope, 404, "http.not_found")

    async def _call(self, scope: Scope, receive: Receive) -> tuple[Scope, Receive] | Response:
        """A call of the server function, rewritten so that only what it says is left; or its refusal."""
        body = await _read(receive)
        if body is None:
            return _too_large(scope)
        try:
            said = _said(body)["data"]
        except ValueError:
            return refusal(scope, 400, "notice.not_understood")
        starts = isinstance(said, dict) and said.get("do") == "start"
        refused = self._limits.refusal("start" if starts else "act", scope)
        if refused is not None:
            return refused
        call = json.dumps({"data": said, "component_id": self._component, "fn_name": self._function,
                           "session_hash": _SESSION}).encode()
        unread = [{"type": "http.request", "body": call, "more_body": False}]

        async def reading() -> Message:
            return unread.pop() if unread else await receive()

        scope = {**scope, "headers": [
            *((name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY),
            (b"content-type", b"application/json"), (b"content-length", str(len(call)).encode())]}
        return scope, reading

    def _knows(self, slug: str) -> bool:
        if slug not in self._known:
            try:
                self._store.welcome(slug)
            except UnknownStudy:
                return False
            self._known.add(slug)
        return True


async def _read(receive: Receive) -> bytes | None:
    """A whole body; None if it is too long, whatever its headers promised, or the client has left."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or len(body) > MAX_REQUEST_BYTES:
            return None
        if not message.get("more_body", False):
            return body


def _said(body: bytes) -> dict[str, object]:
    """What a call of the server function says.

    Raises:
        ValueError: if the body is no JSON object with `data`, or deeper than any page's.
    """
    try:
        call = json.loads(body)
    except RecursionError:
        call = None
    if not isinstance(call, dict) or "data" not in call or not _shallow(call, MAX_DEPTH):
        raise ValueError("A call is a JSON object with `data`.")
    return call


def _shallow(value: object, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_shallow(one, depth - 1) for one in inner)


def _too_large(scope: Scope) -> Response:
    return refusal(scope, 413, "http.too_large", limit=MAX_REQUEST_BYTES)


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


def _alone(language: str) -> str:
    """That there is no such study, as a whole document that needs no script. Paths are relative to
    /study/<slug>/."""
    return (f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Segue</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="../../static/segue.css">'
            '<link rel="stylesheet" href="../../static/study.css">'
            '</head><body class="gradio-container"><div class="study"><p class="study-mark">Segue</p>'
            f'<main>{markup.unknown(language)}</main></div></body></html>')
