"""Teaches the listener that chooses the best of several takes (ear.py) to tell a checkpoint from people.

It learns from pieces of the training split, so that what it chooses can be measured on the test split by a
listener of that split's own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from model.ear import Ear
from model.evaluation import takes
from model.evaluation.continuations import Progress
from model.evaluation.cues import hear
from model.evaluation.features import features
from model.evaluation.listener import auc
from model.evaluation.passage import passage
from model.evaluation.pieces import held_out
from model.generator import Generator
from model.judging import LOOK
from model.settings import Settings

# Of the trees, as docs/experiments.md says; and how many questions each asks in a row.
TREES, RATE, DEPTH = 300, 0.05, 3
FOLDS = 5


def teach(generator: Generator, data: Path, count: int = 1000, *, each: int = 2, split: str = "train",
          bars: int = 8, prompt_bars: int = 8, seed: int = 0, settings: Settings | None = None,
          cache: Path | None = None, progress: Progress = lambda what, done, total: None) -> Ear:
    """A listener of `count` pieces of a prepared folder's split, each continued by its composer and by the
    model, `each` times. `about` has its AUC on pieces that it had not learnt from, in five folds."""
    if prompt_bars > LOOK:
        raise ValueError(f"prompt bars are at most {LOOK}; received {prompt_bars}.")
    settings = settings or Settings()
    pieces = held_out(data, count, split=split, bars=bars, prompt_bars=prompt_bars, seed=seed,
                      progress=lambda n, total: progress("Choosing pieces", n, total))
    rounds = [replace(settings, seed=settings.seed + 1000 * len(pieces) * number) for number in range(each)]
    made = [takes.machine(generator, pieces, how, cache, lambda n, total, number=number: progress(
                f"Playing, round {number} of {each}", n, total))
            for number, how in enumerate(rounds, 1)]
    rows: list[list[dict[str, float]]] = []
    for done, (piece, *several) in enumerate(zip(pieces, *made, strict=True), 1):
        before = passage(piece.prompt, prompt_bars)
        asked = features(before)
        scores = [takes.human(generator.layout, piece), *(one.score for one in several)]
        rows.append([hear(score, piece.bars, before, asked).cues for score in scores])
        progress("Listening", done, len(pieces))
    names = tuple(rows[0][0])
    table = np.array([[[row[name] for name in names] for row in heard] for heard in rows], float)
    about = {"checkpoint": generator.system, "checkpoint_sha256": generator.checkpoint_sha256,
             "pieces": len(pieces), "takes": each, "split": split, "bars": bars, "prompt_bars": prompt_bars,
             "auc": _cross_validated(names, table, seed)}
    return _fit(names, table, about)


def _fit(names: tuple[str, ...], table: np.ndarray, about: dict) -> Ear:
    """From the cues of people's continuations and then the model's, float (pieces, 1 + takes, names)."""
    kept = np.isfinite(table).any(axis=(0, 1))
    names, table = tuple(np.array(names)[kept].tolist()), table[..., kept]
    pieces, several, _ = table.shape
    medians = np.nanmedian(table.reshape(-1, len(names)), axis=0)
    heard = np.where(np.isfinite(table), table, medians).reshape(-1, len(names))
    person = np.tile(np.arange(several) == 0, pieces)
    learner = GradientBoostingClassifier(
        n_estimators=TREES, learning_rate=RATE, max_depth=DEPTH, subsample=0.7, max_features="sqrt",
        min_samples_leaf=20, random_state=0)
    # People count as much as the model, and before any question both are as likely.
    learner.fit(heard, person, np.where(person, several - 1, 1))
    asks, bounds, leaves = zip(*(_tree(one.tree_) for one in learner.estimators_[:, 0]), strict=True)
    return Ear(names, tuple(medians.tolist()), asks, bounds, leaves, about)


def _tree(grown: DecisionTreeRegressor) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Questions, bounds and leaves of a whole tree of DEPTH, as Ear has them, from one that may have stopped
    earlier: there the last answer stands whatever is asked."""
    asks, bounds, values = ([0] * (2 ** (DEPTH + 1) - 1) for _ in range(3))

    def copy(node: int, to: int) -> None:
        left, right = grown.children_left[node], grown.children_right[node]
        values[to] = round(RATE * float(grown.value[node].item()), 5)
        if left >= 0:
            asks[to], bounds[to] = int(grown.feature[node]), float(f"{grown.threshold[node]:.7g}")
        if to < 2**DEPTH - 1:
            copy(left if left >= 0 else node, 2 * to + 1)
            copy(right if left >= 0 else node, 2 * to + 2)

    copy(0, 0)
    questions = 2**DEPTH - 1
    return tuple(asks[:questions]), tuple(bounds[:questions]), tuple(values[questions:])


def _cross_validated(names: tuple[str, ...], table: np.ndarray, seed: int) -> float:
    """AUC of the model's first takes against people, each heard by what had not learnt from the piece."""
    heard, rng = np.zeros(table.shape[:2]), np.random.default_rng(seed)
    for fold in np.array_split(rng.permutation(len(table)), FOLDS):
        learnt = _fit(names, np.delete(table, fold, axis=0), {})
        kept = [names.index(name) for name in learnt.names]
        chances = learnt.chances(table[fold][..., kept].reshape(-1, len(kept)))
        heard[fold] = chances.reshape(len(fold), -1)
    return auc(heard[:, 0], heard[:, 1], rng)[0]
