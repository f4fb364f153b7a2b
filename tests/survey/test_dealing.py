"""Dealing trials to participants: even after any number of them, whatever is dealt."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from survey.design import dealing

quick = settings(max_examples=60, deadline=None)


def seeded(*parts: object) -> random.Random:
    return random.Random(repr(parts))


def spread(counts: Counter, keys: list) -> int:
    """The largest count less the smallest, of all keys, also those never counted."""
    return max(counts[key] for key in keys) - min(counts[key] for key in keys)


def hands(strata: list[str], size: int, again: int, participants: int) -> list[dealing.Hand]:
    return [dealing.deal(seeded, strata, size, again, ordinal) for ordinal in range(participants)]


@quick
@given(st.lists(st.sampled_from("xyz"), min_size=1, max_size=12), st.data(), st.integers(1, 40))
def test_trials_and_positions_are_even(strata: list[str], data: st.DataObject, people: int) -> None:
    size = data.draw(st.integers(1, len(strata)))
    heard, positions, before = Counter(), Counter(), Counter()
    for hand in hands(strata, size, 0, people):
        assert len(set(hand.order)) == size
        assert hand.hearings == tuple(before[trial] for trial in hand.order)
        before.update(hand.order)
        heard.update(hand.order)
        positions.update(enumerate(hand.order))
    everything = range(len(strata))
    assert spread(heard, list(everything)) <= 1
    assert spread(positions, [(place, trial) for place in range(size) for trial in everything]) <= 1


@quick
@given(st.integers(2, 12), st.data(), st.integers(1, 40))
def test_repeats_are_even_where_all_hear_all(n: int, data: st.DataObject, people: int) -> None:
    again = data.draw(st.integers(1, n // 2))
    repeated = Counter(trial for hand in hands(["x"] * n, n, again, people) for trial in hand.order[:again])
    assert spread(repeated, list(range(n))) <= 1


@quick
@given(st.integers(3, 10), st.data(), st.integers(1, 40))
def test_repeats_of_a_share_differ_by_their_number_at_most(n: int, data: st.DataObject, people: int) -> None:
    size = data.draw(st.integers(2, n - 1))
    again = data.draw(st.integers(1, size // 2))
    dealt = hands(["x"] * n, size, again, people)
    repeated = Counter(trial for hand in dealt for trial in hand.order[:again])
    assert spread(repeated, list(range(n))) <= again


def test_everybody_hears_about_the_same_share_of_every_condition() -> None:
    strata = ["one_ai"] * 20 + ["both_ai"] * 4 + ["both_human"] * 4
    for hand in hands(strata, 14, 0, 60):
        shares = Counter(strata[trial] for trial in hand.order)
        assert 9 <= shares["one_ai"] <= 11
        assert all(1 <= shares[catch] <= 3 for catch in ("both_ai", "both_human"))


@quick
@given(st.integers(1, 9), st.integers(1, 40))
def test_sides_are_even_for_everybody_and_over_everybody(n: int, people: int) -> None:
    turned, single = Counter(), Counter()
    for ordinal in range(people):
        half = dealing.halves(seeded, [range(n)], ordinal)
        assert abs(2 * len(half) - n) <= 1
        turned.update((trial, trial in half) for trial in range(n))
        single.update([dealing.turned(seeded, 0, ordinal)])
    for trial in range(n):
        assert spread(turned, [(trial, True), (trial, False)]) <= 1
    assert spread(single, [True, False]) <= 1


@quick
@given(st.integers(2, 8), st.integers(2, 3), st.booleans(), st.integers(1, 30))
def test_labels_are_even_for_every_clip(n: int, labels: int, whole: bool, people: int) -> None:
    names = ("blind", "true", "false")[:labels]
    strata = ["ai" if trial % 2 else "human" for trial in range(n)]
    counts = Counter()
    for hearing in range(people):
        told = {trial: dealing.label(seeded, names, strata, trial, hearing, whole) for trial in range(n)}
        counts.update(told.items())
        if whole:
            assert spread(Counter(told.values()), list(names)) <= 1
            for origin in ("ai", "human"):
                mine = Counter(told[trial] for trial in range(n) if strata[trial] == origin)
                assert spread(mine, list(names)) <= 1
    for trial in range(n):
        assert spread(counts, [(trial, name) for name in names]) <= 1


@quick
@given(st.integers(1, 30))
def test_values_take_turns(people: int) -> None:
    counts = Counter(dealing.in_turn(seeded, "notes", (2, 3, 4, 5), ordinal) for ordinal in range(people))
    assert spread(counts, [2, 3, 4, 5]) <= 1
    assert len({dealing.in_turn(seeded, "notes", (2, 3, 4, 5), people, number) for number in range(4)}) == 4


def test_the_first_of_williams_row_lie_side_by_side() -> None:
    for n in range(1, 12):
        row = dealing.williams(n)
        assert sorted(row) == list(range(n))
        for many in range(1, n):
            arc = sorted(row[:many])
            gaps = [after - before for before, after in pairwise([*arc, arc[0] + n])]
            assert sorted(gaps)[:-1] == [1] * (many - 1)
