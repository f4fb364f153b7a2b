"""However a prompt ends, what the network adds begins where its last bar ends."""

import numpy as np
import pytest
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.compound import events as ev
from model.compound import plan as module
from model.compound.plan import PROMPT_EVENTS, from_nothing, from_prompt
from model.compound.transcription import decode, encode
from model.metre import METRES, TPQ
from model.music import unpack
from model.plan import Plan
from model.score import count_bars, cut_bars, normalise
from model.wishes import Wishes


def score_of(onsets: dict[int, int], *metres: tuple[int, int, int], tempo=120.0) -> Score:
    """Notes of program 0 by onset and length in ticks."""
    score = Score(TPQ)
    score.tempos.append(Tempo(0, tempo))
    score.time_signatures = [TimeSignature(*metre) for metre in metres or [(0, 4, 4)]]
    score.tracks.append(Track("", 0, False))
    score.tracks[0].notes = [Note(onset, length, 60, 80) for onset, length in onsets.items()]
    return score


def with_a_downbeat(plan: Plan) -> np.ndarray:
    """What a plan gives, and then a note where new music begins."""
    left, rows = plan.rules.seam, []
    while left > ev.LONGEST:
        rows.append([ev.LONGEST, ev.WAIT, 0, 0, 0, 0, 0])
        left -= ev.LONGEST
    rows.append([left, ev.instrument_of(5), 99, 11, 20, 0, plan.rules.bar % ev.BARS])
    return np.concatenate([plan.given, rows])


def check(plan: Plan, metre: str) -> None:
    """A note on the first beat that the network adds is the first thing after the bars of the prompt."""
    kinds = plan.given[:, ev.INSTRUMENT].tolist()
    assert kinds[0] == ev.START and ev.END not in kinds and plan.given.dtype == np.int64
    assert plan.given[:, ev.TIME].max() <= ev.LONGEST and plan.rules.seam >= 0
    assert plan.rules.bar == plan.seen_bars
    assert "{}/{}".format(*ev.METRE_LIST[plan.rules.metre]) == metre
    decoded = normalise(decode(with_a_downbeat(plan)))
    assert count_bars(decoded) == plan.seen_bars + 1
    after = unpack(cut_bars(decoded, plan.seen_bars, plan.seen_bars + 1))
    assert list(after.parts) == [5] and after.parts[5][:, 0].tolist() == [0]
    assert "{1}/{2}".format(*after.grid[-1]) == metre


# --- the seam -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("metre", sorted(METRES), ids=lambda metre: "{}/{}".format(*metre))
def test_every_metre_stays(music, metre):
    plan = from_prompt(music(bars=4, metre=metre), 3)
    assert plan.prompt_bars == plan.seen_bars == count_bars(plan.score) == 3
    check(plan, "{}/{}".format(*metre))
    assert ev.bar_steps(plan.rules.metre) * 3 == plan.given[:, ev.TIME].sum() + plan.rules.seam


@pytest.mark.parametrize("what, onsets, bars, seam", [
    ("rests within", {0: 100, 3 * 1920 + 960: 100}, 4, 24),
    ("silence at the end", {0: 100, 6 * 1920: 100}, 5, 240),
    ("a note held over bars", {0: 100, 960: 3 * 1920}, 4, 168),
    ("silence at the beginning", {2 * 1920 + 480: 100}, 3, 36),
    ("a downbeat played early", {0: 100, 2 * 1920 - 5: 100, 3 * 1920: 100}, 2, 96),
    ("the same, on its own", {0: 100, 4 * 1920 - 5: 100, 4 * 1920: 100}, 4, 192),
    ("a last step", {0: 100, 1920 - 40: 40, 1920: 100}, 1, 1),
])
def test_the_seam_is_where_the_bars_end(what, onsets, bars, seam):
    plan = from_prompt(score_of(onsets), bars)
    assert plan.prompt_bars == plan.seen_bars == bars
    assert plan.rules.seam == seam
    check(plan, "4/4")


