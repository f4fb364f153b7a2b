"""Whatever a network wants, what is decoded is legal, within the rules, and the same from the same seed."""

from itertools import groupby

import numpy as np
import pytest
import torch

from model import checkpoint
from model.compound import events as ev
from model.compound.decoding import generate
from model.compound.plan import Rules, from_nothing, from_prompt
from model.compound.transcription import decode
from model.metre import METRES
from model.networks import build
from model.plan import Plan
from model.sampling import Sampling
from model.score import cut_bars, normalise
from tests.model.compound.wilful import FOUR_FOUR, OPENING, PIANO, Wilful

FREE = Sampling(temperature=1.0, top_k=0, no_repeat_ngram=0)


@pytest.fixture(scope="module")
def wild():
    """A network that finds everything about equally likely: wrong instruments, ends, jumps of many bars."""
    network = build("compound", {"width": 16, "layers": 1, "inner": 16, "heads": 2, "kv_heads": 1,
                                 "drawing": 16})
    network.initialise(torch.Generator().manual_seed(0))
    return network.eval()


@pytest.fixture(scope="module")
def lively(tiny_events):
    """A network that plays some notes a bar."""
    return checkpoint.load(tiny_events).network


def play(network, plan: Plan | None = None, how=FREE, *, given=None, rules=None, bars=3, room=600, seed=5,
         heard=None) -> tuple[np.ndarray, bool]:
    given, rules = (plan.given, plan.rules) if plan else (given, rules)
    more = {"heard": heard} if heard else {}
    return generate(network, given, rules, how, bars=bars, room=room, seed=seed, **more)


