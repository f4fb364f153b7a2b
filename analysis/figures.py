"""Results -> plotly figures. Pure. One function a figure; None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from analysis import pair_figures, rating_figures
from analysis.columns import CHOICES, LEVELS
from analysis.drawing import ACCENT, FAINT, NEUTRAL, Canvas, lines, safe
from analysis.wording import Results, percent, truth_words

CHOICE_WORDS = {"a": "A", "b": "B", "both": "both", "neither": "neither", "dont_know": "don’t<br>know"}
PERCENT_TICKS = {0.0: "0%", 0.25: "25%", 0.5: "50%", 0.75: "75%", 1.0: "100%"}
FACET = 6.2  # widths of a rating's bar from one histogram to the next


def figures(results: Results) -> dict[str, go.Figure | None]:
    """All figures by name, in the order of the report."""
    return {
        "accuracy": accuracy(results),
        "experience": experience(results),
        "choices": choices(results),
        "correct_by_experience": correct_by_experience(results),
        "rating_histograms": rating_histograms(results),
        "setting_heatmap": setting_heatmap(results),
        "open_ratings": open_ratings(results),
        "by_item": pair_figures.by_item(results),
        "by_participant": pair_figures.by_participant(results),
        "by_level": pair_figures.by_level(results),
        "preferences": pair_figures.preferences(results),
        "rating_bars": rating_figures.rating_bars(results),
        "surface": rating_figures.surface(results),
        "halo": rating_figures.halo(results),
        "labels": rating_figures.labels(results),
    }


def accuracy(results: Results) -> go.Figure | None:
    """Share of right answers among the decided ones, with its interval, against guessing."""
    pairs = results["pairs"]
    groups = {
        "Everyone": pairs,
        "Musicians": pairs["by_musician"]["yes"],
        "Others": pairs["by_musician"]["no"],
    }
    rows = [(name, group["decided"]) for name, group in groups.items() if group["decided"]["n"]]
    if not rows:
        return None
    canvas = Canvas(
        len(rows) * 50 + 52, (0, 1), (-len(rows) + 0.62, 0.66), left=8, right=8, top=22, bottom=24
    )
    canvas.note(0.5, 1, "guessing", xref="x", yref="paper", xanchor="center", yanchor="bottom", yshift=2)
    canvas.scale(PERCENT_TICKS, ("left", "right"))
    for row, (name, part) in enumerate(rows):
        (low, high), colour = part["clustered"]["ci95"] or part["ci95"], ACCENT if row == 0 else NEUTRAL
        canvas.label(-row, name, f"{part['correct']} of {part['n']} right")
        canvas.line([0, 1], [-row, -row], FAINT, 1)
        canvas.line([0.5, 0.5], [-row - 0.2, -row + 0.2], NEUTRAL, 1.5, "3px,3px")
        canvas.line([low, high], [-row, -row], colour, 4 if row == 0 else 3)
        hover = f"{name}: {percent(part['accuracy'])}, 95% interval {percent(low)} to {percent(high)}"
        canvas.point(part["accuracy"], -row, colour, 12 if row == 0 else 9, hover)
    return canvas.figure()


def experience(results: Results) -> go.Figure | None:
    """How many listeners have which musical experience."""
    people = results["participants"]["experience"]
    levels = people["level_of_musicians"]
    counts = {
        "No musical experience": people["musician"]["no"],
        **{
            f"Musical experience, {level if level != 'none' else 'level none'}": levels[level]
            for level in LEVELS
        },
        "Musical experience, level not given": levels["not given"],
        "Experience not given": people["musician"]["not given"],
    }
    counts = {name: n for name, n in counts.items() if n}
    if not counts:
        return None
    canvas = Canvas(len(counts) * 44 + 8, (0, max(counts.values()) * 1.14), (-len(counts) + 0.65, 0.7))
    for row, (name, n) in enumerate(counts.items()):
        canvas.label(-row, name)
        canvas.bar(0, n, -row - 0.12, ACCENT if name.startswith("Musical") else NEUTRAL, 0.28, f"{name}: {n}")
        canvas.note(n, -row - 0.12, f"<b>{n}</b>", xref="x", xshift=8)
    return canvas.figure()


def choices(results: Results) -> go.Figure | None:
    """Each pair's five answer counts as a row of small bars; the truth outlined."""
    trials = results["pairs"]["by_trial"]
    if not trials:
        return None
    canvas = Canvas(len(trials) * 56 + 46, (-0.08, 4.95), (-len(trials) + 0.55, 0.65), top=40)
    for column, choice in enumerate(CHOICES):
        canvas.note(column, 1, CHOICE_WORDS[choice], xref="x", yref="paper", yanchor="bottom", yshift=2)
    for row, (trial, part) in enumerate(trials.items()):
        canvas.label(-row, trial, f"truth: {truth_words(part['truth'])}")
        y = -row - 0.14
        for column, choice in enumerate(CHOICES):
            n, true = part["choices"][choice], choice == part["truth"]
            if true:
                canvas.box(column - 0.06, column + 0.9, y - 0.24, y + 0.24)
            length = 0.6 * n / part["n"]
            hover = f"{safe(trial)}: {n} of {part['n']} said {choice.replace('_', ' ')}"
            canvas.bar(column, length, y, ACCENT if true else NEUTRAL, 0.24, hover)
            canvas.note(column + length, y, f"<b>{n}</b>" if true else str(n), xref="x", xshift=5)
    return canvas.figure()


