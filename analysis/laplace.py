"""The likelihood of ordered ratings with crossed listeners and clips, its integral by Laplace's method. Pure.

Listener p gives clip c the value j or less with probability F(θ_j − x'β − σ_p u_p − σ_c v_c), where F is the
logistic function and all u and v are independent standard normal. The integral over u and v has no closed
form: log L ≈ ℓ(b) − b'b/2 − log|H|/2 at the mode b of the integrand, H the negative Hessian there.
Christensen (2019), Cumulative Link Models for Ordinal Regression with the R Package ordinal; Pinheiro & Bates
(1995), JCGS 4:12.

In H the block of the listeners is diagonal and is eliminated first: what is left to factorise is dense but
only as large as there are clips (the Schur complement).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

TOLERANCE, MOST_STEPS = 1e-9, 50


class Crossed(NamedTuple):
    """Who gave which value to which clip.

    ``values`` (n,) are 0 … levels − 1, ``x`` (n, effects) the fixed effects without a constant, ``people``
    and ``clips`` (n,) whole numbers from 0. ``pair`` (n,) is the place of each row's listener and clip in
    ``pair_people`` and ``pair_clips``, which list listener after listener, each from its place in ``starts``.
    """

    values: np.ndarray
    levels: int
    x: np.ndarray
    people: np.ndarray
    clips: np.ndarray
    n_people: int
    n_clips: int
    pair: np.ndarray
    pair_people: np.ndarray
    pair_clips: np.ndarray
    starts: np.ndarray


class Point(NamedTuple):
    """``thresholds`` θ (levels − 1,), rising; ``effects`` β; ``spreads`` (σ of listeners, σ of clips)."""

    thresholds: np.ndarray
    effects: np.ndarray
    spreads: np.ndarray


class Found(NamedTuple):
    """log L, its gradient by (θ, β, log σ), and the mode (listeners', clips') to start from next time."""

    log_likelihood: float
    gradient: np.ndarray
    mode: tuple[np.ndarray, np.ndarray]


def crossed(values: np.ndarray, x: np.ndarray, people: np.ndarray, clips: np.ndarray) -> Crossed:
    """The design of ratings; every level from 0 to the highest must occur in ``values``."""
    n_people, n_clips = int(people.max()) + 1, int(clips.max()) + 1
    codes, pair = np.unique(people * n_clips + clips, return_inverse=True)
    listeners = codes // n_clips
    starts = np.searchsorted(listeners, np.arange(n_people + 1))
    levels = int(values.max()) + 1
    return Crossed(
        values, levels, x, people, clips, n_people, n_clips, pair, listeners, codes % n_clips, starts
    )


def log_likelihood(design: Crossed, at: Point, start: tuple[np.ndarray, np.ndarray] | None = None) -> Found:
    """Laplace's approximation of log L and its exact gradient."""
    mode = start or (np.zeros(design.n_people), np.zeros(design.n_clips))
    fixed = np.einsum("ij,j->i", design.x, at.effects)
    rows = _rows(design, at, fixed, mode)
    value = _joint(rows, mode)
    for _ in range(MOST_STEPS):
        slopes = _slopes(design, at, rows, mode)
        curvature = _Curvature(design, at, rows)
        step = curvature.solve(*slopes)
        gain = sum(float(slope @ part) for slope, part in zip(slopes, step, strict=True))
        if gain < TOLERANCE:
            break
        size = 1.0
        # ℓ is concave, so that a step along Newton's direction climbs once it is short enough.
        while size > 1e-8:
            tried = (mode[0] + size * step[0], mode[1] + size * step[1])
            rows = _rows(design, at, fixed, tried)
            reached = _joint(rows, tried)
            if reached >= value - 1e-12 * abs(value):
                break
            size /= 2
        mode, value = tried, reached
    else:
        curvature = _Curvature(design, at, rows)
    return Found(value - curvature.log_determinant / 2, _gradient(design, at, rows, mode, curvature), mode)


class _Rows(NamedTuple):
    """Of each row, with a = θ_y − η and c = θ_{y−1} − η: F(a), F(c), the densities there, and P(y)."""

    upper: np.ndarray
    lower: np.ndarray
    upper_density: np.ndarray
    lower_density: np.ndarray
    p: np.ndarray


def _rows(design: Crossed, at: Point, fixed: np.ndarray, mode: tuple[np.ndarray, np.ndarray]) -> _Rows:
    eta = fixed + at.spreads[0] * mode[0][design.people] + at.spreads[1] * mode[1][design.clips]
    bounds = np.concatenate([[-np.inf], at.thresholds, [np.inf]])
    upper, _, upper_density = _logistic(bounds[design.values + 1] - eta)
    lower, above, lower_density = _logistic(bounds[design.values] - eta)
    # F(a) − F(c) = F(a) (1 − F(c)) (1 − e^(c − a)): no cancellation in the tails.
    p = upper * above * -np.expm1(-np.diff(bounds))[design.values]
    return _Rows(upper, lower, upper_density, lower_density, np.maximum(p, 1e-300))


