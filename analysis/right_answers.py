"""The mixed model of right answers, and what moves it: experience of music, the position in the test. Pure.

Everything here is about decided answers: a or b, on pairs with exactly one AI clip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.columns import LEVELS
from analysis.estimates import Interval
from analysis.mixed import Mixed, fit, profile_interval

MIXED = (
    "Logistic model with crossed random intercepts of participants and items, maximum likelihood by Laplace "
    "approximation (Bates et al. 2015); Wald interval and test, variance as by restricted likelihood, "
    "Student's t with Satterthwaite's degrees of freedom"
)
SLOPE = (
    "Slope in the logistic model with crossed random intercepts of participants and items (Bates et al. "
    "2015); Wald interval and test, participants − 2 degrees of freedom"
)
TRAINING = "q_mt_"  # the questions of the musical training block
REVERSED = ("q_mt_not_musician",)
POINTS = 7
NODES = 40  # of the Gauss-Hermite rule over people and items


def mixed_results(decided: pd.DataFrame) -> dict[str, Any]:
    """The model without covariates: how accurate is a typical listener on a typical item, how do they vary?

    ``accuracy`` is that of the typical listener and item; ``average`` that of all, the logistic curve
    averaged over people and items (at the fitted variances, ends of the interval likewise).
    """
    found: dict[str, Any] = {
        "n": len(decided),
        "n_participants": int(decided["participant_id"].nunique()),
        "n_items": int(decided["item"].nunique()),
        "intercept": None,
        "se": None,
        "df": None,
        "ci95": None,
        "profile_ci95": None,
        "p_value": None,
        "accuracy": None,
        "accuracy_ci95": None,
        "accuracy_profile_ci95": None,
        "average": None,
        "average_ci95": None,
        "sd_participants": None,
        "sd_items": None,
        "deviance": None,
        "method": MIXED,
        "note": None,
    }
    model = _fitted(decided, np.ones((len(decided), 1)))
    if isinstance(model, str):
        return found | {"note": model}
    interval, p = model.intercept()
    profile = profile_interval(model)
    spread = float(np.hypot(*model.sd))
    return found | {
        "intercept": float(model.beta[0]),
        "se": float(model.error[0] * np.sqrt(model.few.wider)),
        "df": float(model.few.df),
        "ci95": interval,
        "profile_ci95": profile,
        "p_value": p,
        "accuracy": float(special.expit(model.beta[0])),
        "accuracy_ci95": _shares(interval, 0.0),
        "accuracy_profile_ci95": _shares(profile, 0.0),
        "average": averaged(float(model.beta[0]), spread),
        "average_ci95": _shares(interval, spread),
        "sd_participants": float(model.sd[0]),
        "sd_items": float(model.sd[1]),
        "deviance": model.deviance,
    }


def averaged(intercept: float, spread: float) -> float:
    """E[1 / (1 + exp(−intercept − spread·z))], z standard normal, by Gauss-Hermite quadrature.

    >>> averaged(0.0, 2.0)
    0.5
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return round(float(weights @ special.expit(intercept + spread * nodes) / weights.sum()), 12)


def moderators(decided: pd.DataFrame, participants: pd.DataFrame) -> dict[str, Any]:
    """Does experience go with better answers? One model a measure; odds ratios of a right answer a step.

    musician: yes against no. level: a step up the five levels, taken as equally far apart. musical_training:
    a point (1-7) of the mean of the training block's questions, of those who answered all of them.
    """
    who = decided["participant_id"]
    levels = {level: step for step, level in enumerate(LEVELS)}
    scores = training_score(participants)
    return {
        "musician": slope(decided, decided["musician"].map({"yes": 1.0, "no": 0.0}), "yes against no"),
        "level": slope(decided, decided["level"].map(levels), "a level up"),
        "musical_training": slope(decided, who.map(scores), "a point of 7 more"),
    }


def training_score(participants: pd.DataFrame) -> pd.Series:
    """Mean of the musical training questions (1-7) by participant id, reversed ones turned; NA where one is
    missing."""
    columns = [name for name in participants if name.startswith(TRAINING)]
    points = participants[columns].apply(pd.to_numeric, errors="coerce").astype(float)
    points = points.where((points >= 1) & (points <= POINTS))
    turned = [name for name in columns if name in REVERSED]
    points[turned] = POINTS + 1 - points[turned]
    score = points.mean(axis=1, skipna=False) if columns else pd.Series(np.nan, index=participants.index)
    return pd.Series(score.to_numpy(dtype=float), index=participants["participant_id"])


def slope(decided: pd.DataFrame, measure: pd.Series, unit: str) -> dict[str, Any]:
    """Odds ratio of a right answer for one more ``unit`` of ``measure`` (NA where unknown: left out)."""
    known = measure.notna().to_numpy()
    rows, x = decided[known], measure[known].to_numpy(dtype=float)
    found: dict[str, Any] = {
        "n": len(rows),
        "n_participants": int(rows["participant_id"].nunique()),
        "unit": unit,
        "odds_ratio": None,
        "ci95": None,
        "p_value": None,
        "method": SLOPE,
        "note": None,
    }
    if len(np.unique(x)) < 2:
        return found | {"note": "All known values are the same." if len(x) else "No value is known."}
    model = _fitted(rows, np.column_stack([np.ones(len(x)), x - x.mean()]))
    if isinstance(model, str):
        return found | {"note": model}
    # The measure differs between participants, whatever the items: so they are what is counted.
    (low, high), p = model.slope(1, df=max(found["n_participants"] - 2, 1))
    return found | {
        "odds_ratio": float(np.exp(model.beta[1])),
        "ci95": (float(np.exp(low)), float(np.exp(high))),
        "p_value": p,
    }


def _fitted(decided: pd.DataFrame, x: np.ndarray) -> Mixed | str:
    """The model, or the sentence that says why there is none."""
    codes = (pd.factorize(decided[column], sort=True)[0] for column in ("participant_id", "item"))
    try:
        return fit(decided["correct"].to_numpy(dtype=float), *codes, x)
    except ValueError as error:
        return f"The model cannot be fitted: {error}"


def _shares(interval: Interval | None, spread: float) -> Interval | None:
    return None if interval is None else (averaged(interval[0], spread), averaged(interval[1], spread))
