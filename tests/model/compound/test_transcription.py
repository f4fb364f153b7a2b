"""Scores become events and come back quantised; from then on they stay as they are."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.compound import events as ev
from model.compound.transcription import decode, encode
from model.metre import METRES, bar_at, bar_tick
from model.music import unpack
from model.score import normalise, write

TICKS = ev.TICKS


def score_of(notes: dict[int, list[tuple[int, ...]]], metres=((0, 4, 4),), tempos=((0, 120.0),)) -> Score:
    """Notes (onset, length, pitch, velocity or 80) in ticks by program, metres and tempi."""
    score = Score(480)
    score.time_signatures = [TimeSignature(*metre) for metre in metres]
    score.tempos = [Tempo(*tempo) for tempo in tempos]
    for program, its in notes.items():
        track = Track("", program % 128, program == 128)
        track.notes = [Note(onset, length, pitch, *(rest or (80,))) for onset, length, pitch, *rest in its]
        score.tracks.append(track)
    return score


@st.composite
def scores(draw) -> Score:
    """Played music in up to four metres, with changes of tempo anywhere, long silences, and drums."""
    metres, tick = [], 0
    for metre, bars in draw(st.lists(st.tuples(st.sampled_from(sorted(METRES)), st.integers(1, 20)),
                                     min_size=1, max_size=4)):
        metres.append((tick, *metre))
        tick += bars * METRES[metre]
    when = st.integers(0, tick)
    tempos = [(0, 120.0), *draw(st.lists(st.tuples(when, st.floats(30, 300)), max_size=4))]
    note = st.tuples(when, st.integers(1, 8000), st.integers(0, 127), st.integers(1, 127))
    notes = {program: draw(st.lists(note, min_size=1, max_size=25))
             for program in draw(st.sets(st.sampled_from([0, 1, 40, 127, 128]), min_size=1))}
    return score_of(notes, metres, sorted(tempos))


def onsets(events: np.ndarray) -> np.ndarray:
    """Steps from the beginning of the piece to each event."""
    return np.cumsum(events[:, ev.TIME].astype(int))


def kinds(events: np.ndarray, *kinds: int) -> np.ndarray:
    return events[np.isin(events[:, ev.INSTRUMENT], kinds)]


def music_of(events: np.ndarray) -> list:
    """Everything up to the last note."""
    return events[: np.flatnonzero(ev.is_note(events))[-1] + 1].tolist()


# --- there and back -----------------------------------------------------------------------------------------

@given(scores())
def test_what_was_quantised_once_stays(score):
    once = encode(score)
    back = decode(once)
    again = encode(back)
    assert music_of(again) == music_of(once)
    for program, notes in unpack(decode(again)).parts.items():
        assert notes.tolist() == unpack(back).parts[program].tolist()
    assert encode(decode(again)).tolist() == again.tolist()
    assert write(decode(encode(decode(again)))) == write(decode(again))


@given(scores())
def test_every_note_comes_back_at_most_half_a_step_away(score):
    before, after = unpack(score).parts, unpack(decode(encode(score))).parts
    assert before.keys() == after.keys()
    for program, notes in before.items():
        left = after[program]
        kept = set()
        for onset, end, pitch, velocity in notes.tolist():
            near = np.flatnonzero((left[:, 2] == pitch) & (abs(left[:, 0] - onset) <= TICKS // 2))
            assert len(near), "a 1/24 quarter"
            kept |= set(near.tolist())
            alone = ((notes[:, 2] == pitch) & (abs(notes[:, 0] - onset) <= TICKS)).sum() == 1
            following = notes[(notes[:, 2] == pitch) & (notes[:, 0] > onset), 0]
            if not alone:
                continue
            (new, stop, _, loud), = left[near].tolist()
            assert abs(loud - velocity) <= 3
            lasts, longest = stop - new, ev.DURATIONS[-1] * TICKS
            if not len(following) or following.min() > end + 4 * TICKS:
                wanted = min(end - onset, longest)
                assert abs(lasts - wanted) <= (TICKS // 2 if wanted <= 48 * TICKS else 3 * TICKS // 2) or (
                    wanted < TICKS and lasts == TICKS)
        assert kept == set(range(len(left))), "nothing is added"


@given(scores())
def test_metres_and_tempi_come_back(score):
    music, back = unpack(score), unpack(decode(encode(score)))
    last = back.notes()[:, 0].max()
    end = max(bar_tick(music.grid, music.bars()), last + 1)
    assert back.grid == [change for change in music.grid if change[0] < end]
    for tick in range(0, last + 1, TICKS):
        now = [tempo for at, tempo in music.tempos if round(at / TICKS) * TICKS <= tick][-1]
        then = [tempo for at, tempo in back.tempos if at <= tick][-1]
        assert ev.tempo_class(60e6 / now) == ev.tempo_class(60e6 / then)


# --- what events are ----------------------------------------------------------------------------------------

@given(scores(), st.integers(0, len(ev.STYLES) - 1))
def test_events_keep_the_rules(score, style):
    events = encode(score, style)
    assert events.dtype == np.uint8
    for field, name in enumerate(ev.FIELDS):
        assert events[:, field].max() < ev.CLASSES[name]
    assert events[0].tolist() == [0, ev.START, style, 0, 0, 0, 0]
    assert events[1:3, ev.INSTRUMENT].tolist() == [ev.METRE, ev.TEMPO] and not events[1:3, ev.TIME].any()
    assert events[-1, ev.INSTRUMENT] == ev.END and events[-1, ev.POSITION] == 0, "it ends on a bar line"
    place = list(zip(onsets(events), events[:, ev.INSTRUMENT], events[:, ev.PITCH], strict=True))[3:-1]
    assert all(before < after for before, after in pairwise(place)), "no event twice, and all of them rise"
    assert (kinds(events, ev.WAIT)[:, ev.TIME] == ev.LONGEST).all()
    assert not kinds(events, ev.WAIT, ev.END)[:, ev.PITCH : ev.POSITION].any()


@given(scores())
def test_places_agree_with_the_metres(score):
    events = encode(score)
    at = onsets(events)
    grid = [(int(tick) * TICKS, *ev.METRE_LIST[row[ev.PITCH]])
            for tick, row in zip(at, events, strict=True) if row[ev.INSTRUMENT] == ev.METRE]
    for step, row in zip(at.tolist(), events, strict=True):
        number, line = bar_at(grid, step * TICKS)
        assert (row[ev.BAR], row[ev.POSITION]) == (number % ev.BARS, step - line // TICKS)


@given(scores())
def test_no_key_is_struck_while_it_sounds(score):
    events = encode(score)
    at = onsets(events)
    notes = ev.is_note(events)
    ends: dict[tuple[int, int], int] = {}
    for step, (_, player, pitch, duration, *_) in zip(at[notes], events[notes].tolist(), strict=True):
        assert step >= ends.get((player, pitch), 0)
        ends[player, pitch] = step + ev.DURATIONS[duration]


# --- by hand ------------------------------------------------------------------------------------------------

def test_a_bar_by_hand():
    score = score_of({0: [(0, 480, 60, 79), (480, 20, 64, 1)], 128: [(0, 240, 36, 127)]}, tempos=[(0, 93.0)])
    metre, tempo = ev.METRE_LIST.index((4, 4)), ev.tempo_class(93.0)
    assert encode(score, 3).tolist() == [
        [0, ev.START, 3, 0, 0, 0, 0],
        [0, ev.METRE, metre, 0, 0, 0, 0],
        [0, ev.TEMPO, tempo, 0, 0, 0, 0],
        [0, ev.KIT, 36, 5, 31, 0, 0],
        [0, ev.PLAYERS + 1, 60, 11, 19, 0, 0],
        [12, ev.PLAYERS + 1, 64, 0, 0, 12, 0],
        [36, ev.END, 0, 0, 0, 0, 1],
    ]


@pytest.mark.parametrize("metre", sorted(METRES), ids=lambda metre: "{}/{}".format(*metre))
def test_every_metre(music, metre):
    score = normalise(music(bars=20, metre=metre))
    events = encode(score)
    assert ev.in_force(ev.METRE, events) == ev.METRE_LIST.index(metre)
    length = METRES[metre] // TICKS
    places = onsets(events)
    assert (events[:, ev.POSITION] == places % length).all()
    assert (events[:, ev.BAR] == places // length % ev.BARS).all()
    back = decode(events)
    assert unpack(back).grid == [(0, *metre)] and back.note_num() == score.note_num()


def test_drums_and_programs_come_back():
    notes = [(0, 480, 60)]
    back = unpack(decode(encode(score_of({0: notes, 127: notes, 128: notes}))))
    assert sorted(back.parts) == [0, 127, 128]
    assert {program: ev.program_of(ev.instrument_of(program)) for program in range(129)} == {
        program: program for program in range(129)}


@pytest.mark.parametrize("first, second, kept", [
    ((0, 5), (10, 470), [0, 480, 60]),              # the second lasts longer
    ((0, 10), (10, 10), [0, 40, 60]),               # both are a step
    ((1440 - 15, 5), (1440, 960), [1440, 2400, 60]),
])
def test_twins_become_the_longest(first, second, kept):
    score = score_of({0: [(*first, 60), (*second, 60)]})
    notes = unpack(decode(encode(score))).parts[0]
    assert notes[:, :3].tolist() == [kept]


def test_neighbours_are_no_twins():
    score = score_of({0: [(0, 480, 60), (0, 480, 61)], 1: [(0, 480, 60)], 128: [(0, 480, 60)]})
    assert ev.is_note(encode(score)).sum() == 4


def test_a_note_ends_before_its_key_is_struck_again():
    # 50 steps are no class: the next one, 51, would reach into the second note
    score = score_of({0: [(0, 50 * TICKS, 60), (50 * TICKS, 480, 60), (50 * TICKS, 480, 62)]})
    events = encode(score)
    assert ev.DURATIONS[events[3, ev.DURATION]] == 48


@pytest.mark.parametrize("gap, waits", [(191, 0), (192, 1), (382, 1), (383, 2), (1000, 5)])
def test_long_silences_are_waited_through(gap, waits):
    events = encode(score_of({0: [(0, 40, 60), (gap * TICKS, 40, 60)]}))
    kept = kinds(events, ev.WAIT)
    assert len(kept) == waits
    assert decode(events).tracks[0].notes[1].start == gap * TICKS
    assert onsets(events)[-2] == gap


def test_the_last_change_of_a_step_holds():
    score = score_of({0: [(0, 4800, 60), (3840, 480, 60)]}, tempos=[(0, 120.0), (960, 200.0), (970, 60.0)])
    changes = kinds(encode(score), ev.TEMPO)
    assert changes[:, ev.PITCH].tolist() == [ev.tempo_class(120), ev.tempo_class(60)]
    back = score_of({0: [(0, 4800, 60), (3840, 480, 60)]},
                    tempos=[(0, 120.0), (960, 200.0), (970, 120.0), (1920, 121.0)])
    assert len(kinds(encode(back), ev.TEMPO)) == 1, "what changes nothing is not said"


def test_changes_after_the_end_are_not_heard():
    score = score_of({0: [(0, 480, 60)]}, [(0, 4, 4), (1920, 3, 4)], [(0, 120.0), (960, 60.0)])
    assert len(kinds(encode(score), ev.METRE, ev.TEMPO)) == 2


def test_the_end_is_counted_in_the_metres_under_the_last_note():
    score = score_of({0: [(0, 1920 + 1440, 60)]}, [(0, 4, 4), (1920, 3, 4), (3360, 2, 4)])
    assert encode(score)[-2:].tolist() == [
        [48, ev.METRE, ev.METRE_LIST.index((3, 4)), 0, 0, 0, 1], [36, ev.END, 0, 0, 0, 0, 2]]


def test_a_note_that_rounds_into_the_bar_after_the_last():
    events = encode(score_of({0: [(0, 480, 60), (1920 - 5, 5, 62)]}))
    assert events[-2].tolist() == [48, ev.PLAYERS + 1, 62, 0, 19, 0, 1]
    assert events[-1].tolist() == [0, ev.END, 0, 0, 0, 0, 1]


def test_nothing_is_no_events():
    empty = encode(Score(480))
    assert empty.shape == (0, len(ev.FIELDS)) and empty.dtype == np.uint8
    assert decode(empty).note_num() == 0


def test_five_columns_are_enough_to_hear(music):
    events = encode(music())
    assert write(decode(events[:, :5])) == write(decode(events))


# --- the beginning of more ----------------------------------------------------------------------------------

def test_a_part_has_no_end_and_nothing_beyond_its_line():
    score = score_of({0: [(0, 480, 60), (1920 - 5, 5, 62), (1920, 480, 64)]})
    events = encode(score, bars=1)
    assert not len(kinds(events, ev.END))
    assert kinds(events, ev.PLAYERS + 1)[:, ev.PITCH].tolist() == [60]
    assert kinds(encode(score, bars=2), ev.PLAYERS + 1)[:, ev.PITCH].tolist() == [60, 62, 64]


def test_a_part_changes_its_metre_in_silence_too():
    score = score_of({0: [(0, 480, 60)]}, [(0, 4, 4), (1920, 3, 4), (3360, 6, 8)], [(0, 120.0), (1920, 60.0)])
    events = encode(score, bars=2)
    assert kinds(events, ev.METRE)[:, ev.PITCH].tolist() == [
        ev.METRE_LIST.index((4, 4)), ev.METRE_LIST.index((3, 4))]
    assert events[-1].tolist() == [48, ev.METRE, ev.METRE_LIST.index((3, 4)), 0, 0, 0, 1]
    assert encode(score_of({0: [(1920, 480, 60)]}), bars=1).shape == (0, len(ev.FIELDS))