def correct_by_experience(results: Results) -> go.Figure | None:
    """Each pair's share of true answers, musicians (filled circle) beside others (open diamond)."""
    trials = results["pairs"]["by_trial"]
    groups = (("yes", "musicians", ACCENT, "circle"), ("no", "others", NEUTRAL, "diamond-open"))
    groups = [
        group for group in groups if any(part["by_musician"][group[0]]["n"] for part in trials.values())
    ]
    if not groups:
        return None
    row_height = 48 + 24 * (len(groups) - 1)
    height, spread = len(trials) * row_height + 26, (-len(trials) + 0.45, 0.6)
    canvas = Canvas(height, (0, 1), spread, left=8, right=2, bottom=24, x_end=0.62)
    canvas.scale({0.0: "0%", 0.5: "50%", 1.0: "100%"}, ("left", "center"))
    for row, (trial, part) in enumerate(trials.items()):
        canvas.label(-row, trial, f"truth: {truth_words(part['truth'])}", 21)
        for line, (answer, words, colour, symbol) in enumerate(groups):
            counts, y = part["by_musician"][answer], -row - line * 24 / row_height
            if not counts["n"]:
                continue
            share = counts["correct"] / counts["n"]
            canvas.line([0, 1], [y, y], FAINT, 1)
            canvas.line([0, share], [y, y], colour, 2)
            canvas.point(share, y, colour, 10, f"{safe(trial)}, {words}: {percent(share)}", symbol)
            canvas.note(0.62, y, f"{counts['correct']} of {counts['n']} {words}", xshift=16)
    return canvas.figure()


def rating_histograms(results: Results) -> go.Figure | None:
    """One small histogram a setting, with its mean and the AI votes."""
    return _histograms(list(results["ratings"]["by_setting"].items()))


def open_ratings(results: Results) -> go.Figure | None:
    """One small histogram for each piece known to be AI, with its mean."""
    parts = results["open_ratings"]["by_stimulus"]
    return _histograms([(part["title"] or clip, part) for clip, part in parts.items()])


