"""How many participants a study needs: its own design, answered many times over by simulated listeners. Pure.

A listener who names one clip of a pair with exactly one AI clip is right with probability
Φ(μ + u + v_ai + v_human): u ~ N(0, listener_sd²) is the listener's own, v ~ N(0, clip_sd²) each clip's own,
all in probit units, and μ = Φ⁻¹(accuracy)·√(1 + listener_sd² + 2·clip_sd²), so that `accuracy` is the mean
over listeners and clips. An answer names no clip (don't know, both, neither) with probability `undecided`,
and is then left out. Power by simulation with crossed effects: Westfall, Kenny & Judd (2014), J Exp Psychol
Gen 143:2020.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy import special, stats

from analysis import stills
from analysis.drawing import ACCENT, FAINT, NEUTRAL, TINT, Canvas
from analysis.estimates import wilson

FEWEST = 3  # participants with whom the curve begins; errors clustered by two of them have no meaning
POINTS = 40  # of the curve, at most
CHUNK = 2_000_000  # answers simulated at once
TESTS = {
    "difference": "accuracy against 1/2: two-sided t test on the logit scale, error clustered by participant",
    "equivalence": "accuracy within the margin of 1/2: two one-sided t tests with the same error",
}
MONTE_CARLO = "Share of simulated studies; Wilson score interval"


class PowerError(ValueError):
    """A power analysis that cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Assumptions:
    """What is taken to be true of listeners and clips, and what the study is to show.

    ``accuracy`` is the true share of right answers that a difference is to be found at,
    ``equivalent_accuracy`` the one at which equivalence is to be shown. Spreads are standard deviations in
    probit units (0.3: two listeners in three lie between 51% and 73% where the mean is 62%). ``margin`` is
    the greatest distance from 1/2 that still counts as equivalent; ``target`` the power that is asked for.
    """

    accuracy: float = 0.6
    equivalent_accuracy: float = 0.5
    undecided: float = 0.15
    listener_sd: float = 0.3
    clip_sd: float = 0.1
    margin: float = 0.1
    alpha: float = 0.05
    target: float = 0.8

    def __post_init__(self) -> None:
        for name in ("accuracy", "equivalent_accuracy", "alpha", "target"):
            if not 0 < getattr(self, name) < 1:
                raise PowerError(f"{name} must lie between 0 and 1, but is {getattr(self, name):g}.")
        if not 0 <= self.undecided < 1:
            raise PowerError(f"undecided must be at least 0 and below 1, but is {self.undecided:g}.")
        if not 0 < self.margin < 0.5:
            raise PowerError(f"margin must lie between 0 and 0.5, but is {self.margin:g}.")
        for name in ("listener_sd", "clip_sd"):
            if not 0 <= getattr(self, name) <= 5:
                raise PowerError(f"{name} must lie between 0 and 5, but is {getattr(self, name):g}.")


def power(
    design: Mapping[str, Any],
    assumptions: Assumptions,
    rng: np.random.Generator,
    *,
    most: int = 200,
    simulations: int = 1000,
) -> dict[str, Any]:
    """Power of both tests for every number of participants up to ``most``, as plain JSON.

    ``design`` is what ``python -m survey design`` writes; its participants are used again from the first
    where it holds fewer than ``most``. Raises PowerError for a design without pairs of one AI clip and one
    human clip.
    """
    if most < FEWEST or simulations < 1:
        raise PowerError(
            f"There must be at least {FEWEST} participants and 1 simulation, but there are {most} and "
            f"{simulations}."
        )
    heard = one_ai_pairs(design, most)
    sizes = np.arange(FEWEST, most + 1)
    found = {
        "difference": _share(heard, assumptions.accuracy, assumptions, rng, simulations)[0],
        "equivalence": _share(heard, assumptions.equivalent_accuracy, assumptions, rng, simulations)[1],
        "false_alarms": _share(heard, 0.5, assumptions, rng, simulations)[0],
    }
    shown = sorted({FEWEST, *np.linspace(FEWEST, most, min(POINTS, len(sizes))).round().astype(int).tolist()})
    return {
        "study": design["study"],
        "simulated": True,
        "assumptions": asdict(assumptions),
        "tests": TESTS,
        "method": MONTE_CARLO,
        "simulations": simulations,
        "pairs_per_participant": float((heard >= 0).all(axis=2).sum(axis=1).mean()),
        "pairs": len(np.unique(heard[(heard >= 0).all(axis=2)], axis=0)),
        "needed": {test: _needed(found[test], simulations, assumptions.target) for test in TESTS},
        "curve": [
            {"participants": n, **{name: _estimate(hits[n - FEWEST], simulations) for name, hits in
                                   found.items()}}
            for n in shown
        ],
    }