def _logistic(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F(x), 1 − F(x) and the density, each exact in its tail; one exponential for all three."""
    small = np.exp(-np.abs(x))
    near = 1 / (1 + small)
    far = small * near
    positive = x >= 0
    return np.where(positive, near, far), np.where(positive, far, near), near * far


def _joint(rows: _Rows, mode: tuple[np.ndarray, np.ndarray]) -> float:
    return float(np.log(rows.p).sum() - (mode[0] @ mode[0] + mode[1] @ mode[1]) / 2)


def _by_people(design: Crossed, row_values: np.ndarray) -> np.ndarray:
    return np.bincount(design.people, row_values, design.n_people)


def _by_clips(design: Crossed, row_values: np.ndarray) -> np.ndarray:
    return np.bincount(design.clips, row_values, design.n_clips)


def _slopes(
    design: Crossed, at: Point, rows: _Rows, mode: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of the integrand's logarithm by listeners and clips; ∂ log P/∂η = F(a) + F(c) − 1."""
    score = rows.upper + rows.lower - 1
    return (
        at.spreads[0] * _by_people(design, score) - mode[0],
        at.spreads[1] * _by_clips(design, score) - mode[1],
    )


class _Curvature:
    """H = [[P, B], [B', C]], P and C diagonal; −∂² log P/∂η² = f(a) + f(c)."""

    def __init__(self, design: Crossed, at: Point, rows: _Rows):
        weights = rows.upper_density + rows.lower_density
        self.design, self.spreads = design, at.spreads
        self.people = 1 + at.spreads[0] ** 2 * _by_people(design, weights)
        clips = 1 + at.spreads[1] ** 2 * _by_clips(design, weights)
        both = at.spreads[0] * at.spreads[1] * np.bincount(design.pair, weights, len(design.pair_people))
        self.ratios = both / self.people[design.pair_people]
        self.scaled = self._matrix(self.ratios)
        schur = np.diag(clips) - (self._matrix(both).T @ self.scaled).toarray()
        self.factor = cho_factor(schur, lower=True)
        self.log_determinant = float(np.log(self.people).sum() + 2 * np.log(np.diag(self.factor[0])).sum())

    def _matrix(self, entries: np.ndarray) -> sparse.csr_array:
        design = self.design
        shape = (design.n_people, design.n_clips)
        return sparse.csr_array((entries, design.pair_clips, design.starts), shape)

    def solve(self, by_people: np.ndarray, by_clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """H⁻¹ times a vector."""
        clips = cho_solve(self.factor, by_clips - self.scaled.T @ by_people)
        return by_people / self.people - self.scaled @ clips, clips

    def inverse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of H⁻¹ the diagonals of listeners and of clips, and the entries of the pairs that occur."""
        design = self.design
        small = cho_solve(self.factor, np.eye(design.n_clips))
        product = self.scaled @ small
        pairs = product[design.pair_people, design.pair_clips]
        people = 1 / self.people + np.bincount(design.pair_people, pairs * self.ratios, design.n_people)
        return people, np.diag(small), -pairs


def _gradient(
    design: Crossed, at: Point, rows: _Rows, mode: tuple[np.ndarray, np.ndarray], curvature: _Curvature
) -> np.ndarray:
    """d log L by (θ, β, log σ): the explicit part, and through H what moves with the mode.

    With q_i the posterior variance of row i's η and t = H⁻¹ ∂ log|H|/∂b, a parameter that moves a or c of row
    i has (∂ log P − q_i ∂w/2)_i minus half of t's part, and each σ besides what it does as a factor.
    """
    (sp, sc), people, clips = at.spreads, design.people, design.clips
    var_people, var_clips, covariance = curvature.inverse()
    variance = (
        sp**2 * var_people[people] + 2 * sp * sc * covariance[design.pair] + sc**2 * var_clips[clips]
    )
    # ∂w/∂a and ∂w/∂c, with w = f(a) + f(c) and f' = f (1 − 2F)
    bend_a = rows.upper_density * (1 - 2 * rows.upper)
    bend_c = rows.lower_density * (1 - 2 * rows.lower)
    drift = -variance * (bend_a + bend_c)
    moved = curvature.solve(sp * _by_people(design, drift), sc * _by_clips(design, drift))
    along = sp * moved[0][people] + sc * moved[1][clips]
    by_a = rows.upper_density / rows.p - (variance * bend_a + rows.upper_density * along) / 2
    by_c = -rows.lower_density / rows.p - (variance * bend_c + rows.lower_density * along) / 2
    by_threshold = np.bincount(design.values, by_a, design.levels)[:-1]
    by_threshold += np.bincount(design.values, by_c, design.levels)[1:]
    by_eta, score = -(by_a + by_c), rows.upper + rows.lower - 1
    by_spread = [
        spread * np.sum(by_eta * at_mode[place] - score * turned[place] / 2) - np.sum(1 - variances)
        for spread, at_mode, turned, place, variances in (
            (sp, mode[0], moved[0], people, var_people),
            (sc, mode[1], moved[1], clips, var_clips),
        )
    ]
    # Sums rather than BLAS: its threads wait for each other on a busy machine, and here they gain nothing.
    by_effect = np.einsum("ij,i->j", design.x, by_eta)
    return np.concatenate([by_threshold, by_effect, by_spread])
