"""Makes the fingerprints of the training music that ship, and measures how often they err.

Reads what `prepare` wrote in the layout 'events' as plain arrays, some millions of events at a time: 47
million take half a minute on one core and less than 1 GB.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from model.compound import events as ev
from model.evaluation.fingerprint import LONGEST, STOP
from model.evaluation.prepared import EvaluationError, Prepared
from model.originality import (
    BITS,
    GRAM,
    HASHES,
    INTERVALS,
    PAIRS,
    WINDOW,
    Fingerprints,
    copied,
    flat,
    places,
    winnow,
)
from model.score import cut_bars

SHARD = 2_000_000       # events
EXCERPT_BARS = 16       # of the pieces by which the index is measured: as long as a take
_PLAYERS = 256

Progress = Callable[[int, int], None]


def make(folder: Path, out: Path, sample: int = 1000, seed: int = 0,
         progress: Progress = lambda done, total: None) -> dict:
    """Writes the fingerprints of a prepared folder's training split to `out`, and beside it, as .json, what
    they were made from and what was measured on `sample` pieces of the test split. Returns the latter.

    Raises:
        EvaluationError: if the folder is not what `prepare` writes in the layout 'events'.
    """
    prepared, held_out = Prepared(folder, "train"), Prepared(folder, "test")
    array = np.load(folder / "train.npy", mmap_mode="r")
    if array.ndim != 2 or array.shape[1] != len(ev.FIELDS):
        raise EvaluationError(f"Fingerprints are taken of events, rows of {len(ev.FIELDS)}; "
                              f"those of {folder} are {array.shape}.")
    found = []
    for done, shard in shards(array):
        found.append(np.unique(winnow(melodies(shard))[1]))
        progress(done, len(array))
    fingerprints, bits = np.unique(np.concatenate(found)), np.zeros(2**BITS, bool)
    for place in places(fingerprints):
        bits[place] = True
    packed = np.packbits(bits, bitorder="little")
    out.parent.mkdir(parents=True, exist_ok=True)
    packed.tofile(out)
    made = {
        "made_from": {"data": prepared.digest(), "pieces": len(prepared.rows), "events": len(array),
                      "notes": sum(row.notes for row in prepared.rows)},
        "rule": {"gram_notes": GRAM + 1, "window_grams": WINDOW, "least_intervals": INTERVALS,
                 "least_pairs": PAIRS, "filter_bits": 2**BITS, "hashes": HASHES},
        "fingerprints": len(fingerprints), "filled": round(float(bits.mean()), 4),
        "measured": measure(Fingerprints(packed), held_out, np.random.default_rng(seed), sample),
    }
    out.with_suffix(".json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


def shards(array: np.ndarray, size: int = SHARD) -> Iterator[tuple[int, np.ndarray]]:
    """(where it ends, whole pieces of about `size` events), one after the other."""
    begins = np.flatnonzero(np.asarray(array[:, ev.INSTRUMENT]) == ev.START)
    begin = 0
    while begin < len(array):
        after = begins[begins >= begin + size]
        stop = int(after[0]) if len(after) else len(array)
        yield stop, np.asarray(array[begin:stop])
        begin = stop


def melodies(events: np.ndarray) -> np.ndarray:
    """The melody of every pitched instrument of whole pieces (n, 7) as codes, uint16, STOP behind each.

    The same codes as `fingerprint.codes(fingerprint.skyline(...))` gives of a piece's score, one after the
    other.
    """
    onset = np.cumsum(events[:, ev.TIME].astype(np.int64))
    player = events[:, ev.INSTRUMENT].astype(np.int64)
    player += _PLAYERS * np.cumsum(player == ev.START)
    # events rise by time, instrument and pitch: the last of an onset is the highest
    highest = np.r_[(np.diff(onset) != 0) | (np.diff(player) != 0), True][: len(events)]
    kept = np.flatnonzero(highest & (events[:, ev.INSTRUMENT] > ev.KIT))
    kept = kept[np.argsort(player[kept], kind="stable")]
    steps = np.clip(np.diff(onset[kept]), 0, LONGEST)
    found = (np.diff(events[kept, ev.PITCH].astype(np.int64)) + 128) * (LONGEST + 1) + steps
    found = np.where(np.diff(player[kept]) == 0, found, STOP)
    return np.append(found, STOP).astype(np.uint16)[: len(kept)]


def measure(known: Fingerprints, held_out: Prepared, rng: np.random.Generator, sample: int) -> dict:
    """How often the fingerprints err, and what people share with the training music by chance or by quoting.

    Of an excerpt of EXCERPT_BARS bars of each held-out piece: the longest run and the share of the melodies;
    and what is found when its codes are shuffled, which nobody can have written before.
    """
    rows = [held_out.rows[i] for i in rng.permutation(len(held_out.rows))[:sample]]
    human, claimed, asked, shuffled = [], 0, 0, []
    for row in rows:
        score = held_out.score(row)
        human.append(copied(cut_bars(score, 0, EXCERPT_BARS), known))
        at, hashes = winnow(_shuffled(melodies(held_out.steps(row)), rng))
        hits = known.knows(hashes)
        claimed, asked = claimed + int(hits.sum()), asked + len(at)
        shuffled.append(bool(hits.any()))
    runs, shares = np.array([one.notes for one in human]), np.array([one.share for one in human])
    return {
        "random_music": {"fingerprints": asked, "false_positive_rate": round(claimed / max(asked, 1), 6),
                         "pieces": len(rows), "pieces_with_one": round(float(np.mean(shuffled)), 4)},
        "held_out_human": {
            "pieces": len(rows), "bars": EXCERPT_BARS,
            "notes": {f"p{q}": round(float(np.percentile(runs, q)), 1) for q in (50, 90, 95, 99)},
            "share": {f"p{q}": round(float(np.percentile(shares, q)), 3) for q in (50, 90, 95, 99)}},
    }


def _shuffled(sequence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All codes in another order, as one sequence."""
    return flat([rng.permutation(sequence[sequence != STOP])])
