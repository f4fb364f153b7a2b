"""Continuations of held-out pieces: the network's, made once and kept, and the human ones in their dress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from symusic import Score

import model
from model.evaluation.pieces import Piece
from model.generator import Generator, Take
from model.layouts import Layout
from model.music import Music, pack, unpack
from model.score import cut_bars, join, write
from model.settings import Settings

Played = TypeVar("Played")
_SOURCES = ("ear.py", "endings.py", "generator.py", "growing.py", "harmony.py", "judging.py", "metrics.py",
            "music.py", "plan.py", "sampling.py", "score.py", "compound/*.py", "engine/*.py",
            "evaluation/*.py", "networks/*.py", "remi/*.py")


@dataclass(frozen=True)
class Made:
    """One continuation: `bars` bars from tick 0. faults: of the app's guard; first_faults: those before it
    made the take once more. The other fields are Take's."""

    score: Score
    faults: tuple[str, ...] = ()
    first_faults: tuple[str, ...] = ()
    retried: bool = False
    complete: bool = True
    notes: int = 0
    tokens: int = 0
    elapsed_s: float = 0.0


def continuation(joined: Score, piece: Piece) -> Score:
    """The bars after the prompt of a score that begins with it."""
    return cut_bars(joined, piece.prompt_bars, piece.prompt_bars + piece.bars)


def human(layout: Layout, piece: Piece) -> Score:
    """A piece's own continuation, sent through the layout, joined to the prompt and cut as a take is, so that
    nothing but the music tells them apart."""
    held = layout.round_trip(piece.score)
    return continuation(join(piece.prompt, continuation(held, piece), at_bar=piece.prompt_bars), piece)


def machine(generator: Generator, pieces: list[Piece], settings: Settings, cache: Path | None = None,
            progress: Callable[[int, int], None] = lambda done, total: None) -> list[Made]:
    """A take of every piece, in order, as many side by side as there are workers; piece i has the seed
    settings.seed + 1,000 i.

    `settings.bars` and `prompt_bars` are the piece's. With a `cache` folder takes are kept and read again for
    the same checkpoint, settings, prompt and decoding code.
    """
    def make(i: int, piece: Piece) -> Made:
        asked = replace(settings, bars=piece.bars, prompt_bars=piece.prompt_bars, whistle=False,
                        seed=(settings.seed + 1000 * i) % 2**31)
        path = cache / "takes" / f"{_key(generator, piece, asked)}.json" if cache else None
        made = _read(path) if path and path.is_file() else None
        if made is None:
            [take] = [event for event in generator.stream(piece.prompt, asked) if isinstance(event, Take)]
            made = Made(continuation(take.score, piece), take.faults, take.first_faults, take.retried,
                        take.complete, take.notes, take.tokens, round(take.elapsed_s, 3))
            if path:
                _write(path, made)
        return made

    return side_by_side(generator, make, list(enumerate(pieces)), progress)


def side_by_side(generator: Generator, play: Callable[..., Played], asked: Sequence[tuple],
                 progress: Callable[[int, int], None] = lambda done, total: None) -> list[Played]:
    """What `play(*one)` gives for each of `asked`, in order; as many at a time as there are workers.

    progress(done, total) is told from this thread alone.
    """
    with ThreadPoolExecutor(generator.workers) as pool:
        playing = [pool.submit(play, *one) for one in asked]
        for done, _ in enumerate(as_completed(playing), 1):
            progress(done, len(asked))
        return [one.result() for one in playing]


def _key(generator: Generator, piece: Piece, settings: Settings) -> str:
    heard = asdict(generator.ear) if generator.ear and settings.best_of > 1 else {}
    parts = [generator.checkpoint_sha256, _code(), json.dumps([asdict(settings), heard], sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode() + write(piece.prompt)).hexdigest()[:32]


@lru_cache(1)
def _code() -> str:
    """A digest of the code that decides what a take is."""
    root, digest = Path(model.__file__).parent, hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write(path: Path, made: Made) -> None:
    music = unpack(made.score)
    facts = {name: value for name, value in vars(made).items() if name != "score"}
    kept = {**facts, "tempos": music.tempos, "grid": music.grid,
            "parts": {str(program): notes.tolist() for program, notes in music.parts.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(kept))
    partial.replace(path)


def _read(path: Path) -> Made | None:
    try:
        kept = json.loads(path.read_text())
        parts = {int(program): np.array(notes, np.int64).reshape(-1, 4)
                 for program, notes in kept.pop("parts").items()}
        grid, tempos = ([tuple(row) for row in kept.pop(name)] for name in ("grid", "tempos"))
        kept |= {name: tuple(kept[name]) for name in ("faults", "first_faults")}
        return Made(pack(Music(parts, tempos, grid)), **kept)
    except (OSError, ValueError, KeyError, TypeError):
        return None         # written by another version, or damaged
