"""What makes a take again: the recipe behind a link, packed into text that a URL and a MIDI file can hold.

A recipe names the checkpoint, the settings with their seed, and holds the used bars of the prompt themselves.
Links come back from anybody, so ``unpack`` believes nothing: every number has its range, every text its
length, and what is compressed may not grow beyond a fixed size. The format is JSON, notes in columns of
differences, in zlib, in base64url.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from dataclasses import asdict, dataclass, fields, replace
from itertools import accumulate

import numpy as np
from symusic import Note, Track

from model import music
from model.generator import Take
from model.instruments import DRUMS
from model.metre import METRES, TPQ, align
from model.score import Score, count_bars, cut_bars, join, normalise
from model.settings import Settings, Start
from model.shelf import is_token

VERSION = 1
LONGEST = 12_000            # characters of a packed recipe: what mail and chat leave whole
_MOST_BYTES = 400_000       # of JSON, once unpacked
_MOST_NOTES = 8_000
_LAST_TICK = TPQ * 4 * 2000
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PRINT = re.compile(r"[0-9a-f]{16}\Z")


class RecipeError(ValueError):
    """A link that cannot be used. One sentence."""


@dataclass(frozen=True)
class Recipe:
    """All that a take depends on.

    title: of the music that it continues. number: of the take among those of its run, from 1. settings: the
    take's own, with the seed it was made with; prompt_bars are those of ``prompt``, 0 from nothing.
    prompt: the bars that were used, or the start from nothing. steps: of the network, where the take was
    stopped before its end; else 0. notes: ``fingerprint`` of the whole take, to tell whether it is the same.
    """

    title: str
    number: int
    system: str
    checkpoint_sha256: str
    settings: Settings
    prompt: Score | Start
    steps: int
    notes: str

    def origin(self) -> Score | Start:
        """What a generator continues to make the take again: the prompt, its silent last bars included."""
        bars = self.settings.prompt_bars
        if isinstance(self.prompt, Start) or count_bars(self.prompt) >= bars:
            return self.prompt
        beyond = Score(TPQ)         # a note that the cut after ``bars`` takes away again
        beyond.tracks.append(Track(notes=[Note(0, TPQ, 60, 1)]))
        return join(self.prompt, beyond, at_bar=bars)


def recipe(made: Take, origin: Score | Start, title: str) -> Recipe:
    """The recipe of a take that continues ``origin``."""
    prompt = origin if isinstance(origin, Start) else cut_bars(normalise(origin), 0, made.seam_bar)
    settings = replace(made.settings, prompt_bars=made.seam_bar, best_of=1)   # what won is made alone
    title = "".join(letter for letter in title if letter.isprintable())[:200]
    return Recipe(title, made.index + 1, made.system, made.checkpoint_sha256, settings, prompt,
                  0 if made.complete else made.tokens, fingerprint(made.score))


def fingerprint(score: Score) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of every note, tempo and metre of a score."""
    piece = music.unpack(score)
    digest = hashlib.sha256(repr((piece.tempos, piece.grid)).encode())
    for program, notes in sorted(piece.parts.items()):
        digest.update(f"{program}:{len(notes)}:".encode() + notes.astype("<i8").tobytes())
    return digest.hexdigest()[:16]


def pack(made: Recipe) -> str:
    """A recipe as letters, digits, - and _. It may be longer than LONGEST; then it is not for a link."""
    facts = {"v": VERSION, "title": made.title, "number": made.number, "system": made.system,
             "checkpoint": made.checkpoint_sha256, "settings": asdict(made.settings), "steps": made.steps,
             "notes": made.notes, "prompt": _pack_prompt(made.prompt)}
    data = json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def unpack(text: str) -> Recipe:
    """The recipe in a text of ``pack``'s. RecipeError for whatever else."""
    facts = _facts(text)
    if facts.get("v") != VERSION:
        raise RecipeError("This link was made by another version of Segue and cannot be opened here.")
    try:
        title, system = _text(facts["title"], 200), _text(facts["system"], 100)
        checkpoint, notes = facts["checkpoint"], facts["notes"]
        if not (_SHA256.match(checkpoint) and _PRINT.match(notes)):
            raise ValueError("checkpoint or notes")
        number, steps = _whole(facts["number"], 1, 16), _whole(facts["steps"], 0, 1_000_000)
        return Recipe(title, number, system, checkpoint, _settings(facts["settings"]),
                      _unpack_prompt(facts["prompt"]), steps, notes)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise RecipeError("This link is damaged: what it says about the take makes no sense.") from error


def link(token: str, packed: str) -> str:
    """What stands after ``#take=`` in a link: the take's token on the shelf, then, if it is short enough for
    a link, the packed recipe."""
    return f"{token}.{packed if len(packed) <= LONGEST else ''}"


