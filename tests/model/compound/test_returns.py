"""What came bars ago comes back the likelier, the more it is leaned towards, and is found where it stood."""

import numpy as np
import pytest

from model.compound import events as ev
from model.compound import returns
from model.compound.decoding import generate
from model.compound.plan import Rules
from model.compound.returns import Echo, Returns
from model.sampling import Sampling
from tests.model.compound.wilful import FOUR_FOUR, OPENING, PIANO, Wilful

BAR = 48
TUNE = [60, 64, 62, 67] * 2         # in halves, over four bars


def heard() -> np.ndarray:
    """Four bars of TUNE."""
    notes = [[24 if i else 0, PIANO, pitch, 23, 20, 24 * (i % 2), i // 2] for i, pitch in enumerate(TUNE)]
    return np.concatenate([OPENING, notes])


@pytest.fixture
def only_four_bars(monkeypatch):
    monkeypatch.setattr(returns, "LEANS", {4: 2.0})


def test_what_came_next_four_bars_ago(only_four_bars):
    known = Returns(heard(), 3 * BAR + 24, BAR, 1.0)
    told = known.echoes(4 * BAR, (-1, -1))
    assert told == [Echo(0, PIANO, 60, 23, 2.0)], "on the bar line"
    assert known.echoes(4 * BAR, (PIANO, 60)) == [Echo(24, PIANO, 64, 23, 2.0)], "after what was struck there"
    assert known.echoes(4 * BAR, (PIANO, 59)) == [Echo(0, PIANO, 60, 23, 2.0)], "the same onset goes on"
    assert known.echoes(4 * BAR + 7, (PIANO, 90)) == [Echo(17, PIANO, 64, 23, 2.0)]
    assert known.echoes(3 * BAR, (-1, -1)) == [], "nothing was before the first bar"


def test_what_was_taken_back_was_never_played(only_four_bars):
    known = Returns(heard(), 3 * BAR + 24, BAR, 0.5)
    later = known.copy()
    later.came(4 * BAR, [24, PIANO, 72, 5, 20])
    assert later.echoes(8 * BAR, (-1, -1)) == [Echo(0, PIANO, 72, 5, 1.0)]
    assert known.echoes(8 * BAR, (-1, -1)) == []


def test_bars_of_another_metre_are_none_ago(only_four_bars):
    change = np.concatenate([heard(), [[24, ev.METRE, FOUR_FOUR, 0, 0, 0, 4]]])
    assert Returns(change, 4 * BAR, BAR, 1.0).echoes(4 * BAR, (-1, -1)) == []


def test_no_strength_and_no_leans_are_no_echoes(only_four_bars, monkeypatch):
    assert Returns(heard(), 3 * BAR + 24, BAR, 0.0).echoes(4 * BAR, (-1, -1)) == []
    monkeypatch.setattr(returns, "LEANS", {})
    assert Returns(heard(), 3 * BAR + 24, BAR, 1.0).echoes(4 * BAR, (-1, -1)) == []


def test_a_tune_comes_back_the_more_often_the_more_it_is_leaned_towards(only_four_bars):
    network = Wilful(time=24, instrument=PIANO, pitch=dict.fromkeys((60, 62, 64, 67), 30), duration=23)
    shares = {}
    for strength in (-1.0, 0.0, 1.0, 2.0):
        how = Sampling(1.0, 0, no_repeat_ngram=0, returns=strength)
        rows = [generate(network, heard(), Rules(24, 4, FOUR_FOUR), how, bars=4, room=99, seed=seed)[0]
                for seed in range(12)]
        shares[strength] = np.mean([one[:8, ev.PITCH] == TUNE for one in rows])
    chances = {strength: np.exp(2 * strength) / (3 + np.exp(2 * strength)) for strength in shares}
    assert shares == pytest.approx(chances, abs=0.12)


def test_what_ships_leans_towards_form_and_away_from_loops():
    near, far = ([nats for bars, nats in returns.LEANS.items() if (bars > 2) == apart]
                 for apart in (False, True))
    assert min(far) > 0 > min(near)
