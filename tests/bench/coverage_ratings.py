"""How often the 95% intervals of ratings hold the truth, over 1,000 simulated studies each. Prints a table.

    python tests/bench/coverage_ratings.py [STUDIES] [WORD: only the cases whose names hold it]

Run from the root of the checkout; docs/analysis-ratings.md has what it printed. Every study is ratings of
1-5 cut from a normal or logistic scale, with listeners and clips of their own level.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.estimates import clustered_mean
from analysis.krippendorff import alphas, crossed_interval, krippendorff_alpha, repeated_interval
from analysis.ordinal import fit
from analysis.ranks import friedman, signed_ranks
from analysis.surface import fitted
from analysis.within import mean_difference, regression

CUTS = np.array([-2, -0.7, 0.5, 1.8])


def study(rng, people, clips, heard, effect=-0.8, spreads=(0.8, 0.5), halo=0.0):
    """Ratings 1-5, whether the clip is by AI, whether it was taken for AI, who and what."""
    who = np.repeat(np.arange(people), heard)
    clip = np.concatenate([rng.permutation(clips)[:heard] for _ in range(people)])
    ai = (clip % 2).astype(float)
    said_ai = rng.random(len(who)) < 0.35 + 0.3 * ai
    eta = effect * ai - halo * said_ai + spreads[1] * rng.normal(size=clips)[clip]
    eta += spreads[0] * rng.normal(size=people)[who]
    values = 1 + ((eta + rng.logistic(size=len(eta)))[:, None] > CUTS).sum(axis=1)
    return values, ai, said_ai, who, clip


def model_covers(rng, people, clips, heard, spreads=(0.8, 0.5)) -> bool | None:
    """The ordinal mixed model's effect of AI; None where the study has no model."""
    values, ai, _, who, clip = study(rng, people, clips, heard, spreads=spreads)
    model = fit(values, {"by AI": ai}, who, clip)
    if isinstance(model, str):
        return None
    low, high = model.effect("by AI").ci95
    return low <= -0.8 <= high


def mean_covers(rng, people, heard) -> bool:
    """The clustered mean of ratings of clips that are the study's own; the truth by a million listeners."""
    values, _, _, who, _ = study(rng, people, heard, heard, spreads=(0.8, 0.0))
    low, high = clustered_mean(values.tolist(), who.tolist()).ci95
    return low <= MEAN_TRUTH[heard] <= high


def halo_covers(rng, people, heard, within_clips: bool) -> bool:
    """The halo difference, over all of a listener's clips or within clips, against that of many listeners."""
    values, _, said_ai, who, clip = study(rng, people, 12, heard, spreads=(0.8, 0.0), halo=0.6)
    if within_clips:
        found = regression(values.astype(float), (~said_ai).astype(float)[:, None], who, clip).contrast([1])
    else:
        found = mean_difference(values.astype(float), ~said_ai, who)
    return found.ci95[0] <= HALO_TRUTH[within_clips] <= found.ci95[1]


def alpha_covers(rng, people, clips, heard, spreads, truth) -> bool | None:
    """Krippendorff's alpha of other listeners and other clips of the kind."""
    values, _, _, who, clip = study(rng, people, clips, heard, effect=0.0, spreads=spreads)
    return _held(crossed_interval(who, clip, values - 1, 5), truth)


def repeats_cover(rng, people, again, spread, truth) -> bool | None:
    """Alpha of ratings given twice by the same listener, whose level and liking stay."""
    return _held(repeated_interval(*twice(rng, people, again, spread)), truth)


def twice(rng, people, again, spread):
    """Who rated a clip twice, and how often each value was given to it."""
    who = np.repeat(np.arange(people), again)
    liked = 0.8 * rng.normal(size=people)[who] + spread * rng.normal(size=len(who))
    pairs = ((liked[:, None] + rng.logistic(size=(len(who), 2)))[:, :, None] > CUTS).sum(axis=2)
    return who, np.stack([(pairs == value).sum(axis=1) for value in range(5)], axis=1)


def differences(rng, people, clips, effect):
    """Each listener's mean rating of one setting less that of another; tastes differ."""
    level, taste = 0.8 * rng.normal(size=people), 0.3 * rng.normal(size=people)
    sides = (level + effect / 2 + taste, level - effect / 2 - taste)
    eta = (side[:, None] + rng.logistic(size=(people, clips)) for side in sides)
    first, second = ((1 + (liked[:, :, None] > CUTS).sum(axis=2)).mean(axis=1) for liked in eta)
    return first - second


