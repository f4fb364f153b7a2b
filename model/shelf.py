"""Keeps music for visitors to hear and download, each piece under a name that nobody can guess.

A piece on the shelf is a folder: ``take.mid``, ``roll.json`` and, once somebody asks for them, ``take.mp3``
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
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from model.picture import picture
from model.render import save, to_audio
from model.score import Score, write

KINDS = {"take.mid": "audio/midi", "take.mp3": "audio/mpeg", "take.wav": "audio/wav",
         "roll.json": "application/json"}
LONGEST_S = 900.0                   # of sound for one piece
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_SWEEP_EVERY_S = 600.0


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

    def put(self, score: Score, title: str, texts: Sequence[str] = (), permanent: bool = False) -> str:
        """Keeps a score; returns its token. ``title`` names the downloads, ``texts`` go into the MIDI file.

        ``permanent``: not cleared away as long as this shelf lives.
        """
        self.sweep()
        token = secrets.token_urlsafe(16)
        if permanent:
            self._permanent.add(token)
        place = self.folder / token
        place.mkdir()
        write(score, place / "take.mid", texts)
        (place / "roll.json").write_text(json.dumps({"title": title, **picture(score)}), encoding="utf-8")
        return token

    def file(self, token: str, kind: str) -> Path:
        """The path of one of KINDS; sound is rendered when it is first asked for. KeyError if unknown."""
        place = self.folder / token
        if kind not in KINDS or not _TOKEN.match(token) or not (place / "roll.json").is_file():
            raise KeyError(token)
        path = place / kind
        if path.is_file():
            return path
        with self._making[hash(token) % len(self._making)], self._renders:
            if not path.is_file():
                too_long = self._roll(token)["duration"] > LONGEST_S
                score = Score(str(place / "take.mid"))
                save(to_audio(score, seconds=LONGEST_S if too_long else None), path)
        return path

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
        """``GET /takes/{token}/{kind}``, with byte ranges; 404 for whatever is not (or no longer) here."""
        router = APIRouter()

        @router.get("/takes/{token}/{kind}", include_in_schema=False)
        def take(token: str, kind: str, download: bool = False) -> FileResponse:
            try:
                path = self.file(token, kind)
                name = f"{slug(self.title(token))}{path.suffix}" if download else None
            except (KeyError, FileNotFoundError):
                raise HTTPException(404, "This music is no longer kept here.") from None
            return FileResponse(path, media_type=KINDS[kind], filename=name, headers={
                "Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff",
                "X-Robots-Tag": "noindex"})

        return router


def is_token(text: object) -> bool:
    """Whether something can be the token of a piece; it need not be on the shelf (any longer)."""
    return isinstance(text, str) and bool(_TOKEN.match(text))


def slug(title: str) -> str:
    """A title as a file name: lower-case ASCII letters, digits and hyphens, at most 80 of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "segue"
