"""Cutting, joining and describing scores."""

import json

import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.instruments import DRUMS, NAMES, instrument_name
from model.metre import TPQ
from model.score import (
    ScoreError,
    bar_seconds,
    count_bars,
    cut_bars,
    cut_seconds,
    describe,
    join,
    normalise,
    read,
    roll,
)
from tests.model.scores import NOTE, everything, midi, notes_of, onsets, scale, score_of, scores, track

# --- cutting and joining ------------------------------------------------------------------------------------

@settings(max_examples=80, deadline=None)
@given(scores(), st.integers(1, 12))
def test_cut_then_join_gives_the_score_back(score, bar):
    bars = count_bars(score)
    assume(bar < bars)
    first, second = cut_bars(score, 0, bar), cut_bars(score, bar, bars)
    again = join(first, second, at_bar=bar)
    assert onsets(again) == onsets(score)
    assert bar_seconds(again, bars) == pytest.approx(bar_seconds(score, bars))


@settings(max_examples=50, deadline=None)
@given(scores(), st.integers(1, 5))
def test_cut_bars_covers_all(score, step):
    bars = count_bars(score)
    pieces = [cut_bars(score, start, start + step) for start in range(0, bars, step)]
    assert sum(describe(piece).notes for piece in pieces) == describe(score).notes
    assert all(count_bars(piece) <= step for piece in pieces)
    assert notes_of(cut_bars(score, 0, bars + 1)) == notes_of(score)


def test_cut_bars_moves_to_zero_and_ends_what_hangs_over():
    music = score_of({0: [(0, 4 * 1920, 60, 80), (1920, 3000, 64, 80)]},
                     tempos=[(0, 500_000), (1920, 1_000_000)])
    piece = cut_bars(music, 1, 2)
    assert notes_of(piece) == {0: [(0, 1920, 64, 80)]}
    assert describe(piece).tempo == 60.0


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 2), (3, 1)])
def test_impossible_cuts_are_refused(start, stop):
    with pytest.raises(ScoreError):
        cut_bars(scale(4), start, stop)
    with pytest.raises(ScoreError):
        cut_seconds(scale(4), start, stop)


def test_cut_seconds_takes_exactly_that_time():
    piece = cut_seconds(scale(4), 1.25, 3.0)                     # half-second notes
    assert [onset / 960 for _, onset, _, _ in onsets(piece)] == pytest.approx([0.25, 0.75, 1.25])
    assert describe(piece).seconds == pytest.approx(1.75)


def test_join_begins_where_the_last_bar_ends():
    half = score_of({0: [(0, 480, 60, 80), (1920, 480, 62, 80)]})        # the second bar is not full
    joined = join(half, scale(1, program=40))
    assert min(onset for program, onset, _, _ in onsets(joined) if program == 40) == 2 * 1920


def test_join_cuts_what_hangs_over_the_seam_and_merges_programs():
    joined = join(score_of({0: [(0, 5000, 60, 80)]}), scale(1), at_bar=1)
    assert notes_of(joined)[0][0] == (0, 1920, 60, 80)
    assert len(joined.tracks) == 1


def test_join_goes_on_in_the_tempo_and_metre_of_the_prompt_if_the_continuation_states_none():
    prompt = score_of({0: [(0, 480, 60, 80)]}, tempos=[(0, 1_000_000)], metres=[(0, 3, 4)])
    bare = symusic.Score(TPQ)
    bare.tracks.append(symusic.Track("", 0, False))
    bare.tracks[0].notes.append(symusic.Note(0, 480, 62, 80))
    joined = join(prompt, bare)
    assert bar_seconds(joined).tolist() == [0.0, 3.0, 6.0]
    assert onsets(joined)[1] == (0, 1440, 62, 80)
    stated = join(prompt, scale(1))
    assert bar_seconds(stated).tolist() == [0.0, 3.0, 5.0]


def test_the_whistle_is_short_high_soft_and_on_its_own_track():
    prompt = score_of({program: [(0, 480, 60, 80)] * 2 for program in range(0, 60, 4)})     # 15 instruments
    joined = join(prompt, scale(1), whistle=True)
    [(onset, duration, pitch, velocity)] = notes_of(joined)[78]
    assert onset == 1920 and duration <= 480 and pitch >= 84 and velocity <= 60
    assert 78 not in notes_of(join(prompt, scale(1)))
    assert len(joined.tracks) == 15


def test_join_with_an_empty_prompt_or_continuation():
    empty = symusic.Score(TPQ)
    assert onsets(join(empty, scale(2))) == onsets(scale(2)) == onsets(join(scale(2), empty))
    with pytest.raises(ScoreError, match="seam"):
        join(scale(1), scale(1), at_bar=-1)


# --- describing ---------------------------------------------------------------------------------------------

def test_the_roll_holds_seconds_and_is_json():
    music = score_of({40: [(480, 480, 60, 80)], DRUMS: [(0, 100, 36, 99)]})
    picture = json.loads(json.dumps(roll(music)))
    assert picture["duration"] == 1.0 and picture["bars"] == [0.0, 2.0]
    violin, drums = picture["tracks"]
    assert violin == {"program": 40, "name": "Violin", "drum": False, "notes": [[0.5, 0.5, 60, 80]]}
    assert drums["drum"] and drums["program"] == 128


def test_scores_of_other_resolutions_are_taken():
    small = symusic.Score(12)
    small.tracks.append(symusic.Track("", 5, False))
    small.tracks[0].notes.append(symusic.Note(12, 6, 60, 80))
    assert notes_of(normalise(small)) == {5: [(480, 240, 60, 80)]}


def test_notices_travel_with_cuts_and_joins():
    music = read(midi(track(b"\x00\xff\x58\x04\x05\x03\x18\x08", NOTE * 20)))
    assert describe(join(cut_bars(music, 0, 2), cut_bars(music, 2, 4))).notices == describe(music).notices


def test_instrument_names():
    assert len(NAMES) == len(set(NAMES)) == 128
    assert (NAMES[0], NAMES[40], NAMES[73], NAMES[127]) == ("Grand Piano", "Violin", "Flute", "Gunshot")
    families = [pretty_midi.program_to_instrument_class(program) for program in range(0, 128, 8)]
    assert len(set(families)) == 16
    with pytest.raises(ValueError, match="129"):
        instrument_name(129)


def test_nothing_is_shared_with_the_score_given():
    music = scale(2)
    before = everything(music)
    cut_bars(music, 0, 1).tracks[0].notes[0].pitch = 1
    join(music, music)
    assert everything(music) == before
    assert np.array_equal(bar_seconds(music), [0, 2, 4])