def biserial_covers(rng, people, clips, effect, truth) -> bool | None:
    """The matched-pairs rank-biserial correlation."""
    return _held(signed_ranks(differences(rng, people, clips, effect), rng, 1000)["ci95"], truth)


def table(rng, people, effects):
    """Everybody's rating of each of the settings."""
    eta = 0.8 * rng.normal(size=(people, 1)) + effects + 0.3 * rng.normal(size=(people, len(effects)))
    return 1 + ((eta + rng.logistic(size=eta.shape))[:, :, None] > CUTS).sum(axis=2)


def ranks_cover(rng, people, effects, truth) -> bool | None:
    """The mean correlation of two listeners' ranks."""
    return _held(friedman(table(rng, people, effects))["ci95"], truth)


def best_covers(rng, people, grid, clips_each, share, best, bend, apart) -> float:
    """Where the surface is highest in each factor, and how high: the share of these intervals that hold it.

    Clips of a setting lie ``apart``.
    """
    low, span = grid.min(axis=0), np.ptp(grid, axis=0)
    who, clip = np.nonzero(rng.random((people, len(grid) * clips_each)) < share)
    setting = clip // clips_each
    height = -bend * ((((grid[setting] - low) / span * 2 - 1) - best) ** 2).sum(axis=1)
    own = apart * rng.normal(size=len(grid) * clips_each)
    y = 3 + 0.7 * rng.normal(size=people)[who] + height + own[clip] + rng.normal(size=len(who))
    names = ["temperature", "top_k"][: grid.shape[1]]
    found = fitted(
        pd.DataFrame({"rating": y, "participant_id": who, "stimulus_a": clip}),
        pd.DataFrame(grid[setting], columns=names),
        rng,
        1000,
    )["optimum"]
    truth = low + (np.array(best) + 1) / 2 * span
    # top-k is looked for among whole numbers
    rooms = [0.0 if name == "temperature" else 0.5 for name in names]
    return np.array(
        [
            found["region"][name][0] - room <= at <= found["region"][name][1] + room
            for name, at, room in zip(names, truth, rooms, strict=True)
        ]
        + [found["ci95"][0] <= 3 <= found["ci95"][1]]
    ).mean()


def _held(interval, truth: float) -> bool | None:
    return None if interval is None else interval[0] <= truth <= interval[1]


def _truths() -> tuple[dict[int, float], dict[bool, float]]:
    rng = np.random.default_rng(123)
    means = {heard: study(rng, 100_000, heard, heard, spreads=(0.8, 0.0))[0].mean() for heard in (6, 10)}
    values, _, said_ai, who, clip = study(rng, 100_000, 12, 10, spreads=(0.8, 0.0), halo=0.6)
    within = regression(values.astype(float), (~said_ai).astype(float)[:, None], who, clip)
    return means, {
        False: mean_difference(values.astype(float), ~said_ai, who).estimate,
        True: float(within.coefficients[0]),
    }


def alpha_truth(spreads) -> float:
    """Alpha of two ratings each of two million clips by as many listeners."""
    rng, size = np.random.default_rng(124), 2_000_000
    liked = spreads[1] * rng.normal(size=size)
    pairs = [
        ((liked + spreads[0] * rng.normal(size=size) + rng.logistic(size=size))[:, None] > CUTS).sum(axis=1)
        for _ in range(2)
    ]
    together = np.bincount(pairs[0] * 5 + pairs[1], minlength=25).reshape(5, 5).astype(float)
    return float(alphas((together + together.T)[None])[0])


def repeats_truth(spread) -> float:
    """Alpha of a million listeners' repeats."""
    return krippendorff_alpha(twice(np.random.default_rng(125), 1_000_000, 1, spread)[1])


def biserial_truth(clips, effect) -> float:
    """The correlation of a million listeners."""
    d = differences(np.random.default_rng(126), 1_000_000, clips, effect)
    return signed_ranks(d, np.random.default_rng(0), 1)["rank_biserial"]


def ranks_truth(effects) -> float:
    """The correlation of 200,000 listeners."""
    return friedman(table(np.random.default_rng(127), 200_000, effects))["agreement"]


