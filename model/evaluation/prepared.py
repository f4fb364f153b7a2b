"""A prepared folder (see dataset.py), read for measuring: its pieces, their steps and their music."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from symusic import Score

from model.layouts import FILE, Layout, load
from model.score import normalise


class EvaluationError(ValueError):
    """A request that cannot be evaluated. One sentence."""


@dataclass(frozen=True)
class Row:
    """One piece of a prepared folder."""

    split: str
    offset: int
    steps: int
    notes: int
    dataset: str
    file: str

    @property
    def source(self) -> str:
        """Its file, less the mark of a section: the same for all sections of a piece."""
        return re.sub(r"_s\d+$", "", str(Path(self.file).with_suffix("")))


class Prepared:
    """The pieces of one split. EvaluationError: a file is missing, or the split has no pieces."""

    def __init__(self, folder: Path, split: str) -> None:
        for file in (FILE, "pieces.csv", f"{split}.npy"):
            if not (folder / file).is_file():
                raise EvaluationError(f"data is a folder that `prepare` wrote, with {file}; "
                                      f"{folder} has none.")
        self.folder, self.split = folder, split
        with open(folder / "pieces.csv", newline="", encoding="utf-8") as file:
            self.rows = [Row(r["split"], int(r["offset"]), int(r["tokens"]), int(r["notes"]), r["dataset"],
                             r["file"])
                         for r in csv.DictReader(file) if r["split"] == split and not int(r["transposition"])]
        if not self.rows:
            raise EvaluationError(f"A split is evaluated on its pieces; {split} of {folder} has none.")

    @cached_property
    def layout(self) -> Layout:
        return load(self.folder)

    @cached_property
    def _array(self) -> np.ndarray:
        return np.load(self.folder / f"{self.split}.npy", mmap_mode="r")

    def steps(self, row: Row) -> np.ndarray:
        """A piece in the layout's steps, (n,) or (n, fields)."""
        return np.asarray(self._array[row.offset : row.offset + row.steps])

    def score(self, row: Row) -> Score:
        """A piece as music, as fine as the layout holds it."""
        return normalise(self.layout.score(self.steps(row)))

    def digest(self) -> str:
        """A name for the split that changes with its pieces: 16 hexadecimal digits."""
        table = hashlib.sha256((self.folder / "pieces.csv").read_bytes())
        table.update((self.folder / FILE).read_bytes() + self.split.encode())
        return table.hexdigest()[:16]
