"""A wish for so many notes a bar is kept to, where the network would play five or six."""

import numpy as np
import pytest

from model import checkpoint
from model.compound import events as ev
from model.compound.decoding import generate
from model.compound.pace import Pace
from model.compound.plan import from_nothing, from_prompt
from model.sampling import Sampling
from model.wishes import Wishes

FREE = Sampling(1.0, 0, no_repeat_ngram=0)
BARS = 12


def notes_a_bar(network, plan) -> float:
    rows, complete = generate(network, plan.given, plan.rules, FREE, bars=BARS, room=4000, seed=2)
    assert complete
    return ev.is_note(rows).sum() / BARS


@pytest.mark.parametrize("density", [3, 4, 8, 11])
def test_a_density_is_kept_to(tiny_events, music, density):
    network, wish = checkpoint.load(tiny_events).network, Wishes(density=density)
    for plan in (from_nothing([0, 40], 120.0, wish), from_prompt(music(), 4, False, wish)):
        assert density / 1.25 < notes_a_bar(network, plan) < density * 1.25


def test_debt_asks_for_longer_waits_and_silence_for_shorter_ones():
    pace = Pace(8, 48)
    assert not pace.lean(8, 48).any() and not pace.lean(0, -5).any(), "nobody owes anything before the seam"
    much, little = pace.lean(12, 48), pace.lean(4, 48)
    assert (np.diff(much[:13]) > 0).all() and np.allclose(much, -little)
    assert len(much) == ev.LONGEST + 1 and (much[12:] == much[12]).all(), "silence is no better than a beat"