MEAN_TRUTH, HALO_TRUTH = _truths()
LINE = np.array([[0.5], [0.7], [0.9], [1.1], [1.3]])
GRID = np.array(list(product((0.5, 0.75, 1.0, 1.25), (5.0, 20.0, 50.0))))
SIX = np.array([-0.5, -0.2, 0.0, 0.0, 0.3, 0.6])
CASES = {
    "mean, 12 listeners x 6": lambda rng: mean_covers(rng, 12, 6),
    "mean, 40 listeners x 10": lambda rng: mean_covers(rng, 40, 10),
    "halo over all clips, 20 listeners x 10": lambda rng: halo_covers(rng, 20, 10, False),
    "halo over all clips, 60 listeners x 10": lambda rng: halo_covers(rng, 60, 10, False),
    "halo within clips, 20 listeners x 10": lambda rng: halo_covers(rng, 20, 10, True),
    "halo within clips, 60 listeners x 10": lambda rng: halo_covers(rng, 60, 10, True),
    "model, 24 listeners x 8 of 12 clips": lambda rng: model_covers(rng, 24, 12, 8),
    "model, 60 listeners x 10 of 20 clips": lambda rng: model_covers(rng, 60, 20, 10),
    "model, 30 listeners x 10 of 40 clips": lambda rng: model_covers(rng, 30, 40, 10),
    "model, 40 listeners x 10 of 16 clips, clips alike": lambda rng: model_covers(
        rng, 40, 16, 10, (0.8, 0.0)
    ),
    **{
        f"alpha, {people} listeners x {heard} of {clips} clips, truth {truth:.2f}": partial(
            alpha_covers, people=people, clips=clips, heard=heard, spreads=spreads, truth=truth
        )
        for people, clips, heard, spreads in (
            (24, 12, 8, (0.8, 0.5)), (40, 12, 12, (0.8, 0.8)), (40, 24, 12, (0.8, 0.2)),
            (20, 40, 10, (0.5, 1.0)), (60, 8, 8, (1.2, 0.4)), (300, 12, 12, (0.8, 0.8)),
            (12, 6, 6, (0.8, 0.8)),
        )
        for truth in [alpha_truth(spreads)]
    },
    **{
        f"alpha of repeats, {people} listeners x {again}, truth {truth:.2f}": partial(
            repeats_cover, people=people, again=again, spread=spread, truth=truth
        )
        for people, again, spread in ((15, 2, 1.0), (40, 1, 1.0), (40, 2, 2.5))
        for truth in [repeats_truth(spread)]
    },
    **{
        f"rank-biserial, {people} listeners x {clips}, truth {truth:.2f}": partial(
            biserial_covers, people=people, clips=clips, effect=effect, truth=truth
        )
        for people, clips, effect in ((12, 2, 0.0), (24, 2, 0.8), (24, 2, 1.5), (40, 1, 0.4), (40, 3, 1.5),
                                      (100, 2, 0.4))
        for truth in [biserial_truth(clips, effect)]
    },
    **{
        f"correlation of ranks, {people} listeners x {len(effects)}, truth {truth:.2f}": partial(
            ranks_cover, people=people, effects=effects, truth=truth
        )
        for people, effects in ((24, SIX), (60, SIX), (12, np.array([-1, -0.5, 0.5, 1])),
                                (40, np.array([-2.0, 0, 2])))
        for truth in [ranks_truth(effects)]
    },
    **{
        f"best point, {people} listeners, {len(grid)} settings of {each} clips, clips {apart} apart": partial(
            best_covers, people=people, grid=grid, clips_each=each, share=share, best=best, bend=0.5,
            apart=apart,
        )
        for people, grid, each, share, best, apart in (
            (30, LINE, 1, 1.0, (0.2,), 0.0), (30, LINE, 3, 0.7, (0.2,), 0.3), (30, LINE, 1, 1.0, (0.2,), 0.3),
            (40, GRID, 1, 0.8, (0.2, 0.3), 0.3), (40, GRID, 3, 0.4, (0.2, 0.3), 0.3),
        )
    },
}  # fmt: skip


def main(studies: int, only: str) -> None:
    """One line a case: how many intervals held the truth, and how many studies gave one."""
    for number, (name, covers) in enumerate(CASES.items()):
        if only not in name:
            continue
        rng = np.random.default_rng(number)
        held = [answer for _ in range(studies) if (answer := covers(rng)) is not None]
        print(f"| {name} | {len(held)} | {np.mean(held):.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else "")
