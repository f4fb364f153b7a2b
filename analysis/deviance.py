"""The deviance of right and wrong answers with crossed participants and items, by Laplace's method. Pure.

    logit P(correct) = x·β + σ₁·u₁[participant] + σ₂·u₂[item],     u₁, u₂ ~ N(0, 1)

For given (β, σ) the mode of u is found by penalised, iteratively reweighted least squares, and the integral
over u is replaced by its Laplace approximation there: Bates, Mächler, Bolker & Walker (2015), Journal of
Statistical Software 67(1). The normal equations of u are diagonal in each of the two factors, so the longer
one is eliminated and what is left to factorise is a dense matrix as wide as the shorter one (a Schur
complement): 30,000 answers of 5,000 people take about a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse, special

WIDEST = 1000  # levels of the shorter factor: its dense matrix is squared and inverted at every step
DENSE = 400_000  # cells of a table that is faster dense than sparse
SETTLED = 1e-8  # what a Newton step may still gain for it to be the last: the error after it is its square
NO_VARIANCE = 1e-9  # where a variance counts as zero: its square root must still have a derivative


class Laplace:
    """The deviance of one data set as a function of (β, σ²), with its gradient.

    ``correct`` of ``trials`` answers in each row, shape (n,); ``factors`` are the levels of participant and
    item as codes 0, 1, ..., shape (n,) each; ``x`` has shape (n, k). Raises ValueError for a shorter factor
    of more than ``WIDEST`` levels.
    """

    def __init__(
        self, correct: np.ndarray, trials: np.ndarray, factors: tuple[np.ndarray, np.ndarray], x: np.ndarray
    ):
        self.y, self.m, self.x = (np.asarray(part, dtype=float) for part in (correct, trials, x))
        sizes = [int(codes.max()) + 1 for codes in factors]
        # The factor that is eliminated comes first; ``order`` leads back to (participant, item).
        self.order = (0, 1) if sizes[0] >= sizes[1] else (1, 0)
        self.rows = [np.asarray(factors[which]) for which in self.order]
        self.sizes = [sizes[which] for which in self.order]
        if self.sizes[1] > WIDEST:
            raise ValueError(f"at most {WIDEST} participants or {WIDEST} clips, and there are {sizes}.")
        cells, self.cell = np.unique(self.rows[0] * self.sizes[1] + self.rows[1], return_inverse=True)
        self.places = np.divmod(cells, self.sizes[1])
        self.starts = np.searchsorted(self.places[0], np.arange(self.sizes[0] + 1))
        self.mode = [np.zeros(size) for size in self.sizes]
        self.constant = float(np.sum(_log_choose(self.m, self.y)))

    def deviance(self, beta: np.ndarray, variances: np.ndarray) -> tuple[float, np.ndarray]:
        """−2 log likelihood by Laplace, and its gradient in (β, σ² of participants, σ² of items)."""
        variances = np.maximum(variances, NO_VARIANCE)[list(self.order)]
        sigma = np.sqrt(variances)
        state = self._mode(self.x @ beta, sigma)
        value = -2 * (state.likelihood + self.constant) + sum(u @ u for u in self.mode) + state.logdet
        slope_beta, slope_sigma = self._gradient(state, sigma)
        slope_variance = (slope_sigma / (2 * sigma))[list(self.order)]
        return value, np.concatenate([slope_beta, slope_variance])

    def _mode(self, fixed: np.ndarray, sigma: np.ndarray) -> _State:
        """Newton's method for the mode of u, halving steps that overshoot; starts where it last ended."""
        u = self.mode
        state = self._state(fixed, sigma, u)
        for _ in range(100):
            slopes = [
                s * np.bincount(rows, state.residual, size) - part
                for s, rows, size, part in zip(sigma, self.rows, self.sizes, u, strict=True)
            ]
            steps = self._solve(state, slopes)
            gain = sum(slope @ step for slope, step in zip(slopes, steps, strict=True))
            for halving in range(30):
                trial = [part + step / 2**halving for part, step in zip(u, steps, strict=True)]
                after = self._state(fixed, sigma, trial)
                if after.penalised >= state.penalised - 1e-12:
                    break
            u, state = trial, after
            if gain < SETTLED:
                break
        self.mode = u
        return state

    def _state(self, fixed: np.ndarray, sigma: np.ndarray, u: list[np.ndarray]) -> _State:
        eta = fixed + sigma[0] * u[0][self.rows[0]] + sigma[1] * u[1][self.rows[1]]
        mean = special.expit(eta)
        weight = self.m * mean * (1 - mean)
        diagonals = [
            1 + s * s * np.bincount(rows, weight, size)
            for s, rows, size in zip(sigma, self.rows, self.sizes, strict=True)
        ]
        values = sigma[0] * sigma[1] * np.bincount(self.cell, weight)
        cross, scaled = self._table(values), self._table(values / diagonals[0][self.places[0]])
        product = cross.T @ scaled
        schur = np.diag(diagonals[1]) - (product if isinstance(product, np.ndarray) else product.toarray())
        factor = linalg.cholesky(schur, lower=True, check_finite=False)
        likelihood = float(self.y @ eta - self.m @ np.logaddexp(0, eta))
        return _State(
            likelihood=likelihood,
            penalised=likelihood - sum(float(part @ part) for part in u) / 2,
            logdet=float(np.log(diagonals[0]).sum() + 2 * np.log(np.diag(factor)).sum()),
            mean=mean,
            residual=self.y - self.m * mean,
            weight=weight,
            diagonal=diagonals[0],
            scaled=scaled,
            factor=factor,
        )

    def _table(self, values: np.ndarray) -> np.ndarray | sparse.csr_array:
        if self.sizes[0] * self.sizes[1] > DENSE:
            return sparse.csr_array((values, self.places[1], self.starts), shape=tuple(self.sizes))
        table = np.zeros(self.sizes)
        table[self.places] = values
        return table

    def _solve(self, state: _State, right: list[np.ndarray]) -> list[np.ndarray]:
        """The normal equations of u for one right-hand side in two parts."""
        short = linalg.cho_solve(
            (state.factor, True), right[1] - state.scaled.T @ right[0], check_finite=False
        )
        return [right[0] / state.diagonal - state.scaled @ short, short]

    def _gradient(self, state: _State, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the deviance in β and in the two σ (in the order of ``rows``).

        At the mode the penalised likelihood changes only through (β, σ) themselves; the log determinant
        changes also through the weights, and so through the mode: one adjoint solve for all parameters.
        """
        rows = self.rows
        inverse = linalg.cho_solve((state.factor, True), np.eye(self.sizes[1]), check_finite=False)
        spread = state.scaled @ inverse
        at_cells = spread[self.places]
        cross = state.scaled[self.places] if isinstance(state.scaled, np.ndarray) else state.scaled.data
        first = 1 / state.diagonal + np.bincount(self.places[0], cross * at_cells, self.sizes[0])
        second = np.diag(inverse)
        both = -at_cells[self.cell]
        variance = (
            sigma[0] ** 2 * first[rows[0]] + sigma[1] ** 2 * second[rows[1]] + 2 * sigma[0] * sigma[1] * both
        )
        by_eta = variance * state.weight * (1 - 2 * state.mean)
        adjoint = self._solve(
            state, [s * np.bincount(r, by_eta, n) for s, r, n in zip(sigma, rows, self.sizes, strict=True)]
        )
        back = sigma[0] * adjoint[0][rows[0]] + sigma[1] * adjoint[1][rows[1]]
        total = by_eta - state.weight * back
        slope_beta = self.x.T @ (total - 2 * state.residual)
        slope_sigma = np.empty(2)
        for which, diagonal in enumerate((first, second)):
            u, at = self.mode[which], rows[which]
            direct = 2 * sigma[which] * diagonal[at] + 2 * sigma[1 - which] * both
            slope_sigma[which] = (
                u[at] @ (total - 2 * state.residual)
                + adjoint[which] @ np.bincount(at, state.residual, self.sizes[which])
                + direct @ state.weight
            )
        return slope_beta, slope_sigma


@dataclass
class _State:
    """What is known at one u."""

    likelihood: float
    penalised: float
    logdet: float
    mean: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    diagonal: np.ndarray  # of the eliminated factor
    scaled: np.ndarray | sparse.csr_array  # cross block over that diagonal
    factor: np.ndarray  # Cholesky factor of the Schur complement


def _log_choose(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
