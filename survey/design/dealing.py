"""Deals a section's trials to participants, one after the other: who hears which, where, on which side, under
which label. Pure combinatorics; a number stands for a trial.

Counts differ by at most one after any number of participants, because everything runs in blocks:

- all of n trials: the orders of a block of n participants are the rows of E. J. Williams' Latin square
  (Aust. J. Chem. 2:149, 1949), relabelled for every block: every trial is once at every position, and for
  even n once right after every other;
- `size` of n trials: the r-th participant of a block of n hears an arc of the circle of trials that begins
  where the one before ended, moved on by one whenever the circle closes early (after n / gcd(n, size)
  participants). So each trial is heard equally often up to one, and in a block once at every position.
  Conditions are spread evenly around the circle, so everybody hears about the same share of each;
- `again` trials are heard twice: those at the first positions. Where everybody hears all trials, the rows
  come in an order in which these are such arcs too, so each trial is repeated equally often up to one. Where
  they hear `size` of n, repeats differ by at most `again`;
- sides and labels: the hearings of one trial come in twos (sides) or in as many as there are labels. Where
  everybody hears all trials, one participant also has every side and label equally often up to one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import TypeVar

Seeded = Callable[..., random.Random]       # a generator for a purpose, named by the arguments
Label = TypeVar("Label")


@dataclass(frozen=True)
class Hand:
    """What one participant hears: trials in order, and for each how many others heard it before."""

    order: tuple[int, ...]
    hearings: tuple[int, ...]


def deal(rng: Seeded, strata: Sequence[Hashable], size: int, again: int, ordinal: int) -> Hand:
    """The trials of one participant.

    Args:
        rng: generators, by purpose.
        strata: of every trial, what should be shared out evenly (its condition).
        size: how many trials each participant hears.
        again: how many of them are heard again.
        ordinal: the participant, from 0.
    """
    n = len(strata)
    block, row = divmod(ordinal, n)
    generator = rng("order", block)
    if size == n:
        labels, rows = list(range(n)), list(range(n))
        generator.shuffle(labels)
        if again:
            rows = _arcs(n, again)
        else:
            generator.shuffle(rows)
        order = tuple(labels[(column + rows[row]) % n] for column in williams(n))
        return Hand(order, (ordinal,) * n)
    labels, begins = _around(generator, strata), _arcs(n, size)
    order = tuple(labels[(column + begins[row]) % n] for column in williams(size))
    place = {label: number for number, label in enumerate(labels)}
    before = (sum((place[trial] - begins[earlier]) % n < size for earlier in range(row)) for trial in order)
    return Hand(order, tuple(block * size + count for count in before))


def _arcs(n: int, size: int) -> list[int]:
    """Where the arcs of `size` of a block of n participants begin on a circle of n."""
    return [(row * size + row // (n // gcd(n, size))) % n for row in range(n)]


def _around(rng: random.Random, strata: Sequence[Hashable]) -> list[int]:
    """The trials in a circle, those of every stratum at random but evenly spread."""
    members: dict[Hashable, list[int]] = {}
    for trial, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(trial)
    placed = []
    for trials in members.values():
        rng.shuffle(trials)
        start = rng.random()
        placed += [((start + number) / len(trials), trial) for number, trial in enumerate(trials)]
    return [trial for _, trial in sorted(placed)]


def williams(n: int) -> list[int]:
    """The first row of Williams' Latin square: 0, 1, n-1, 2, n-2, ... Its first members, however many, lie
    side by side on the circle of n."""
    return [(position + 1) // 2 if position % 2 else (n - position // 2) % n for position in range(n)]


def halves(rng: Seeded, groups: Sequence[Sequence[int]], ordinal: int) -> set[int]:
    """The trials that are heard the other way round by a participant who hears all of them: a random half of
    every group, and the other half by the next."""
    block, mirrored = divmod(ordinal, 2)
    generator = rng("sides", block)
    found: set[int] = set()
    for group in groups:
        free = list(group)
        generator.shuffle(free)
        half = len(free) // 2 + (len(free) % 2 and generator.randrange(2))
        found |= set(free[half:] if mirrored else free[:half])
    return found


def turned(rng: Seeded, trial: int, hearing: int) -> bool:
    """Whether this hearing of a trial is the other way round."""
    block, mirrored = divmod(hearing, 2)
    return bool(rng("side", trial, block).randrange(2)) ^ bool(mirrored)


def label(rng: Seeded, labels: Sequence[Label], strata: Sequence[Hashable], trial: int, hearing: int,
          whole: bool) -> Label:
    """The label under which a trial is heard for the `hearing`-th time (from 0). `whole`: everybody hears all
    trials, so that one hearing of all of them can be shared out among the labels."""
    block, row = divmod(hearing, len(labels))
    if not whole:
        return rng("label", trial, block).sample(labels, len(labels))[row]
    generator = rng("labels", block)
    order = list(range(len(strata)))
    generator.shuffle(order)
    order.sort(key=lambda one: str(strata[one]))      # within a stratum too, labels take turns
    return labels[(order.index(trial) + row) % len(labels)]


def in_turn(rng: Seeded, purpose: str, values: Sequence[Label], ordinal: int, number: int = 0) -> Label:
    """One of some values, each equally often up to one; another for every number."""
    block, row = divmod(ordinal, len(values))
    return rng(purpose, block).sample(values, len(values))[(row + number) % len(values)]
