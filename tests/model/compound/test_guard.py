"""Bars that slip are made again until they do not, and what is told is what is kept."""

import numpy as np
import pytest

from model import checkpoint
from model.compound import events as ev
from model.compound.decoding import CLOSES, generate
from model.compound.guard import ON_GRID, Guard
from model.compound.plan import Rules
from model.harmony import best_scale, scale_consistency
from model.sampling import Sampling
from tests.model.compound.wilful import FOUR_FOUR, OPENING, PIANO, Wilful

FREE, GUARDED = (Sampling(1.0, 0, no_repeat_ngram=0, guard=guard) for guard in (False, True))
RULES = Rules(0, 0, FOUR_FOUR)
C_MAJOR = [60, 62, 64, 65, 67, 69, 71, 72]


def bar(pitches, time=3, duration=2, player=PIANO, number=0) -> np.ndarray:
    at = np.arange(len(pitches)) * time
    return np.array([[time, player, pitch, duration, 20, place, number] for pitch, place in
                     zip(pitches, at.tolist(), strict=True)], np.int64)


def play(network, how, given=OPENING, bars=4, seed=1, room=400):
    told = []
    rows, complete = generate(network, given, RULES, how, bars=bars, room=room, seed=seed,
                              heard=lambda new, share: told.extend(new) or True)
    assert np.array_equal(np.array(told).reshape(-1, 7), rows)      # once, in order, and never taken back
    return rows, complete


def worst_scale(rows: np.ndarray, bars: int) -> float:
    begun = np.cumsum(rows[:, ev.TIME]) // 48
    return min(scale_consistency(rows[np.isin(begun, (number, number + 1)), ev.PITCH])
               for number in range(bars - 1))


def test_a_chromatic_bar_slips_and_a_diatonic_one_does_not():
    guard = Guard(np.concatenate([OPENING, bar(C_MAJOR)]), 48)
    assert guard.slips(bar(range(60, 72)), bar([])[:0].reshape(0, 7))
    assert not guard.slips(bar(C_MAJOR), bar(C_MAJOR))
    assert guard.slips(bar([61, 63, 66, 68]), bar(C_MAJOR))


def test_a_rhythm_slips_where_the_prompt_kept_to_the_grid():
    loose, straight = bar(C_MAJOR, time=5), bar(C_MAJOR)
    assert Guard(np.concatenate([OPENING, straight]), 48).slips(loose, straight)
    assert not Guard(np.concatenate([OPENING, loose]), 48).slips(loose, straight)


def test_what_hangs_depends_on_the_prompt():
    two_bars, three = (int(np.searchsorted(ev.DURATIONS, steps)) for steps in (96, 144))
    assert Guard(np.concatenate([OPENING, bar(C_MAJOR)]), 48).hanging(PIANO) == two_bars
    long = bar(C_MAJOR, duration=int(np.searchsorted(ev.DURATIONS, 72)))
    assert Guard(np.concatenate([OPENING, long]), 48).hanging(PIANO) == three
    assert Guard(np.concatenate([OPENING, long]), 48).hanging(PIANO + 1) == two_bars


def test_guarded_music_keeps_to_scales_the_grid_and_its_breath():
    network = Wilful(time=dict.fromkeys((2, 3, 4, 5), 30), instrument=PIANO, duration=len(ev.DURATIONS) - 1,
                     pitch=dict.fromkeys(range(55, 80), 30))
    given = np.concatenate([OPENING, bar(C_MAJOR)])
    loose, _ = play(network, FREE, given)
    kept, complete = play(network, GUARDED, given)
    assert complete and worst_scale(loose, 4) < 0.8 < worst_scale(kept, 4)
    assert (~ON_GRID[loose[:, ev.POSITION] % 12]).mean() > 0.3
    assert (~ON_GRID[kept[:, ev.POSITION] % 12]).mean() <= 0.25
    assert ev.DURATIONS[loose[:, ev.DURATION]].max() >= 96 > ev.DURATIONS[kept[:, ev.DURATION]].max()


@pytest.mark.parametrize("how, empty, rests", [(GUARDED, False, False), (GUARDED, True, True),
                                               (FREE, False, True)])
def test_no_bar_is_empty_unless_one_of_the_prompts_is(how, empty, rests):
    network = Wilful(time={120: 30, 24: 20}, instrument=PIANO, pitch=C_MAJOR[0], duration=2)
    later = bar(C_MAJOR, number=2 if empty else 1)
    rules = Rules(48 - int(later[-1, ev.POSITION]), int(later[-1, ev.BAR]) + 1, FOUR_FOUR)
    rows, complete = generate(network, np.concatenate([OPENING, bar(C_MAJOR), later]), rules, how, bars=8,
                              room=99)
    begun = set((rows[:, ev.BAR] - rules.bar).tolist())
    assert complete and begun <= set(range(8)) and (len(begun) < 8) == rests


def test_a_guard_that_finds_nothing_changes_nothing():
    network = Wilful(time={3: 30, 6: 30}, instrument=PIANO, pitch=dict.fromkeys(C_MAJOR, 30), duration=2)
    given = np.concatenate([OPENING, bar(C_MAJOR)])
    assert np.array_equal(play(network, FREE, given)[0], play(network, GUARDED, given)[0])


@pytest.mark.parametrize("guard", [False, True])
def test_a_real_network_is_guarded_and_ends_alike_from_the_same_seed(tiny_events, guard):
    network = checkpoint.load(tiny_events).network
    how = Sampling(1.0, 0, no_repeat_ngram=0, guard=guard, ending=True)
    rows, complete = play(network, how, room=1600)
    again, _ = play(network, how, room=1600)
    assert complete and rows.tobytes() == again.tobytes()
    assert (np.cumsum(rows[:, ev.TIME]) < 4 * 48).all() and ev.is_note(rows).all()


class Closing(Wilful):
    """Thinks that the piece is over after high notes."""

    def read(self, rows, cache):
        return np.array([rows[-1, ev.PITCH]], np.float32)

    def logits(self, field, known):
        logits = super().logits(field, known)
        if field == ev.INSTRUMENT:
            logits[ev.END] = known[0] / 10
        return logits


def test_the_ending_that_the_network_believes_is_kept():
    network = Closing(time=12, instrument={PIANO: 20}, pitch=dict.fromkeys(range(40, 90), 30), duration=2)
    how = {ending: Sampling(1.0, 0, no_repeat_ngram=0, ending=ending) for ending in (False, True)}
    last = {ending: [play(network, how[ending], seed=seed)[0][-1, ev.PITCH] for seed in range(30)]
            for ending in how}
    assert CLOSES > 2 and np.mean(last[True]) > np.mean(last[False]) + 8


def test_whoever_listens_may_stop_a_guarded_take():
    network = Wilful(time=3, instrument=PIANO, pitch=dict.fromkeys(C_MAJOR, 30), duration=2)
    calls = []
    rows, complete = generate(network, OPENING, RULES, GUARDED, bars=8, room=400,
                              heard=lambda new, share: calls.append((len(new), share)) or len(calls) < 20)
    assert not complete and len(rows) < 8 * 16
    shares = [share for _, share in calls]
    assert shares == sorted(shares)


def test_the_best_scale_holds_most_of_the_notes():
    scale = best_scale(np.array(C_MAJOR))
    assert scale.sum() == 7 and scale[np.array(C_MAJOR) % 12].all()
