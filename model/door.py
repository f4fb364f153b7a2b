"""How the house opens, who is let in, and how it closes: what every page of ours is served behind.

Gradio's file route fetches any web address for whoever asks (``/gradio_api/file=https://...``), its proxy
route any of a Hugging Face space. A server that must need no outside host fetches nothing for anybody.
"""

import asyncio
import errno
import os
import socket
import sys
from typing import NoReturn

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.routing import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLOSED = ("/monitoring", *(f"/gradio_api/{route}" for route in (
    "proxy=", "file=http:", "file=https:", "file/http:", "file/https:", "info", "openapi.json", "runs")))
PATIENCE_S = 3              # for requests that are being answered when the server is asked to stop


class Door:
    """ASGI middleware for a mounted Gradio application: 404 for what no page needs."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = get_route_path(scope).lower() if scope["type"] == "http" else ""
        if path.startswith(_CLOSED):
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Server(uvicorn.Server):
    """uvicorn, except that open pages do not keep it: asked to stop, it tells requests that nobody waits.

    A page of Gradio holds a connection for as long as it is open; without this, each is cut with an error.
    """

    def __init__(self, site: ASGIApp):
        self._site, self._closing = site, asyncio.Event()
        super().__init__(uvicorn.Config(self._answer, interface="asgi3", log_level="warning",
                                        timeout_graceful_shutdown=PATIENCE_S))

    async def shutdown(self, sockets: list | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard() -> Message:
            message = asyncio.ensure_future(receive())
            closing = asyncio.ensure_future(self._closing.wait())
            done, pending = await asyncio.wait((message, closing), return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            return message.result() if message in done else {"type": "http.disconnect"}

        await self._site(scope, heard if scope["type"] == "http" else receive, send)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. OSError with one sentence."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", 0) == errno.EADDRINUSE
        reason = "another program uses that port; choose one with --port" if taken else error
        raise OSError(f"Segue cannot listen on {host}:{port}: {reason}.") from None


def leave(code: int) -> NoReturn:
    """Ends the process here and now. What is to be put away has been.

    Threads may still read a piece or make a sound. At the interpreter's own end, one that comes back from C++
    code ends in ``std::terminate``: the process is aborted, and whoever asked it to stop reads of a crash.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