def one_ai_pairs(design: Mapping[str, Any], most: int) -> np.ndarray:
    """The pairs with exactly one AI clip that each participant hears, without practice and repeats.

    Shape (most, pairs, 2): the numbers of the AI clip and of the human clip; −1 where a participant hears
    fewer pairs than others.
    """
    origins = design["clips"]
    numbers = {clip: number for number, clip in enumerate(origins)}
    people = []
    for person in design["participants"]:
        pairs = []
        for trial in person:
            clips = [clip for clip in (trial["stimulus_a"], trial["stimulus_b"]) if clip is not None]
            if trial["kind"] == "pair" and trial["repeat_of"] is None and len(clips) == 2:
                ai = [numbers[clip] for clip in clips if origins[clip] == "ai"]
                human = [numbers[clip] for clip in clips if origins[clip] == "human"]
                if len(ai) == 1:
                    pairs.append((ai[0], human[0]))
        people.append(pairs)
    longest = max(map(len, people), default=0)
    if not longest:
        raise PowerError(
            f"The study '{design['study']}' has no pair of one AI clip and one human clip, so there is "
            "nothing to tell apart."
        )
    heard = np.full((most, longest, 2), -1)
    for index in range(most):
        pairs = people[index % len(people)]
        heard[index, : len(pairs)] = np.array(pairs).reshape(-1, 2)
    return heard