def test_silent_bars_at_the_end_keep_the_metre():
    waltz = score_of({0: 100, 9 * 1440: 100}, (0, 3, 4))
    check(from_prompt(waltz, 6), "3/4")


def test_a_metre_that_changes():
    onsets = dict.fromkeys(range(0, 1920 + 3 * 1440, 240), 200)
    score = score_of(onsets, (0, 4, 4), (1920, 6, 8))
    for bars, metre in ((1, "4/4"), (2, "6/8"), (4, "6/8")):
        check(from_prompt(score, bars), metre)


@pytest.mark.parametrize("metres", [
    [(0, 4, 4), (1920, 3, 4)],
    [(0, 6, 4), (2880, 1, 4)],
    [(0, 1, 4), (480, 12, 8)],
    [(0, 4, 4), (1920, 3, 4), (1920 + 1440, 6, 8), (1920 + 1440 + 1440, 5, 4)],
], ids=str)
@pytest.mark.parametrize("bars", [1, 2, 3, 4, 5])
def test_a_metre_that_changes_in_silence(metres, bars):
    score = score_of({0: 100, 40 * 1920: 100}, *metres)
    plan = from_prompt(score, bars)
    assert plan.seen_bars == bars
    _, top, low = metres[min(bars, len(metres)) - 1]
    check(plan, f"{top}/{low}")


def test_the_tempo_at_the_seam_is_the_prompts_own():
    score = score_of(dict.fromkeys(range(0, 4 * 1920, 480), 200), tempo=123.4)
    score.tempos.append(Tempo(2 * 1920 + 240, 77.7))
    assert from_prompt(score, 2).mspq == round(60e6 / 123.4)
    plan = from_prompt(score, 4)
    assert plan.mspq == pytest.approx(60e6 / 77.7, abs=1)
    assert ev.in_force(ev.TEMPO, plan.given) == ev.tempo_class(77.7)


# --- long prompts -------------------------------------------------------------------------------------------

def test_a_long_prompt_is_heard_from_its_last_bars_on(music):
    score = normalise(music(bars=140, notes=8))
    plan = from_prompt(score, 0)
    assert plan.prompt_bars == 140 > plan.seen_bars > 3 and count_bars(plan.score) == 140
    assert PROMPT_EVENTS * 0.7 < len(plan.given) <= PROMPT_EVENTS
    fields = [ev.TIME, ev.INSTRUMENT, ev.PITCH, ev.DURATION, ev.VELOCITY, ev.POSITION]
    whole = encode(score)[:-1]
    assert (plan.given[-500:, fields] == whole[-500:, fields]).all()
    check(plan, "4/4")


def test_a_long_prompt_begins_in_the_tempo_that_it_had_there(music):
    score = normalise(music(bars=140, notes=8))
    score.tempos.append(Tempo(1920 * 10, 200.0))
    plan = from_prompt(score, 0)
    assert plan.given[plan.given[:, ev.INSTRUMENT] == ev.TEMPO][:, [ev.TIME, ev.PITCH]].tolist() == [
        [0, ev.tempo_class(200.0)]]


def test_a_very_long_prompt_is_not_encoded_again_and_again(music, monkeypatch):
    calls = []
    monkeypatch.setattr(module, "encode", lambda *args, **named: calls.append(1) or encode(*args, **named))
    from_prompt(music(bars=600, notes=3), 0)
    assert 1 < len(calls) < 10


def full_bars(bars: int) -> Score:
    """Bars with 30 notes a step, 1,440 in all, of 15 programs."""
    score = score_of({})
    score.tracks = [Track("", program, False) for program in range(15)]
    for track in score.tracks:
        track.notes = [Note(step * 40, 40, pitch + step % 48, 80)
                       for step in range(bars * 48) for pitch in (20, 75)]
    return score


def test_a_bar_that_is_too_full_alone():
    plan = from_prompt(full_bars(2), 2)
    assert plan.seen_bars == 1 and len(plan.given) == PROMPT_EVENTS + 3
    check(plan, "4/4")
    notes = unpack(decode(plan.given)).notes()
    assert notes[:, 0].min() == 13 * 40 and notes[:, 0].max() == 47 * 40, "the bar's end is what is heard"


