"""Logistic regression with crossed random intercepts of participants and items, by Laplace's method. Pure.

    logit P(correct) = x·β + σ₁·u₁[participant] + σ₂·u₂[item],     u₁, u₂ ~ N(0, 1)

The model and the method are lme4's for ``correct ~ x + (1 | participant) + (1 | item)``: Bates, Mächler,
Bolker & Walker (2015), Journal of Statistical Software 67(1); Baayen, Davidson & Bates (2008), Journal of
Memory and Language 59:390, on why both need an intercept. For given (β, σ) the mode of u is found by
penalised, iteratively reweighted least squares; the integral over u is replaced by its Laplace approximation
there; and that deviance is minimised over (β, σ²) with its exact gradient. The normal equations of u are
diagonal in each of the two factors, so the longer one is eliminated and what is left to factorise is a dense
matrix as wide as the shorter one (a Schur complement): 30,000 answers of 5,000 people take about a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize, sparse, special, stats

from analysis.estimates import Interval
from analysis.threads import one_thread

WIDEST = 1000  # levels of the shorter factor: its dense matrix is squared and inverted at every step
DENSE = 400_000  # cells of a table that is faster dense than sparse
SETTLED = 1e-8  # what a Newton step may still gain for it to be the last: the error after it is its square
FARTHEST = 15.0  # log odds: beyond it an estimate is running to infinity
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


class Mixed(NamedTuple):
    """A fitted model. ``sd`` are the standard deviations of participants and items, in log odds.

    ``covariance`` is that of ``beta``, from the inverted Hessian of the Laplace deviance in (β, σ²), a
    variance that ended at 0 held there. ``df`` is the number of levels of the shorter factor less one:
    maximum likelihood finds too little variance where a factor has few levels, and Student's t with these
    makes up for it (coverage: docs/analysis.md).
    """

    beta: np.ndarray
    covariance: np.ndarray
    sd: np.ndarray
    deviance: float
    df: int
    laplace: Laplace

    @property
    def error(self) -> np.ndarray:
        """Standard errors of ``beta``."""
        return np.sqrt(np.diag(self.covariance))

    def wald(self, which: int = 0, df: int | None = None) -> tuple[Interval, float]:
        """95% interval of β[which], and the two-sided p-value of β[which] = 0; t of ``df`` where given."""
        beta, error = float(self.beta[which]), float(self.error[which])
        student = stats.t(self.df if df is None else df)
        half = float(student.ppf(0.975)) * error
        return (beta - half, beta + half), float(2 * student.sf(abs(beta) / error))


def fit(
    correct: np.ndarray,
    participant: np.ndarray,
    item: np.ndarray,
    x: np.ndarray | None = None,
    trials: np.ndarray | None = None,
) -> Mixed:
    """Maximum likelihood (Laplace) of the model; arrays as for ``Laplace``, and an intercept where no ``x``.

    Raises ValueError where the model has no maximum: all answers right or all wrong, columns of ``x`` that
    say the same, fewer than two participants; or where it is too wide.
    """
    y = np.asarray(correct, dtype=float)
    m = np.ones(len(y)) if trials is None else np.asarray(trials, dtype=float)
    x = np.ones((len(y), 1)) if x is None else np.asarray(x, dtype=float)
    if len(y) == 0 or y.sum() in (0, m.sum()):
        raise ValueError("there must be right answers and wrong ones.")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the columns of x must differ.")
    laplace = Laplace(y, m, (participant, item), x)
    if min(laplace.sizes[laplace.order.index(0)], len(y)) < 2:
        raise ValueError("there must be at least two participants.")
    share = y.sum() / m.sum()
    start = np.linalg.lstsq(x, np.full(len(y), special.logit(share)), rcond=None)[0]
    ends = _minimise(laplace, np.concatenate([start, [0.3, 0.3]]), free=np.ones(x.shape[1] + 2, dtype=bool))
    k = x.shape[1]
    with one_thread():
        covariance = _covariance(laplace, ends.x)
    errors = np.diag(covariance)[:k]
    if not (np.all((errors > 0) & (errors < FARTHEST**2)) and np.all(np.abs(ends.x[:k]) < FARTHEST)):
        raise ValueError("the answers are too few, or too much alike, to settle on one value.")
    return Mixed(
        beta=ends.x[:k],
        covariance=covariance[:k, :k],
        sd=np.sqrt(np.where(ends.x[k:] > 1e-6, ends.x[k:], 0)),
        deviance=float(ends.fun),
        df=min(size for size in laplace.sizes if size > 1) - 1,
        laplace=laplace,
    )


def profile_interval(model: Mixed, which: int = 0, level: float = 0.95) -> Interval | None:
    """The values of β[which] whose best deviance exceeds the minimum by at most the square of a t quantile.

    Venzon & Moolgavkar (1988), Applied Statistics 37:87, with the square of Student's t where they have χ²
    with one degree of freedom (see ``Mixed.df``). None where the deviance does not rise so far.
    """
    quantile = float(stats.t.ppf((1 + level) / 2, model.df))
    limit = model.deviance + quantile**2
    free = np.ones(len(model.beta) + 2, dtype=bool)
    free[which] = False
    bounds = []
    for side in (-1, 1):
        place = np.concatenate([model.beta, model.sd**2])

        def excess(value: float, place: np.ndarray = place) -> float:
            place[which] = value
            ends = _minimise(model.laplace, place, free)
            place[:] = ends.x
            return float(ends.fun) - limit

        step = side * quantile * model.error[which]
        inside, outside = model.beta[which], model.beta[which] + step
        for _ in range(12):
            if excess(outside) > 0:
                break
            inside, outside = outside, outside + step / 2
        else:
            return None
        bounds.append(float(optimize.brentq(excess, inside, outside, xtol=1e-4)))
    return bounds[0], bounds[1]


def _minimise(laplace: Laplace, start: np.ndarray, free: np.ndarray) -> optimize.OptimizeResult:
    """The deviance's minimum over the ``free`` ones of (β, σ²), the others held at ``start``."""
    k = laplace.x.shape[1]
    bounds = np.array([(-FARTHEST, FARTHEST)] * k + [(0.0, 25.0)] * 2)

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        place = start.copy()
        place[free] = values
        value, slope = laplace.deviance(place[:k], place[k:])
        return value, slope[free]

    with one_thread():
        ends = optimize.minimize(
            objective,
            start[free],
            jac=True,
            method="L-BFGS-B",
            bounds=bounds[free],
            options={"ftol": 1e-11, "gtol": 1e-4, "maxiter": 200},
        )
    ends.x = _placed(start, free, ends.x)
    return ends


def _placed(start: np.ndarray, free: np.ndarray, values: np.ndarray) -> np.ndarray:
    place = start.copy()
    place[free] = values
    return place


def _covariance(laplace: Laplace, place: np.ndarray) -> np.ndarray:
    """Inverse of half the deviance's Hessian, by central differences of the gradient; 0 where it has none."""
    k = laplace.x.shape[1]
    loose = np.concatenate([np.ones(k, dtype=bool), place[k:] > 1e-4])
    columns = []
    for which in np.flatnonzero(loose):
        step = 1e-4 if which < k else min(1e-3, place[which] / 4)
        ahead, behind = place.copy(), place.copy()
        ahead[which] += step
        behind[which] -= step
        slopes = [laplace.deviance(at[:k], at[k:])[1] for at in (ahead, behind)]
        columns.append((slopes[0] - slopes[1])[loose] / (2 * step))
    hessian = np.array(columns)
    covariance = np.zeros((k + 2, k + 2))
    try:
        covariance[np.ix_(loose, loose)] = 2 * np.linalg.inv((hessian + hessian.T) / 2)
    except np.linalg.LinAlgError:
        return np.zeros_like(covariance)
    return covariance


def _log_choose(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
