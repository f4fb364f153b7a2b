"""Cumulative-link mixed model: ordered ratings, proportional odds, crossed random listeners and clips. Pure.

logit P(rating ≤ j) = θ_j − (x'β + listener + clip), both normal with mean 0. A β is the log of the odds ratio
of a higher rating. McCullagh (1980), JRSS B 42:109; Agresti (2010), Analysis of Ordinal Categorical Data,
chapter 10; Christensen (2019), the R package ordinal, whose clmm() maximises the same likelihood.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats
from scipy.special import logit

from analysis.estimates import Interval
from analysis.laplace import Crossed, Point, crossed, log_likelihood

# log σ is looked for between these; below SMALL a spread is none, and has no share in the covariance.
SPREADS, SMALL = (-6.0, 2.5), 0.02
# A log odds ratio or its error beyond this is a separation: all of one group are above all of another.
FARTHEST = 12.0
MODEL = (
    "Cumulative-link mixed model (proportional odds), crossed random listeners and clips, Laplace; Wald t "
    "interval, its degrees of freedom and width by how many clips or listeners carry the effect"
)


@dataclass(frozen=True)
class Effect:
    """A log odds ratio of a higher rating with its 95% interval; ``df`` are those of its t."""

    estimate: float
    error: float
    df: int
    ci95: Interval | None
    p_value: float | None


class Units(NamedTuple):
    """What an effect is estimated from: how many clips or listeners, and how many means of them were fitted.

    ``carried``: the effect is the same for all ratings of such a unit.
    """

    n: int
    means: int
    carried: bool


@dataclass(frozen=True)
class Fit:
    """A fitted model. ``covariance`` is that of (thresholds, effects), without small-sample correction.

    ``units`` says of each effect what it is estimated from.
    """

    names: tuple[str, ...]
    thresholds: np.ndarray
    effects: np.ndarray
    spreads: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n: int
    people: int
    clips: int
    units: tuple[Units, ...]

    def effect(self, name: str) -> Effect:
        """One effect; interval and p-value are None where no unit is left over to estimate its error from.

        Of an effect that m units carry (clips if it is the same for all ratings of a clip and clips differ,
        or listeners likewise), of which q means were fitted, the variance is taken m/(m − q) times, and t has
        m − q degrees of freedom. For balanced normal data this is the step from maximum likelihood to
        restricted likelihood, and exact; without it a study with few clips would claim too much. An effect
        within listeners has their degrees of freedom, and its variance as it is.
        """
        place = self.names.index(name)
        estimate, units = float(self.effects[place]), self.units[place]
        variance = self.covariance[len(self.thresholds) + place, len(self.thresholds) + place]
        df = units.n - units.means
        if df < 1:
            return Effect(estimate, float(np.sqrt(variance)), df, None, None)
        error = float(np.sqrt(variance * (units.n / df if units.carried else 1)))
        half = float(stats.t.ppf(0.975, df)) * error
        p_value = float(2 * stats.t.sf(abs(estimate) / error, df))
        return Effect(estimate, error, df, (estimate - half, estimate + half), p_value)


def fit(
    ratings: Sequence[int],
    effects: Mapping[str, Sequence[float]],
    people: Sequence[Hashable] | None,
    clips: Sequence[Hashable] | None,
) -> Fit | str:
    """The model of ``ratings`` by maximum likelihood, or a sentence that says why there is none.

    ``effects`` are the fixed effects' columns by name, each as long as ``ratings``; ``people`` and ``clips``
    are who rated and what, None for a model without their random effect. Values that nobody gave are no
    levels.
    """
    values = np.unique(np.asarray(ratings), return_inverse=True)[1]
    if len(values) == 0 or values.max() == 0:
        return "There are no two different ratings."
    columns = [np.asarray(column, float) for column in effects.values()]
    x = np.column_stack([np.zeros((len(values), 0)), *columns])
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(x)), x])) <= x.shape[1]:
        return "The effects cannot be told apart: one of them follows from the others."
    nobody = np.zeros(len(values), dtype=int)
    person, clip = (nobody if who is None else _codes(who) for who in (people, clips))
    design = crossed(values, x, person, clip)
    spread = np.array([people is not None and design.n_people > 1, clips is not None and design.n_clips > 1])
    at, found = _maximum(design, spread)
    covariance = _covariance(design, at)
    farthest = max((*np.abs(at.effects), 0.0))
    if covariance is None or farthest > FARTHEST or np.sqrt(covariance.diagonal().max()) > FARTHEST:
        return "The ratings do not hold the effects: no two groups of ratings overlap enough."
    units = tuple(_units(x, place, design, at.spreads) for place in range(x.shape[1]))
    return Fit(
        tuple(effects), at.thresholds, at.effects, at.spreads, covariance, found, len(values),
        design.n_people, design.n_clips, units,
    )  # fmt: skip


def _codes(labels: Sequence[Hashable]) -> np.ndarray:
    return np.unique(np.asarray(labels), return_inverse=True)[1]


def _maximum(design: Crossed, spread: np.ndarray) -> tuple[Point, float]:
    """The point of the highest likelihood, and its logarithm.

    The search is over (θ₁, log(θ₂ − θ₁), …, β, log σ), so that thresholds keep their order; each try starts
    from the mode of the last. A spread that the data do not show ends at the lower bound and is set to 0.
    """
    cuts, q = design.levels - 1, design.x.shape[1]
    shares = np.cumsum(np.bincount(design.values))[:-1] / len(design.values)
    first = logit(shares)
    begin = np.concatenate([first[:1], np.log(np.diff(first)), np.zeros(q), np.log([0.5, 0.5])[spread]])
    last: list[tuple[np.ndarray, np.ndarray] | None] = [None]

    def point(v: np.ndarray) -> Point:
        thresholds = v[0] + np.concatenate([[0.0], np.cumsum(np.exp(v[1:cuts]))])
        spreads = np.zeros(2)
        spreads[spread] = np.exp(v[cuts + q :])
        return Point(thresholds, v[cuts : cuts + q], spreads)

    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        found = log_likelihood(design, point(v), last[0])
        last[0] = found.mode
        # θ_k moves with θ₁ and with every gap below it.
        above = np.cumsum(found.gradient[:cuts][::-1])[::-1]
        ordered = np.concatenate([above[:1], above[1:] * np.exp(v[1:cuts])])
        effects, by_spread = found.gradient[cuts : cuts + q], found.gradient[cuts + q :]
        slopes = np.concatenate([ordered, effects, by_spread[spread]])
        return -found.log_likelihood / len(design.values), -slopes / len(design.values)

    bounds = [(-30, 30)] + [(-12, 4)] * (cuts - 1) + [(-30, 30)] * q + [SPREADS] * int(spread.sum())
    reached = optimize.minimize(
        loss, begin, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 300, "maxcor": 30},
    )  # fmt: skip
    at = point(reached.x)
    at = at._replace(spreads=np.where(at.spreads < SMALL, 0.0, at.spreads))
    return at, log_likelihood(design, at, last[0]).log_likelihood


def _covariance(design: Crossed, at: Point) -> np.ndarray | None:
    """Of (θ, β): the inverse of minus the Hessian of log L by (θ, β, log σ), by differences of the gradient.

    A spread of 0 lies on the edge and is taken as known. None where the Hessian is not negative definite.
    """
    cuts, q = design.levels - 1, design.x.shape[1]
    free = np.concatenate([np.full(cuts + q, True), at.spreads > 0])
    middle = log_likelihood(design, at)

    def gradient(moved: np.ndarray) -> np.ndarray:
        thresholds, effects = at.thresholds + moved[:cuts], at.effects + moved[cuts : cuts + q]
        there = Point(thresholds, effects, at.spreads * np.exp(moved[cuts + q :]))
        return log_likelihood(design, there, middle.mode).gradient[free]

    steps = 1e-4 * np.eye(len(free))[free]
    # No step may carry a threshold past the next.
    steps *= min(1.0, 1e3 * float(np.diff(at.thresholds).min(initial=1.0)))
    hessian = np.array([(gradient(step) - gradient(-step)) / (2 * step.max()) for step in steps])
    try:
        values, vectors = np.linalg.eigh(-(hessian + hessian.T) / 2)
    except np.linalg.LinAlgError:
        return None
    if values.min() <= 1e-10 * values.max():
        return None
    return ((vectors / values) @ vectors.T)[: cuts + q, : cuts + q]


def _units(x: np.ndarray, place: int, design: Crossed, spreads: np.ndarray) -> Units:
    """Clips for an effect that they carry, if they differ, else listeners.

    Where the clips are as many as the means, nothing is left of them, and their spread of 0 means nothing.
    """
    by_clip = np.array([_same_within(column, design.clips, design.n_clips) for column in x.T])
    means = 1 + int(by_clip.sum())
    if design.n_clips > 1 and by_clip[place] and (spreads[1] > 0 or design.n_clips <= means):
        return Units(design.n_clips, means, True)
    by_person = np.array([_same_within(column, design.people, design.n_people) for column in x.T])
    return Units(design.n_people, 1 + int(by_person.sum()), bool(by_person[place]))


def _same_within(column: np.ndarray, groups: np.ndarray, n_groups: int) -> bool:
    first = np.zeros(n_groups)
    first[groups] = column
    return bool((first[groups] == column).all())
