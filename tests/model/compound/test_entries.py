"""Newcomers come in now and then, those who were chosen all do, and who has played belongs."""

import numpy as np

from model.compound import events as ev
from model.compound.decoding import generate
from model.compound.entries import Entries
from model.compound.plan import Rules
from model.sampling import Sampling
from tests.model.compound.wilful import FOUR_FOUR, OPENING, PIANO, Wilful

VIOLIN, FLUTE = ev.instrument_of(40), ev.instrument_of(73)
HEARD = np.concatenate([OPENING, [[0, PIANO, 60, 11, 20, 0, 0]]])


def test_a_newcomer_is_let_in_now_and_then_and_then_belongs():
    first = {}
    for newcomers in (0.0, 0.1, 1.0):
        network = Wilful(time=6, instrument={PIANO: 30, VIOLIN: 30}, pitch=60)
        how = Sampling(1.0, 0, no_repeat_ngram=0, newcomers=newcomers)
        takes = [generate(network, HEARD, Rules(48, 1, FOUR_FOUR), how, bars=16, room=300, seed=seed)[0]
                 for seed in range(10)]
        assert all(set(rows[:, ev.INSTRUMENT]) <= {PIANO, VIOLIN} for rows in takes)
        plays = [rows[:, ev.INSTRUMENT] == VIOLIN for rows in takes]
        first[newcomers] = [np.argmax(one) if one.any() else len(one) for one in plays]
        after = [one[came:].mean() for one, came in zip(plays, first[newcomers], strict=True) if one.any()]
        assert newcomers == 0 or (len(after) > 7 and 0.3 < np.mean(after) < 0.7)
    never, late, soon = (np.mean(first[newcomers]) for newcomers in (0.0, 0.1, 1.0))
    assert soon < 3 < 6 < late < 50 < never, "how many notes come before the violin's"


def test_who_was_chosen_comes_in_although_the_network_hardly_wants_it():
    rules = Rules(0, 0, FOUR_FOUR, frozenset({PIANO, VIOLIN}))
    network = Wilful(time=6, instrument={PIANO: 12, VIOLIN: 6}, pitch=60)
    for seed in range(5):
        how = Sampling(1.0, 0, 0.95, no_repeat_ngram=0)
        rows, _ = generate(network, OPENING, rules, how, bars=8, room=300, seed=seed)
        violin = rows[:, ev.INSTRUMENT] == VIOLIN
        assert 0 < violin.sum() < len(rows) / 4, "it is called until it comes, and no longer"


def test_nobody_is_called_while_others_play_on():
    kept = Rules(48, 1, FOUR_FOUR, frozenset({PIANO, VIOLIN}))
    for rules in (kept, Rules(48, 1, FOUR_FOUR)):
        entries = Entries(HEARD, rules, 0.5)
        entries.bars = 5
        assert not entries.call().any()
    assert entries.welcome[[PIANO, VIOLIN, ev.END, ev.WAIT]].tolist() == [1, 0.5, 0, 0]


def test_what_is_taken_back_was_never_heard():
    entries = Entries(OPENING, Rules(0, 0, FOUR_FOUR, frozenset({PIANO, FLUTE})), 1.0)
    later = entries.copy()
    later.came(FLUTE)
    later.bars = 2.0
    assert entries.waiting[[PIANO, FLUTE]].tolist() == [True, True] and entries.bars == 0
    assert np.flatnonzero(later.call()).tolist() == [PIANO]
