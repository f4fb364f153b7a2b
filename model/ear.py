"""The machine listener, taught once and kept with a checkpoint: does a continuation sound like a person's?

A logistic regression on the cues of evaluation/cues.py and their squares, so that too much counts like too
little. evaluation/teaching.py teaches it the difference between a checkpoint's continuations and people's of
the same prompts; listener.json beside the weights is what it has learnt. Choosing the best of several by it
is rejection sampling by a discriminator (Azadi et al. 2019).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from symusic import Score

from model.evaluation.cues import cues
from model.evaluation.features import features
from model.evaluation.passage import passage
from model.score import count_bars, cut_bars

FILE = "listener.json"
HEARD = 16                  # last bars of a prompt that it hears
_FARTHEST = 4.0             # deviations from the mean that a cue counts as


@dataclass(frozen=True)
class Ear:
    """By cue: its median (for one that has no meaning), mean and deviation; then the weights of the cues and
    of their squares, and a constant. about: what it was taught from."""

    names: tuple[str, ...]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    constant: float
    about: dict

    def person(self, prompt: Score, continuation: Score, bars: int) -> float:
        """The probability, 0-1, that a person wrote a continuation of `bars` bars from tick 0, if as many
        such were people's as the model's."""
        known = max(count_bars(prompt), 1)
        first = max(known - HEARD, 0)
        before = passage(cut_bars(prompt, first, known) if first else prompt, known - first)
        part = passage(continuation, bars)
        heard = cues(part, before, features(part, before), features(before))
        return float(self.chances(np.array([[heard[name] for name in self.names]]))[0])

    def chances(self, table: np.ndarray) -> np.ndarray:
        """The same of cues by name, float (n, names) -> (n,)."""
        return 1 / (1 + np.exp(-(self.columns(table) @ self._weights + self.constant)))

    def columns(self, table: np.ndarray) -> np.ndarray:
        """What is weighed, float (n, 2 names): cues in deviations from their mean, and these squared."""
        medians, means, deviations = self._scales
        filled = np.where(np.isfinite(table), table, medians)
        heard = np.clip((filled - means) / deviations, -_FARTHEST, _FARTHEST)
        return np.concatenate([heard, heard**2 - 1], axis=1)

    @cached_property
    def _scales(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array(one) for one in (self.medians, self.means, self.deviations))

    @cached_property
    def _weights(self) -> np.ndarray:
        return np.array(self.weights)

    def save(self, folder: Path) -> Path:
        """Writes it beside a checkpoint's weights."""
        path = folder / FILE
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path


@lru_cache(4)
def read(folder: Path) -> Ear | None:
    """The listener of a checkpoint, if it has one."""
    path = folder / FILE
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Ear(**{name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()})
