"""Metres that are held, the grid that they make, and the bars of a score."""

import itertools

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from model.metre import TPQ, align, bar_at, bar_lines, bar_tick, hold
from model.score import bar_seconds, count_bars, describe
from tests.model.scores import score_of


@pytest.mark.parametrize(("written", "held", "noticed"), [
    ((4, 4), (4, 4), False), ((2, 2), (4, 4), False), ((3, 2), (6, 4), False), ((4, 8), (2, 4), False),
    ((12, 16), (6, 8), False), ((6, 16), (3, 8), False), ((24, 16), (12, 8), False), ((1, 4), (1, 4), False),
    ((4, 2), (4, 4), True), ((9, 8), (3, 8), True), ((9, 4), (3, 4), True),
    ((5, 8), (4, 4), True), ((7, 8), (4, 4), True), ((7, 4), (4, 4), True), ((0, 4), (4, 4), True),
])
def test_which_metre_stands_for_which(written, held, noticed):
    metre, notice = hold(*written)
    assert metre == held and bool(notice) == noticed


def test_an_upbeat_bar_ends_early_and_a_late_change_waits():
    upbeat, _ = align([(480, 3, 4)])
    assert upbeat == [(0, 1, 4), (480, 3, 4)]
    waits, _ = align([(600, 3, 4)])
    assert waits == [(0, 4, 4), (1920, 3, 4)]
    rounded, _ = align([(1918, 3, 4)])
    assert rounded == [(0, 4, 4), (1920, 3, 4)]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20), st.sampled_from([1, 2, 4, 8, 16])),
                max_size=8))
def test_a_grid_changes_only_on_its_own_bar_lines(signatures):
    grid, _ = align(signatures)
    assert grid[0][0] == 0 and align(grid)[0] == grid
    lines = bar_lines(grid, 100)
    assert len(lines) == 101 and all(low < high for low, high in itertools.pairwise(lines))
    assert {tick for tick, *_ in grid if tick <= lines[-1]} <= set(lines)
    assert lines == [bar_tick(grid, bar) for bar in range(101)]
    assert [bar_at(grid, line) for line in lines] == list(enumerate(lines))


def test_bars_follow_the_time_signatures():
    waltz = score_of({0: [(0, 480, 60, 80), (2 * 1440, 480, 60, 80), (2 * 1440 + 1920, 480, 60, 80)]},
                     tempos=[(0, 500_000), (1440, 1_000_000)], metres=[(0, 3, 4), (2 * 1440, 4, 4)])
    assert describe(waltz).bars == count_bars(waltz) == 4
    assert bar_seconds(waltz).tolist() == [0.0, 1.5, 4.5, 8.5, 12.5]
    assert bar_seconds(waltz, 5)[-1] == 16.5


def test_a_legato_over_the_bar_line_opens_no_bar_but_a_tie_does():
    assert count_bars(score_of({0: [(0, 1920 + 100, 60, 80)]})) == 1
    assert count_bars(score_of({0: [(0, 1920 + 480, 60, 80)]})) == 2
    assert count_bars(score_of({0: [(1920, 10, 60, 80)]})) == 2
    assert count_bars(symusic.Score(TPQ)) == 0
