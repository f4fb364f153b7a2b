"""The settings as they were tested: their means, adjusted for who heard them, and which is the best. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.estimates import percentiles
from analysis.within import codes

FACTORS = ("temperature", "top_k", "no_repeat_ngram")
TESTED = (
    "Mean of each setting, adjusted for who heard it; the interval is that of its distance from the mean of "
    "all settings, by bootstrap over listeners: it is about these very clips"
)


def tested(
    ratings: pd.DataFrame, settings: pd.DataFrame, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """Adjusted mean of every setting with its interval, and how often each one is the best of a resample.

    With n_ps ratings of setting s by listener p, the settings' means solve Σ_p (diag n_p − n_p n_p'/N_p) m
    = Σ_p of the same for the ratings: least squares with one level a listener. It is a sum over listeners,
    so that each resample is one small system of equations.
    """
    out: dict[str, Any] = {"settings": [], "best": None, "note": None, "method": TESTED}
    labels = settings.astype(object).where(settings.notna(), None)
    rows = list(labels.itertuples(index=False, name=None))
    names = sorted(set(rows), key=lambda row: [value or 0 for value in row])
    if len(names) < 2:
        return out | {"note": "All clips have one setting." if names else "No clip with settings was rated."}
    number = {name: place for place, name in enumerate(names)}
    setting = np.array([number[row] for row in rows])
    person, y = codes(ratings["participant_id"]), ratings["rating"].to_numpy(dtype=float)
    people, k = int(person.max()) + 1, len(names)
    if people < 2:
        return out | {"note": "One listener says nothing about others."}
    heard = sparse.csr_array((np.ones(len(y)), (person, setting)), (people, k))
    centred = y - (np.bincount(person, y) / np.bincount(person))[person]
    right = sparse.csr_array((centred, (person, setting)), (people, k))
    left = _by_person(heard)
    if k <= 40:
        left = left.toarray()
    rounds = max(200, min(resamples, 40_000_000 // (k * k)))
    draws = np.vstack([np.ones(people), rng.multinomial(people, np.full(people, 1 / people), size=rounds)])
    # All means together have no level of their own: their plain sum is set to 0 (1 1' added), and the level
    # put back. The whisper on the diagonal keeps a resample solvable in which two groups of settings share
    # no listener.
    matrices = (draws @ left).reshape(-1, k, k) + 1 / k + 1e-9 * np.eye(k)
    means = np.linalg.solve(matrices, (draws @ right)[:, :, None])[:, :, 0]
    connected = np.linalg.matrix_rank(matrices[0] - 1 / k, tol=1e-6) == k - 1
    if not connected:
        return out | {"note": "No listener links some of the settings to the others."}
    level = y.mean() - float(means[0] @ np.bincount(setting, minlength=k)) / len(y)
    best = np.bincount(means[1:].argmax(axis=1), minlength=k) / rounds
    out["settings"] = [
        {
            **dict(zip(FACTORS, name, strict=True)),
            "n": int((setting == place).sum()),
            "n_participants": int(np.unique(person[setting == place]).size),
            "n_clips": int(ratings["stimulus_a"][setting == place].nunique()),
            "mean": level + float(means[0, place]),
            # Of the difference from the mean of all settings: the listeners' level is nobody's merit.
            "ci95": percentiles(level + means[1:, place]),
            "best": float(best[place]),
        }
        for place, name in enumerate(names)
    ]
    return out | {"best": int(means[0].argmax())}


def _by_person(heard: sparse.csr_array) -> sparse.csr_array:
    """diag n_p − n_p n_p'/N_p of every listener as a row, shape (people, settings²)."""
    people, k = heard.shape
    total = np.asarray(heard.sum(axis=1)).ravel()
    rows, places, entries = [], [], []
    for person in range(people):
        own = slice(heard.indptr[person], heard.indptr[person + 1])
        which, n = heard.indices[own], heard.data[own]
        block = np.diag(n) - np.outer(n, n) / total[person]
        rows.append(np.full(block.size, person))
        places.append((which[:, None] * k + which).ravel())
        entries.append(block.ravel())
    joined = (np.concatenate(entries), (np.concatenate(rows), np.concatenate(places)))
    return sparse.csr_array(joined, (people, k * k))
