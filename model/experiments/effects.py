"""From runs to effects: how many bits per note each change costs or saves, and how far seeds alone differ.

One-way analysis of variance: every change has a mean of its own, and all share the deviation between runs
that differ in their seed alone, s, pooled over all changes with more than one run. The 95% interval of an
effect is mean - mean of what it is compared with, +- t s sqrt(1/n + 1/m), with Student's t of the pooled
degrees of freedom. It says what other seeds might have given, not what other music might.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from model.experiments.plan import BASE, Plan
from model.experiments.running import kept


def effects(plan: Plan, out: Path) -> dict:
    """What the runs of a folder say: {"deviation", "freedom", "rows": one a change that has runs}.

    A row: bits per note and its mean, steps, processor seconds; for all but the base also the effect in bits
    and in % of what it is compared with, and its interval, None while no change has two runs.
    """
    found = {name: [run for seed in plan.seeds if (run := kept(plan, name, seed, out))] for name in plan.all}
    bits = {name: np.array([run["bits_per_note"] for run in runs]) for name, runs in found.items() if runs}
    freedom = sum(len(values) - 1 for values in bits.values())
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in bits.values())
    deviation = (squares / freedom) ** 0.5 if freedom else None
    rows = []
    for name in bits:
        change, runs = plan.all[name], found[name]
        row = {"change": name, "says": change.says, "group": change.group, "against": change.against,
               "bits_per_note": bits[name].round(4).tolist(), "mean": round(float(bits[name].mean()), 4),
               "steps": runs[0]["steps"], "network_steps": runs[0]["network_steps"],
               "multiplying": runs[0]["multiplying"], "flop": runs[0]["flop"],
               "processor_seconds": round(float(np.mean([run["processor_seconds"] for run in runs])))}
        if name != BASE and change.against in bits:
            row |= _effect(bits[name], bits[change.against], deviation, freedom)
        rows.append(row)
    return {"budget": plan.budget, "deviation": deviation and round(deviation, 4), "freedom": freedom,
            "rows": rows}


def _effect(changed: np.ndarray, before: np.ndarray, deviation: float | None, freedom: int) -> dict:
    effect = float(changed.mean() - before.mean())
    percent = 100 * effect / float(before.mean())
    found = {"effect": round(effect, 4), "percent": round(percent, 2), "ci95": None}
    if deviation is not None:
        half = float(student.ppf(0.975, freedom)) * deviation * (1 / len(changed) + 1 / len(before)) ** 0.5
        found["ci95"] = [round(effect - half, 4), round(effect + half, 4)]
    return found


def table(found: dict) -> str:
    """The effects as Markdown, group by group; an effect whose interval excludes 0 is bold."""
    lines = ["| change | bits per note, each seed | effect (95%) | % | steps | processor s |",
             "|---|---|---|---|---|---|"]
    group = ""
    for row in found["rows"]:
        if row["group"] != group:
            group = row["group"]
            lines.append(f"| *{group}* | | | | | |")
        bits = ", ".join(f"{value:.3f}" for value in row["bits_per_note"])
        lines.append(f"| {_named(row)} | {bits} | {_told(row)} | {_percent(row)} | {row['steps']:,} "
                     f"| {row['processor_seconds']} |")
    return "\n".join(lines)


def _named(row: dict) -> str:
    return row["says"] if row["against"] == BASE else f"{row['says']}, against `{row['against']}`"


def _told(row: dict) -> str:
    if "effect" not in row:
        return ""
    mark = "**" if row["ci95"] and not row["ci95"][0] <= 0 <= row["ci95"][1] else ""
    between = f" ({row['ci95'][0]:+.3f} to {row['ci95'][1]:+.3f})" if row["ci95"] else ""
    return f"{mark}{row['effect']:+.3f}{mark}{between}"


def _percent(row: dict) -> str:
    return f"{row['percent']:+.1f}" if "percent" in row else ""


def figure(rows: Sequence[dict], path: Path) -> None:
    """An SVG of the effects of `rows` in % with their intervals, and of every seed."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = [row for row in rows if "effect" in row]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "segue", "font.family": "sans-serif"}):
        drawn = Figure(figsize=(7, 0.9 + 0.26 * len(rows)), layout="constrained")
        axis = drawn.subplots()
        for height, row in enumerate(rows):
            before = row["mean"] - row["effect"]
            told = row["ci95"] and not row["ci95"][0] <= 0 <= row["ci95"][1]
            shade = "#8a2f2f" if told else "#333333"
            if row["ci95"]:
                axis.plot([100 * end / before for end in row["ci95"]], [height, height], color=shade,
                          linewidth=1.4)
            seeds = [100 * (bits - before) / before for bits in row["bits_per_note"]]
            axis.plot(seeds, [height] * len(seeds), "|", color=shade, markersize=8)
            axis.plot(row["percent"], height, "s" if told else "o", color=shade, markersize=5)
        axis.axvline(0, color="#888888", linewidth=0.8)
        axis.set_yticks(range(len(rows)), [_named(row).replace("`", "") for row in rows])
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.set_xlabel("change in bits per note, %; less is better (95% intervals over seeds; "
                        "squares exclude 0)")
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    path.write_text(re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg"):], flags=re.DOTALL),
                    encoding="utf-8")
