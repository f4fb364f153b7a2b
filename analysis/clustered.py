"""Shares of yes-or-no answers where one person gives several: what is right for the person as the unit. Pure.

The share is estimated as if answers were independent, and its error from how whole persons differ: a
generalised estimating equation with independence as the working model (Liang & Zeger 1986, Biometrika
73:13). Intervals and tests are made on the logit scale, where the estimate is closer to normal and cannot
leave 0 to 1, with Student's t of as many degrees of freedom as there are persons less one (Cameron & Miller
2015, Journal of Human Resources 50:317). Measured coverage: docs/analysis.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.estimates import Interval, clopper_pearson

CLUSTERED = (
    "Interval and t test on the logit scale, error clustered by participant (Liang & Zeger 1986), "
    "participants − 1 degrees of freedom; where all answers are alike, the exact interval of participants"
)


class Share(NamedTuple):
    """A share with what its error needs; ``error`` is on the logit scale, None where no spread was seen."""

    correct: int
    n: int
    people: int
    share: float | None
    error: float | None

    def interval(self, level: float = 0.95) -> Interval | None:
        """The interval of the share; None for fewer than two persons, or where their spread is nought.

        Where all answers are alike, each person counts once: the exact interval of persons (Clopper & Pearson
        1934), as if all answers of a person were one.
        """
        if self.error is None and self.people > 1 and self.correct in (0, self.n):
            return clopper_pearson(self.people if self.correct else 0, self.people, level)
        if self.error is None:
            return None
        half = float(stats.t.ppf((1 + level) / 2, self.people - 1)) * self.error
        centre = special.logit(self.share)
        return float(special.expit(centre - half)), float(special.expit(centre + half))

    def p_value(self, against: float = 0.5) -> float | None:
        """Two-sided p-value of the share being ``against``."""
        if self.error is None:
            return None
        distance = abs(special.logit(self.share) - special.logit(against)) / self.error
        return float(2 * stats.t.sf(distance, self.people - 1))

    def above(self, bound: float) -> float | None:
        """One-sided p-value of the share being at most ``bound``: small where it is above."""
        if self.error is None:
            return None
        distance = (special.logit(self.share) - special.logit(bound)) / self.error
        return float(stats.t.sf(distance, self.people - 1))


def clustered_share(correct: Sequence[bool], people: Sequence[Any]) -> Share:
    """The share of ``correct`` with the error that whole ``people`` give it; both of shape (n,).

    Variance of the share: G/(G−1) · Σ_g (correct_g − share·n_g)² / N²; of its logit: over (share·(1−share))².

    >>> share = clustered_share([True, True, False, True, False, False], "aabbcc")
    >>> share.share, round(share.error, 4)       # by hand: √(3/2 · (1 + 0 + 1)) / 6 / 0.25
    (0.5, 1.1547)
    """
    right = np.asarray(correct, dtype=bool)
    codes, count = _codes(people)
    n, yes = len(right), int(right.sum())
    if n == 0:
        return Share(0, 0, 0, None, None)
    share = yes / n
    apart = np.bincount(codes, right - share, count)
    if count < 2 or yes in (0, n) or np.allclose(apart, 0):
        return Share(yes, n, count, share, None)
    variance = count / (count - 1) * float(apart @ apart) / n**2
    return Share(yes, n, count, share, float(np.sqrt(variance)) / (share * (1 - share)))


def share_results(correct: Sequence[bool], people: Sequence[Any], against: float | None = None) -> dict:
    """A share as results.json says it; with a p-value where it is tested ``against`` a value."""
    found = clustered_share(correct, people)
    tested = {} if against is None else {"p_value": found.p_value(against)}
    return {
        "n": found.n,
        "n_participants": found.people,
        "correct": found.correct,
        "accuracy": found.share,
        "ci95": found.interval(),
        **tested,
        "method": CLUSTERED,
        "note": None if found.error is not None or not found.n else unspread(found),
    }


def unspread(share: Share) -> str:
    """Why a share has no clustered interval."""
    if share.people < 2:
        return "One participant gave all the answers, so nothing shows how participants differ."
    return "All participants answered alike, so nothing shows how participants differ."


def _codes(people: Sequence[Any]) -> tuple[np.ndarray, int]:
    codes, names = pd.factorize(np.array(list(people), dtype=object))
    return codes, len(names)
