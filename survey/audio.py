"""Serves clips under the handles that participants were given, so that nothing shows but the sound.

A handle is unguessable and belongs to one clip in one trial of one participant; what it does not name is
404, and there is no list. The headers are the same for every clip of a study: no name, no date, no tag,
nothing for a cache to keep. Ranges (RFC 9110, section 14) are served because Safari plays nothing without
them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from survey.store import Busy, Store, UnknownClip

MEDIA_TYPE = "audio/mpeg"
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")
_CONSTANT = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "no-store",
    "Content-Disposition": 'inline; filename="clip.mp3"',
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class UnsatisfiableRange(ValueError):
    """The range asked for begins past the end of the clip."""


def clips_router(store: Store, data_dir: Path) -> APIRouter:
    """`GET /clips/{handle}`: the clip, or a part of it."""
    router = APIRouter()

    @router.get("/clips/{handle}", include_in_schema=False)
    def clip(handle: str, range_: Annotated[str | None, Header(alias="Range")] = None) -> Response:
        try:
            data = (Path(data_dir) / store.clip_path(handle)).read_bytes()
        except (UnknownClip, FileNotFoundError):
            return Response("There is no such clip.", 404, {"Cache-Control": "no-store"}, "text/plain")
        except Busy as error:
            return Response(str(error), 503, {"Cache-Control": "no-store", "Retry-After": "1"}, "text/plain")
        try:
            part = parse_range(range_, len(data))
        except UnsatisfiableRange:
            return Response(status_code=416, headers={**_CONSTANT, "Content-Range": f"bytes */{len(data)}"})
        if part is None:
            return Response(data, 200, _CONSTANT, MEDIA_TYPE)
        first, last = part
        where = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return Response(data[first:last + 1], 206, _CONSTANT | where, MEDIA_TYPE)

    return router


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
