"""Logistic regression with crossed random intercepts of participants and items, by maximum likelihood. Pure.

    logit P(correct) = x·β + σ₁·u₁[participant] + σ₂·u₂[item],     u₁, u₂ ~ N(0, 1)

The model and the method are lme4's for ``correct ~ x + (1 | participant) + (1 | item)``: Bates, Mächler,
Bolker & Walker (2015), Journal of Statistical Software 67(1); Baayen, Davidson & Bates (2008), Journal of
Memory and Language 59:390, on why both need an intercept. Laplace's deviance (deviance.py) is minimised over
(β, σ²) with its exact gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from analysis.deviance import Laplace
from analysis.estimates import Interval
from analysis.threads import one_thread

FARTHEST = 15.0  # log odds: beyond it an estimate is running to infinity
UNSEEN = 4  # with fewer levels, intervals that trust a spread of 0 hold the truth in 86% to 91% of studies
SEEN = 1e-4  # a smaller variance is none, and has no share in the covariance


class Few(NamedTuple):
    """What few levels do to the intercept: its variance is ``wider`` times as large, and t has ``df``."""

    wider: float
    df: float


@dataclass(frozen=True)
class Mixed:
    """A fitted model. ``sd`` are the standard deviations of participants and items, in log odds.

    ``covariance`` is that of ``beta``, from the inverted Hessian of the Laplace deviance in (β, σ²), a
    variance that ended at 0 held there; maximum likelihood's, so too small where levels are few (``few``).
    """

    beta: np.ndarray
    covariance: np.ndarray
    sd: np.ndarray
    deviance: float
    laplace: Laplace

    @cached_property
    def few(self) -> Few:
        """The step from maximum to restricted likelihood for the intercept, and its degrees of freedom.

        Let v be the intercept's variance, and v_k what it would be without the other factor's spread: in
        balanced normal data n_k − 1 degrees of freedom carry it, and maximum likelihood finds (n_k − 1)/n_k
        of it. So v gets v_k/(n_k − 1) more from each factor, and t has Satterthwaite's (1946, Biometrics
        Bulletin 2:110) degrees of freedom, v²/Σ v_k²/(n_k − 1). A factor that shows no spread has no part in
        either; if none does, participants are counted. But fewer than ``UNSEEN`` levels cannot show that they
        have none: then these alone are counted, which is cautious.
        """
        k, variance = len(self.beta), float(self.covariance[0, 0])
        sizes = [self.laplace.sizes[place] for place in self.laplace.order]
        fewest = min(size for size in sizes if size > 1)
        if fewest < UNSEEN:
            return Few(fewest / (fewest - 1), fewest - 1)
        active = [which for which in (0, 1) if self.sd[which] ** 2 > SEEN and sizes[which] > 1]
        if len(active) < 2:
            n = sizes[active[0] if active else 0]
            return Few(n / (n - 1), n - 1)
        parts = []
        for which, n in enumerate(sizes):
            alone = np.concatenate([self.beta, self.sd**2])
            alone[k + 1 - which] = 0.0
            with one_thread():
                parts.append((float(_covariance(self.laplace, alone)[0, 0]), n - 1))
        more = sum(part / df for part, df in parts)
        whole = variance + more
        return Few(whole / variance, whole**2 / sum((part * (1 + 1 / df)) ** 2 / df for part, df in parts))

    @property
    def error(self) -> np.ndarray:
        """Standard errors of ``beta``."""
        return np.sqrt(np.diag(self.covariance))

    def intercept(self) -> tuple[Interval, float]:
        """95% interval of the intercept, and the two-sided p-value of its being 0 (see ``few``)."""
        return self._wald(0, self.few.wider, self.few.df)

    def slope(self, which: int, df: float) -> tuple[Interval, float]:
        """The same of the slope β[which], with ``df`` degrees of freedom."""
        return self._wald(which, 1.0, df)

    def _wald(self, which: int, wider: float, df: float) -> tuple[Interval, float]:
        beta, error = float(self.beta[which]), float(self.error[which] * np.sqrt(wider))
        student = stats.t(df)
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
        laplace=laplace,
    )


def profile_interval(model: Mixed) -> Interval | None:
    """95%: intercepts whose best deviance exceeds the minimum by no more than few levels explain.

    Venzon & Moolgavkar (1988), Applied Statistics 37:87, with ``few.wider`` times the square of Student's t
    where they have χ² with one degree of freedom. None where the deviance does not rise so far.
    """
    quantile = float(np.sqrt(model.few.wider) * stats.t.ppf(0.975, model.few.df))
    limit = model.deviance + quantile**2
    free = np.ones(len(model.beta) + 2, dtype=bool)
    free[0] = False
    bounds = []
    for side in (-1, 1):
        place = np.concatenate([model.beta, model.sd**2])

        def excess(value: float, place: np.ndarray = place) -> float:
            place[0] = value
            ends = _minimise(model.laplace, place, free)
            place[:] = ends.x
            return float(ends.fun) - limit

        step = side * quantile * model.error[0]
        inside, outside = model.beta[0], model.beta[0] + step
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
    loose = np.concatenate([np.ones(k, dtype=bool), place[k:] > SEEN])
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
