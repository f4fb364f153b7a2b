"""A small site for tests of the player: pieces on a shelf, one that grows, and nothing of Gradio."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import symusic
import uvicorn
from fastapi import FastAPI, Query
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse

from model import view
from model.assets import Assets
from model.picture import picture
from model.score import Score, cut_bars, normalise
from model.shelf import Shelf
from model.voices import Voices

BYTES_A_SECOND = 20_000                     # of our MP3: 160 kbit/s
FRAME = b"\xff\xfb"                        # how each begins
BAR_S = 1.0                                 # of the music below: 4/4 at 240 beats a minute


def piece(bars: int = 16, programs=(0, 40, 42), drums: bool = True) -> Score:
    """Walking quarters in every program, a little louder from bar to bar."""
    score = Score(480)
    score.tempos.append(symusic.Tempo(0, 240))
    for number, program in enumerate((*programs, *(["drums"] if drums else []))):
        track = symusic.Track("", 0 if program == "drums" else program, program == "drums")
        for beat in range(4 * bars):
            pitch = 36 + beat % 4 if program == "drums" else 72 - 8 * number + beat % 7
            track.notes.append(symusic.Note(480 * beat, 400, pitch, 30 + 80 * beat // (4 * bars)))
        score.tracks.append(track)
    return normalise(score)


@dataclass
class Site:
    """url: of the site. bars: how many of the growing piece are made; open: whether it still grows; attempt:
    how often it was begun anew."""

    url: str
    shelf: Shelf
    token: str
    bars: int = 4
    open: bool = True
    streams: list[float] = field(default_factory=list)      # seconds at which streams were asked to begin
    choices: list[str] = field(default_factory=list)        # and of which instruments, as it was asked
    asked: int = 0
    attempt: int = 0

    def page(self, **attributes: str) -> str:
        """A page with a player of the piece; underscores in attribute names stand for hyphens."""
        return self._with(self.token, attributes)

    def growing(self, **attributes: str) -> str:
        return self._with("growing", {"live": "/takes/growing/live.mp3", **attributes})

    def _with(self, token: str, attributes: dict[str, str]) -> str:
        written = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
        return f"{self.url}/?token={token}&attributes={quote(written)}"


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """The site on a free port, in this process."""
    app, shelf = FastAPI(), Shelf(folder)
    whole = piece()
    door = socket.create_server(("127.0.0.1", 0))
    it = Site(f"http://127.0.0.1:{door.getsockname()[1]}", shelf, shelf.put(whole, "Piece"))
    app.mount("/static", Assets(directory=view.STATIC))

    @app.get("/takes/growing/roll.json")
    def roll() -> dict:
        it.asked += 1
        return {**picture(cut_bars(whole, 0, it.bars)), "open": it.open, "attempt": it.attempt}

    @app.get("/takes/growing/live.mp3")
    async def live(begin: Annotated[float, Query(alias="from")], only: str = "",
                   without: str = "") -> StreamingResponse:
        it.streams.append(begin)
        it.choices.append(f"only={only}" if only else without and f"without={without}")

        async def sound() -> AsyncIterator[bytes]:
            data = shelf.file(it.token, "take.mp3").read_bytes()
            sent = data.index(FRAME, round(begin * BYTES_A_SECOND))
            while sent < len(data):
                made = round(it.bars * BAR_S * BYTES_A_SECOND) if it.open else len(data)
                yield data[sent:made]
                sent = max(sent, made)
                await asyncio.sleep(0.05)

        return StreamingResponse(sound(), media_type="audio/mpeg")

    app.add_api_route("/takes/growing/take.mp3", lambda: FileResponse(shelf.file(it.token, "take.mp3")))

    @app.get("/")
    def page(token: str, attributes: str) -> HTMLResponse:
        dark = "dark" if "data-dark" in attributes else ""
        return HTMLResponse(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Roll</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'{view.head("segue.css", "player.css", "player.js")}</head><body class="{dark}">'
            '<div class="gradio-container"><main class="main fillable app prose"><h1>Roll</h1>'
            f'<segue-player name="Piece" src="/takes/{token}/roll.json" audio="/takes/{token}/take.mp3" '
            f'{attributes}></segue-player></main></div></body></html>')

    app.include_router(shelf.router())
    app.include_router(Voices(shelf).router())
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield it
    finally:
        server.should_exit = True
        thread.join(20)
