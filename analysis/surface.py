"""Which settings are liked best: a response surface over temperature, top-k and no-repeat n-gram. Pure.

Box & Wilson (1951), JRSS B 13:1. Listeners' own levels are taken away from ratings and settings alike, so
that it does not matter who heard what. Uncertainty is over listeners and clips: where would the best setting
lie, had other listeners come and heard other clips of the same settings? (surface_draws.py)
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import Delaunay, QhullError

from analysis.estimates import percentiles
from analysis.surface_draws import Draws, redrawn
from analysis.tested import FACTORS, tested
from analysis.within import codes

STEPS = 17  # of each factor, between its lowest and highest tested value
SURFACE = (
    "Second-order polynomial within listeners; intervals, and the region of the best point, from bootstrap "
    "resamples of listeners with clips drawn anew, whose spread around the surface is Henderson's (1953) "
    "method III"
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
    y, people = ratings["rating"].to_numpy(dtype=float), codes(ratings["participant_id"])
    drawn = redrawn(y, x, people, codes(ratings["stimulus_a"]), rng, resamples)
    if drawn is None:
        return out | {"note": "Too few listeners heard several settings for a surface."}
    grid = _region(names, points)
    basis = _design((grid - low) / span * 2 - 1, terms)
    at = drawn.level + basis @ drawn.coefficients
    return out | {
        "order": order,
        "settings": len(points),
        "n_clips": int(ratings["stimulus_a"].nunique()),
        "sd_clips": drawn.sd_clips,
        "df_clips": drawn.df_clips,
        "terms": {
            " × ".join(names[place] for place in term): _term(drawn, number, len(y))
            for number, term in enumerate(terms)
        },
        "optimum": {
            **_optimum(names, points, grid, at, drawn.levels[:, None] + drawn.draws @ basis.T),
            "n": len(y),
            "n_participants": drawn.groups,
        },
        "grid": _slice(names, grid[len(points) :], at[len(points) :]),
    }


def _optimum(
    names: list[str], points: np.ndarray, grid: np.ndarray, at: np.ndarray, drawn: np.ndarray
) -> dict[str, Any]:
    """The highest point of the surface (``at``), and of its resamples (``drawn``, one a row)."""
    best, bests = int(at.argmax()), grid[drawn.argmax(axis=1)]
    edges = points.min(axis=0), points.max(axis=0)
    return {
        **{name: float(value) for name, value in zip(names, grid[best], strict=True)},
        "predicted": float(at[best]),
        "ci95": percentiles(drawn[:, best]),
        "region": {name: percentiles(bests[:, place]) for place, name in enumerate(names)},
        "at_edge": {
            name: bool(grid[best, place] in (edges[0][place], edges[1][place]))
            for place, name in enumerate(names)
        },
    }


def _term(drawn: Draws, number: int, n: int) -> dict[str, Any]:
    """A coefficient: how far ratings rise over half of the tested range."""
    estimate, drawn_here = float(drawn.coefficients[number]), drawn.draws[:, number]
    beyond = min(int((drawn_here <= 0).sum()), int((drawn_here >= 0).sum()))
    return {
        "estimate": estimate,
        "ci95": percentiles(drawn_here),
        "p_value": min(1.0, 2 * (1 + beyond) / (1 + len(drawn_here))),
        "n": n,
        "n_participants": drawn.groups,
        "unit": "half the tested range",
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
