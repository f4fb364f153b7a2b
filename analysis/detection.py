"""Signal detection beyond the pooled d': over participants and items, by origin, system and clip. Pure.

Each clip of a pair is one yes/no judgement 'this is AI' (see pairs.py). What was sampled are people and
clips; an interval that shall hold for other people and other clips has to draw both anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis.clustered import CLUSTERED, clustered_share
from analysis.estimates import (
    Interval,
    detection,
    detection_intervals,
    detections,
    weight_blocks,
    wilson,
)

DETECTION = ["hits", "misses", "false_alarms", "correct_rejections"]
TWO_WAY = (
    "Log-linear correction (Hautus 1995); bootstrap of participants and items with product weights (Owen & "
    "Eckles 2012), noise counted once; Student's t with Satterthwaite's degrees of freedom; with fewer than "
    "six items too narrow"
)
ONE_WAY = (
    "Log-linear correction (Hautus 1995); percentile bootstrap over participants: it is about these very "
    "clips, and too narrow for others of the kind"
)
PER_CLIP = "Wilson score interval"


def sensitivity(
    judged: pd.DataFrame, rng: np.random.Generator, resamples: int, items: str = "item"
) -> dict[str, Any]:
    """d' and criterion of judgements, with intervals that hold for other participants and other items.

    ``judged`` has the columns participant_id, ``items`` and the four counts of DETECTION. Where there is one
    item, or one participant heard each, the intervals are over participants alone, and ``method`` says so.
    ``same_items`` has these in any case: they hold for the very items that were heard, and for others in 73%
    of studies only (docs/analysis.md).
    """
    d_prime, criterion = detection(*(int(judged[name].sum()) for name in DETECTION))
    same = other = (None, None)
    people, names = pd.factorize(judged["participant_id"], sort=True)
    item = pd.factorize(judged[items], sort=True)[0]
    # Without a signal or without noise there is no d' at all, whatever a resample of it would say.
    if d_prime is not None:
        counts = judged[DETECTION].to_numpy(dtype=int)
        own = np.zeros((len(names), len(DETECTION)), dtype=int)
        np.add.at(own, people, counts)
        same = detection_intervals(own, rng, resamples)
        other = two_way_intervals(people, item, counts, rng, resamples)
    shown = same if other[0] is None else other
    return {
        "n_judgements": int(judged[DETECTION].to_numpy().sum()),
        "n_participants": len(names),
        "n_items": int(item.max(initial=-1)) + 1,
        "d_prime": d_prime,
        "criterion": criterion,
        "ci95": shown[0],
        "criterion_ci95": shown[1],
        "method": ONE_WAY if other[0] is None else TWO_WAY,
        "same_items": {"ci95": same[0], "criterion_ci95": same[1], "method": ONE_WAY},
        "note": None if d_prime is not None else "d' needs judgements of AI clips and of human clips.",
    }


def two_way_intervals(
    people: np.ndarray, items: np.ndarray, counts: np.ndarray, rng: np.random.Generator, resamples: int = 2000
) -> tuple[Interval | None, Interval | None]:
    """95% intervals of d' and c that hold for other participants and other items.

    ``people`` and ``items`` are codes of shape (n,), ``counts`` has shape (n, 4) as ``detection`` takes them.
    Participants and items get multinomial weights, an answer the product of its two (Owen 2007, Annals of
    Applied Statistics 1:386; Owen & Eckles 2012, ibid. 6:895). The variance over such resamples holds the
    participants' and the items' parts once and the answers' own noise three times; resamples of participants
    alone and of items alone hold one part and the noise once. So twice the sum of these two, less the first,
    counts each once. Where levels are few, each part is scaled by levels / (levels − 1), and t gets
    Satterthwaite's (1946) degrees of freedom. None for fewer than two participants or items, or without
    judgements of both origins.
    """
    sizes = [int(codes.max(initial=-1)) + 1 for codes in (people, items)]
    totals = np.asarray(counts, dtype=float).sum(axis=0) if len(counts) else np.zeros(4)
    if min(sizes) < 2 or totals[:2].sum() == 0 or totals[2:].sum() == 0:
        return None, None
    table = _table(people, items, counts, sizes)
    by_item = np.asarray(table.sum(axis=0)).reshape(sizes[1], 4)
    draws: list[list[np.ndarray]] = [[], [], []]
    for weights in zip(*(weight_blocks(size, rng, resamples) for size in sizes), strict=True):
        drawn = (table.T @ weights[0].T).T.reshape(-1, sizes[1], 4)
        for kind, pooled in zip(
            draws,
            (np.einsum("bij,bi->bj", drawn, weights[1]), drawn.sum(axis=1), weights[1] @ by_item),
            strict=True,
        ):
            kind.append(np.stack(_possible(pooled), axis=1))
    variances = [np.concatenate(kind).var(axis=0) for kind in draws]
    return tuple(
        _interval(estimate, *(float(variance[which]) for variance in variances), *sizes)
        for which, estimate in enumerate(detection(*(int(total) for total in totals)))
    )


def _table(people: np.ndarray, items: np.ndarray, counts: np.ndarray, sizes: list[int]) -> sparse.csr_array:
    """The counts as a matrix of participants by (item, kind of judgement)."""
    columns = (items[:, None] * 4 + np.arange(4)).ravel()
    rows = np.repeat(people, 4)
    table = sparse.coo_array(
        (np.asarray(counts, dtype=float).ravel(), (rows, columns)), (sizes[0], sizes[1] * 4)
    )
    return table.tocsr()


def _possible(pooled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """d' and c of the resamples that hold both origins."""
    return detections(pooled[(pooled[:, :2].sum(axis=1) > 0) & (pooled[:, 2:].sum(axis=1) > 0)])


