"""Some instruments of a piece alone, each as loud as in the whole: the sound behind mute and solo.

What the synthesizer plays is the sum of its instruments. So the factors that bring the whole to its loudness
(``loudness.gain``) are applied to each choice of instruments, and a solo is heard as it is in the mix.
"""

import json
import math
import os
import re
import threading
from pathlib import Path

import numpy as np
from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from model import fluidsynth, loudness
from model.render import Audio, save, synthesise
from model.score import Score
from model.shelf import LONGEST_S, Shelf

LOUDNESS = -20.0                    # LUFS of the whole, as `render.to_audio` makes it
MOST_CHOICES = 24                   # kept of a piece; what was heard longest ago goes first
_CHOICE = re.compile(r"(0|[1-9][0-9]{0,2})(-[1-9][0-9]{0,2}){0,127}\Z")
_STEP = 32                          # frames between the factors that are kept; the limiter moves in 220


class Voices:
    """Sound of chosen instruments of the pieces on a shelf, made when it is first asked for."""

    def __init__(self, shelf: Shelf, renders: int = 2):
        self._shelf = shelf
        self._renders = threading.BoundedSemaphore(renders)
        self._making = [threading.Lock() for _ in range(64)]     # by piece

    def file(self, token: str, choice: str) -> Path:
        """The MP3 of the tracks that ``choice`` counts from 0 as roll.json does, in order: "0-2-5".

        KeyError for a piece that is not on the shelf or still grows, and for a choice that names none of its
        tracks, or one twice.
        """
        roll = self._shelf.file(token, "roll.json")
        place, picture = roll.parent, json.loads(roll.read_text(encoding="utf-8"))
        wanted = [int(number) for number in choice.split("-")] if _CHOICE.match(choice) else []
        tracks = picture["tracks"]
        if picture.get("open") or not wanted or wanted != sorted(set(wanted) & set(range(len(tracks)))):
            raise KeyError(choice)
        path = place / f"voices-{choice}.mp3"
        with self._making[hash(token) % len(self._making)]:
            if path.is_file():
                path.touch()
            else:
                with self._renders:
                    _make(place, path, {tracks[index]["program"] for index in wanted}, picture["duration"])
                _forget(place)
        return path

    def router(self) -> APIRouter:
        """``GET /takes/{token}/voices/{choice}.mp3``, with byte ranges; 404 for whatever is not here."""
        router = APIRouter()

        @router.get("/takes/{token}/voices/{choice}.mp3", include_in_schema=False)
        def voices(token: str, choice: str) -> FileResponse:
            try:
                path = self.file(token, choice)
            except (KeyError, FileNotFoundError):
                raise HTTPException(404, "There is no such sound here.") from None
            return FileResponse(path, media_type="audio/mpeg", headers={
                "Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff",
                "X-Robots-Tag": "noindex"})

        return router


def _make(place: Path, path: Path, programs: set[int], duration: float) -> None:
    score = Score(str(place / "take.mid"))
    seconds = LONGEST_S if duration > LONGEST_S else None
    factors = _factors(place / "gain.npz", score, seconds)
    frames = int(factors["frames"])
    samples = synthesise(score, seconds=frames / fluidsynth.SAMPLE_RATE, programs=programs)
    at = np.minimum(np.arange(frames, dtype=np.float32) / _STEP, len(factors["gain"]) - 1)
    samples *= np.interp(at, np.arange(len(factors["gain"])), factors["gain"]).astype(np.float32)[:, None]
    samples = loudness.held(samples)        # an instrument may peak where another one cancelled it
    save(Audio(samples, fluidsynth.SAMPLE_RATE, math.nan, ""), path)    # nobody asks how loud a part is


def _factors(path: Path, score: Score, seconds: float | None) -> dict[str, np.ndarray]:
    """"gain" of the whole at every _STEP-th frame, one where it never changes, and its length in "frames"."""
    if not path.is_file():
        whole = synthesise(score, seconds=seconds)
        gain, _ = loudness.gain(whole, LOUDNESS)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            np.savez(file, gain=gain[::_STEP], frames=len(whole))
        os.replace(part, path)
    with np.load(path) as kept:
        return dict(kept)


def _forget(place: Path) -> None:
    choices = sorted(place.glob("voices-*.mp3"), key=lambda path: path.stat().st_mtime)
    for path in choices[:-MOST_CHOICES]:
        path.unlink(missing_ok=True)
