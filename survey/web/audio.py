"""Serves clips under the handles that participants were given, so that nothing shows but the sound.

A handle is unguessable, belongs to one clip in one trial of one participant, and dies with the session
(`taking.handles`); what it does not name is 404, and there is no list. How the bytes are sent, the same for
every clip, is `model.Streams`'; what was streamed is noted before it is sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from model import Streams, Withheld
from survey.store import Busy, Store, StoreError, UnknownClip
from survey.web.limits import Limits


def clips_router(store: Store, data_dir: Path, limits: Limits) -> APIRouter:
    """`GET /clips/{handle}`: the clip, or a part of it."""
    router = APIRouter()

    def served(handle: str, seconds: float) -> None:
        try:
            store.served(handle, seconds)
        except StoreError as error:
            raise Withheld(_refused(error)) from error

    streams = Streams(served)

    @router.api_route("/clips/{handle}", methods=["GET", "HEAD"], include_in_schema=False)
    def clip(request: Request, handle: str,
             range_: Annotated[str | None, Header(alias="Range")] = None) -> Response:
        refusal = limits.refusal("clip", request.scope)
        if refusal is not None:
            return refusal
        try:
            found = store.clip(handle)
            data = (Path(data_dir) / found.path).read_bytes()
        except (UnknownClip, FileNotFoundError, Busy) as error:
            return _refused(error)
        return streams.response(handle, data, found.duration_s, range_)

    return router


def _refused(error: StoreError | OSError) -> Response:
    """404 for what is not there (any more), 503 for a store that is busy."""
    if isinstance(error, Busy):
        return Response(str(error), 503, {"Cache-Control": "no-store", "Retry-After": "1"}, "text/plain")
    return Response("There is no such clip.", 404, {"Cache-Control": "no-store"}, "text/plain")
