"""How often do the 95% intervals for pairs hold the truth? Simulated studies of known effects; JSON last.

    python -m tests.bench.coverage [--studies 1000] [--seed 0] [--only WORD]

The table in docs/analysis.md is this program's. A share of 1,000 studies has a standard error of 0.7 points.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import special, stats

from analysis.clustered import clustered_share
from analysis.consistency import kappa, kappa_interval
from analysis.davidson import davidson, probabilities
from analysis.detection import two_way_intervals
from analysis.equivalence import equivalence
from analysis.estimates import bootstrap_error, detection_intervals
from analysis.mixed import fit, profile_interval
from analysis.preferences import t_interval
from analysis.threads import one_thread

Held = Iterator[bool]  # one a study


def answers(rng: np.random.Generator, people: int, items: int, heard: int, spread: tuple, mean: float):
    """Right or wrong of ``people`` who hear ``heard`` of ``items``, by the mixed model; and the two codes."""
    person = np.repeat(np.arange(people), heard)
    item = np.concatenate([rng.permutation(items)[:heard] for _ in range(people)])
    able = spread[0] * rng.normal(size=people)[person] + spread[1] * rng.normal(size=items)[item]
    return (rng.random(len(person)) < special.expit(mean + able)).astype(float), person, item


def averaged(mean: float, spread: float) -> float:
    """The accuracy over people: the logistic curve averaged over a normal distribution."""
    z = np.linspace(-8, 8, 4001)
    return float(np.sum(special.expit(mean + spread * z) * stats.norm.pdf(z)) * (z[1] - z[0]))


def accuracy(
    rng: np.random.Generator, studies: int, people: int, heard: int, spread: float, mean: float
) -> Held:
    """The clustered interval; a fifth of the answers are undecided, so people differ in how many count."""
    truth = averaged(mean, spread)
    for _ in range(studies):
        right, person, _ = answers(rng, people, heard, heard, (spread, 0), mean)
        told = rng.random(len(right)) < 0.8
        interval = clustered_share(right[told] == 1, person[told]).interval()
        yield interval is not None and interval[0] <= truth <= interval[1]


def sensitivity(
    rng: np.random.Generator, studies: int, people: int, items: int, spread: tuple, both: bool
) -> Held:
    """d' of 1: each clip's evidence is normal, and people and items shift how far apart AI and human are."""
    truth = 1 / np.sqrt(1 + spread[0] ** 2 + spread[1] ** 2)
    person, item = np.divmod(np.arange(people * items), items)
    for _ in range(studies):
        apart = (
            0.5 + (spread[0] * rng.normal(size=people))[person] + (spread[1] * rng.normal(size=items))[item]
        )
        hits = rng.normal(size=len(person)) + apart > 0
        false = rng.normal(size=len(person)) - apart > 0
        counts = np.column_stack([hits, ~hits, false, ~false]).astype(int)
        if both:
            low, high = two_way_intervals(person, item, counts, rng, 400)[0]
        else:
            low, high = detection_intervals(counts.reshape(people, items, 4).sum(axis=1), rng, 400)[0]
        yield low <= truth <= high


def intercept(
    rng: np.random.Generator, studies: int, people: int, items: int, heard: int, spread: tuple, profile: bool
) -> Held:
    """The mixed model's log odds of a right answer."""
    for _ in range(studies):
        model = fit(*answers(rng, people, items, heard, spread, 0.4))
        low, high = (profile_interval(model) if profile else model.intercept()[0]) or (np.nan, np.nan)
        yield low <= 0.4 <= high


def equivalent(rng: np.random.Generator, studies: int, people: int, heard: int) -> Held:
    """Equivalence claimed at the very margin: not coverage but error; 5 in 100 are allowed."""
    mean = float(special.logit(0.6))
    while averaged(mean, 0.5) < 0.6:
        mean += 0.0005
    for _ in range(studies):
        right, person, _ = answers(rng, people, heard, heard, (0.5, 0), mean)
        yield equivalence(clustered_share(right == 1, person), 0.1)["equivalent"]


def preference(rng: np.random.Generator, studies: int, people: int) -> Held:
    """The first of three systems against the last, log odds 0.8 apart; everybody hears each pair twice."""
    strengths = np.array([0.4, 0.0, -0.4])
    shares = probabilities(strengths, -0.5)
    pairs = [(0, 1), (0, 2), (1, 2)]
    for _ in range(studies):
        wins, ties = np.zeros((people, 3, 3)), np.zeros((people, 3, 3))
        for i, j in pairs:
            counts = rng.multinomial(2, [shares[i, j], shares[j, i], 1 - shares[i, j] - shares[j, i]], people)
            wins[:, i, j], wins[:, j, i] = counts[:, 0], counts[:, 1]
            ties[:, i, j] = ties[:, j, i] = counts[:, 2]
        weights = rng.multinomial(people, np.full(people, 1 / people), 400).astype(float)
        drawn = davidson(*((weights @ part.reshape(people, 9)).reshape(-1, 3, 3) for part in (wins, ties)))[0]
        found = davidson(wins.sum(axis=0), ties.sum(axis=0))[0]
        error = bootstrap_error(drawn[:, 0] - drawn[:, 2], people)
        low, high = t_interval(found[0] - found[2], error, people)
        yield low <= 0.8 <= high


