"""Serves clips under the handles that participants were given, so that nothing shows but the sound.

A handle is unguessable, belongs to one clip in one trial of one participant, and dies with the session
(`taking.handles`); what it does not name is 404, and there is no list. How the bytes are sent, the same for
every clip, is `model.Streams`'; what was streamed is noted before it is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.types import Receive, Scope, Send

from model import Streams, Withheld
from survey.store import Busy, Store, StoreError, UnknownClip
from survey.web.limits import Limits
from survey.web.refusals import refusal


def clips_router(store: Store, data_dir: Path, limits: Limits) -> APIRouter:
    """`GET /clips/{handle}`: the clip, or a part of it."""
    router = APIRouter()

    def served(handle: str, seconds: float) -> None:
        try:
            store.served(handle, seconds)
        except StoreError as error:
            raise Withheld(_Refused(error)) from error

    streams = Streams(served)

    @router.api_route("/clips/{handle}", methods=["GET", "HEAD"], include_in_schema=False)
    def clip(request: Request, handle: str,
             range_: Annotated[str | None, Header(alias="Range")] = None) -> Response:
        refused = limits.refusal("clip", request.scope)
        if refused is not None:
            return refused
        try:
            found = store.clip(handle)
            data = (Path(data_dir) / found.path).read_bytes()
        except (UnknownClip, FileNotFoundError, Busy) as error:
            return _Refused(error)
        return streams.response(handle, data, found.duration_s, range_)

    return router


class _Refused(Response):
    """404 for what is not there (any more), 503 for a store that is busy, in the language of the request."""

    def __init__(self, error: StoreError | OSError):
        super().__init__(status_code=503 if isinstance(error, Busy) else 404)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.status_code == 503:
            refused = refusal(scope, 503, "notice.busy", {"Retry-After": "1"})
        else:
            refused = refusal(scope, 404, "http.no_clip")
        await refused(scope, receive, send)