def read_link(text: object) -> tuple[str, str]:
    """Token and packed recipe ("": the link has none) of a link. RecipeError: it is none of ours."""
    token, dot, packed = text.partition(".") if isinstance(text, str) else ("", "", "")
    if not (dot and is_token(token) and len(packed) <= LONGEST and _ALPHABET.match(packed)):
        raise RecipeError("This link is not whole. Please copy it again, from the first letter to the last.")
    return token, packed


def texts(made: Recipe, packed: str) -> list[str]:
    """The recipe as text events for the take's MIDI file, for people first and for ``unpack`` last."""
    after = "from nothing" if isinstance(made.prompt, Start) else f"after bar {made.settings.prompt_bars}"
    return [f"Segue: take {made.number}, {made.title}, {after}", f"system {made.system}",
            f"checkpoint sha256 {made.checkpoint_sha256}", f"seed {made.settings.seed}",
            f"settings {json.dumps(asdict(made.settings))}", f"notes {made.notes}",
            f"segue-recipe:{packed}"]


def _facts(text: str) -> dict:
    if not (isinstance(text, str) and len(text) <= LONGEST and _ALPHABET.match(text)):
        raise RecipeError(f"The recipe in a link has at most {LONGEST:,} letters, digits, - and _.")
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), _MOST_BYTES)
        if not stream.eof or stream.unused_data:
            raise ValueError("cut off, or too large")
        facts = json.loads(data)
        if not isinstance(facts, dict):
            raise ValueError("no object")
    except (zlib.error, binascii.Error, ValueError, RecursionError) as error:
        raise RecipeError("This link is damaged: part of it is missing or was changed on the way.") from error
    return facts


def _settings(said: dict) -> Settings:
    """Settings, each of the type of its default; those that are not said keep the default."""
    kinds = {one.name: type(one.default) for one in fields(Settings)}
    for name, value in said.items():
        if type(value) is not kinds[name] and not (kinds[name] is float and type(value) is int):
            raise TypeError(name)
        if kinds[name] is str:
            _text(value, 100)
    return Settings(**said)


def _pack_prompt(prompt: Score | Start) -> dict:
    if isinstance(prompt, Start):
        return {"programs": list(prompt.programs), "tempo": prompt.tempo}
    piece = music.unpack(prompt)
    parts = {}
    for program, notes in piece.parts.items():
        onset, end, pitch, velocity = notes.T
        steps = [np.diff(column, prepend=0) for column in (onset, pitch, velocity)]
        parts[str(program)] = [column.tolist() for column in (steps[0], end - onset, *steps[1:])]
    return {"parts": parts, "tempos": piece.tempos, "metres": piece.grid}


def _unpack_prompt(said: dict) -> Score | Start:
    if "programs" in said:
        tempo = said["tempo"]
        return Start(tuple(_whole(program, 0, DRUMS) for program in said["programs"]),
                     float(_whole(tempo, 0, 1000) if type(tempo) is not float else tempo))
    if sum(len(columns[0]) for columns in said["parts"].values()) > _MOST_NOTES or len(said["parts"]) > 16:
        raise ValueError("too many notes")
    parts = {_whole(int(program), 0, DRUMS): _part(columns) for program, columns in said["parts"].items()}
    tempos = [(_whole(tick, 0, _LAST_TICK), _whole(value, 1, 2**24)) for tick, value in said["tempos"]]
    grid = [(_whole(tick, 0, _LAST_TICK), top, low) for tick, top, low in said["metres"]]
    if len(tempos) > _MOST_NOTES or any(tuple(metre) not in METRES for _, *metre in grid):
        raise ValueError("tempi or metres")
    return music.pack(music.Music(music.merge(parts), music.tempi(tempos)[0], align(grid)[0]))


def _part(columns: list[list[int]]) -> np.ndarray:
    """(n, 4) notes of four columns: differences of onset, durations, differences of pitch and velocity."""
    steps, lengths, pitches, velocities = columns
    onsets = accumulate(_whole(step, 0, _LAST_TICK) for step in steps)
    rows = zip((_whole(onset, 0, _LAST_TICK) for onset in onsets),
               (_whole(length, 1, _LAST_TICK) for length in lengths),
               (_whole(pitch, 0, 127) for pitch in accumulate(map(_step, pitches))),
               (_whole(loud, 1, 127) for loud in accumulate(map(_step, velocities))), strict=True)
    return np.array([(onset, onset + length, pitch, loud) for onset, length, pitch, loud in rows],
                    np.int64).reshape(-1, 4)


def _step(value: object) -> int:
    return _whole(value, -127, 127)


def _whole(value: object, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"a whole number from {low} to {high}")
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise ValueError(f"a text of at most {longest} characters")
    return value
