"""Bradley and Terry's model of paired comparisons, with Davidson's ties. Pure.

    P(i over j) = πᵢ / D,   P(tie) = ν·√(πᵢ·πⱼ) / D,   D = πᵢ + πⱼ + ν·√(πᵢ·πⱼ)

Davidson (1970), Journal of the American Statistical Association 65:317. In λ = log π and δ = log ν it is a
multinomial logit whose log likelihood is concave, so Newton's method finds its maximum; all resamples of a
bootstrap are solved at once.
"""

from __future__ import annotations

import numpy as np

# Where a system wins every comparison its strength has no maximum. A normal prior this wide (standard
# deviation in log odds) keeps it finite, and moves an estimate from ordinary data by less than 0.001.
PRIOR = 10.0
STEPS = 60


def davidson(wins: np.ndarray, ties: np.ndarray, prior: float = PRIOR) -> tuple[np.ndarray, np.ndarray]:
    """Strengths λ, centred at 0, and log ν, of one or many tables of comparisons.

    ``wins`` has shape (..., k, k): how often the row was preferred to the column; ``ties`` likewise,
    symmetric, each tie counted once on either side of the diagonal. Returns shapes (..., k) and (...).
    Without a tie δ sinks to where the prior holds it, and the strengths are Bradley's and Terry's (1952,
    Biometrika 39:324).

    >>> strengths, tie = davidson(np.array([[0, 30], [10, 0]]), np.zeros((2, 2)))
    >>> round(float(np.exp(strengths[0] - strengths[1])), 2)       # the odds that were seen
    3.0
    """
    wins, ties = np.asarray(wins, dtype=float), np.asarray(ties, dtype=float)
    k = wins.shape[-1]
    first, second = np.triu_indices(k, 1)
    # (..., pairs): the first preferred, the second preferred, tied
    counts = np.stack([wins[..., first, second], wins[..., second, first], ties[..., first, second]], axis=-1)
    design = np.zeros((3, len(first), k + 1))
    pair = np.arange(len(first))
    design[0, pair, first] = design[1, pair, second] = 1
    design[2, pair, first] = design[2, pair, second] = 0.5
    design[2, pair, k] = 1
    place = np.zeros((*wins.shape[:-2], k + 1))
    for _ in range(STEPS):
        step = _newton(place, counts, design, prior)
        # Far from the maximum a step may overshoot; none is longer than this in any coordinate.
        step *= np.minimum(1, 2 / np.maximum(np.abs(step).max(axis=-1, keepdims=True), 1e-300))
        place = place + step
        if np.abs(step).max(initial=0) < 1e-9:
            break
    return place[..., :k] - place[..., :k].mean(axis=-1, keepdims=True), place[..., k]


def _newton(place: np.ndarray, counts: np.ndarray, design: np.ndarray, prior: float) -> np.ndarray:
    logits = np.einsum("opk,...k->...po", design, place)
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    compared = counts.sum(axis=-1)
    slope = np.einsum("...po,opk->...k", counts - compared[..., None] * shares, design) - place / prior**2
    centre = np.einsum("...po,opk->...pk", shares, design)
    weight = compared[..., None] * shares
    curvature = np.einsum("...po,opk,opl->...kl", weight, design, design, optimize=True)
    curvature -= np.einsum("...p,...pk,...pl->...kl", compared, centre, centre, optimize=True)
    curvature += np.eye(place.shape[-1]) / prior**2
    return np.linalg.solve(curvature, slope[..., None])[..., 0]


def probabilities(strengths: np.ndarray, tie: float) -> np.ndarray:
    """P(row is preferred to column), shape (k, k), with 0 on the diagonal; what is missing to 1 is ties.

    >>> probabilities(np.array([0.0, 0.0]), 0.0).round(3).tolist()      # ν = 1: three equal outcomes
    [[0.0, 0.333], [0.333, 0.0]]
    """
    power = np.exp(strengths)
    below = power[:, None] + power[None, :] + np.exp(tie) * np.sqrt(np.outer(power, power))
    shares = power[:, None] / below
    np.fill_diagonal(shares, 0)
    return shares
