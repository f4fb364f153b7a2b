"""Which bars of a prompt are used, how they fare, and how long seconds are in bars."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import stage
from model.catalogue import prompt_of
from model.compound import Compound
from model.score import count_bars, cut_bars, normalise, write
from model.settings import RANGES, Start
from model.shelf import Shelf
from model.visit import BARS, FILE, LENGTHS, NOTHING, SECONDS, Visit, bars_of

PLAYER = SimpleNamespace(layout=Compound())


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def visit(music, shelf) -> Visit:
    return Visit(FILE, file=prompt_of(music(bars=12), shelf, "A <b>tune"))


def test_a_prompt_begins_where_it_is_told_to(visit):
    whole, title = visit.origin(None, [], 0.0)
    later, named = visit.origin(None, [], 0.0, 5)
    assert title == "A <b>tune" and named == "A <b>tune, from bar 5" and count_bars(later) == 8
    assert write(later) == write(cut_bars(whole, 4, 12))
    for wrong in (0, 13, -1):
        with pytest.raises(ValueError, match=f"bars 1 to 12; received {wrong}"):
            visit.origin(None, [], 0.0, wrong)


def test_the_bars_that_are_used_are_examined(visit):
    for first, used, bars in ((1, 8, 8), (5, 4, 4), (10, 60, 3)):
        said = stage.health(visit, None, PLAYER, first, used, True)
        assert f"<p>{bars} bars, " in said and f"sees all {bars} bars" in said
    assert stage.health(Visit(NOTHING), None, PLAYER, 1, 8, True) == ""
    assert stage.health(Visit(FILE), None, PLAYER, 1, 8, True) == ""


@pytest.mark.parametrize("first, used", [(0, 8), (13, 8), (1, 0), (1, -3), (float("nan"), 8), ("x", 8),
                                         (None, 8)])
def test_what_cannot_be_used_is_a_sentence(visit, shelf, first, used):
    for said in (stage.health(visit, None, PLAYER, first, used, True),
                 stage.both(visit, None, PLAYER, shelf, first, used)):
        assert 'role="alert"' in said and said.count("<p") == 1
        assert f"received {used if first == 1 else first}." in said


def test_both_are_hung_up_to_be_heard(visit, shelf):
    said = stage.both(visit, None, PLAYER, shelf, 3, 4)
    tokens = [part[:22] for part in said.split('audio="/takes/')[1:]]
    whole, held = (normalise(read_of(shelf, token)) for token in tokens)
    wanted = cut_bars(visit.file.score, 2, 6)
    assert write(whole) == write(wanted) and write(held) == write(PLAYER.layout.round_trip(wanted))
    assert "<b>" not in said and "&lt;b&gt;" in said


def read_of(shelf, token):
    from model.score import read

    return read(shelf.file(token, "take.mid"))


# --- lengths ------------------------------------------------------------------------------------------------

def test_seconds_are_the_bars_of_the_prompts_last_tempo(music):
    assert bars_of(16.0, BARS, music(), 8) == 16
    assert bars_of(16.0, SECONDS, music(bars=8, tempo=120.0), 8) == 8        # bars of 2 s
    assert bars_of(16.0, SECONDS, music(bars=8, metre=(3, 4), tempo=90.0), 8) == 8
    assert bars_of(16.0, SECONDS, Start((0,), 60.0), 0) == 4
    assert bars_of(5.0, SECONDS, Start((0,), 40.0), 0) == 1
    assert bars_of(180.0, SECONDS, Start((0,), 250.0), 0) == RANGES["bars"][1]


@given(st.floats(*LENGTHS), st.floats(40, 250))
def test_no_other_number_of_bars_is_nearer(seconds, tempo):
    bars, a_bar = bars_of(seconds, SECONDS, Start((0,), tempo), 0), 240 / tempo
    assert 1 <= bars <= 64
    assert bars == 64 or bars == 1 or abs(bars * a_bar - seconds) <= a_bar / 2 + 1e-6


@pytest.mark.parametrize("length, unit", [(4, SECONDS), (181, SECONDS), (float("nan"), SECONDS),
                                          (8, "years")])
def test_a_length_that_is_none_is_refused(length, unit):
    with pytest.raises(ValueError, match=r"; received"):
        bars_of(length, unit, Start(), 0)
