"""Do listeners give the same answer twice, and were they there? Repeats and attention checks. Pure.

A repeat is the same two clips again with sides swapped; an answer is the same if it names the same clip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clustered import clustered_share, share_results
from analysis.columns import CHOICES
from analysis.estimates import Interval, bootstrap_error, weight_blocks
from analysis.fisher import delta_interval

KAPPA = (
    "Cohen's kappa (1960) of the first answer and the repeat; on Fisher's scale, standard error from a "
    "bootstrap over participants, Student's t with participants − 1 degrees of freedom"
)
EXPECT = "expect_"


def consistency_results(answers: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """The ``consistency`` part of results.json: repeated pairs, repeated preferences, attention checks."""
    return {
        **{kind: repeats(answers, kind, rng, resamples) for kind in ("pair", "preference")},
        "attention": attention(answers),
    }


def repeats(answers: pd.DataFrame, kind: str, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """How often the second answer to the same pair is the first one, and more often than by chance: kappa."""
    both = paired(answers[answers["kind"] == kind])
    share = clustered_share(both["first"] == both["again"], both["participant_id"])
    found, interval = kappa_interval(_tables(both), rng, resamples)
    return {
        "n": share.n,
        "n_participants": share.people,
        "equal": share.correct,
        "share": share.share,
        "ci95": share.interval(),
        "method": share_results([], [])["method"],
        "kappa": found,
        "kappa_ci95": interval,
        "kappa_method": KAPPA,
    }


def paired(answers: pd.DataFrame) -> pd.DataFrame:
    """Each repeat beside its first hearing: participant_id, first, again (as if sides were the same)."""
    keys = ["participant_id", "section"]
    columns = ["stimulus_a", "stimulus_b", "choice"]
    first = answers[answers["repeat_of"].isna()].drop_duplicates([*keys, "trial_id"])
    again = answers[answers["repeat_of"].notna()]
    both = again[[*keys, "repeat_of", *columns]].merge(
        first[[*keys, "trial_id", *columns]],
        left_on=[*keys, "repeat_of"],
        right_on=[*keys, "trial_id"],
        suffixes=("", "_first"),
    )
    turned = both["stimulus_a"] == both["stimulus_b_first"]
    swapped = both["choice"].replace({"a": "b", "b": "a"})
    return pd.DataFrame(
        {
            "participant_id": both["participant_id"],
            "first": both["choice_first"],
            "again": both["choice"].mask(turned, swapped),
        }
    )


def kappa(tables: np.ndarray) -> np.ndarray:
    """Cohen's kappa of tables of shape (n, k, k): (agreement − chance) / (1 − chance), NaN where that is 0/0.

    Cohen (1960), Educational and Psychological Measurement 20:37.

    >>> kappa(np.array([[[20, 5], [10, 15]]])).round(3).tolist()
    [0.4]
    """
    tables = np.asarray(tables, dtype=float)
    n = tables.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        agreed = np.trace(tables, axis1=1, axis2=2) / n
        chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / n**2
        return (agreed - chance) / (1 - chance)


def kappa_interval(
    tables: np.ndarray, rng: np.random.Generator, resamples: int
) -> tuple[float | None, Interval | None]:
    """Kappa of first answers by second ones, one row of ``tables`` (people, choices²) a participant, with its
    95% interval; None where it does not exist, and where all resamples agree."""
    side = len(CHOICES)
    found = float(kappa(tables.sum(axis=0).reshape(1, side, side))[0])
    if np.isnan(found):
        return None, None
    drawn = [
        kappa((weights @ tables).reshape(-1, side, side))
        for weights in weight_blocks(len(tables), rng, resamples)
    ]
    known = np.concatenate(drawn)
    quantile = float(stats.t.ppf(0.975, max(len(tables) - 1, 1)))
    return found, delta_interval(found, bootstrap_error(known[~np.isnan(known)], len(tables)), quantile)


def attention(answers: pd.DataFrame) -> dict[str, Any]:
    """Attention checks passed: the choice is the one that the participant was told to make."""
    checks = answers[(answers["kind"] == "attention") & answers["condition"].str.startswith(EXPECT, na=False)]
    passed = checks["choice"] == checks["condition"].str.removeprefix(EXPECT)
    found = share_results(passed, checks["participant_id"])
    failed = checks.loc[~passed.astype(bool), "participant_id"]
    return {
        "n": found["n"],
        "n_participants": found["n_participants"],
        "passed": found["correct"],
        "share": found["accuracy"],
        "ci95": found["ci95"],
        "method": found["method"],
        "participants_who_failed_one": int(failed.nunique()),
    }


def _tables(both: pd.DataFrame) -> np.ndarray:
    """Each participant's first answers by second answers, shape (participants, choices²)."""
    people, names = pd.factorize(both["participant_id"], sort=True)
    place = {choice: number for number, choice in enumerate(CHOICES)}
    cells = both["first"].map(place).to_numpy() * len(CHOICES) + both["again"].map(place).to_numpy()
    table = np.zeros((len(names), len(CHOICES) ** 2))
    np.add.at(table, (people, cells.astype(int)), 1)
    return table
