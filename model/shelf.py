"""Keeps music for visitors to hear and download, each piece under a name that nobody can guess.

A piece may be on the shelf while it grows, and be seen and heard as far as it has come; it is in memory then.
A finished piece is a folder: ``take.mid``, ``roll.json`` and, once somebody asks for them, ``take.mp3``
and ``take.wav``. There is no list of folders to be had over HTTP. What is older than ``keep_s`` is cleared
away, and the oldest pieces go first when the shelf is full.
"""

import json
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, Response, StreamingResponse

from model.live import Growth, Sketch, broadcast
from model.live_sound import Gauge
from model.picture import picture
from model.render import save, to_audio
from model.score import Score, end_s, write

KINDS = {"take.mid": "audio/midi", "take.mp3": "audio/mpeg", "take.wav": "audio/wav",
         "roll.json": "application/json"}
LONGEST_S = 900.0                   # of sound for one piece
MOST_GROWING = 128
MOST_LISTENERS = 64                 # of growing pieces, at once
_LATE = 32                          # finished pieces whose sound can still be had as it was made
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_SWEEP_EVERY_S = 600.0
_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex"}
_FRESH = {**_HEADERS, "Cache-Control": "no-store"}
GONE = "This music is no longer kept here."


class Shelf:
    """Music on disk in ``folder``; safe to use from several threads."""

    def __init__(self, folder: Path, keep_s: float = 86_400.0, max_bytes: int = 4_000_000_000,
                 renders: int = 2):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keep_s, self.max_bytes = keep_s, max_bytes
        self._renders = threading.BoundedSemaphore(renders)
        self._guard = threading.Lock()
        self._making = [threading.Lock() for _ in range(64)]     # by token: nothing is rendered twice at once
        self._permanent: set[str] = set()
        self._swept = -float("inf")
        self._growths: OrderedDict[str, Growth] = OrderedDict()     # the growing, and the last that were
        self._listeners = 0
        self.asked = 0                  # how many wait for sound that is being rendered
        self.gauge = Gauge()

    def begin(self, title: str, score: Score, seconds: float, ready: bool = False) -> str:
        """A piece that will grow, of which so many seconds are there; returns its token.

        ready: all of it is there, and `finish` comes next. ValueError: MOST_GROWING grow already.
        """
        with self._guard:
            many = sum(growth.now.growing for growth in self._growths.values()) >= MOST_GROWING
            if many and not ready:
                raise ValueError(f"At most {MOST_GROWING} takes are made at once; please try again in a "
                                 "minute.")
            token = secrets.token_urlsafe(16)
            self._growths[token] = Growth(title, Sketch(score, seconds), self.gauge)
        return token

    def grow(self, token: str, score: Score, seconds: float, attempt: int = 0) -> None:
        """More of a growing piece. attempt: how often it was begun anew. KeyError: it does not grow."""
        self._growths[token].now = Sketch(score, seconds, attempt)

    def finish(self, token: str, score: Score, texts: Sequence[str] = (), title: str | None = None) -> None:
        """The whole of a growing piece, which is kept from now on as if it had been put here. title: if it
        has another one by now. KeyError: it does not grow."""
        growth = self._growths[token]
        self._keep(token, score, title or growth.title, texts)
        growth.now = Sketch(score, end_s(score), growth.now.attempt, growing=False)
        self._forget()

    def drop(self, token: str) -> None:
        """Nothing becomes of a growing piece. One that is finished, or unknown, is left alone."""
        growth = self._growths.get(token)
        if growth and growth.now.growing:
            growth.now = replace(growth.now, attempt=-1, growing=False)
            self._forget()

    def _forget(self) -> None:
        with self._guard:
            over = [token for token, growth in self._growths.items() if not growth.now.growing]
            for token in over[:-_LATE]:
                del self._growths[token]

    def put(self, score: Score, title: str, texts: Sequence[str] = (), permanent: bool = False) -> str:
        """Keeps a score; returns its token. ``title`` names the downloads, ``texts`` go into the MIDI file.

        ``permanent``: not cleared away as long as this shelf lives.
        """
        token = secrets.token_urlsafe(16)
        if permanent:
            self._permanent.add(token)
        self._keep(token, score, title, texts)
        return token

    def _keep(self, token: str, score: Score, title: str, texts: Sequence[str]) -> None:
        self.sweep()
        place = self.folder / token
        place.mkdir()
        write(score, place / "take.mid", texts)
        (place / "roll.json").write_text(json.dumps({"title": title, **picture(score)}), encoding="utf-8")

    def file(self, token: str, kind: str) -> Path:
        """The path of one of KINDS; sound is rendered when it is first asked for. KeyError if unknown."""
        place = self.folder / token
        if kind not in KINDS or not _TOKEN.match(token) or not (place / "roll.json").is_file():
            raise KeyError(token)
        path = place / kind
        if path.is_file():
            return path
        with self._waiting(), self._making[hash(token) % len(self._making)], self._renders:
            if not path.is_file():
                too_long = self._roll(token)["duration"] > LONGEST_S
                score = Score(str(place / "take.mid"))
                save(to_audio(score, seconds=LONGEST_S if too_long else None), path)
        return path

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        with self._guard:
            self.asked += 1
        try:
            yield
        finally:
            with self._guard:
                self.asked -= 1

    def title(self, token: str) -> str:
        """The title that a piece was put on the shelf with."""
        return self._roll(token)["title"]

    def _roll(self, token: str) -> dict:
        return json.loads((self.folder / token / "roll.json").read_text(encoding="utf-8"))

    def sweep(self, at_most_every_s: float = _SWEEP_EVERY_S) -> None:
        """Clears away what is too old, and the oldest pieces while more than ``max_bytes`` are held."""
        with self._guard:
            if time.monotonic() - self._swept < at_most_every_s:
                return
            self._swept = time.monotonic()
        places = sorted((place.stat().st_mtime, place) for place in self.folder.iterdir() if place.is_dir())
        sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for _, place in places}
        held = sum(sizes.values())
        for made, place in places:
            if place.name in self._permanent:
                continue
            if time.time() - made > self.keep_s or held > self.max_bytes:
                held -= sizes[place]
                shutil.rmtree(place, ignore_errors=True)

    def router(self) -> APIRouter:
        """``GET /takes/{token}/{kind}``, with byte ranges; 404 for what is not (or no longer) here.

        And ``/takes/{token}/live.mp3?from=SECONDS`` of a piece that grows: its sound from there on, which
        goes on as bars are made and ends when all is played; ``only=0-40`` or ``without=128`` names the
        programs that are heard, or not. 503: too many are listening.
        """
        router = APIRouter()
        programs = Annotated[str, Query(pattern=r"^\d{1,3}(-\d{1,3}){0,128}$")]

        @router.get("/takes/{token}/live.mp3", include_in_schema=False)
        async def live(token: str, start: Annotated[float, Query(alias="from", ge=0, le=LONGEST_S)] = 0.0,
                       only: programs | None = None, without: programs | None = None) -> StreamingResponse:
            growth = self._growths.get(token)
            if growth is None or growth.now.attempt < 0:
                raise HTTPException(404, GONE)
            if self._listeners >= MOST_LISTENERS:
                raise HTTPException(503, "Too many listen already; the take can be heard when it is done.")
            sound = self._play(growth, start, _audible(only, without))
            return StreamingResponse(sound, media_type="audio/mpeg", headers=_FRESH)

        @router.get("/takes/{token}/{kind}", include_in_schema=False)
        def take(token: str, kind: str, download: bool = False) -> Response:
            growth = self._growths.get(token)
            if kind == "roll.json" and growth and growth.now.growing:
                return Response(growth.now.roll, media_type=KINDS[kind], headers=_FRESH)
            try:
                path = self.file(token, kind)
                name = f"{slug(self.title(token))}{path.suffix}" if download else None
            except (KeyError, FileNotFoundError):
                raise HTTPException(404, GONE) from None
            return FileResponse(path, media_type=KINDS[kind], filename=name, headers={
                **_HEADERS, "Cache-Control": "private, max-age=86400"})

        return router

    async def _play(self, growth: Growth, start: float,
                    audible: Callable[[int], bool]) -> AsyncIterator[bytes]:
        self._listeners += 1
        try:
            async with aclosing(broadcast(growth, start, audible)) as sound:
                async for data in sound:
                    yield data
        finally:
            self._listeners -= 1


def _audible(only: str | None, without: str | None) -> Callable[[int], bool]:
    """Whether a program is heard. only, without: programs, joined by hyphens; None: all, and none."""
    chosen, silent = (text and {int(number) for number in text.split("-")} for text in (only, without))
    return lambda program: (not chosen or program in chosen) and not (silent and program in silent)


def is_token(text: object) -> bool:
    """Whether something can be the token of a piece; it need not be on the shelf (any longer)."""
    return isinstance(text, str) and bool(_TOKEN.match(text))


def slug(title: str) -> str:
    """A title as a file name: lower-case ASCII letters, digits and hyphens, at most 80 of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "segue"
