"""May anybody say 'indistinguishable'? Equivalence, and the weight of evidence for guessing. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

from analysis.clustered import Share

TOST = (
    "Two one-sided tests (Schuirmann 1987) that accuracy lies within the margin around 1/2, on the logit "
    "scale with error clustered by participant"
)
EXACT_TOST = "Two one-sided exact binomial tests (Schuirmann 1987), answers taken as independent"
BAYES = (
    "Beta-binomial Bayes factor of accuracy = 1/2 against a uniform prior on 0 to 1, and on 1/2 to 1 "
    "(Jeffreys 1961); answers taken as independent, so with several answers a participant it claims too much"
)
LEVEL = 0.05


def equivalence(share: Share, margin: float) -> dict[str, Any]:
    """Is the accuracy shown to lie within 1/2 ± ``margin``?

    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15:657: two one-sided tests at 5%, the
    larger p-value counts; equivalent to the 90% interval lying within the margin. ``equivalent`` follows the
    clustered test, and is False where that cannot be made: no spread was seen, so nothing was shown.
    Raises ValueError for a margin outside 0 to 1/2.
    """
    low, high = bounds(margin)
    below = share.above(low)
    above = share.above(high)
    p = None if below is None or above is None else max(below, 1 - above)
    return {
        "n": share.n,
        "n_participants": share.people,
        "margin": margin,
        "bounds": (low, high),
        "level": LEVEL,
        "ci90": share.interval(1 - 2 * LEVEL),
        "p_value": p,
        "equivalent": p is not None and p < LEVEL,
        "method": TOST,
        "exact": {"p_value": exact_tost(share.correct, share.n, margin), "n": share.n, "method": EXACT_TOST},
    }


def exact_tost(correct: int, n: int, margin: float) -> float | None:
    """The larger exact one-sided p-value: P(X ≥ correct | 1/2 − margin) or P(X ≤ correct | 1/2 + margin).

    >>> round(exact_tost(50, 100, 0.1), 4)
    0.0271
    """
    if n == 0:
        return None
    low, high = bounds(margin)
    return float(max(stats.binom.sf(correct - 1, n, low), stats.binom.cdf(correct, n, high)))


def bounds(margin: float) -> tuple[float, float]:
    """The accuracies that count as guessing; raises ValueError for a margin outside 0 to 1/2."""
    if not 0 < margin < 0.5:
        raise ValueError(f"the margin must lie between 0 and 0.5, both exclusive, and is {margin}.")
    return 0.5 - margin, 0.5 + margin


def bayes_factors(correct: int, n: int) -> dict[str, Any]:
    """How many times likelier ``correct`` of ``n`` is if listeners guess than if accuracy could be anything.

    BF₀₁ = 2⁻ⁿ / B(k + 1, n − k + 1) against Beta(1, 1); against the uniform on 1/2 to 1 the denominator is
    2·B(k + 1, n − k + 1)·P(p > 1/2), p ~ Beta(k + 1, n − k + 1). Above 1 speaks for guessing. Jeffreys
    (1961), Theory of Probability, section 5.1; Wagenmakers (2007), Psychonomic Bulletin & Review 14:779.

    >>> round(bayes_factors(5, 10)["bf01"], 3)      # 11 · C(10, 5) / 2¹⁰
    2.707
    """
    log_two = log_one = None
    if n:
        log_two = -n * np.log(2) - special.betaln(correct + 1, n - correct + 1)
        log_one = log_two - np.log(2) - stats.beta.logsf(0.5, correct + 1, n - correct + 1)
    return {
        "n": n,
        "bf01": _factor(log_two),
        "bf01_one_sided": _factor(log_one),
        "log10_bf01": None if log_two is None else float(log_two / np.log(10)),
        "method": BAYES,
    }


def _factor(log: float | None) -> float | None:
    """A factor too large for a number is None; its logarithm is still told."""
    return None if log is None or abs(log) > 700 else float(np.exp(log))
