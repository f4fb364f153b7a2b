"""Teaches the listener that chooses the best of several takes (ear.py) to tell a checkpoint from people.

It learns from pieces of the training split, so that what it chooses can be measured on the test split by a
listener of that split's own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from model.ear import HEARD, Ear
from model.evaluation import takes
from model.evaluation.continuations import Progress
from model.evaluation.cues import cues
from model.evaluation.features import features
from model.evaluation.listener import auc
from model.evaluation.passage import passage
from model.evaluation.pieces import held_out
from model.generator import Generator
from model.settings import Settings

STRENGTH = 0.003            # of the weights: scikit-learn's C, small for cues that say nearly the same
FOLDS = 5


def teach(generator: Generator, data: Path, count: int = 400, *, split: str = "train", bars: int = 8,
          prompt_bars: int = 8, seed: int = 0, settings: Settings | None = None, cache: Path | None = None,
          progress: Progress = lambda what, done, total: None) -> Ear:
    """A listener of `count` pieces of a prepared folder's split, each continued by the model and by its
    composer. `about` has its AUC on pieces that it had not learnt from, in five folds."""
    if prompt_bars > HEARD:
        raise ValueError(f"prompt bars are at most {HEARD}; received {prompt_bars}.")
    settings = settings or Settings()
    pieces = held_out(data, count, split=split, bars=bars, prompt_bars=prompt_bars, seed=seed,
                      progress=lambda n, total: progress("Choosing pieces", n, total))
    made = takes.machine(generator, pieces, settings, cache, lambda n, total: progress("Playing", n, total))
    rows: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for done, (piece, one) in enumerate(zip(pieces, made, strict=True), 1):
        before = passage(piece.prompt, prompt_bars)
        for person, score in ((True, takes.human(generator.layout, piece)), (False, one.score)):
            part = passage(score, piece.bars)
            rows[person].append(cues(part, before, features(part, before), features(before)))
        progress("Listening", done, len(pieces))
    names = tuple(rows[True][0])
    table = np.array([[row[name] for name in names] for row in (*rows[True], *rows[False])], float)
    truth = np.repeat([1, 0], len(pieces))
    about = {"checkpoint": generator.system, "checkpoint_sha256": generator.checkpoint_sha256,
             "pieces": len(pieces), "split": split, "bars": bars, "prompt_bars": prompt_bars,
             "auc": _cross_validated(names, table, truth, np.tile(np.arange(len(pieces)), 2), seed)}
    return _fit(names, table, truth, about)


def _fit(names: tuple[str, ...], table: np.ndarray, truth: np.ndarray, about: dict) -> Ear:
    known = np.isfinite(table).any(axis=0)
    names, table = tuple(np.array(names)[known].tolist()), table[:, known]
    medians = np.nanmedian(table, axis=0)
    filled = np.where(np.isfinite(table), table, medians)
    scales = (medians, filled.mean(axis=0), np.maximum(filled.std(axis=0), 1e-9))
    plain = Ear(names, *(tuple(one.tolist()) for one in scales), (0.0,) * 2 * len(names), 0.0, about)
    learnt = LogisticRegression(C=STRENGTH, max_iter=2000).fit(plain.columns(table), truth)
    return Ear(names, plain.medians, plain.means, plain.deviations,
               tuple(learnt.coef_[0].round(6).tolist()), round(float(learnt.intercept_[0]), 6), about)


def _cross_validated(names: tuple[str, ...], table: np.ndarray, truth: np.ndarray, piece: np.ndarray,
                     seed: int) -> float:
    heard, rng = np.zeros(len(truth)), np.random.default_rng(seed)
    for fold in np.array_split(rng.permutation(piece.max() + 1), FOLDS):
        test = np.isin(piece, fold)
        learnt = _fit(names, table[~test], truth[~test], {})
        kept = [names.index(name) for name in learnt.names]
        heard[test] = learnt.chances(table[test][:, kept])
    return auc(heard[truth == 1], heard[truth == 0], rng)[0]
