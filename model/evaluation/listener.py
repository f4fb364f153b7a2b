"""The machine listener: a classifier that is told who wrote some continuations and has to find out the rest.

It hears the cues of cues.py. Its area under the ROC curve (AUC) is the chance that it finds the machine's
continuation the more machine-like of a machine's and a human's: 0.5 is blind guessing, 1 is never wrong. This
is the classifier two-sample test of Lopez-Paz and Oquab 2017. Both continuations of a prompt lie in one fold,
so that no piece is both learnt and judged.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from model.evaluation import intervals
from model.evaluation.distances import number

FOLDS = 5
REPEATS = 3
LEAST = 6               # prompts below which nothing can be learnt


def listen(machine: Sequence[dict[str, float]], human: Sequence[dict[str, float]], groups: Sequence[str],
           rng: np.random.Generator) -> dict | None:
    """{"auc", "ci95", "pairs_told", "logistic", "boosting", "telling"}; None with fewer than six groups.

    machine, human: cues of continuations of the same prompts. groups: the piece behind each of them. A
    logistic regression and gradient boosting (100 trees of depth 2) are cross-validated in five folds by
    piece, three times over; `auc` is that of their mean probability, with a 95% bootstrap interval over
    pieces, `pairs_told` the share of prompts whose machine continuation got the higher probability.
    `telling`: the ten cues that tell most alone, with their AUC (above 0.5: higher in the machine's music).
    """
    names = sorted(set(groups))
    if len(names) < LEAST:
        return None
    columns = list(human[0])
    table = np.array([[one[name] for name in columns] for one in (*machine, *human)], float)
    truth = np.r_[np.ones(len(machine)), np.zeros(len(human))]
    piece = np.tile([names.index(group) for group in groups], 2)
    heard = np.zeros((2, len(truth)))
    for _ in range(REPEATS):
        for fold in np.array_split(rng.permutation(len(names)), min(FOLDS, len(names))):
            test = np.isin(piece, fold)
            for i, learner in enumerate(_learners(int(rng.integers(2**31)))):
                with warnings.catch_warnings():     # a cue that nobody has in a fold is left out, and said so
                    warnings.simplefilter("ignore", UserWarning)
                    learner.fit(table[~test], truth[~test])
                    heard[i, test] += learner.predict_proba(table[test])[:, 1] / REPEATS
    scores = heard.mean(axis=0)
    value, interval = auc(scores[truth == 1], scores[truth == 0], rng, np.array(piece[: len(machine)]))
    above = scores[truth == 1] - scores[truth == 0]
    return {
        "auc": value, "ci95": interval, "pairs_told": number(np.mean((above > 0) + 0.5 * (above == 0))),
        **{name: _area(one[truth == 1], one[truth == 0])
           for name, one in zip(("logistic", "boosting"), heard, strict=True)},
        "telling": _telling(table, truth, columns),
        "scores": {side: [number(value) for value in scores[truth == one]]
                   for side, one in (("machine", 1), ("human", 0))},
    }


def _learners(seed: int) -> list[Pipeline]:
    return [make_pipeline(SimpleImputer(strategy="median"), StandardScaler(),
                          LogisticRegression(C=0.05, max_iter=1000)),
            make_pipeline(SimpleImputer(strategy="median"), GradientBoostingClassifier(
                n_estimators=100, max_depth=2, learning_rate=0.1, subsample=0.7, max_features="sqrt",
                random_state=seed))]


def auc(machine: np.ndarray, human: np.ndarray, rng: np.random.Generator,
        groups: np.ndarray | None = None) -> tuple[float, list[float] | None]:
    """Area under the ROC curve of scores (n,) each (Mann and Whitney 1947), and its 95% bootstrap interval
    over groups, int (n,) from 0 (default: each prompt is one)."""
    groups = np.arange(len(machine)) if groups is None else groups
    wins = (machine[:, None] > human) + 0.5 * (machine[:, None] == human)
    drawn = intervals.weights(int(groups.max()) + 1, rng)[:, groups]
    areas = np.einsum("ri,ij,rj->r", drawn, wins, drawn, optimize=True) / drawn.sum(axis=1) ** 2
    return round(float(wins.mean()), 4), intervals.percentile(areas)


def _area(machine: np.ndarray, human: np.ndarray) -> float:
    return round(float(((machine[:, None] > human) + 0.5 * (machine[:, None] == human)).mean()), 4)


def _telling(table: np.ndarray, truth: np.ndarray, columns: list[str]) -> dict[str, float]:
    areas = {}
    for name, column in zip(columns, table.T, strict=True):
        machine, human = (column[(truth == side) & np.isfinite(column)] for side in (1, 0))
        if len(machine) and len(human):
            areas[name] = _area(machine, human)
    return dict(sorted(areas.items(), key=lambda item: -abs(item[1] - 0.5))[:10])
