"""How much of some music stands, note for note and in whatever key, in the music that the models learnt from.

The training music itself does not ship; fingerprints of its melodies do. A *gram* is GRAM + 1 notes of an
instrument's melody (its highest notes): the GRAM intervals between them with the steps from onset to onset,
the codes of `model.evaluation.fingerprint`. Of every WINDOW grams in a row the one with the least hash is
kept (winnowing: Schleimer, Wilkerson and Aiken 2003), so that any run of GRAM + WINDOW notes that two pieces
share has a fingerprint in common. All fingerprints are in one Bloom filter (Bloom 1970).

What everybody writes counts for nothing: a gram with fewer than INTERVALS different intervals, or fewer than
PAIRS different pairs of neighbouring ones, has no fingerprint, and ends a run. Repeated notes, scales, trills
and broken chords that go round and round are such grams. Drums are left out. `model.evaluation.copies` counts
all of these and needs the training music itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from symusic import Score

from model.evaluation.fingerprint import LONGEST, STOP, codes, mixed, skyline
from model.evaluation.passage import ONSET, PROGRAM, Passage, passage
from model.score import count_bars

GRAM = 11               # codes; a gram is one note more
WINDOW = 4              # grams
INTERVALS, PAIRS = 4, 7
BITS, HASHES = 26, 12   # a filter of 2^26 bits is 8 MiB
FILE = Path(__file__).parent / "weights" / "originality.bin"

_FNV = np.uint64(0x100000001B3)
_NEVER = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Copied:
    """What of a score stands in other music.

    notes: of the longest run, 0 without one. In the training music a run of GRAM + WINDOW notes or more is
    found but for up to WINDOW - 1 notes at either end. share: of all notes of the instruments' melodies those
    in known runs, 0 to 1. bars: the first and the last bar of the longest run, from 0; program: who plays it.
    """

    notes: int = 0
    share: float = 0.0
    bars: tuple[int, int] | None = None
    program: int | None = None


class Fingerprints:
    """A set of fingerprints that never denies a member and rarely (see `model.originality_index`) claims one
    that it has not."""

    def __init__(self, bits: np.ndarray) -> None:
        """bits: uint8 (2^BITS / 8,), eight a byte, the least significant first."""
        if bits.shape != (2**BITS // 8,):
            raise ValueError(f"The fingerprints of the training music are {2**BITS // 8:,} bytes; "
                             f"received {bits.size:,}.")
        self._bits = bits

    def knows(self, hashes: np.ndarray) -> np.ndarray:
        """Bool (n,): which fingerprints, uint64 (n,), are members."""
        known = np.ones(len(hashes), bool)
        for place in places(hashes):
            known &= (self._bits[place >> np.uint64(3)] >> (place & np.uint64(7)).astype(np.uint8) & 1) == 1
        return known


def places(hashes: np.ndarray) -> Sequence[np.ndarray]:
    """The HASHES bits of each fingerprint, uint64 (n,) (double hashing: Kirsch and Mitzenmacher 2006)."""
    first, step = hashes & np.uint64(0xFFFFFFFF), hashes >> np.uint64(32) | np.uint64(1)
    return [first + np.uint64(turn) * step & np.uint64(2**BITS - 1) for turn in range(HASHES)]


@lru_cache(1)
def shipped() -> Fingerprints:
    """Those of the music that the shipped checkpoints learnt from. ValueError: the file is damaged."""
    return Fingerprints(np.fromfile(FILE, np.uint8))


def facts() -> dict:
    """What the shipped fingerprints were made from, and how often they err."""
    return json.loads(FILE.with_suffix(".json").read_text(encoding="utf-8"))


def copied(score: Score, known: Fingerprints | None = None) -> Copied:
    """The longest run of a score's melodies that stands in the training music, and how much of them does.

    known: the training music's fingerprints; those that ship if None.
    """
    part = passage(score, max(count_bars(score), 1))
    melodies = _melodies(part)
    if not melodies:
        return Copied()
    notes = np.concatenate(melodies)
    at, hashes = winnow(flat([codes(melody) for melody in melodies]))
    runs = _runs(at, (known or shipped()).knows(hashes))
    if not len(runs):
        return Copied()
    # a melody of n notes has n - 1 codes and one STOP, so codes and notes have the same indices
    first, last = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    bars = np.searchsorted(part.lines, notes[[first, last], ONSET], side="right") - 1
    lengths = runs[:, 1] - runs[:, 0] + 1
    return Copied(int(lengths.max()), float(min(lengths.sum() / len(notes), 1.0)),
                  (int(bars[0]), int(bars[1])), int(notes[first, PROGRAM]))


def repeated(prompt: Score, continuation: Score) -> Copied:
    """The longest run of notes of a continuation's melodies that stands in its prompt, in whatever key.

    Exact, however short: all codes count here, those that everybody writes, too. `share`: of all notes of the
    continuation's melodies those of the longest run.
    """
    part, known = (passage(score, max(count_bars(score), 1)) for score in (continuation, prompt))
    melodies, old = _melodies(part), flat([codes(melody) for melody in _melodies(known)])
    new = flat([codes(melody) for melody in melodies])
    places_of = {code: np.flatnonzero(old == code) for code in np.unique(new).tolist() if code != STOP}
    longest, last, lengths = 0, 0, np.zeros(len(old) + 1, np.int64)     # of runs that end before each code
    ends = np.zeros(0, np.int64)
    for at, code in enumerate(new.tolist()):        # the longest common substring, a row at a time
        here = places_of.get(code, ends[:0])
        runs = lengths[here] + 1
        lengths[ends], ends = 0, here + 1
        lengths[ends] = runs
        if len(runs) and runs.max() > longest:
            longest, last = int(runs.max()), at
    if not longest:
        return Copied()
    notes = np.concatenate(melodies)
    first, last = last - longest + 1, last + 1      # a code stands between its note and the next
    bars = np.searchsorted(part.lines, notes[[first, last], ONSET], side="right") - 1
    return Copied(longest + 1, (longest + 1) / len(notes), (int(bars[0]), int(bars[1])),
                  int(notes[first, PROGRAM]))


def _melodies(part: Passage) -> list[np.ndarray]:
    return [skyline(part.pitched[part.pitched[:, PROGRAM] == program])
            for program in np.unique(part.pitched[:, PROGRAM])]


def _runs(at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """First and last note, (m, 2), of stretches in which every fingerprint is known and meets the next."""
    where = np.flatnonzero(known)
    if not len(where):
        return np.zeros((0, 2), np.int64)
    apart = np.flatnonzero((np.diff(where) > 1) | (np.diff(at[where]) > WINDOW))
    first, last = where[np.r_[0, apart + 1]], where[np.r_[apart, len(where) - 1]]
    return np.column_stack([at[first], at[last] + GRAM])


def flat(sequences: Sequence[np.ndarray]) -> np.ndarray:
    """Several sequences of codes as one, uint16, with STOP behind each."""
    return np.concatenate([np.zeros(0, np.uint16), *(part for one in sequences
                                                     for part in (one, np.array([STOP], np.uint16)))])


def winnow(sequence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fingerprints of codes, uint16 (n,): where their grams begin, (m,) rising, and their hashes, (m,).

    In each window of WINDOW grams without a STOP the least hash is taken, the last of several; none where all
    grams are trivial.
    """
    if len(sequence) < GRAM + WINDOW - 1:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    grams = sliding_window_view(sequence, GRAM)
    hashes = np.zeros(len(grams), np.uint64)
    for column in grams.T:                                  # FNV-1a, a code at a time
        hashes = (hashes ^ column) * _FNV
    hashes = np.where(_telling(grams), mixed(hashes), _NEVER)
    windows = len(hashes) - WINDOW + 1
    least, chosen = hashes[:windows].copy(), np.arange(windows)
    for offset in range(1, WINDOW):
        candidate = hashes[offset : offset + windows]
        lower = candidate <= least
        least[lower], chosen[lower] = candidate[lower], np.flatnonzero(lower) + offset
    whole = ~sliding_window_view(sequence == STOP, GRAM + WINDOW - 1).any(axis=1)
    at = np.unique(chosen[whole & (least != _NEVER)])
    return at, hashes[at]


def _telling(grams: np.ndarray) -> np.ndarray:
    """Bool (n,): which grams of codes (n, GRAM) are more than what everybody writes."""
    intervals = (grams // (LONGEST + 1)).astype(np.uint16)
    pairs = intervals[:, :-1] * np.uint16(256) + intervals[:, 1:]
    return (_different(intervals) >= INTERVALS) & (_different(pairs) >= PAIRS)


def _different(rows: np.ndarray) -> np.ndarray:
    """How many different values each row (n, k) has."""
    return 1 + (np.diff(np.sort(rows, axis=1), axis=1) != 0).sum(axis=1)
