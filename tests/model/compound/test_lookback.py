"""Every event is told what came after its place some bars ago, however the events come."""

import numpy as np
import pytest
import torch

from model import engine
from model.compound import events as ev
from model.engine.eight_bit import EightBit
from model.engine.plain import Plain
from model.networks import build
from model.networks.lookback import DISTANCES, FIRST, TOLD, look_back, place_of

TINY = {"width": 32, "layers": 2, "inner": 48, "heads": 4, "kv_heads": 2, "drawing": 24, "lookback": True}
PIANO, FLUTE = ev.instrument_of(0), ev.instrument_of(73)
BAR = ev.bar_steps(ev.METRE_LIST.index((4, 4)))
UNTIL, WHO, WHAT, HOW_LONG, AGAIN = range(len(TOLD))


def header(metre: tuple[int, int] = (4, 4)) -> list[list[int]]:
    return ev.header(ev.METRE_LIST.index(metre), 5).tolist()


def music(*notes: tuple[int, int, int, int]) -> list[list[int]]:
    """Events of (time, instrument, pitch, duration), times since the last one."""
    return [[*note, 9, 0, 0] for note in notes]


def told(*parts: list[list[int]]) -> np.ndarray:
    """(events, distances, what) of TOLD."""
    rows = torch.tensor([[row for part in parts for row in part]])
    found = look_back(rows, place_of(rows))[0].view(-1, len(DISTANCES), len(TOLD))
    assert (found >= FIRST).all() and (found < FIRST + torch.tensor(TOLD)).all()
    return (found - FIRST).numpy()


def song(bars: int = 10) -> list[list[int]]:
    """A bar of four events that always returns."""
    first = [(0, PIANO, 60, 11), (0, FLUTE, 72, 5), (12, PIANO, 64, 11), (12, PIANO, 67, 23)]
    later = [(BAR - 24, *first[0][1:]), *first[1:]]
    return music(*first, *later * (bars - 1))


def test_a_bar_that_returns_says_what_comes_next():
    found = told(header(), song())
    rows = [*header(), *song()]
    heard = 0
    for at, row in enumerate(rows[3:-1], start=3):
        for number, bars in enumerate(DISTANCES):
            until, who, what, how_long, again = found[at, number]
            if at - 3 < 4 * bars:
                assert not found[at, number].any()
                continue
            heard += 1
            assert again == 2
            expected = rows[at + 1]
            assert [until, who, what, how_long] == [value + 1 for value in expected[:4]], (at, bars, row)
    assert heard > 80


def test_what_is_changed_is_no_repetition_but_the_place_still_tells():
    first = music((0, PIANO, 60, 11), (12, PIANO, 64, 11))
    found = told(header(), first, music((BAR - 12, PIANO, 61, 11), (6, FLUTE, 50, 2)))
    assert found[-2, 0].tolist() == [13, PIANO + 1, 65, 12, 1]
    assert found[-1, 0].tolist() == [7, PIANO + 1, 65, 12, 1]


def test_a_chord_is_followed_note_by_note():
    chord = music((0, PIANO, 60, 11), (0, PIANO, 64, 11), (0, FLUTE, 72, 11))
    found = told(header(), chord, music((BAR, PIANO, 60, 11), (0, PIANO, 64, 11)))
    assert found[-2, 0].tolist() == [1, PIANO + 1, 65, 12, 2]
    assert found[-1, 0].tolist() == [1, FLUTE + 1, 73, 12, 2]


def test_nothing_is_told_before_there_is_anything():
    found = told(header(), music((0, PIANO, 60, 11), (BAR, PIANO, 60, 11), (1, PIANO, 62, 11)))
    assert not found[:4].any()
    assert found[4, 0].tolist() == [0, 0, 0, 0, 2]      # a bar ago nothing came until now
    assert found[5, 0].tolist() == [BAR, PIANO + 1, 61, 12, 1]
    assert not found[:, 1:].any()


def test_another_piece_is_not_remembered_and_a_metre_counts_from_its_change():
    one = told(header(), song(4))
    both = told(header((3, 4)), music((0, PIANO, 60, 11), (36, PIANO, 60, 11)), header(), song(4))
    assert both[4, 0, AGAIN] == 2               # three quarters ago
    np.testing.assert_array_equal(both[5:], one)
    change = told(header(), music((0, PIANO, 60, 5), (BAR, ev.METRE, ev.METRE_LIST.index((3, 4)), 0),
                                  (0, PIANO, 60, 5), (36, PIANO, 60, 5)))
    assert change[-1, 0].tolist() == [0, 0, 0, 0, 2]
    assert change[-2, 0].tolist() == [37, ev.METRE + 1, ev.METRE_LIST.index((3, 4)) + 1, 1, 1]


def test_a_silence_returns_too():
    found = told(header(), music((0, PIANO, 60, 5), (ev.LONGEST, ev.WAIT, 0, 0), (1, PIANO, 62, 5),
                                 (BAR * 4, PIANO, 62, 5)))
    assert found[-1, 3].tolist() == [ev.LONGEST + 1, ev.WAIT + 1, 1, 1, 1]
    assert found[-1, 2].tolist() == [0, 0, 0, 0, 2]


@torch.no_grad()
@pytest.mark.parametrize("made", [Plain, EightBit])
def test_engines_hear_it_step_by_step_and_after_going_back(made):
    network = lively()
    rows = np.array([*header(), *song(), *header((3, 4)), *song(3)])
    whole = network(torch.from_numpy(rows)[None])[0].numpy()
    ready = made(network)
    cache = ready.cache(len(rows) + 5)
    ready.read(rows[:11], cache)
    for at in (*range(11, 20), *range(15, len(rows))):
        if at == 15:
            cache.length = 15                   # the bar is made again
        known = ready.read(rows[at : at + 1], cache)
        assert np.corrcoef(known, whole[at])[0, 1] > (0.99 if made is EightBit else 1 - 1e-6), at
    again = cache.copy(len(rows) + 30)
    again.length = cache.length = 40
    assert ready.read(rows[40:41], again).tolist() == ready.read(rows[40:41], cache).tolist()


@torch.no_grad()
def test_the_bars_before_are_heard_where_attention_does_not_reach():
    network = lively(layers=1, window=1)
    same, other = ([*header(), *song(2)] for _ in range(2))
    other[4] = [0, FLUTE, 74, 5, 9, 0, 0]
    far = [network(torch.tensor([rows]))[0, 7] for rows in (same, other)]
    assert same[7] == other[7] and not torch.allclose(*far)


@torch.no_grad()
def test_at_first_it_says_nothing():
    network = build("compound", TINY)
    network.initialise(torch.Generator().manual_seed(1))
    deaf = build("compound", {**TINY, "lookback": False})
    deaf.load_state_dict(network.state_dict(), strict=False)
    rows = torch.tensor([[*header(), *song()]])
    assert torch.allclose(network(rows), deaf(rows), atol=1e-6)
    assert engine.fast(network)


def lively(**shape: int) -> torch.nn.Module:
    network = build("compound", {**TINY, **shape})
    network.initialise(torch.Generator().manual_seed(1))
    network.lookback.weight.data.normal_(generator=torch.Generator().manual_seed(2))
    return network.eval()