def setting_heatmap(results: Results) -> go.Figure | None:
    """Settings by ratings, the best-liked on top; every cell shows its count."""
    parts = sorted(results["ratings"]["by_setting"].items(), key=lambda item: item[1]["mean"])
    if not parts:
        return None
    counts = [list(part["histogram"].values()) for _, part in parts]
    shares = [[n / sum(row) for n in row] for row in counts]
    ends = (-0.5, len(parts) - 0.5)
    canvas = Canvas(len(parts) * 40 + 50, (0.5, 5.5), ends, left=132, right=42, top=24, bottom=24)
    canvas.add(
        go.Heatmap(
            z=shares,
            x=[1, 2, 3, 4, 5],
            y=list(range(len(parts))),
            text=counts,
            zmin=0,
            zmax=max(max(row) for row in shares),
            xgap=3,
            ygap=3,
            showscale=False,
            colorscale=[[0, "rgba(141,134,123,0.08)"], [1, "rgba(181,73,61,0.62)"]],
            hovertemplate="rated %{x}: %{text}<extra></extra>",
        )
    )
    for row, (name, part) in enumerate(parts):
        label = "<br>".join(lines(name))
        canvas.note(0, row, label, xanchor="right", xshift=-8, size=11.5, align="right")
        canvas.note(1, row, f"<b>{part['mean']:.1f}</b>", xshift=10)
        for value, n in enumerate(counts[row], 1):
            canvas.note(value, row, str(n), xref="x", xanchor="center", size=13)
    canvas.note(1, 1, "mean", yref="paper", yanchor="bottom", xshift=4, yshift=2)
    canvas.scale({value: str(value) for value in range(1, 6)})
    return canvas.figure()


def _histograms(parts: Sequence[tuple[str, dict[str, Any]]]) -> go.Figure | None:
    """Small histograms in two columns on one pair of axes; a row is 1 high, and its tallest bar 0.4."""
    if not parts:
        return None
    rows = (len(parts) + 1) // 2
    canvas = Canvas(rows * 176 + 4, (0.62, FACET + 5.4), (-rows, 0.02))
    tallest = max(n / part["n"] for _, part in parts for n in part["histogram"].values())
    for index, (name, part) in enumerate(parts):
        _histogram(canvas, name, part, FACET * (index % 2), -(index // 2) - 0.74, 0.4 / tallest)
    return canvas.figure()


def _histogram(
    canvas: Canvas, name: str, part: dict[str, Any], left: float, floor: float, scale: float
) -> None:
    """One histogram: title and numbers on top, bars with counts, the mean with its interval under them."""
    first, *rest = lines(name)
    votes = f", {part['said_ai']} of {part['said_ai_n']} said AI" if part["said_ai_n"] else ""
    text = "<br>".join([f"<b>{first}</b>", *rest, f"mean {part['mean']:.1f}{votes}"])
    canvas.note(left + 0.64, floor + 0.74, text, xref="x", yanchor="top", size=11.5)
    counts = {int(value): n for value, n in part["histogram"].items()}
    heights = [n * scale / part["n"] for n in counts.values()]
    canvas.add(
        go.Bar(
            x=[left + value for value in counts],
            y=heights,
            base=floor,
            width=0.72,
            marker={"color": FAINT, "line": {"color": NEUTRAL, "width": 1}},
            customdata=list(counts.items()),
            hovertemplate="rated %{customdata[0]}: %{customdata[1]}<extra></extra>",
        )
    )
    for (value, n), height in zip(counts.items(), heights, strict=True):
        place = {"xref": "x", "xanchor": "center", "size": 11}
        canvas.note(left + value, floor, str(value), yanchor="top", yshift=-15, **place)
        if n:
            canvas.note(left + value, floor + height, f"<b>{n}</b>", yanchor="bottom", **place)
    if part["ci95"]:
        low, high = (min(max(bound, 1), 5) for bound in part["ci95"])
        canvas.line([left + low, left + high], [floor - 0.055] * 2, ACCENT, 2)
    canvas.point(left + part["mean"], floor - 0.055, ACCENT, 6, f"mean {part['mean']:.2f}")