@pytest.mark.parametrize("full", [1, 2, 3])
def test_bars_that_are_too_full_alone_and_then_silence(full):
    """What is heard is the last of the full bars, as it takes a note."""
    score = full_bars(full)
    score.tempos.append(Tempo((full - 1) * 1920 + 5 * 40, 200.0))
    score.tracks[0].notes.append(Note(9 * 1920, 100, 60, 80))
    plan = from_prompt(score, full + 4)
    assert plan.seen_bars == 5 and plan.rules.seam == 4 * 48 + 1
    assert plan.given[2].tolist() == ev.special(ev.TEMPO, ev.tempo_class(200.0)).tolist()
    check(plan, "4/4")


# --- who plays ----------------------------------------------------------------------------------------------

def players_told(plan: Plan) -> list[int]:
    return plan.given[plan.given[:, ev.INSTRUMENT] == ev.PLAYER][:, ev.PITCH].tolist()


def test_instruments_are_kept_on_demand(music):
    score = music(programs=(40, 128))
    free, kept = (from_prompt(score, 4, keep_instruments=keep) for keep in (False, True))
    assert free.rules.players is None and players_told(free) == []
    assert kept.rules.players == {ev.KIT, ev.KIT + 41} and players_told(kept) == [0, 41]
    assert kept.given[-20:].tolist() == free.given[-20:].tolist()
    assert len(kept.given) == len(free.given) + 2


def test_who_played_before_the_last_bars_plays_on(music):
    score = normalise(music(bars=140, notes=8, programs=(0, 40)))
    score.tracks.append(Track("", 73, False))
    score.tracks[-1].notes.append(Note(0, 480, 60, 80))
    plan = from_prompt(score, 0, keep_instruments=True)
    assert plan.seen_bars < 140 and plan.rules.players == {ev.KIT + 1, ev.KIT + 41, ev.KIT + 74}


@pytest.mark.parametrize("onsets, bars", [({}, 0), ({4 * 1920: 100}, 2), ({1920 - 5: 5}, 1)], ids=str)
def test_prompts_without_anything_to_hear(onsets, bars):
    with pytest.raises(ValueError, match=r"^A prompt has notes; received one without\.$"):
        from_prompt(score_of(onsets), bars)


def test_from_nothing():
    plan = from_nothing((128, 40, 40), 100.0)
    assert (plan.score, plan.prompt_bars, plan.seen_bars, plan.mspq) == (None, 0, 0, 600_000)
    four_four = ev.METRE_LIST.index((4, 4))
    assert plan.given.tolist() == [[0, ev.START, 0, 0, 0, 0, 0], [0, ev.PLAYER, 0, 0, 0, 0, 0],
                                   [0, ev.PLAYER, 41, 0, 0, 0, 0], [0, ev.METRE, four_four, 0, 0, 0, 0],
                                   [0, ev.TEMPO, ev.tempo_class(100.0), 0, 0, 0, 0]]
    assert plan.rules == module.Rules(0, 0, four_four, frozenset({ev.KIT, ev.KIT + 41}))
    check(plan, "4/4")


def test_wishes_stand_in_the_header():
    wishes, prompt = Wishes("Lied", 12), score_of({0: 100, 480: 100})
    for plan in (from_nothing((0,), 100.0, wishes), from_prompt(prompt, 1, False, wishes)):
        assert plan.given[0].tolist() == [0, ev.START, ev.STYLES.index("Lied"), 0, 0, 0, 0]
        assert plan.given[1].tolist() == [0, ev.DENSITY, ev.density_class(12, 1), 0, 0, 0, 0]
        assert plan.rules.density == 12
    with pytest.raises(ValueError, match=r"^style is one of rock, .*, classical; received 'polka'\.$"):
        from_nothing((0,), 100.0, Wishes("polka"))
