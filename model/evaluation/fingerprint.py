"""What of a piece can be recognised in any key: its melody and its notes as codes, and a sketch of it.

A *code* stands for two neighbouring notes: the interval between them and the steps from onset to onset. A
copied passage has the same codes wherever it begins and in whatever key. Drums are left out: their patterns
are common property. The codes of all training pieces are kept once as flat arrays, `STOP` between pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.evaluation.passage import ONSET, PITCH, PROGRAM, Passage, passage
from model.evaluation.prepared import Prepared
from model.score import count_bars

LONGEST = 63            # steps; a longer wait counts as this one
STOP = 2**14            # above every code
SKETCH = 16             # hashes of a sketch
INTERVALS = 8           # of the melody that one hash of a sketch covers
VIEWS = ("melody", "notes")
VERSION = 1


def codes(notes: np.ndarray) -> np.ndarray:
    """Of neighbouring notes (n, 5) in their order: (interval + 128) * 64 + steps, uint16 (n - 1,)."""
    steps = np.clip(np.diff(notes[:, ONSET]), 0, LONGEST)
    return ((np.diff(notes[:, PITCH]) + 128) * (LONGEST + 1) + steps).astype(np.uint16)


def skyline(notes: np.ndarray) -> np.ndarray:
    """The highest note of each onset, (m, 5): what a listener takes for the melody (Uitdenbogerd and Zobel
    1999)."""
    ordered = notes[np.lexsort((-notes[:, PITCH], notes[:, ONSET]))]
    return ordered[np.r_[True, np.diff(ordered[:, ONSET]) > 0][: len(ordered)]]


def views(part: Passage) -> dict[str, list[np.ndarray]]:
    """Two readings of a passage as sequences of codes: the melody of each instrument, and all its notes."""
    pitched = part.pitched
    melodies = [codes(skyline(pitched[pitched[:, PROGRAM] == program]))
                for program in np.unique(pitched[:, PROGRAM])]
    together = pitched[np.lexsort((pitched[:, PITCH], pitched[:, ONSET]))]
    return {"melody": [melody for melody in melodies if len(melody)], "notes": [codes(together)]}


def sketch(part: Passage) -> np.ndarray:
    """The 16 smallest hashes of runs of eight intervals of the melody of all instruments, uint64 (up to 16,).

    Transposing a piece changes nothing. Runs of one interval alone say nothing and are left out.
    """
    intervals = np.diff(skyline(part.pitched)[:, PITCH]).astype(np.int64)
    if len(intervals) < INTERVALS:
        return np.zeros(0, np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(intervals, INTERVALS)
    runs = runs[(runs != runs[:, :1]).any(axis=1)]
    hashes = np.zeros(len(runs), np.uint64)
    for column in runs.T:
        hashes = mixed((hashes ^ (column + 128).astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15))
    return np.unique(hashes)[:SKETCH]


def mixed(values: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014), uint64 of any shape to the same shape."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True)
class TrainingSet:
    """The codes of all pieces of a split, a flat uint16 array a view, and their sketches, uint64 (m, 2) of
    hash and piece, sorted by hash."""

    codes: dict[str, np.ndarray]
    sketches: np.ndarray
    pieces: int

    def kin(self, part: Passage) -> int:
        """How many of a piece's 16 hashes the training piece that has most of them shares with it."""
        own = sketch(part)
        first, last = (np.searchsorted(self.sketches[:, 0], own, side=side) for side in ("left", "right"))
        shared = [self.sketches[a:b, 1] for a, b in zip(first, last, strict=True) if b > a]
        return int(np.bincount(np.concatenate(shared).astype(np.int64)).max()) if shared else 0


def collect(parts: Iterable[Passage]) -> TrainingSet:
    """The training set of whole pieces."""
    flat: dict[str, list[np.ndarray]] = {view: [np.array([STOP], np.uint16)] for view in VIEWS}
    sketches, count = [np.zeros((0, 2), np.uint64)], 0
    for count, part in enumerate(parts, 1):
        for view, sequences in views(part).items():
            for sequence in sequences:
                flat[view] += [sequence, np.array([STOP], np.uint16)]
        own = sketch(part)
        sketches.append(np.column_stack([own, np.full(len(own), count - 1, np.uint64)]))
    table = np.concatenate(sketches)
    return TrainingSet({view: np.concatenate(found) for view, found in flat.items()},
                       table[np.argsort(table[:, 0], kind="stable")], count)


def training_set(data: Path, cache: Path, progress: Callable[[int, int], None] = lambda done, total: None,
                 ) -> TrainingSet:
    """That of a prepared folder's training split, read from `cache` where it was made before.

    Making it takes minutes for tens of millions of notes; it fills some 4 bytes a note.
    """
    prepared = Prepared(data, "train")
    path = cache / f"fingerprint-{prepared.digest()}-{VERSION}.npz"
    if not path.is_file():
        made = collect(_parts(prepared, progress))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with open(partial, "wb") as file:
            np.savez(file, sketches=made.sketches, pieces=made.pieces, **made.codes)
        partial.replace(path)
        return made
    with np.load(path) as kept:
        return TrainingSet({view: kept[view] for view in VIEWS}, kept["sketches"], int(kept["pieces"]))


def _parts(prepared: Prepared, progress: Callable[[int, int], None]) -> Iterable[Passage]:
    for done, row in enumerate(prepared.rows, 1):
        score = prepared.score(row)
        yield passage(score, max(count_bars(score), 1))
        progress(done, len(prepared.rows))
