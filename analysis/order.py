"""Does it matter on which side a clip stands, or how late in the test it comes? Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.families import corrected
from analysis.right_answers import slope

SIDE = (
    "Share of a among a and b, the pairs with the AI at A and at B counting alike; t interval, error "
    "clustered by participant"
)


def order_results(pairs: pd.DataFrame) -> dict[str, Any]:
    """The side and the position of decided answers, from the frame of ``judged``; Holm over the two tests."""
    decided = pairs[pairs["decided"]]
    found = {"side": side(decided), "position": slope(decided, decided["position"], "a position later")}
    corrected("order of pairs", list(found.values()))
    return found


def side(decided: pd.DataFrame) -> dict[str, Any]:
    """Is A named more often than B, whatever is true?

    Where the AI stands at A and at B equally often this is the share of a. Where it does not, naming the
    right clip would look like a bias: so the shares under either truth are averaged. Their error comes from
    the sums of (said a − share under this truth) / 2n by participant (Liang & Zeger 1986).
    """
    said = (decided["choice"] == "a").to_numpy(dtype=float)
    at_a = (decided["truth"] == "a").to_numpy()
    people, names = pd.factorize(decided["participant_id"])
    found: dict[str, Any] = {
        "n": len(decided),
        "n_participants": len(names),
        "said_a": int(said.sum()),
        "share": None,
        "ci95": None,
        "p_value": None,
        "method": SIDE,
    }
    if at_a.all() or not at_a.any():
        return found
    shares = np.where(at_a, said[at_a].mean(), said[~at_a].mean())
    apart = np.bincount(people, (said - shares) / (2 * np.where(at_a, at_a.sum(), (~at_a).sum())), len(names))
    share = float((said[at_a].mean() + said[~at_a].mean()) / 2)
    found["share"] = share
    if len(names) < 2 or np.allclose(apart, 0):
        return found
    error = float(np.sqrt(len(names) / (len(names) - 1) * (apart @ apart)))
    half = float(stats.t.ppf(0.975, len(names) - 1)) * error
    return found | {
        "ci95": (max(share - half, 0.0), min(share + half, 1.0)),
        "p_value": float(2 * stats.t.sf(abs(share - 0.5) / error, len(names) - 1)),
    }
