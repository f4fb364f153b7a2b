"""Parties in line are served in turn, and are told where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.line import Line, expected_wait
from model.view import about, ordinal


def everybody(line: Line) -> list:
    return [line.serve() for _ in range(len(line))]


def test_one_with_many_does_not_hold_up_another_with_one():
    line = Line()
    for ticket in "abcd":
        line.join("many", ticket)
    line.join("one", "z")
    assert line.ahead("many") == [] and line.ahead("one") == ["a"] and line.ahead("nobody") is None
    assert everybody(line) == ["a", "z", "b", "c", "d"]
    with pytest.raises(KeyError):
        line.serve()


def test_what_was_lost_on_the_way_comes_first():
    line = Line()
    line.join("one", "a")
    line.join("other", "y")
    line.join("other", "z", first=True)
    assert everybody(line) == ["z", "a", "y"]


def test_who_leaves_is_not_served():
    line = Line()
    for party, ticket in (("one", "a"), ("one", "b"), ("other", "z")):
        line.join(party, ticket)
    line.leave("one", "a")
    assert line.ahead("other") == ["b"]
    line.leave("other", "z")
    assert everybody(line) == ["b"]
    with pytest.raises(KeyError):
        line.leave("other", "z")


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_nobody_is_served_twice_before_somebody_who_waits(tickets: list[int]):
    line = Line()
    for party, count in enumerate(tickets):
        for ticket in range(count):
            line.join(party, (party, ticket))
    place = {party: len(line.ahead(party)) for party in range(len(tickets))}
    served = everybody(line)
    assert place == {party: served.index((party, 0)) for party in place}
    rounds = [ticket for _, ticket in served]
    assert rounds == sorted(rounds) and len(served) == sum(tickets)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=4), st.lists(st.floats(0, 100), max_size=8))
def test_the_wait_is_that_of_a_shop_with_so_many_counters(busy: list[float], ahead: list[float]):
    counters = list(busy)
    for seconds in ahead:       # each goes to the counter that is free first
        counters[counters.index(min(counters))] += seconds
    assert expected_wait(busy, ahead) == pytest.approx(min(counters))


def test_places_are_told_in_words():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]
    assert [about(s) for s in (0.2, 1.4, 9.6, 33, 95)] == [
        "about 1 second", "about 1 second", "about 10 seconds", "about 35 seconds", "about 2 minutes"]
