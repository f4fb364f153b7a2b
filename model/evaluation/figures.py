"""Results -> figures: SVG texts that take their colours from the page they stand in.

Text stays text. The ink of a figure is `currentColor`, so that it follows light and dark; the model has the
page's accent, people its ink, the baselines lighter tones and marks of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from model.evaluation.copies import SHORTEST
from model.evaluation.faults import NAMES
from model.svg import svg

_INK, _ACCENT, _MUTED, _RULE = "#010203", "#010204", "#010205", "#010206"     # replaced, see _page_colours
_STYLES = {"model": (_ACCENT, "o"), "human": (_INK, "D"), "markov": (_MUTED, "s"), "shuffled": (_MUTED, "^")}
_LABELS = {"model": "model", "human": "people", "markov": "Markov chain", "shuffled": "shuffled bars"}
_LOOKS = {"font.size": 10, "axes.edgecolor": _MUTED, "text.color": _INK, "axes.labelcolor": _INK,
          "xtick.color": _INK, "ytick.color": _INK, "axes.titlesize": 10, "legend.frameon": False,
          "axes.linewidth": 0.8}


def figures(results: dict) -> dict[str, str]:
    """{name: SVG} of everything that the results hold; what is None there is left out."""
    drawn: dict[str, str] = {}
    if results.get("listener"):
        if any(results["listener"].values()):
            drawn["listener"] = _draw(_listener, results, 2.0)
        if results["listener"]["model"]:
            drawn["telling"] = _draw(_telling, results, 3.2)
        drawn["features"] = _draw(_features, results, 5.4)
        drawn["faults"] = _draw(_faults, results, 3.6)
        if results["copies"]:
            drawn["copies"] = _draw(_copies, results, 3.0)
        drawn["ngrams"] = _draw(_ngrams, results, 3.2)
    if results.get("likelihood"):
        drawn["positions"] = _draw(_positions, results, 2.8)
        drawn["kinds"] = _draw(_kinds, results, 2.8)
        drawn["datasets"] = _draw(_datasets, results, 0.9 + 0.23 * len(results["likelihood"]["by_dataset"]))
    return drawn


def _draw(paint: Callable, results: dict, height: float) -> str:
    return _page_colours(svg(lambda axis: paint(axis, results), 5.4, height, _LOOKS, transparent=True))


def _page_colours(text: str) -> str:
    for colour, name in ((_INK, "currentColor"), (_ACCENT, "var(--accent)"), (_MUTED, "var(--muted)"),
                         (_RULE, "var(--rule)")):
        text = text.replace(colour, name)
    for side in ("width", "height"):        # the page decides how wide, the view box how high
        text = re.sub(rf'(<svg[^>]*?) {side}="[^"]*"', r"\1", text, count=1)
    return text


def _intervals(axis, rows: list[tuple[float, dict | None]], system: str) -> None:
    """Dots with whiskers at heights: rows of (height, {"value", "ci95"})."""
    colour, mark = _STYLES[system]
    for height, one in rows:
        if one["ci95"]:
            axis.plot(one["ci95"], [height, height], color=colour, linewidth=1.6, solid_capstyle="butt")
        axis.plot([one["value"]], [height], mark, color=colour, markersize=5.5)


def _rows(axis, names: list[str]) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color=_RULE, linewidth=0.6)
    axis.set_axisbelow(True)


def _legend(axis) -> None:
    axis.legend(fontsize=9, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.2,
                handletextpad=0.4)


def _listener(axis, results: dict) -> None:
    shown = [(system, one) for system, one in results["listener"].items() if one]
    for height, (system, one) in enumerate(shown):
        _intervals(axis, [(height, {"value": one["auc"], "ci95": one["ci95"]})], system)
        axis.annotate(f"{one['auc']:.2f}", (one["auc"], height), xytext=(0, 7), textcoords="offset points",
                      ha="center")
    _rows(axis, [_LABELS[system] for system, _ in shown])
    axis.axvline(0.5, color=_INK, linewidth=0.8, linestyle=":")
    axis.set(xlim=(min(0.3, *(min(one["ci95"] or [1]) - 0.02 for _, one in shown)), 1.03),
             xlabel="AUC: 0.5 blind guessing, 1 never wrong")


def _telling(axis, results: dict) -> None:
    cues = results["listener"]["model"]["telling"]
    for height, value in enumerate(cues.values()):
        axis.plot([0.5, value], [height, height], color=_ACCENT, linewidth=4, solid_capstyle="butt")
    _rows(axis, [name.replace("_", " ") for name in cues])
    axis.axvline(0.5, color=_INK, linewidth=0.8)
    axis.set(xlim=(0, 1), xlabel="AUC of one cue alone (left: lower in the model's music)")


def _features(axis, results: dict) -> None:
    systems = ("markov", "model")
    names = [name for name, one in results["features"]["model"]["features"].items() if one["ratio"]]
    names.sort(key=lambda name: -results["features"]["model"]["features"][name]["ratio"])
    for offset, system in zip((0.16, -0.16), systems, strict=True):
        rows = [(height + offset, {"value": one["ratio"], "ci95": one["ci95"]})
                for height, one in enumerate(results["features"][system]["features"][name] for name in names)
                if one["ratio"]]
        _intervals(axis, rows, system)
        axis.plot([], [], _STYLES[system][1], color=_STYLES[system][0], label=_LABELS[system])
    axis.set_xscale("log", base=2)
    _rows(axis, [name.replace("_", " ") for name in names])
    axis.axvline(1, color=_INK, linewidth=0.8, linestyle=":")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set(xlabel="distance over people's own (1: as near as people)")
    _legend(axis)


def _faults(axis, results: dict) -> None:
    kept = [*NAMES, "any"]
    shades = {"raw": (_ACCENT, 0.45), "guarded": (_ACCENT, 1.0), "human": (_INK, 1.0)}
    labels = {"raw": "model, first attempt", "guarded": "model, as the app gives it", "human": "people"}
    for i, (system, (colour, alpha)) in enumerate(shades.items()):
        values = [results["faults"][system][name] for name in kept]
        places = np.arange(len(kept)) + (i - 1) * 0.27
        axis.barh(places, values, 0.24, color=colour, alpha=alpha, label=labels[system])
        for place, value in zip(places, values, strict=True):
            axis.annotate(f"{value:.0f}", (value, place), xytext=(3, 0), textcoords="offset points",
                          va="center", fontsize=8)
    _rows(axis, [name.replace("_", " ") for name in kept])
    axis.set(xlabel="of 1,000 continuations")
    axis.margins(x=0.1)
    _legend(axis)


def _copies(axis, results: dict) -> None:
    for system in ("shuffled", "markov", "human", "model"):
        runs = np.sort([row["copied_run"][system] for row in results["by_prompt"]])
        share = 1 - np.arange(len(runs)) / len(runs)
        axis.step([SHORTEST, *np.maximum(runs, SHORTEST)], [1, *share], where="pre", label=_LABELS[system],
                  color=_STYLES[system][0], linestyle="--" if system == "shuffled" else "-",
                  linewidth=2 if system in ("model", "human") else 1.2)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.grid(color=_RULE, linewidth=0.6)
    axis.set(xlabel="longest copied run, notes", ylabel="share as long or longer", ylim=(0, 1.02))
    _legend(axis)


def _ngrams(axis, results: dict) -> None:
    rng = np.random.default_rng(0)
    kinds = ("novel", "from_prompt", "from_itself")
    systems = ("model", "human", "markov")
    for i, kind in enumerate(kinds):
        for k, system in enumerate(systems):
            values = np.array([row[f"{system}_ngrams"][kind] for row in results["by_prompt"]
                               if row[f"{system}_ngrams"][kind] is not None])
            place = i + (k - 1) * 0.27
            colour, mark = _STYLES[system]
            strewn = place + rng.uniform(-0.09, 0.09, len(values))
            axis.plot(strewn, values, mark, color=colour, markersize=2.6, alpha=0.55, markeredgewidth=0)
            if len(values):
                axis.plot([place - 0.11, place + 0.11], [np.median(values)] * 2, color=colour, linewidth=2.2)
            if i == 0:
                axis.plot([], [], mark, color=colour, label=_LABELS[system])
    axis.set_xticks(range(len(kinds)), ["new", "from the prompt", "repeats itself"])
    axis.grid(axis="y", color=_RULE, linewidth=0.6)
    axis.set(ylabel="share of 2- to 5-grams of notes", ylim=(-0.02, 1.02))
    _legend(axis)


def _positions(axis, results: dict) -> None:
    found = results["likelihood"]["by_position"]
    for place, one in enumerate(found.values()):
        if one["bits_per_note_ci95"]:
            axis.plot([place, place], one["bits_per_note_ci95"], color=_ACCENT, linewidth=1.6)
    axis.plot(range(len(found)), [one["bits_per_note"] for one in found.values()], "-o", color=_ACCENT,
              markersize=5)
    axis.set_xticks(range(len(found)), [f"≤ {name}" if name.isdigit() else name for name in found])
    axis.grid(axis="y", color=_RULE, linewidth=0.6)
    axis.set(xlabel="steps into the piece", ylabel="bits per note")


def _kinds(axis, results: dict) -> None:
    kinds = results["likelihood"]["all"]["bits_per_note_by_kind"]
    kinds = dict(sorted(((name, value) for name, value in kinds.items() if value >= 0.005),
                        key=lambda item: -item[1]))
    axis.barh(range(len(kinds)), kinds.values(), 0.6, color=_ACCENT)
    for place, value in enumerate(kinds.values()):
        axis.annotate(f"{value:.2f}", (value, place), xytext=(3, 0), textcoords="offset points", va="center",
                      fontsize=9)
    _rows(axis, list(kinds))
    axis.margins(x=0.12)
    axis.set(xlabel="bits per note spent on it")


def _datasets(axis, results: dict) -> None:
    found = sorted(results["likelihood"]["by_dataset"].items(), key=lambda item: item[1]["bits_per_note"])
    _intervals(axis, [(height, {"value": one["bits_per_note"], "ci95": one["bits_per_note_ci95"]})
                      for height, (_, one) in enumerate(found)], "model")
    _rows(axis, [f"{name} ({one['pieces']})" for name, one in found])
    axis.set(xlabel="bits per note (pieces)")
