"""Figures of ratings: how they spread, which settings are best, belief, labels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from analysis.drawing import ACCENT, FAINT, NEUTRAL, Canvas, safe
from analysis.rating_numbers import FACTORS
from analysis.wording import Results

# Ratings 1 to 5: below the middle grey, above it the accent, fainter towards the middle.
SHADES = (NEUTRAL, "rgba(141,134,123,0.55)", FAINT, "rgba(181,73,61,0.42)", "rgba(181,73,61,0.85)")
ROOM = 0.085  # share of all ratings that a segment needs to hold its number
SCALE_TICKS = {float(value): str(value) for value in range(1, 6)}
Point = tuple[str, dict[str, Any], str, str]  # words, a part with a mean, colour, symbol


def rating_bars(results: Results) -> go.Figure | None:
    """Each system's and setting's ratings as one bar around the middle of the scale, the best-liked on top.

    Heiberger & Robbins (2014), Journal of Statistical Software 57:5: half of the 3s lie on either side.
    """
    ratings = results["ratings"]
    groups = {name: part for name, part in ratings["by_setting"].items() if part["n"]}
    if len(ratings["by_system"]) > 1:
        systems = ratings["by_system"].items()
        groups |= {f"System {name}": part for name, part in systems if name not in groups}
    if not groups:
        return None
    rows = sorted(groups.items(), key=lambda item: -item[1]["mean"])
    shares = [[n / part["n"] for n in part["histogram"].values()] for _, part in rows]
    starts = [-(row[0] + row[1] + row[2] / 2) for row in shares]
    ends = (min(starts), max(start + 1 for start in starts))
    canvas = Canvas(len(rows) * 50 + 30, (ends[0] - 0.01, ends[1] + 0.01), (-len(rows) + 0.6, 0.68), top=24)
    for anchor, x, words in (("left", 0, "◂ rated 1 and 2"), ("right", 1, "rated 4 and 5 ▸")):
        canvas.note(x, 1, words, yref="paper", xanchor=anchor, yanchor="bottom", yshift=2, size=12)
    for row, ((name, part), start) in enumerate(zip(rows, starts, strict=True)):
        canvas.label(-row, name, f"mean {part['mean']:.1f}")
        for value, (share, shade) in enumerate(zip(shares[row], SHADES, strict=True), 1):
            n = part["histogram"][str(value)]
            canvas.bar(
                start, share, -row - 0.13, shade, 0.36, f"{safe(name)}: {n} of {part['n']} rated {value}"
            )
            if share >= ROOM:
                canvas.note(start + share / 2, -row - 0.13, str(n), xref="x", xanchor="center", size=11)
            start += share
        canvas.line([0, 0], [-row - 0.36, -row + 0.1], NEUTRAL, 1.5, "3px,3px")
    return canvas.figure()


def surface(results: Results) -> go.Figure | None:
    """The fitted rating over two settings as a heat map; circles are what was tested, the diamond is the
    best point.

    Over a third setting it is the highest. One varying setting is a line.
    """
    part = results["ratings"].get("surface")
    if not part or not part["grid"] or not part["grid"]["height"]:
        return None
    names = [name for name in FACTORS if name in part["grid"]]
    return _line(part, names[0]) if len(names) == 1 else _heat(part, *names)


def _line(part: dict[str, Any], name: str) -> go.Figure:
    x, y = part["grid"][name], part["grid"]["height"]
    tested = [(row[name], row["mean"]) for row in part["tested"]["settings"]]
    heights = [*y, *(mean for _, mean in tested)]
    margin = (max(x) - min(x)) * 0.05
    canvas = Canvas(
        260, (min(x) - margin, max(x) + margin), (min(heights) - 0.2, max(heights) + 0.3), left=34, bottom=40
    )
    canvas.line(x, y, ACCENT, 3)
    for place, mean in tested:
        canvas.point(place, mean, NEUTRAL, 9, f"tested: {place:g}, mean {mean:.2f}", "circle-open")
    _best(canvas, part, name, part["optimum"]["predicted"])
    _axis(canvas, name, [min(x), max(x)])
    for height in (min(heights), max(heights)):
        canvas.note(0, height, f"{height:.1f}", xanchor="right", xshift=-6, size=12)
    return canvas.figure()


def _heat(part: dict[str, Any], across: str, up: str) -> go.Figure:
    grid, best = part["grid"], part["optimum"]
    x, y = grid[across], grid[up]
    wide, high = (max(x) - min(x)) * 0.09, (max(y) - min(y)) * 0.09
    canvas = Canvas(
        340,
        (min(x) - wide, max(x) + wide),
        (min(y) - high, max(y) + high),
        left=64,
        right=8,
        bottom=42,
        top=24,
    )
    canvas.add(
        go.Heatmap(
            x=x,
            y=y,
            z=grid["height"],
            showscale=False,
            colorscale=[[0, "rgba(141,134,123,0.10)"], [1, "rgba(181,73,61,0.62)"]],
            hovertemplate=f"{FACTORS[across]} %{{x:.3g}}, "
            f"{FACTORS[up]} %{{y:.3g}}: %{{z:.2f}}<extra></extra>",
        )
    )
    for row in part["tested"]["settings"]:
        if row[across] is not None and row[up] is not None:
            hover = f"tested: {row[across]:g}, {row[up]:g}, mean {row['mean']:.2f}"
            canvas.point(row[across], row[up], NEUTRAL, 8, hover, "circle-open")
    _best(canvas, part, across, best[up])
    _axis(canvas, across, sorted({min(x), max(x)}))
    canvas.note(
        0, 1, FACTORS[up], yref="paper", xanchor="left", yanchor="bottom", xshift=-60, yshift=4, size=12
    )
    for value in (min(y), max(y)):
        canvas.note(0, value, f"{value:g}", xanchor="right", xshift=-6, size=12)
    lowest, highest = min(grid["height"]), max(grid["height"])
    words = f"pale {lowest:.1f}, strong {highest:.1f}"
    canvas.note(1, 1, words, yref="paper", xanchor="right", yanchor="bottom", yshift=4, size=12)
    return canvas.figure()


def _best(canvas: Canvas, part: dict[str, Any], across: str, height: float) -> None:
    best = part["optimum"]
    words = ", ".join(f"{FACTORS[name]} {best[name]:.3g}" for name in part["factors"])
    canvas.point(best[across], height, ACCENT, 13, f"best: {words}, rated {best['predicted']:.2f}", "diamond")


def _axis(canvas: Canvas, name: str, ticks: Sequence[float]) -> None:
    canvas.scale({tick: f"{tick:g}" for tick in ticks})
    words = FACTORS[name]
    canvas.note(0.5, 0, words, yref="paper", xanchor="center", yanchor="top", yshift=-20, size=12)


def halo(results: Results) -> go.Figure | None:
    """Mean ratings of clips by AI and by people: taken for AI's (filled) and for a human's (open)."""
    cells = results["ratings"].get("halo", {}).get("by_truth_and_belief", {})
    rows = [
        (words, [("taken for AI", cells[origin]["said_ai"], ACCENT, "circle"),
                 ("taken for human", cells[origin]["said_human"], NEUTRAL, "diamond-open")])
        for origin, words in (("ai", "Clips by AI"), ("human", "Clips by people"))
        if origin in cells
    ]  # fmt: skip
    return _means(rows)


def labels(results: Results) -> go.Figure | None:
    """Mean ratings by what listeners were told, clips by AI (filled) beside clips by people (open)."""
    part = results["ratings"].get("labels")
    if not part:
        return None
    told = {"ai": "Told: by AI", "human": "Told: by a human", "blind": "Told nothing"}
    styles = {"ai": ("clips by AI", ACCENT, "circle"), "human": ("clips by people", NEUTRAL, "diamond-open")}
    return _means(
        [
            (
                told[name],
                [
                    (styles[origin][0], mean, *styles[origin][1:])
                    for origin, mean in part["means"][name].items()
                ],
            )
            for name in part["labels"]
        ]
    )


def _means(rows: Sequence[tuple[str, Sequence[Point]]]) -> go.Figure | None:
    """Rows of means with their intervals on the scale from 1 to 5, the words beside them."""
    rows = [(name, [point for point in points if point[1]["n"]]) for name, points in rows]
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    most = max(len(points) for _, points in rows)
    step = 26 / (44 + 26 * most)
    canvas = Canvas(
        len(rows) * (44 + 26 * most) + 30, (1, 5), (-len(rows) + 0.62, 0.62), left=8, bottom=24, x_end=0.54
    )
    canvas.scale(SCALE_TICKS)
    for row, (name, points) in enumerate(rows):
        canvas.label(-row, name, "", 22)
        for place, (words, part, colour, symbol) in enumerate(points):
            y = -row - place * step
            canvas.line([1, 5], [y, y], FAINT, 1)
            if part["ci95"]:
                low, high = (min(max(bound, 1), 5) for bound in part["ci95"])
                canvas.line([low, high], [y, y], colour, 3)
            canvas.point(
                part["mean"],
                y,
                colour,
                9,
                f"{safe(name)}, {words}: {part['mean']:.2f}, {part['n']} ratings",
                symbol,
            )
            canvas.note(0.54, y, f"<b>{part['mean']:.1f}</b>  {words}", xshift=16, size=12)
    return canvas.figure()
