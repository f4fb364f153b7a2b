"""How often the 95% intervals of ratings hold the truth, over 1,000 simulated studies each. Prints a table.

    python tests/bench/coverage_ratings.py [STUDIES]

Run from the root of the checkout; docs/analysis-ratings.md has what it printed. Every study is ratings of
1-5 cut from a normal or logistic scale, with listeners and clips of their own level.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.estimates import clustered_mean
from analysis.ordinal import fit
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


def _truths() -> tuple[dict[int, float], dict[bool, float]]:
    rng = np.random.default_rng(123)
    means = {heard: study(rng, 100_000, heard, heard, spreads=(0.8, 0.0))[0].mean() for heard in (6, 10)}
    values, _, said_ai, who, clip = study(rng, 100_000, 12, 10, spreads=(0.8, 0.0), halo=0.6)
    within = regression(values.astype(float), (~said_ai).astype(float)[:, None], who, clip)
    return means, {
        False: mean_difference(values.astype(float), ~said_ai, who).estimate,
        True: float(within.coefficients[0]),
    }


MEAN_TRUTH, HALO_TRUTH = _truths()
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
}


def main(studies: int) -> None:
    """One line a case: how many intervals held the truth, and how many studies gave one."""
    for number, (name, covers) in enumerate(CASES.items()):
        rng = np.random.default_rng(number)
        held = [answer for _ in range(studies) if (answer := covers(rng)) is not None]
        print(f"| {name} | {len(held)} | {np.mean(held):.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