def _share(
    heard: np.ndarray, accuracy: float, assumptions: Assumptions, rng: np.random.Generator, simulations: int
) -> tuple[np.ndarray, np.ndarray]:
    """In how many simulated studies each test succeeds, by number of participants from FEWEST on."""
    asked = (heard >= 0).all(axis=2)
    people, pairs = asked.shape
    clips = int(heard.max()) + 1
    spread = np.sqrt(1 + assumptions.listener_sd**2 + 2 * assumptions.clip_sd**2)
    middle = stats.norm.ppf(accuracy) * spread
    totals = np.zeros((2, people - FEWEST + 1), dtype=int)
    chunk = max(1, CHUNK // (people * pairs))
    for start in range(0, simulations, chunk):
        size = min(chunk, simulations - start)
        listener = rng.normal(0, assumptions.listener_sd, (size, people, 1))
        clip = rng.normal(0, assumptions.clip_sd, (size, clips))
        right = special.ndtr(middle + listener + clip[:, heard].sum(axis=3))
        decided = asked & (rng.random(right.shape) >= assumptions.undecided)
        correct = decided & (rng.random(right.shape) < right)
        for test, hits in enumerate(_tested(correct.sum(axis=2), decided.sum(axis=2), assumptions)):
            totals[test] += hits[:, FEWEST - 1 :].sum(axis=0)
    return totals[0], totals[1]


def _tested(
    correct: np.ndarray, decided: np.ndarray, assumptions: Assumptions
) -> tuple[np.ndarray, np.ndarray]:
    """Which tests succeed with the first 1, 2, ... participants; counts and results (studies, participants).

    The tests are those of ``analysis.clustered``: on the logit scale, with the error
    √(G/(G−1) · Σ_g (correct_g − mean·decided_g)²) / (N·mean·(1 − mean)) and G − 1 degrees of freedom. Where
    no spread was seen, neither test succeeds.
    """
    right, all_ = correct.cumsum(axis=1), decided.cumsum(axis=1)
    people = (decided > 0).cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = right / all_
        squares = (
            (correct**2).cumsum(axis=1)
            - 2 * mean * (correct * decided).cumsum(axis=1)
            + mean**2 * (decided**2).cumsum(axis=1)
        )
        error = np.sqrt(people / (people - 1) * np.maximum(squares, 0)) / (all_ * mean * (1 - mean))
        seen = (people > 1) & (squares > 1e-9) & (right > 0) & (right < all_)
        # t has few different degrees of freedom here, and its quantile is slow
        quantiles = stats.t.ppf(
            np.array([[1 - assumptions.alpha / 2], [1 - assumptions.alpha]]), np.arange(correct.shape[1])
        )
        two_sided, one_sided = quantiles[:, np.maximum(people - 1, 0)]
        distance = np.abs(special.logit(mean))      # from 1/2; the margin lies as far above it as below
        differs = seen & (distance > two_sided * error)
        equivalent = seen & (distance + one_sided * error < special.logit(0.5 + assumptions.margin))
    return differs, equivalent


def _estimate(hits: int, simulations: int) -> dict[str, Any]:
    return {"power": int(hits) / simulations, "ci95": list(wilson(int(hits), simulations))}


def _needed(hits: np.ndarray, simulations: int, target: float) -> dict[str, Any]:
    """The number of participants from which on the power stays at the target, and its bounds by the power's.

    None means: not with as many as were simulated.
    """
    intervals = np.array([wilson(int(n), simulations) for n in hits])
    low, high = (_first_lasting(intervals[:, side] >= target) for side in (1, 0))
    return {"participants": _first_lasting(hits / simulations >= target), "ci95": [low, high]}


def _first_lasting(enough: np.ndarray) -> int | None:
    lacking = np.flatnonzero(~enough)
    first = int(lacking[-1]) + 1 if len(lacking) else 0
    return first + FEWEST if first < len(enough) else None


# --- words and a figure -------------------------------------------------------------------------------------


def power_sentences(result: Mapping[str, Any]) -> list[str]:
    """What a researcher should know, in order; every sentence stands alone."""
    taken, last = result["assumptions"], result["curve"][-1]
    alarms = last["false_alarms"]
    return [
        "SIMULATED: no person gave these answers.",
        _needed_sentence(result, "difference", f"find a true accuracy of {taken['accuracy']:.0%}"),
        _needed_sentence(
            result,
            "equivalence",
            f"show equivalence within {100 * taken['margin']:g} percentage points of one half if the true "
            f"accuracy is {taken['equivalent_accuracy']:.0%}",
        ),
        f"If listeners guess on average, the test against one half is wrong in {alarms['power']:.1%} of "
        f"studies with {last['participants']} participants (95% interval {alarms['ci95'][0]:.1%} to "
        f"{alarms['ci95'][1]:.1%}; {taken['alpha']:.0%} is promised). More than that means that clips differ "
        "among themselves: only more clips, not more listeners, make a result hold for other clips.",
        f"Assumed: {taken['undecided']:.0%} of answers name no single clip; spread between listeners "
        f"{taken['listener_sd']:g}, between clips {taken['clip_sd']:g} (probit units). Each participant "
        f"hears {result['pairs_per_participant']:.3g} of {result['pairs']} pairs with one AI clip. "
        f"{result['simulations']:,} simulated studies; Wilson score intervals of their share.",
    ]


def _needed_sentence(result: Mapping[str, Any], test: str, aim: str) -> str:
    needed, target = result["needed"][test], result["assumptions"]["target"]
    last = result["curve"][-1]
    if needed["participants"] is None:
        low, high = last[test]["ci95"]
        return (
            f"To {aim}, {last['participants']} participants are not enough: power is "
            f"{last[test]['power']:.0%} (95% interval {low:.0%} to {high:.0%}) where {target:.0%} is wanted."
        )
    low, high = (str(bound) if bound else f"more than {last['participants']}" for bound in needed["ci95"])
    return (
        f"To {aim} with a power of {target:.0%}, {needed['participants']} participants are needed "
        f"(Monte-Carlo interval {low} to {high})."
    )


def power_text(result: Mapping[str, Any]) -> str:
    """The sentences and the curve as a table, for a terminal or a text file."""
    heading = f"Power of the study '{result['study']}'"
    lines = [heading, "=" * len(heading), "", *power_sentences(result), ""]
    lines.append(f"{'participants':>12}  {'difference':>22}  {'equivalence':>22}")
    for point in result["curve"]:
        cells = "".join(f"  {_cell(point[test]):>22}" for test in TESTS)
        lines.append(f"{point['participants']:>12}{cells}")
    return "\n".join(lines) + "\n"


def _cell(estimate: Mapping[str, Any]) -> str:
    low, high = estimate["ci95"]
    return f"{estimate['power']:.2f} [{low:.2f}, {high:.2f}]"


def write(result: Mapping[str, Any], out: Path) -> None:
    """Writes power.txt, power.json and the figure as power.html (works offline), power.svg and power.png."""
    figure = power_figure(result)
    out.mkdir(parents=True, exist_ok=True)
    (out / "power.txt").write_text(power_text(result), encoding="utf-8")
    (out / "power.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    figure.write_html(out / "power.html", include_plotlyjs=True, div_id="power")
    for name, content in stills.files({"power": figure}):
        (out / name).write_bytes(content)


def power_figure(result: Mapping[str, Any]) -> go.Figure:
    """Power against the number of participants, with Monte-Carlo bands; the target is the dashed line."""
    curve, taken = result["curve"], result["assumptions"]
    sizes = [point["participants"] for point in curve]
    canvas = Canvas(350, (min(sizes), max(sizes)), (-0.02, 1.02), left=42, right=12, top=66, bottom=46)
    for share in (0, 0.25, 0.5, 0.75, 1):
        canvas.line([min(sizes), max(sizes)], [share, share], FAINT, 1)
        canvas.note(0, share, f"{share:.0%}", xanchor="right", xshift=-6, size=12)
    canvas.line([min(sizes), max(sizes)], [taken["target"]] * 2, NEUTRAL, 1.5, "3px,3px")
    looks = {"difference": (ACCENT, TINT, "solid"), "equivalence": (NEUTRAL, FAINT, "6px,4px")}
    for test, (colour, tint, dash) in looks.items():
        _band(canvas, sizes, [point[test]["ci95"] for point in curve], tint)
        canvas.line(sizes, [point[test]["power"] for point in curve], colour, 2.5, dash)
        for point in curve:
            hover = f"{point['participants']} participants, {test}: {_cell(point[test])}"
            canvas.point(point["participants"], point[test]["power"], colour, 4, hover)
    words = [
        f"<b>solid</b>: finds an accuracy of {taken['accuracy']:.0%}",
        f"<b>dashed</b>: shows equivalence (margin {100 * taken['margin']:g} percentage points)",
    ]
    canvas.note(0, 1, "<br>".join(["SIMULATED: power", *words]), yref="paper", yanchor="bottom", yshift=6)
    canvas.scale({size: str(size) for size in _round_sizes(sizes)}, ("left", "right"))
    canvas.note(0.5, 0, "participants", yref="paper", xanchor="center", yanchor="top", yshift=-24)
    return canvas.figure()


def _band(canvas: Canvas, sizes: Sequence[int], bounds: Sequence[Sequence[float]], tint: str) -> None:
    edge = [low for low, _ in bounds] + [high for _, high in reversed(bounds)]
    around = {"fill": "toself", "fillcolor": tint, "line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    canvas.add(go.Scatter(x=[*sizes, *reversed(sizes)], y=edge, **around))


def _round_sizes(sizes: Sequence[int]) -> list[int]:
    """About five round numbers of participants, with both ends."""
    least, most = min(sizes), max(sizes)
    steps = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
    step = next((step for step in steps if most <= 6 * step), 5000)
    inner = [n for n in range(step, most, step) if n - least > step / 2 and most - n > step / 3]
    return sorted({least, *inner, most})