def check(rows: np.ndarray, rules: Rules, bars: int) -> None:
    """Every row is legal where it stands."""
    length = ev.bar_steps(rules.metre)
    at = np.cumsum(rows[:, ev.TIME]) - rules.seam      # steps from where new music begins
    assert rows.dtype == np.int64 and rows.shape[1] == len(ev.FIELDS)
    for field, name in enumerate(ev.FIELDS):
        assert (rows[:, field] >= 0).all() and (rows[:, field] < ev.CLASSES[name]).all()
    notes = rows[:, ev.INSTRUMENT] >= ev.PLAYERS
    assert (rows[~notes, ev.INSTRUMENT] == ev.WAIT).all() and (rows[~notes, ev.TIME] == ev.LONGEST).all()
    assert (rows[notes, ev.PITCH] < 128).all() and (at[notes] >= 0).all() and (at < bars * length).all()
    if rules.players is not None:
        assert set(rows[notes, ev.INSTRUMENT].tolist()) <= rules.players
    new = at >= 0
    assert (rows[new, ev.POSITION] == at[new] % length).all()
    assert (rows[new, ev.BAR] == (rules.bar + at[new] // length) % ev.BARS).all()
    struck = list(zip(at[notes].tolist(), *rows[notes][:, [ev.INSTRUMENT, ev.PITCH]].T.tolist(), strict=True))
    assert struck == sorted(set(struck)), "chords rise by instrument and pitch; no key is struck twice"


# --- legal --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("metre", sorted(METRES), ids=lambda metre: "{}/{}".format(*metre))
def test_every_metre_and_every_end_of_a_prompt(wild, lively, music, metre, seed):
    prompt = normalise(music(bars=4, metre=metre, seed=seed))
    plan = from_prompt(prompt, 3, keep_instruments=bool(seed % 2))
    assert plan.given[-1, ev.POSITION] > 0 or metre == (1, 4), "it ends inside a bar"
    for network in (wild, lively):
        rows, complete = play(network, plan, seed=seed, bars=4)
        assert complete
        check(rows, plan.rules, 4)
        taken = normalise(decode(np.concatenate([plan.given, rows])))
        part = cut_bars(taken, plan.seen_bars, plan.seen_bars + 4)
        assert part.note_num() == ev.is_note(rows).sum(), "no note outside the bars that were asked for"
        assert [(s.numerator, s.denominator) for s in taken.time_signatures] == [metre]


@pytest.mark.parametrize("prompt_bars, waits", [(1, 0), (2, 0), (7, 1), (10, 1)])
def test_a_prompt_that_ends_with_silence(wild, lively, music, prompt_bars, waits):
    prompt = music(bars=1, metre=(3, 4))
    prompt.tracks[0].notes.append(music(bars=9).tracks[0].notes[-1])
    plan = from_prompt(prompt, prompt_bars)
    check(play(wild, plan)[0], plan.rules, 3)
    rows, _ = play(lively, plan, bars=12)
    check(rows, plan.rules, 12)
    assert waits == plan.rules.seam // (ev.LONGEST + 1)
    assert (rows[:waits, ev.INSTRUMENT] == ev.WAIT).all() and len(rows) > waits


@pytest.mark.parametrize("programs", [(40,), (0, 128), (128,), (99,)], ids=str)
def test_from_nothing(wild, lively, programs):
    plan = from_nothing(programs, 93.0)
    for network in (wild, lively):
        rows, complete = play(network, plan, bars=5)
        assert complete and len(rows)
        check(rows, plan.rules, 5)


def test_a_lively_network_fills_its_bars_and_no_more(lively):
    for bars in (1, 2, 20):
        rows, complete = play(lively, from_nothing((0, 40, 128), 120.0), bars=bars, room=2000)
        assert complete
        played = set((np.cumsum(rows[:, ev.TIME]) // 48).tolist())
        assert played <= set(range(bars)) and len(played) > 0.8 * bars


def test_who_may_play_is_forced_if_nobody_else_wants_to(lively):
    """The rules name one instrument that the network would hardly ever choose."""
    plan = from_nothing((99,), 120.0)
    rows, _ = play(lively, plan)
    assert (rows[:, ev.INSTRUMENT] == ev.instrument_of(99)).all() and len(rows) > 2
    assert len(set(rows[:, ev.POSITION].tolist())) > 2
    check(rows, plan.rules, 3)


# --- what a network must not have its way with --------------------------------------------------------------

def test_the_end_of_the_piece_is_no_end_of_a_take():
    rows, complete = play(Wilful(time=12, instrument=ev.END), given=OPENING, rules=Rules(0, 0, FOUR_FOUR))
    assert complete and ev.is_note(rows).all()
    check(rows, Rules(0, 0, FOUR_FOUR), 3)


@pytest.mark.parametrize("kind", [ev.START, ev.METRE, ev.TEMPO, ev.DENSITY, ev.PLAYER, ev.PAD])
def test_nothing_but_notes_and_waiting_is_said(kind):
    rules = Rules(0, 0, FOUR_FOUR, frozenset({PIANO}))
    rows, _ = play(Wilful(time=5, instrument=kind), given=OPENING, rules=rules)
    assert len(rows) and (rows[:, ev.INSTRUMENT] == PIANO).all()


def test_one_waits_only_the_longest_time():
    rules = Rules(0, 0, FOUR_FOUR)
    rows, _ = play(Wilful(time=20, instrument=ev.WAIT), given=OPENING, rules=rules)
    assert ev.is_note(rows).all()
    rows, complete = play(Wilful(time=191, instrument=ev.WAIT), given=OPENING, rules=rules, bars=12)
    assert complete and rows[:, :2].tolist() == [[191, ev.WAIT]] * 3


@pytest.mark.parametrize("wish", [
    {"pitch": 127}, {"pitch": 60}, {"instrument": ev.KIT, "pitch": 0}, {"pitch": 128},
    {"instrument": ev.KIT + 128, "pitch": 127}])
def test_time_goes_on_although_the_network_stays(wish):
    rules = Rules(0, 0, FOUR_FOUR)
    network = Wilful(**{"time": 0, "instrument": PIANO, **wish})
    rows, complete = play(network, given=OPENING, rules=rules, room=4000)
    assert complete
    check(rows, rules, 3)


def test_who_may_not_play_does_not_end_the_take_early():
    """A jump past the end counts as often as it is drawn with those who may play."""
    rules, means = Rules(0, 0, FOUR_FOUR, frozenset({PIANO})), []
    for drums in (0, 33):
        network = Wilful(time={6: 30, 150: 28}, instrument={PIANO: 30, ev.KIT: drums}, pitch=60)
        takes = [play(network, given=OPENING, rules=rules, bars=2, seed=seed)[0] for seed in range(40)]
        means.append(np.mean([len(rows) for rows in takes]))
    assert means[0] > 4 and abs(means[0] - means[1]) < 2.5


def test_a_chord_of_everything_ends():
    """The highest key of the last player is reached, and nothing may follow at that time."""
    player = ev.KIT + 128
    rules = Rules(0, 0, FOUR_FOUR, frozenset({player}))
    rows, _ = play(Wilful(time=0, instrument=player, pitch=127), given=OPENING, rules=rules, bars=5)
    assert (rows[:, ev.PITCH] == 127).all() and (rows[1:, ev.TIME] > 0).all() and len(rows) > 1


# --- the same from the same seed, and stopping --------------------------------------------------------------

def test_the_same_seed_gives_the_same_bytes(lively, wild, music):
    plan = from_prompt(music(), 4)
    for network in (lively, wild):
        before = torch.random.get_rng_state()
        first, again, other = (play(network, plan, seed=seed)[0] for seed in (5, 5, 6))
        assert first.tobytes() == again.tobytes() != other.tobytes()
        assert torch.equal(torch.random.get_rng_state(), before), "chance comes from the seed alone"


def test_stop_keeps_what_was_made(lively, music):
    plan, told = from_prompt(music(), 4), []

    def heard(new: list, share: float) -> bool:
        told.extend(new)
        return ev.is_note(np.array(told)).sum() < 7

    rows, complete = play(lively, plan, heard=heard)
    assert not complete and ev.is_note(rows).sum() == 7
    assert rows.tolist() == play(lively, plan)[0][: len(rows)].tolist()
    assert told == rows.tolist()


def test_the_share_is_that_of_the_bars(lively, music):
    plan, told = from_prompt(music(metre=(3, 4)), 4), []
    rows, _ = play(lively, plan, heard=lambda new, share: told.append(share) or True, bars=5)
    at = np.cumsum(rows[:, ev.TIME]) - plan.rules.seam
    assert told == pytest.approx((at / (5 * 36)).tolist())


@pytest.mark.parametrize("room", [1, 9])
def test_a_take_ends_where_its_room_does(lively, music, room):
    plan = from_prompt(music(), 4)
    rows, complete = play(lively, plan, room=room, bars=20)
    assert len(rows) == room and not complete


# --- what is not said twice ---------------------------------------------------------------------------------

def grams(rows: np.ndarray, n: int) -> list[tuple]:
    said = [tuple(row[:3]) for row in rows[ev.is_note(rows)].tolist()]
    return [tuple(said[i : i + n]) for i in range(len(said) - n + 1)]


TUNE = {"time": {0: 28, 6: 30, 12: 30, 18: 28}, "instrument": {PIANO: 30, ev.KIT: 28}, "pitch": 60}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_ngram_twice(n):
    """A network that knows two notes says others where it must; the prompt counts."""
    given = np.concatenate([OPENING, [[0, PIANO, 60, 5, 20, 0, 0], [6, PIANO, 60, 5, 20, 6, 0]]])
    rules = Rules(42, 1, FOUR_FOUR)
    for no_repeat, expected in ((n, True), (0, False)):
        how = Sampling(temperature=1.0, top_k=0, no_repeat_ngram=no_repeat)
        rows, _ = play(Wilful(**TUNE), given=given, rules=rules, how=how, bars=12)
        found = grams(np.concatenate([given, rows]), n)
        assert len(found) > 30 and (len(set(found)) == len(found)) is expected
        check(rows, rules, 12)


def bars_of(rows: np.ndarray) -> list[tuple]:
    """What happens in each bar that sounds, in order."""
    notes = rows[ev.is_note(rows)].tolist()
    return [tuple(tuple(row[1:6]) for row in bar) for _, bar in groupby(notes, key=lambda row: row[ev.BAR])]


STUBBORN = {"time": 12, "instrument": PIANO, "pitch": 60, "duration": 11, "velocity": 20}
FLEXIBLE = {**STUBBORN, "time": {0: 25, 6: 25, 12: 30, 18: 25}, "pitch": {60: 30, 62: 25}}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("wish", [STUBBORN, FLEXIBLE], ids=["stubborn", "flexible"])
def test_no_run_of_bars_twice(n, wish):
    """A network that would play the prompt's bar for ever; a change of tempo begins the second one."""
    bar = [[12, PIANO, 60, 11, 20, position, 0] for position in (0, 12, 24, 36)]
    given = np.array([*OPENING.tolist(), *bar, [12, ev.TEMPO, 3, 0, 0, 0, 1], *bar])
    given[[len(OPENING), -4], ev.TIME] = 0
    given[-4:, ev.BAR] = 1
    rules = Rules(12, 2, FOUR_FOUR, frozenset({PIANO}))
    for no_repeat, expected in ((n, True), (0, False)):
        how = Sampling(temperature=1.0, top_k=0, no_repeat_ngram=0, no_repeat_bars=no_repeat)
        rows, complete = play(Wilful(**wish), given=given, rules=rules, how=how, bars=12)
        every = bars_of(np.concatenate([given, rows]))
        assert complete and len(every) == 14 and set(every[:2]) == {tuple(tuple(row[1:6]) for row in bar)}
        runs = [tuple(every[i : i + n]) for i in range(len(every) - n + 1)]
        again = [run for i, run in enumerate(runs) if i > 2 - n and run in runs[:i]]
        # in its last step a bar may always end
        assert all(run[-1][-1][4] == 47 for run in again) is expected
        check(rows, rules, 12)
