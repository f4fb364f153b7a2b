"""The machine listener, taught once and kept with a checkpoint: does a continuation sound like a person's?

Boosted trees (Friedman 2001) over the cues of evaluation/cues.py. evaluation/teaching.py teaches them the
difference between a checkpoint's continuations and people's of the same prompts; listener.json beside the
weights is what they have learnt. Choosing the best of several by it is rejection sampling by a discriminator
(Azadi et al. 2019).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from model.evaluation.cues import cues
from model.evaluation.features import features
from model.evaluation.passage import Passage

FILE = "listener.json"


@dataclass(frozen=True)
class Ear:
    """medians: of each cue, for one that has no meaning. about: what it was taught from.

    Each of n trees asks as many questions one after the other, d: node i of the 2^d - 1 asks whether cue
    `asks[tree][i]` is above `bounds[tree][i]`; its answers lead to node 2 i + 1, no, and 2 i + 2, yes. Behind
    the last questions are the 2^d `leaves`, log-odds that are added up; before any question they are 0.
    """

    names: tuple[str, ...]
    medians: tuple[float, ...]
    asks: tuple[tuple[int, ...], ...]
    bounds: tuple[tuple[float, ...], ...]
    leaves: tuple[tuple[float, ...], ...]
    about: dict

    def person(self, part: Passage, before: Passage) -> float:
        """The probability, 0-1, that a person wrote a continuation of a prompt, if as many such were people's
        as the model's."""
        heard = cues(part, before, features(part, before), features(before))
        return float(self.chances(np.array([[heard[name] for name in self.names]]))[0])

    def chances(self, table: np.ndarray) -> np.ndarray:
        """The same of cues by name, float (n, names) -> (n,)."""
        medians, asks, bounds, leaves = self._arrays
        heard = np.where(np.isfinite(table), table, medians).astype(np.float32)     # as they are taught
        trees, rows = np.arange(len(asks)), np.arange(len(heard))[:, None]
        node = np.zeros((len(heard), len(asks)), np.int64)
        for _ in range(leaves.shape[1].bit_length() - 1):
            node = 2 * node + 1 + (heard[rows, asks[trees, node]] > bounds[trees, node])
        total = leaves[trees, node - asks.shape[1]].sum(axis=1)
        return 1 / (1 + np.exp(-total))

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return np.array(self.medians), np.array(self.asks), np.array(self.bounds), np.array(self.leaves)

    def save(self, folder: Path) -> Path:
        """Writes it beside a checkpoint's weights."""
        path = folder / FILE
        lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in asdict(self).items()]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        return path


@lru_cache(4)
def read(folder: Path) -> Ear | None:
    """The listener of a checkpoint, if it has one."""
    path = folder / FILE
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Ear(**kept)