def repeated_answers(
    rng: np.random.Generator, people: int, repeats: int, kept: float, spread: float
) -> np.ndarray:
    """First answers by second ones, shape (people, 25): an answer is kept with the odds of ``kept`` times the
    person's own, else drawn anew."""
    shares = np.array([0.3, 0.3, 0.1, 0.1, 0.2])
    faith = special.expit(special.logit(kept) + spread * rng.normal(size=people))
    first, other = (rng.choice(5, size=(people, repeats), p=shares) for _ in range(2))
    again = np.where(rng.random((people, repeats)) < faith[:, None], first, other)
    table = np.zeros((people, 25))
    np.add.at(table, (np.repeat(np.arange(people), repeats), (first * 5 + again).ravel()), 1)
    return table


def own_agreement(rng: np.random.Generator, studies: int, *design: float) -> Held:
    """Cohen's kappa of a repeat; the truth by a million people."""
    _, repeats, kept, spread = design
    truth = kappa(repeated_answers(rng, 1_000_000, repeats, kept, spread).sum(axis=0).reshape(1, 5, 5))[0]
    for _ in range(studies):
        interval = kappa_interval(repeated_answers(rng, *design), rng, 1000)[1]
        if interval is not None:  # none where everybody answers alike
            yield interval[0] <= truth <= interval[1]


CASES: dict[str, Callable[[np.random.Generator, int], Held]] = {
    "clustered accuracy, 10 people, 5 pairs": lambda rng, n: accuracy(rng, n, 10, 5, 0.6, 0.4),
    "clustered accuracy, 40 people, 6 pairs": lambda rng, n: accuracy(rng, n, 40, 6, 0.6, 0.4),
    "clustered accuracy, 40 people, 6 pairs, 79% right": lambda rng, n: accuracy(rng, n, 40, 6, 1.2, 1.7),
    "clustered accuracy, 300 people, 12 pairs": lambda rng, n: accuracy(rng, n, 300, 12, 1.0, 0.2),
    "d', people alone, 40 people, 8 pairs": lambda rng, n: sensitivity(rng, n, 40, 8, (0.3, 0), False),
    "d', people alone, pairs differ": lambda rng, n: sensitivity(rng, n, 40, 12, (0.3, 0.3), False),
    "d', people and items, pairs differ": lambda rng, n: sensitivity(rng, n, 40, 12, (0.3, 0.3), True),
    "d', people and items, 24 pairs differ": lambda rng, n: sensitivity(rng, n, 40, 24, (0.3, 0.3), True),
    "d', people and items, 6 pairs differ": lambda rng, n: sensitivity(rng, n, 40, 6, (0.3, 0.3), True),
    "d', people and items, pairs alike": lambda rng, n: sensitivity(rng, n, 40, 12, (0.3, 0), True),
    "mixed model, 40 people, 12 items": lambda rng, n: intercept(rng, n, 40, 12, 12, (0.6, 0.5), False),
    "mixed model, 80 people, 24 items, 8 heard": lambda rng, n: intercept(
        rng, n, 80, 24, 8, (0.6, 0.5), False
    ),
    "mixed model, 24 people, 8 items": lambda rng, n: intercept(rng, n, 24, 8, 8, (0.8, 0.8), False),
    "mixed model, 40 people, 6 items alike": lambda rng, n: intercept(rng, n, 40, 6, 6, (0.6, 0), False),
    "mixed model, 40 people, 6 items": lambda rng, n: intercept(rng, n, 40, 6, 6, (0.6, 0.5), False),
    "mixed model, profile, 40 people, 12 items": lambda rng, n: intercept(
        rng, n, 40, 12, 12, (0.6, 0.5), True
    ),
    "Bradley-Terry difference, 30 people": lambda rng, n: preference(rng, n, 30),
    "kappa, 12 people, 1 repeat": lambda rng, n: own_agreement(rng, n, 12, 1, 0.5, 1.0),
    "kappa, 12 people, 3 repeats": lambda rng, n: own_agreement(rng, n, 12, 3, 0.6, 1.0),
    "kappa, 40 people, 1 repeat": lambda rng, n: own_agreement(rng, n, 40, 1, 0.85, 0.5),
    "kappa, 40 people, 2 repeats, people far apart": lambda rng, n: own_agreement(rng, n, 40, 2, 0.7, 1.5),
    "kappa, 100 people, 1 repeat, near chance": lambda rng, n: own_agreement(rng, n, 100, 1, 0.1, 0.5),
    "equivalence claimed at the margin, 60 people": lambda rng, n: equivalent(rng, n, 60, 8),
}


def main() -> None:
    """Print a line a case as it is done, and all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="the cases whose names hold this word")
    asked = parser.parse_args()
    shares = {}
    for name, case in ((name, case) for name, case in CASES.items() if asked.only in name):
        began = time.monotonic()
        with one_thread():
            shares[name] = float(np.mean(list(case(np.random.default_rng(asked.seed), asked.studies))))
        print(f"{shares[name]:.3f}  {name}  ({time.monotonic() - began:.0f} s)", flush=True)
    print(json.dumps({"studies": asked.studies, "seed": asked.seed, "shares": shares}))


if __name__ == "__main__":
    main()
