"""Held-out music to continue: a prompt, and how its own composer went on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from symusic import Score

from model.evaluation.fingerprint import TrainingSet
from model.evaluation.passage import passage
from model.evaluation.prepared import EvaluationError, Prepared
from model.library import human_pieces
from model.score import ScoreError, count_bars, cut_bars

KIN = 4             # shared hashes of 16 from which a piece counts as known from training
_MARGIN = 4         # bars kept after the last one: notes sound on, as they do in takes, until they are cut


@dataclass(frozen=True)
class Piece:
    """`score`: the prompt, its human continuation and a few bars more, from bar 0. `prompt`: its first bars.

    name: of the file. dataset: where it comes from. source: the same for sections of one piece.
    """

    name: str
    dataset: str
    source: str
    score: Score
    prompt: Score
    prompt_bars: int
    bars: int


def held_out(data: Path, count: int, *, split: str = "test", prompt_bars: int = 8, bars: int = 8,
             seed: int = 0, skip: int = 0, training: TrainingSet | None = None,
             progress: Callable[[int, int], None] = lambda done, total: None) -> list[Piece]:
    """Up to `count` pieces of a prepared folder's split, drawn at random, one a source piece at most.

    skip: so many that would be chosen first are left to whoever has seen them already.

    Chosen are pieces with `prompt_bars` + `bars` bars and notes in both stretches. With a training set those
    that share 4 of 16 hashes of their melody with a training piece are left out (see fingerprint.sketch).
    EvaluationError: no piece is left, or a number is below 1.
    """
    prepared = Prepared(data, split)
    rows = list(prepared.rows)
    random.Random(seed).shuffle(rows)
    found = ((row.file, row.dataset, f"{row.dataset}/{row.source}", prepared.score(row)) for row in rows)
    return _chosen(found, count, prompt_bars, bars, skip, training, progress)


def from_library(folder: Path, cache: Path, count: int, *, prompt_bars: int = 8, bars: int = 8, seed: int = 0,
                 skip: int = 0, training: TrainingSet | None = None,
                 progress: Callable[[int, int], None] = lambda done, total: None) -> list[Piece]:
    """The same from a folder with a library.csv (see library.py); a piece's data set is its first folder."""
    own = [piece for piece in human_pieces(folder, cache) if piece.excerpt is None]
    random.Random(seed).shuffle(own)

    def scores() -> Iterator[tuple[str, str, str, Score]]:
        for piece in own:
            try:
                score = piece.score()
            except ScoreError:
                continue
            parts = piece.path.relative_to(folder.resolve()).parts
            yield "/".join(parts), parts[0] if len(parts) > 1 else folder.name, piece.source, score

    return _chosen(scores(), count, prompt_bars, bars, skip, training, progress)


def _chosen(found: Iterable[tuple[str, str, str, Score]], count: int, prompt_bars: int, bars: int, skip: int,
            training: TrainingSet | None, progress: Callable[[int, int], None]) -> list[Piece]:
    if min(count, prompt_bars, bars) < 1:
        raise EvaluationError("prompts, prompt bars and bars are at least 1; received "
                              f"{count}, {prompt_bars} and {bars}.")
    if skip < 0:
        raise EvaluationError(f"skip is 0 or more; received {skip}.")
    chosen: list[Piece] = []
    taken: set[str] = set()
    for name, dataset, source, whole in found:
        total = count_bars(whole)
        if source in taken or total < prompt_bars + bars or not _plays_in_both(whole, prompt_bars, bars):
            continue
        if training is not None and training.kin(passage(whole, total)) >= KIN:
            continue
        taken.add(source)
        if len(taken) <= skip:
            continue
        score = cut_bars(whole, 0, prompt_bars + bars + _MARGIN)
        chosen.append(Piece(name, dataset, source, score, cut_bars(score, 0, prompt_bars), prompt_bars, bars))
        progress(len(chosen), count)
        if len(chosen) == count:
            break
    if not chosen:
        raise EvaluationError(f"A prompt comes from a piece of {prompt_bars + bars} bars or more with notes "
                              "in its first and its later bars; none was found.")
    return chosen


def _plays_in_both(whole: Score, prompt_bars: int, bars: int) -> bool:
    part = passage(whole, prompt_bars + bars)
    return bool(np.any(part.bar < prompt_bars) and np.any(part.bar >= prompt_bars))
