"""Which settings are liked best: a response surface over temperature, top-k and no-repeat n-gram. Pure.

Box & Wilson (1951), JRSS B 13:1. Listeners' own levels are taken away from ratings and settings alike, so
that it does not matter who heard what. Uncertainty is a bootstrap over listeners: where would the best
setting lie, had other listeners come? It does not know that other clips of the same settings could have
been better or worse.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import Delaunay, QhullError

from analysis.estimates import percentiles
from analysis.within import codes, regression

FACTORS = ("temperature", "top_k", "no_repeat_ngram")
STEPS = 17  # of each factor, between its lowest and highest tested value
TESTED = (
    "Mean of each setting, adjusted for who heard it; the interval is that of its distance from the mean of "
    "all settings, by bootstrap over listeners"
)
SURFACE = (
    "Second-order polynomial within listeners, errors clustered by listener; best point of the tested "
    "region, percentile bootstrap over listeners"
)


def surface_results(ratings: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """The best tested setting and the best point of the surface, from blind ratings of clips by AI.

    A top-k or n-gram of 0 switches the rule off and has no place on a scale, so such ratings stand beside the
    surface (``n_off``) where the rule is on for others. ``note`` says why a part is missing.
    """
    ai = ratings[ratings["clip_origin"] == "ai"]
    known = ai[ai[[f"clip_{name}" for name in FACTORS]].notna().any(axis=1)]
    settings = _settings(known)
    varying = [name for name in FACTORS if settings[name].dropna().nunique() > 1]
    off = np.zeros(len(known), dtype=bool)
    for name in varying:
        values = settings[name].to_numpy()
        off |= np.isnan(values) | ((values == 0) & (name != "temperature"))
    on = settings[~off]
    varying = [name for name in varying if on[name].nunique() > 1]
    return {
        "n": len(known),
        "n_participants": int(known["participant_id"].nunique()),
        "n_off": int(off.sum()),
        "factors": varying,
        "tested": tested(known, settings, rng, resamples),
        **fitted(known[~off], on[varying], rng, resamples),
    }


def _settings(ratings: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: ratings[f"clip_{name}"].astype("Float64").astype(float) for name in FACTORS})


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


def fitted(
    ratings: pd.DataFrame, settings: pd.DataFrame, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """The surface over the columns of ``settings``: its terms, its best point, and the heat map's grid.

    As much of the second-order polynomial is fitted as the tested settings carry, with at least one setting
    more than terms so that a misfit could show: squares and products, else squares, else straight lines,
    else nothing.
    """
    out: dict[str, Any] = dict.fromkeys(("order", "optimum", "grid", "note"))
    out |= {"terms": {}, "method": SURFACE}
    points = settings.drop_duplicates().to_numpy()
    if not len(settings.columns) or len(points) < 3:
        return out | {"note": f"Too few settings for a surface: {len(points)}."}
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    names = list(settings.columns)
    chosen = _carried(names, (points - low) / span * 2 - 1)
    if chosen is None:
        return out | {"note": f"Too few settings for a surface over {', '.join(names)}: {len(points)}."}
    order, terms = chosen
    x = _design((settings.to_numpy() - low) / span * 2 - 1, terms)
    y, people = ratings["rating"].to_numpy(dtype=float), ratings["participant_id"]
    model = regression(y, x, people)
    if model is None or model.groups < 2:
        return out | {"note": "Too few listeners heard several settings for a surface."}
    grid = _region(names, points)
    basis = _design((grid - low) / span * 2 - 1, terms)
    level = y.mean() - x.mean(axis=0) @ model.coefficients
    drawn = _redrawn(y, x, codes(people), rng, resamples)
    heights, at = drawn @ basis.T, level + basis @ model.coefficients
    best, bests = int(at.argmax()), grid[heights.argmax(axis=1)]
    # With one shape for everybody, the uncertainty of the level is not that of the surface.
    predicted = level + heights[:, best]
    words = [" × ".join(names[place] for place in term) for term in terms]
    return out | {
        "order": order,
        "settings": len(points),
        "terms": {
            word: {**model.contrast(row)._asdict(), "unit": "half the tested range"}
            for word, row in zip(words, np.eye(len(terms)), strict=True)
        },
        "optimum": {
            **{name: float(value) for name, value in zip(names, grid[best], strict=True)},
            "predicted": float(at[best]),
            "ci95": percentiles(predicted),
            "region": {name: percentiles(bests[:, place]) for place, name in enumerate(names)},
            "at_edge": {
                name: bool(grid[best, place] in (points[:, place].min(), points[:, place].max()))
                for place, name in enumerate(names)
            },
            "n": len(y),
            "n_participants": model.groups,
        },
        "grid": _slice(names, grid[len(points) :], at[len(points) :]),
    }


def _carried(names: list[str], points: np.ndarray) -> tuple[str, list[tuple[int, ...]]] | None:
    """The richest polynomial that the tested ``points`` (in −1 … 1) carry: its name, and terms as tuples of
    factors."""
    k = len(names)
    lines = [(place,) for place in range(k)]
    squares = [(place, place) for place in range(k) if len(np.unique(points[:, place])) > 2]
    products = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for order, terms in (
        ("second order", lines + squares + products),
        ("squares without products", lines + squares),
        ("first order", lines),
    ):
        matrix = np.column_stack([np.ones(len(points)), _design(points, terms)])
        if len(points) > matrix.shape[1] and np.linalg.matrix_rank(matrix, tol=1e-6) == matrix.shape[1]:
            return order, terms
    return None


def _design(points: np.ndarray, terms: list[tuple[int, ...]]) -> np.ndarray:
    return np.column_stack([np.prod(points[:, list(term)], axis=1) for term in terms])


def _redrawn(
    y: np.ndarray, x: np.ndarray, person: np.ndarray, rng: np.random.Generator, resamples: int
) -> np.ndarray:
    """The coefficients in resamples of listeners, shape (resamples, terms)."""
    people, k = int(person.max()) + 1, x.shape[1]
    count = np.bincount(person)
    centred = [column - (np.bincount(person, column) / count)[person] for column in (*x.T, y.astype(float))]
    sums = np.stack([np.bincount(person, a * b, people) for a in centred[:k] for b in centred], axis=1)
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=resamples) @ sums
    tables = drawn.reshape(resamples, k, k + 1)
    solved = np.linalg.pinv(tables[:, :, :k], rcond=1e-10) @ tables[:, :, k:]
    return solved[:, :, 0]


def _region(names: list[str], points: np.ndarray) -> np.ndarray:
    """Grid points between the tested settings, and these themselves: nothing outside what was heard."""
    axes = [np.linspace(column.min(), column.max(), STEPS) for column in points.T]
    whole = [
        axis if name == "temperature" else np.unique(axis.round())
        for name, axis in zip(names, axes, strict=True)
    ]
    grid = np.array(list(product(*whole)))
    try:
        inside = Delaunay(points).find_simplex(grid) >= 0 if points.shape[1] > 1 else np.full(len(grid), True)
    except QhullError:  # all settings on one line or plane
        inside = np.zeros(len(grid), dtype=bool)
    return np.vstack([points, grid[inside]])


def _slice(names: list[str], grid: np.ndarray, heights: np.ndarray) -> dict[str, Any]:
    """The surface over the first one or two factors, at its highest over the rest, for a heat map."""
    shown = names[:2]
    columns = {name: grid[:, place].tolist() for place, name in enumerate(shown)}
    table = pd.DataFrame({**columns, "height": heights})
    highest = table.groupby(shown, sort=True)["height"].max().reset_index()
    return {name: highest[name].tolist() for name in (*shown, "height")}
