"""Prepared events, packed to travel: the five fields that say everything, compressed by LZMA.

Position and bar follow from the others. The whole of 47 million events takes about 35 MB.
"""

from __future__ import annotations

import csv
import lzma
import shutil
from pathlib import Path

import numpy as np

from model.compound import events as ev
from model.layouts import FILE, SPLITS

_KEPT = 5
_BESIDE = ("pieces.csv", "prepared.json", FILE)


def pack(folder: Path, out: Path, preset: int = 6) -> None:
    """Write a prepared folder of events, packed. ValueError: its arrays are not events."""
    out.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        array = np.load(folder / f"{split}.npy", mmap_mode="r")
        if array.ndim != 2 or array.shape[1] != len(ev.FIELDS):
            raise ValueError(f"Events are packed, rows of {len(ev.FIELDS)}; those of {folder} are "
                             f"{array.shape}.")
        kept = np.ascontiguousarray(array[:, :_KEPT])
        (out / f"{split}.xz").write_bytes(lzma.compress(kept, preset=preset))
    for name in _BESIDE:
        shutil.copy(folder / name, out / name)


def unpack(folder: Path, out: Path) -> None:
    """The prepared folder that `pack` was given."""
    out.mkdir(parents=True, exist_ok=True)
    with open(folder / "pieces.csv", newline="", encoding="utf-8") as file:
        pieces = list(csv.DictReader(file))
    for split in SPLITS:
        raw = np.frombuffer(lzma.decompress((folder / f"{split}.xz").read_bytes()), np.uint8)
        rows = raw.reshape(-1, _KEPT)
        array = np.empty((len(rows), len(ev.FIELDS)), np.uint8)
        array[:, :_KEPT] = rows
        for piece in (row for row in pieces if row["split"] == split):
            part = array[int(piece["offset"]) :][: int(piece["tokens"])]
            part[:, _KEPT:] = places(part)
        np.save(out / f"{split}.npy", array)
    for name in _BESIDE:
        shutil.copy(folder / name, out / name)


def places(piece: np.ndarray) -> np.ndarray:
    """Position and bar (modulo BARS) of every event of a whole piece, (n, 2), from its times and metres."""
    at = np.cumsum(piece[:, ev.TIME].astype(np.int64))
    metres = np.flatnonzero(piece[:, ev.INSTRUMENT] == ev.METRE)
    position, bar = np.empty_like(at), np.empty_like(at)
    line, number, length = 0, 0, 1
    for index, row in enumerate(metres):
        begin = row if index else 0
        stop = metres[index + 1] if index + 1 < len(metres) else len(piece)
        number += (at[begin] - line) // length
        line = at[begin]
        length = ev.bar_steps(int(piece[row, ev.PITCH]))
        bar[begin:stop], position[begin:stop] = np.divmod(at[begin:stop] - line, length)
        bar[begin:stop] += number
    return np.column_stack([position, bar % ev.BARS])