def _interval(
    estimate: float, both: float, participant: float, item: float, n_people: int, n_items: int
) -> Interval:
    whole = 2 * (participant + item) - both
    noise = max(participant + item - whole, 0.0)
    by_item = max(whole - participant, 0.0) * n_items / (n_items - 1)
    by_people = max(whole - item, 0.0) * n_people / (n_people - 1)
    variance = max(by_people + by_item + noise, participant, item)
    spread = by_people**2 / (n_people - 1) + by_item**2 / (n_items - 1)
    quantile = stats.t.ppf(0.975, variance**2 / spread) if spread > 0 else stats.norm.ppf(0.975)
    half = float(quantile * np.sqrt(variance))
    return estimate - half, estimate + half


def judgements(pairs: pd.DataFrame, stimuli: pd.DataFrame) -> pd.DataFrame:
    """One row a clip heard and judged: participant_id, item, clip, origin, system, said_ai, DETECTION."""
    knows = pairs[pairs["choice"] != "dont_know"]
    sides = [
        pd.DataFrame(
            {
                "participant_id": knows["participant_id"],
                "item": knows["item"],
                "clip": knows[f"stimulus_{side}"],
                "said_ai": knows["choice"].isin([side, "both"]),
            }
        )
        for side in ("a", "b")
    ]
    clips = stimuli[["stimulus_id", "origin", "system"]].rename(columns={"stimulus_id": "clip"})
    judged = pd.concat(sides, ignore_index=True).merge(clips, on="clip", how="left", validate="many_to_one")
    return judged.assign(**outcomes(judged["said_ai"].astype(bool), judged["origin"] == "ai"))


def outcomes(said_ai: pd.Series, is_ai: pd.Series) -> dict[str, pd.Series]:
    """The four counts of DETECTION, 0 or 1, of judgements 'this is AI'."""
    parts = (said_ai & is_ai, ~said_ai & is_ai, said_ai & ~is_ai, ~said_ai & ~is_ai)
    return {name: part.astype(int) for name, part in zip(DETECTION, parts, strict=True)}


def by_origin(judged: pd.DataFrame) -> dict[str, Any]:
    """How readily clips of each origin are called AI: the hit rate and the false alarm rate."""
    return {origin: called(judged[judged["origin"] == origin]) for origin in ("ai", "human")}


def called(judged: pd.DataFrame) -> dict[str, Any]:
    """The share of judgements that say AI."""
    share = clustered_share(judged["said_ai"], judged["participant_id"])
    return {
        "n": share.n,
        "n_participants": share.people,
        "said_ai": share.correct,
        "share": share.share,
        "ci95": share.interval(),
        "method": CLUSTERED,
    }


def by_system(judged: pd.DataFrame, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Each system's clips against all human ones: how readily they are found out. Empty for one system."""
    machine = judged[judged["origin"] == "ai"]
    systems = machine["system"].fillna("system unknown")
    if systems.nunique() < 2:
        return {}
    human = judged[judged["origin"] == "human"]
    return {
        str(name): {
            **called(group),
            "detection": sensitivity(pd.concat([group, human]), rng, resamples),
        }
        for name, group in machine.groupby(systems, sort=True)
    }


def by_clip(judged: pd.DataFrame) -> dict[str, Any]:
    """How often each clip was called AI."""
    table = judged.groupby("clip", sort=True).agg(
        n=("said_ai", "size"),
        said_ai=("said_ai", "sum"),
        origin=("origin", "first"),
        system=("system", "first"),
    )
    return {
        str(clip): {
            "origin": row.origin,
            "system": None if pd.isna(row.system) else row.system,
            "n": int(row.n),
            "said_ai": int(row.said_ai),
            "share": int(row.said_ai) / int(row.n),
            "ci95": wilson(int(row.said_ai), int(row.n)),
            "method": PER_CLIP,
        }
        for clip, row in zip(table.index, table.itertuples(), strict=True)
    }
