"""Figures of pairs and preferences: items, listeners, experience, the ranking. Pure."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from scipy import stats

from analysis.columns import LEVELS
from analysis.drawing import ACCENT, FAINT, NEUTRAL, Canvas, safe
from analysis.pair_wording import MOST_ITEMS, MOST_LISTENERS
from analysis.wording import Results, percent

SHARES = {0.0: "0%", 0.25: "25%", 0.5: "50%", 0.75: "75%", 1.0: "100%"}
BINS = 10  # of accuracy, where there are too many listeners for a row each


def by_item(results: Results) -> go.Figure | None:
    """Decided accuracy of each item, the easiest on top."""
    return _forest(results["pairs"]["by_item"])


def by_participant(results: Results) -> go.Figure | None:
    """Decided accuracy of each listener; a histogram where there are many."""
    parts = results["pairs"]["by_participant"]
    if len(parts) > MOST_LISTENERS:
        return _spread(list(parts.values()))
    return _forest(parts, named=False)


def by_level(results: Results) -> go.Figure | None:
    """Decided accuracy by level of experience, in the order of the levels."""
    groups = results["pairs"]["by_level"]
    parts = {
        level.capitalize(): groups[level]["decided"] for level in LEVELS if groups[level]["decided"]["n"]
    }
    shown = {name: part | {"ci95": part["clustered"]["ci95"] or part["ci95"]} for name, part in parts.items()}
    return _shares(list(shown.items()), line=True)


def preferences(results: Results) -> go.Figure | None:
    """The ranking as a forest plot: settings where several were compared, else systems."""
    found = results["preferences"]
    rankings = [found[name]["systems"] for name in ("by_setting", "by_system")]
    parts = max(rankings, key=len)
    if not parts:
        return None
    ends = [bound for part in parts.values() for bound in (*(part["ci95"] or ()), part["strength"], 0.0)]
    room = 0.05 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - room, max(ends) + room
    canvas = Canvas(
        len(parts) * 50 + 52, (low, high), (-len(parts) + 0.62, 0.66), left=8, right=8, top=22, bottom=24
    )
    canvas.note(0, 1, "mean", xref="x", yref="paper", xanchor="center", yanchor="bottom", yshift=2)
    canvas.scale(
        {tick: f"{tick:+.1f}".replace("-", "−") for tick in (low + room, high - room)}, ("left", "right")
    )
    for row, (name, part) in enumerate(parts.items()):
        counts = f"{part['preferred']} for, {part['tied']} ties, {part['not_preferred']} against"
        canvas.label(-row, f"{part['rank']}. {name}", counts)
        canvas.line([low, high], [-row, -row], FAINT, 1)
        canvas.line([0, 0], [-row - 0.2, -row + 0.2], NEUTRAL, 1.5, "3px,3px")
        if part["ci95"]:
            canvas.line(part["ci95"], [-row, -row], ACCENT, 3)
        canvas.point(part["strength"], -row, ACCENT, 9, f"{safe(name)}: strength {part['strength']:.2f}")
    return canvas.figure()


def _forest(parts: dict[str, Any], named: bool = True) -> go.Figure | None:
    """The parts by their share, the greatest on top; the first ones where there are too many."""
    rows = sorted(parts.items(), key=lambda item: (-item[1]["accuracy"], -item[1]["n"]))[:MOST_ITEMS]
    return _shares(
        [(name if named else f"Listener {place}", part) for place, (name, part) in enumerate(rows, 1)]
    )


def _shares(rows: list[tuple[str, dict[str, Any]]], line: bool = False) -> go.Figure | None:
    """A row a share with its interval, against guessing; joined by a ``line`` where rows are in order."""
    if not rows:
        return None
    canvas = Canvas(len(rows) * 44 + 52, (0, 1), (-len(rows) + 0.6, 0.68), left=8, right=8, top=22, bottom=24)
    canvas.note(0.5, 1, "guessing", xref="x", yref="paper", xanchor="center", yanchor="bottom", yshift=2)
    canvas.scale(SHARES, ("left", "right"))
    if line:
        canvas.line([part["accuracy"] for _, part in rows], [-row for row in range(len(rows))], FAINT, 2)
    for row, (name, part) in enumerate(rows):
        canvas.label(-row, name, f"{part['correct']} of {part['n']} right", 14)
        canvas.line([0, 1], [-row, -row], FAINT, 1)
        canvas.line([0.5, 0.5], [-row - 0.2, -row + 0.2], NEUTRAL, 1.5, "3px,3px")
        if part["ci95"]:
            canvas.line(part["ci95"], [-row, -row], NEUTRAL, 3)
        canvas.point(part["accuracy"], -row, ACCENT, 8, f"{safe(name)}: {percent(part['accuracy'])}")
    return canvas.figure()


def _spread(parts: list[dict[str, Any]]) -> go.Figure:
    """Listeners by their share of right answers as bars, and as diamonds how many guessing would make."""
    seen, guessed = [0.0] * BINS, [0.0] * BINS
    for part in parts:
        seen[_bin(part["correct"], part["n"])] += 1
        chances = stats.binom.pmf(range(part["n"] + 1), part["n"], 0.5)
        for right, chance in enumerate(chances):
            guessed[_bin(right, part["n"])] += float(chance)
    canvas = Canvas(BINS * 30 + 40, (0, max(*seen, *guessed) * 1.16), (-BINS + 0.3, 0.7), left=88, top=24)
    canvas.note(
        0, 1, "bars: listeners, diamonds: if all were guessing", yref="paper", yanchor="bottom", yshift=2
    )
    for row in range(BINS):
        low, high = row / BINS, (row + 1) / BINS
        words = f"{low:.0%} to {high:.0%}"
        canvas.note(0, -row, words, xanchor="right", xshift=-6, size=11)
        canvas.bar(0, seen[row], -row, NEUTRAL, 0.6, f"{words}: {seen[row]:.0f} listeners")
        canvas.note(seen[row], -row, f"<b>{seen[row]:.0f}</b>", xref="x", xshift=6, size=11)
        canvas.point(
            guessed[row], -row, ACCENT, 8, f"{words}: {guessed[row]:.0f} by guessing", "diamond-open"
        )
    return canvas.figure()


def _bin(right: int, n: int) -> int:
    return min(right * BINS // n, BINS - 1)
