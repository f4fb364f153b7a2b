"""From runs to effects: how many bits per note each change costs or saves, and how far seeds alone differ.

A randomised block design, for runs with the same seed begin from the same weights and hear the same windows
where the change lets them: bits per note = mean of the change + effect of the seed + rest, by least squares.
The deviation of the rest is pooled over all changes with more than one run. The 95% interval of a difference
of two means is that of Student's t with the freedom that is left; where all have the same seeds it is the
difference of plain means +- t s sqrt(2 / seeds). It says what other seeds might have given, not what other
music might. Source: Montgomery 2017, Design and analysis of experiments, section 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from model.experiments.plan import BASE, Plan
from model.experiments.running import kept
from model.svg import svg


@dataclass(frozen=True)
class Fit:
    """Means of changes, less the effects of seeds: in the order of `names`, with their covariance in s^2."""

    names: list[str]
    means: np.ndarray
    covariance: np.ndarray
    deviation: float | None
    freedom: int

    def difference(self, name: str, before: str) -> tuple[float, float | None]:
        """By how much a change is above another, and half its interval; None while no freedom is left."""
        one, other = self.names.index(name), self.names.index(before)
        effect = float(self.means[one] - self.means[other])
        if self.deviation is None:
            return effect, None
        contrast = np.zeros(len(self.means))
        contrast[[one, other]] = 1, -1
        spread = self.deviation * float(contrast @ self.covariance @ contrast) ** 0.5
        return effect, float(student.ppf(0.975, self.freedom)) * spread


def fit(bits: dict[str, dict[int, float]]) -> Fit:
    """The block design's estimates from bits[change][seed]; every change has a run with the first seed."""
    names, seeds = list(bits), sorted({seed for runs in bits.values() for seed in runs})
    runs = [(names.index(name), seeds.index(seed)) for name in names for seed in bits[name]]
    design = np.zeros((len(runs), len(names) + len(seeds)))
    for row, (name, seed) in enumerate(runs):
        design[row, [name, len(names) + seed]] = 1
    design[:, len(names) :] -= 1 / len(seeds)       # so that the mean of a change is that over all seeds
    measured = np.array([value for name in names for value in bits[name].values()])
    inverse = np.linalg.pinv(design)
    found = inverse @ measured
    rest = measured - design @ found
    freedom = len(runs) - int(np.linalg.matrix_rank(design))
    deviation = float(rest @ rest / freedom) ** 0.5 if freedom else None
    count = len(names)
    return Fit(names, found[:count], (inverse @ inverse.T)[:count, :count], deviation, freedom)


def effects(plan: Plan, out: Path) -> dict:
    """What the runs of a folder say: {"deviation", "freedom", "rows": one a change that has runs}.

    A row: bits per note of each run and their mean, steps, processor seconds; for all but the base also the
    effect in bits and in % of what it is compared with, and its interval, None while no change has two runs.
    """
    found = {name: {seed: run for seed in plan.seeds if (run := kept(plan, name, seed, out))}
             for name in plan.all}
    found = {name: runs for name, runs in found.items() if runs}
    fitted = fit({name: {seed: run["bits_per_note"] for seed, run in runs.items()}
                  for name, runs in found.items()})
    rows = []
    for name, runs in found.items():
        change, first = plan.all[name], next(iter(runs.values()))
        bits = [run["bits_per_note"] for run in runs.values()]
        row = {"change": name, "says": change.says, "group": change.group, "against": change.against,
               "against_says": plan.all[change.against].says,
               "bits_per_note": [round(value, 4) for value in bits], "mean": round(float(np.mean(bits)), 4),
               "steps": first["steps"], "network_steps": first["network_steps"],
               "multiplying": first["multiplying"], "flop": first["flop"],
               "processor_seconds": round(sum(run["processor_seconds"] for run in runs.values()) / len(runs))}
        if name != BASE and change.against in found:
            row |= _effect(fitted, name, change.against)
        rows.append(row)
    return {"budget": plan.budget, "deviation": fitted.deviation and round(fitted.deviation, 4),
            "freedom": fitted.freedom, "rows": rows}


def _effect(fitted: Fit, name: str, before: str) -> dict:
    effect, half = fitted.difference(name, before)
    percent = 100 * effect / float(fitted.means[fitted.names.index(before)])
    return {"effect": round(effect, 4), "percent": round(percent, 2),
            "ci95": half and [round(effect - half, 4), round(effect + half, 4)]}


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
    return row["says"] if row["against"] == BASE else f"{row['says']}, against {row['against_says']}"


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
    rows = [row for row in rows if "effect" in row]
    path.write_text(svg(lambda axis: _paint(axis, rows), 9, 0.9 + 0.26 * len(rows)), encoding="utf-8")


def _paint(axis, rows: list[dict]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

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
    axis.set_yticks(range(len(rows)), [_named(row) for row in rows])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xscale("symlog", linthresh=5)      # some effects are fifty times others
    axis.xaxis.set_major_locator(FixedLocator([-50, -20, -5, 0, 5, 20, 50, 200]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter("{x:g}")
    axis.figure.supxlabel("change in bits per note, %, linear up to 5; less is better\n"
                          "(95% intervals over seeds, which are the ticks; squares exclude 0)", fontsize=10)
