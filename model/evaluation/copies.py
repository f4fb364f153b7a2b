"""How many notes in a row a continuation has taken over from the training music.

The longest run that stands in a training piece with the same intervals and the same rhythm, in any key, found
exactly and in all of the training music: the runs of the continuations are indexed by hash, and the training
codes are passed over once. A run is lengthened code by code, as long as the training music has it whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.evaluation import intervals
from model.evaluation.fingerprint import STOP, VIEWS, TrainingSet, views
from model.evaluation.passage import Passage

SHORTEST = 6            # codes; shorter runs are everywhere and count as none
_SHARD = 2**21          # codes hashed at a time; memory is some 50 bytes each
_OVERLAP = 4096         # the longest run that is looked for
_BITS = 22              # of the filter that most training codes do not pass
_R = 0x9E3779B97F4A7C15 | 1


def longest_runs(parts: Sequence[Passage], training: TrainingSet) -> dict[str, np.ndarray]:
    """The longest copied run of each passage in notes, int (n,), by view and as `longest`, the longer one.

    A run of m codes is m + 1 notes; 0 where none of SHORTEST codes is found.
    """
    read = [views(part) for part in parts]
    found = {view: _longest([one[view] for one in read], training.codes[view]) for view in VIEWS}
    return {**found, "longest": np.max([*found.values()], axis=0)}


def summary(runs: dict[str, np.ndarray], rng: np.random.Generator) -> dict:
    """By view the median, the 99th percentile with a bootstrapped 95% interval, and the longest run."""
    return {view: {"median": float(np.median(values)), "p99": round(float(np.percentile(values, 99)), 1),
                   "p99_ci95": intervals.quantile(values, 0.99, rng), "max": int(values.max())}
            for view, values in runs.items()}


class _Hashes:
    """Polynomial hashes modulo 2^64 (Karp and Rabin 1987) of all runs of one array of codes: those of any
    length cost one subtraction and one product."""

    def __init__(self, array: np.ndarray, table: np.ndarray) -> None:
        with np.errstate(over="ignore"):
            powers = np.full(len(array), _R, np.uint64)
            powers[:1] = 1
            powers = np.cumprod(powers, dtype=np.uint64)
            self._sums = np.r_[np.uint64(0), np.cumsum(table[array] * powers, dtype=np.uint64)]
            inverse = np.full(len(array), pow(_R, -1, 2**64), np.uint64)
            inverse[:1] = 1
            self._inverse = np.cumprod(inverse, dtype=np.uint64)

    def of(self, starts: np.ndarray, length: int) -> np.ndarray:
        with np.errstate(over="ignore"):
            return (self._sums[starts + length] - self._sums[starts]) * self._inverse[starts]


def _longest(queries: Sequence[Sequence[np.ndarray]], training: np.ndarray) -> np.ndarray:
    """The longest common run of each query with the training codes, in notes."""
    table = np.random.default_rng(1).integers(0, 2**64, STOP + 1, dtype=np.uint64)
    sequences = [(owner, array) for owner, several in enumerate(queries) for array in several]
    flat = np.concatenate([np.zeros(0, np.uint16), *(np.r_[array, STOP].astype(np.uint16)
                                                     for _, array in sequences)])
    owners = np.concatenate([np.zeros(0, np.int64), *(np.full(len(array) + 1, owner)
                                                      for owner, array in sequences)])
    # how many codes are left before the sequence ends
    left = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(array), -1, -1) for _, array in sequences)])
    mine, best = _Hashes(flat, table), np.zeros(len(queries), np.int64)
    known: dict[int, np.ndarray] = {}

    def runs(length: int) -> np.ndarray:
        """The hashes of the queries' runs, sorted, none twice."""
        if length not in known:
            known[length] = np.unique(mine.of(np.flatnonzero(left >= length), length))
        return known[length]

    hit: dict[int, list[np.ndarray]] = {}
    for begin in range(0, len(training), _SHARD):
        shard = training[begin : begin + _SHARD + _OVERLAP]
        theirs, length = _Hashes(shard, table), SHORTEST
        at = np.arange(max(min(len(shard) - length + 1, _SHARD), 0))
        gate = np.zeros(2**_BITS, bool)
        gate[(runs(length) >> np.uint64(64 - _BITS)).astype(np.int64)] = True
        hashes = theirs.of(at, length)
        passed = gate[(hashes >> np.uint64(64 - _BITS)).astype(np.int64)]
        at, hashes = at[passed], hashes[passed]
        while len(at) and len(wanted := runs(length)):
            place = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
            same = wanted[place] == hashes
            if not same.any():
                break
            hit.setdefault(length, []).append(np.unique(hashes[same]))
            at, length = at[same], length + 1
            at = at[at + length <= len(shard)]
            hashes = theirs.of(at, length)
    for length, several in hit.items():
        starts = np.flatnonzero(left >= length)
        matched = np.isin(mine.of(starts, length), np.concatenate(several))
        best[owners[starts[matched]]] = np.maximum(best[owners[starts[matched]]], length + 1)
    return best
