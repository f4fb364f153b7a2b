"""What the preferences say: which system, which setting do listeners like better? Pure: frames -> results."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis.clustered import CLUSTERED, clustered_share
from analysis.columns import CHOICES
from analysis.davidson import davidson, probabilities
from analysis.estimates import Interval, bootstrap_error, percentiles, weight_blocks
from analysis.families import corrected
from analysis.summaries import setting_labels, system_labels

DAVIDSON = (
    "Bradley-Terry with ties (Davidson 1970); standard error from a bootstrap over participants, Student's t "
    "with participants − 1 degrees of freedom; about these very clips, not about others of the same systems"
)
RANK = "percentile bootstrap over participants"
MOST = 20  # things ranked: more make more pairs than anybody reads


def preference_results(
    answers: pd.DataFrame, stimuli: pd.DataFrame, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """The ``preferences`` part of results.json. Both and neither are ties; dont_know is left out."""
    asked = answers[(answers["kind"] == "preference") & answers["repeat_of"].isna()]
    asked = asked.sort_values(["participant_id", "answer_id"])
    counts = asked["choice"].value_counts()
    clips = stimuli.add_prefix("clip_")
    many = clips["clip_system"].nunique() > 1
    labels = {
        "by_system": system_labels(clips),
        "by_setting": setting_labels(clips, with_system=many),
    }
    heard = clips["clip_stimulus_id"].isin([*asked["stimulus_a"], *asked["stimulus_b"]])
    if labels["by_setting"][heard].nunique() == labels["by_system"][heard].nunique():
        # Each system in one setting: the settings would say the same again, and be tested twice.
        del labels["by_setting"]
    sides = asked[asked["choice"].isin(["a", "b"])]
    first = clustered_share(sides["choice"] == "a", sides["participant_id"])
    return {
        "n_participants": int(asked["participant_id"].nunique()),
        "n_answers": len(asked),
        "choices": {choice: int(counts.get(choice, 0)) for choice in CHOICES},
        "preferred_a": {
            "n": first.n,
            "share": first.share,
            "ci95": first.interval(),
            "method": CLUSTERED,
        },
        "by_setting": _unranked(0, 0, "Settings were not compared within a system."),
        **{
            name: ranking(
                asked, pd.Series(label.to_numpy(), index=stimuli["stimulus_id"]), name, rng, resamples
            )
            for name, label in labels.items()
        },
    }


def ranking(
    asked: pd.DataFrame, labels: pd.Series, family: str, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    """Strengths and ranks of what ``labels`` (clip id -> name) calls the clips; comparisons of like with like
    are left out."""
    told = asked.assign(first=asked["stimulus_a"].map(labels), second=asked["stimulus_b"].map(labels))
    told = told[(told["choice"] != "dont_know") & (told["first"] != told["second"])]
    names = sorted(set(told["first"]) | set(told["second"]))
    found = _unranked(len(told), int(told["participant_id"].nunique()), _why_not(told, names))
    if found["note"]:
        return found
    tables = _by_participant(told, names)
    wins, ties = _unpacked(np.asarray(tables.sum(axis=0)), len(names))
    strengths, tie = davidson(wins, ties)
    drawn, people = _resampled(tables, len(names), rng, resamples), tables.shape[0]
    ranks = stats.rankdata(-strengths, method="min").astype(int)
    found["tie_parameter"] = float(np.exp(tie))
    found["systems"] = {
        names[which]: {
            "strength": float(strengths[which]),
            "ci95": t_interval(float(strengths[which]), bootstrap_error(drawn[:, which], people), people),
            "rank": int(ranks[which]),
            "rank_ci95": percentiles(_ranks(drawn)[:, which]),
            "preferred": int(wins[which].sum()),
            "tied": int(ties[which].sum()),
            "not_preferred": int(wins[:, which].sum()),
            "n": int((wins[which] + wins[:, which] + ties[which]).sum()),
        }
        for which in np.argsort(-strengths, kind="stable")
    }
    shares = probabilities(strengths, float(tie))
    found["pairs"] = [
        _pair(names, i, j, strengths, drawn, people, shares, wins, ties)
        for i, j in combinations(range(len(names)), 2)
    ]
    corrected(f"preferences {family.replace('_', ' ')}", found["pairs"])
    return found


def _unranked(n: int, people: int, note: str | None) -> dict[str, Any]:
    return {
        "n": n,
        "n_participants": people,
        "method": DAVIDSON,
        "rank_method": RANK,
        "tie_parameter": None,
        "systems": {},
        "pairs": [],
        "note": note,
    }


def _why_not(told: pd.DataFrame, names: list[str]) -> str | None:
    if len(names) < 2:
        return "Nothing was compared with anything else."
    if len(names) > MOST:
        return f"More than {MOST} were compared, too many to rank."
    places = {name: place for place, name in enumerate(names)}
    links = (np.ones(len(told)), (told["first"].map(places), told["second"].map(places)))
    graph = sparse.coo_array(links, shape=(len(names), len(names)))
    if sparse.csgraph.connected_components(graph, directed=False)[0] > 1:
        return "Some were never compared with the others, even through a third, so there is no one ranking."
    return None


def _by_participant(told: pd.DataFrame, names: list[str]) -> sparse.csr_array:
    """Each participant's table: k x k times preferred, then k x k times tied (on both sides), flattened."""
    k = len(names)
    places = {name: place for place, name in enumerate(names)}
    people = pd.factorize(told["participant_id"], sort=True)[0]
    first, second = told["first"].map(places).to_numpy(), told["second"].map(places).to_numpy()
    turned = (told["choice"] == "b").to_numpy()
    tied = told["choice"].isin(["both", "neither"]).to_numpy()
    better, worse = np.where(turned, second, first), np.where(turned, first, second)
    columns = np.where(tied, k * k, 0) + better * k + worse
    rows = np.concatenate([people, people[tied]])
    columns = np.concatenate([columns, k * k + worse[tied] * k + better[tied]])
    shape = (int(people.max()) + 1, 2 * k * k)
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def _unpacked(tables: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    split = tables.reshape(*tables.shape[:-1], 2, k, k)
    return split[..., 0, :, :], split[..., 1, :, :]


def _resampled(tables: sparse.csr_array, k: int, rng: np.random.Generator, resamples: int) -> np.ndarray:
    """Strengths of resamples of participants, shape (resamples, k); (0, k) for one participant."""
    people = tables.shape[0]
    if people < 2:
        return np.zeros((0, k))
    return np.concatenate(
        [
            davidson(*_unpacked((tables.T @ weights.T).T, k))[0]
            for weights in weight_blocks(people, rng, resamples)
        ]
    )


def _ranks(strengths: np.ndarray) -> np.ndarray:
    return stats.rankdata(-strengths, axis=1) if len(strengths) else strengths


def _pair(
    names: list[str],
    i: int,
    j: int,
    strengths: np.ndarray,
    drawn: np.ndarray,
    people: int,
    shares: np.ndarray,
    wins: np.ndarray,
    ties: np.ndarray,
) -> dict[str, Any]:
    error = bootstrap_error(drawn[:, i] - drawn[:, j], people)
    difference = float(strengths[i] - strengths[j])
    return {
        "first": names[i],
        "second": names[j],
        "n": int(wins[i, j] + wins[j, i] + ties[i, j]),
        "preferred_first": int(wins[i, j]),
        "preferred_second": int(wins[j, i]),
        "tied": int(ties[i, j]),
        "difference": difference,
        "ci95": t_interval(difference, error, people),
        "p_first": float(shares[i, j]),
        "p_second": float(shares[j, i]),
        "p_value": float(2 * stats.t.sf(abs(difference) / error, people - 1)) if error else None,
        "method": DAVIDSON,
    }


def t_interval(estimate: float, error: float | None, people: int) -> Interval | None:
    """95% interval with Student's t of ``people`` − 1 degrees of freedom; None without an error."""
    if error is None:
        return None
    half = float(stats.t.ppf(0.975, people - 1)) * error
    return estimate - half, estimate + half
