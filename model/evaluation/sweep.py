"""A designed sweep over the settings: which of them a machine listener tells from people least.

One factor is moved at a time from a centre, and the published presets stand beside it, guarded and not; all
continue the same prompts from the same seeds, so settings are compared on what they change.
docs/experiments.md has the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model.evaluation.continuations import Progress, evaluate_continuations
from model.evaluation.prepared import EvaluationError
from model.evaluation.run import Request, chains, prompts, settings_of
from model.generator import Generator
from model.settings import PRESETS, Settings
from model.svg import svg

FACTORS: dict[str, tuple] = {
    "temperature": (0.8, 0.9, 1.0, 1.1),
    "top_p": (0.9, 0.95, 0.98, 1.0),
    "top_k": (0, 10, 30),
    "min_p": (0.0, 0.02, 0.05, 0.1),
    "no_repeat_ngram": (0, 6, 12),
    "no_repeat_bars": (0, 1, 2),
    "keep_instruments": (False, True),
    "newcomers": (0.0, 0.05, 0.1, 0.2, 0.5, 1.0),
    "guidance": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5),
    "returns": (0.0, 0.5, 1.0, 1.5, 2.0),
    "guard": (True, False),
    "best_of": (1, 2, 4, 8),
}
PRESET = "preset"               # moves all of them: to what was published
ALL = *FACTORS, PRESET
_NAMES = {"no_repeat_ngram": "no-repeat n-gram", "no_repeat_bars": "no-repeat bars", "best_of": "best of",
          "keep_instruments": "only the prompt's instruments",
          "top_p": "top-p", "top_k": "top-k", "min_p": "min-p"}


def design(centre: Settings, factors: Sequence[str] = ALL) -> list[tuple[str, Settings]]:
    """(label, settings) of the centre, of each level of each factor around it, and of the published presets
    with the guard and without. EvaluationError: no such factor."""
    if unknown := set(factors) - set(ALL):
        raise EvaluationError(f"factors are some of {', '.join(ALL)}; received {', '.join(sorted(unknown))}.")
    found = [("centre", centre)]
    for name in (name for name in FACTORS if name in factors):
        found += [(f"{_NAMES.get(name, name)} {_said(level)}", replace(centre, **{name: level}))
                  for level in FACTORS[name] if level != getattr(centre, name)]
    for preset in list(PRESETS.values())[1:] if PRESET in factors else ():
        label = f"published {preset.temperature:g} · {preset.top_k} · {preset.no_repeat_ngram}"
        found += [(label, preset), (f"{label}, guard off", replace(preset, guard=False))]
    return found


def sweep(request: Request, factors: Sequence[str] = ALL,
          progress: Progress = lambda what, done, total: None) -> dict:
    """{"prompts", "bars", "split", "checkpoint", "checkpoint_sha256", "people", "rows"}: the centre first,
    `request.settings` on the request's prompts. A row has label, settings, auc, ci95, distance (mean over the
    floor), faults (takes of 1,000) and notes (a take)."""
    asked = design(settings_of(request.settings), factors)
    learnt = chains(request.data, request.seed)
    chosen = prompts(request, None)
    rows = []
    with Generator(request.checkpoint, request.workers) as generator:
        for done, (label, settings) in enumerate(asked, 1):
            found = evaluate_continuations(generator, chosen, settings, learnt=learnt, cache=request.cache,
                                           seed=request.seed, raw=False)
            heard = found["listener"]["model"]
            rows.append({
                "label": label, "settings": found["settings"],
                "auc": heard["auc"], "ci95": heard["ci95"],
                "distance": found["feature_distance_mean_ratio"]["model"],
                "faults": found["faults_per_1000"]["guarded"], "notes": found["notes_per_take"]})
            progress(label, done, len(asked))
        return {"prompts": len(chosen), "bars": request.bars, "split": request.split,
                "checkpoint": generator.system, "checkpoint_sha256": generator.checkpoint_sha256,
                "people": {"faults": found["faults_per_1000"]["human"]}, "rows": rows}


def table(found: dict) -> str:
    """The rows as a Markdown table, the least told first."""
    lines = ["| setting | AUC (95%) | distance | faults per 1,000 |", "|---|---|---|---|"]
    for row in sorted(found["rows"], key=lambda row: row["auc"]):
        low, high = row["ci95"]
        lines.append(f"| {row['label']} | {row['auc']:.2f} ({low:.2f}-{high:.2f}) | {row['distance']:.2f} | "
                     f"{row['faults']:.0f} |")
    return "\n".join(lines)


def figure(found: dict, path: Path) -> None:
    """An SVG of the AUC of every setting with its interval, the centre marked."""
    rows = found["rows"]
    path.write_text(svg(lambda axis: _paint(axis, rows), 7, 0.9 + 0.26 * len(rows)), encoding="utf-8")


def _paint(axis, rows: list[dict]) -> None:
    for height, row in enumerate(rows):
        shade = "#8a2f2f" if height == 0 else "#333333"
        axis.plot(row["ci95"], [height, height], color=shade, linewidth=1.4)
        axis.plot(row["auc"], height, "s" if height == 0 else "o", color=shade, markersize=5)
    axis.axvline(rows[0]["auc"], color="#8a2f2f", linewidth=0.8, linestyle=":")
    axis.axvline(0.5, color="#888888", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [row["label"] for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlabel("machine listener's AUC (95%; at 0.5 it cannot tell)")


def _said(level: object) -> str:
    return ("on" if level else "off") if isinstance(level, bool) else f"{level:g}"
