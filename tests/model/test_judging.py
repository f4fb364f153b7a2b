"""The judge: what it hears of silence, repetition, register, density and harmony, and that it is fair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Track

from model.evaluation.passage import passage
from model.judging import NAMES, judge, repetition, silence
from model.score import cut_bars

BAR = 1920


def piece(*bars: list[tuple], program=0) -> Score:
    """A bar a list of (beat, pitch), quarters."""
    score = Score(480)
    track = Track("", program % 128, program == 128)
    for number, bar in enumerate(bars):
        for beat, pitch in bar:
            track.notes.append(Note(int(number * BAR + beat * 480), 480, pitch, 80))
    score.tracks.append(track)
    return score


TUNE = [[(beat, 60 + step) for beat, step in enumerate(bar)]
        for bar in ([0, 4, 7, 4], [5, 9, 12, 9], [7, 11, 14, 11], [0, 4, 7, 12])]


def moved(bars, by):
    return [[(beat, pitch + by) for beat, pitch in bar] for bar in bars]


def test_more_of_the_same_is_as_usual_as_can_be():
    verdict = judge(piece(*TUNE), piece(*TUNE[1:]), 3)
    assert verdict.scores["silence"] == verdict.scores["register"] == verdict.scores["density"] == 1
    assert verdict.scores["harmony"] == 1 and tuple(verdict.scores) == NAMES == tuple(verdict.reasons)
    assert verdict.total == pytest.approx(np.mean(list(verdict.scores.values())))


@pytest.mark.parametrize("name, bars, words", [
    ("silence", [TUNE[0], [], TUNE[1], TUNE[2]], "25 in 100 beats are silent; in the prompt 0 in 100."),
    ("register", moved(TUNE, 24), "Instruments play 24.0 semitones from where the prompt has them."),
    ("density", [[(beat / 4, 60 + beat % 3) for beat in range(16)]] * 4, "16 notes a bar; in the prompt 4."),
    ("harmony", moved(TUNE, 6), "They leave the prompt's pitches."),
])
def test_what_is_odd_scores_low_and_says_why(name, bars, words):
    verdict = judge(piece(*TUNE), piece(*bars), 4)
    assert verdict.scores[name] < 0.3 and words in verdict.reasons[name]


def test_bars_that_are_the_same_again_and_again_after_a_prompt_that_is_not():
    verdict = judge(piece(*TUNE), piece(*[TUNE[0]] * 4), 4)
    assert verdict.scores["repetition"] == 0 and "share 100 in 100 notes" in verdict.reasons["repetition"]
    assert judge(piece(*[TUNE[0]] * 4), piece(*[TUNE[0]] * 4), 4).scores["repetition"] == 1
    never = judge(piece(*[TUNE[0]] * 4), piece(*moved(TUNE, 1)), 4)
    assert never.scores["repetition"] == 0, "too little is as odd as too much"


def test_nothing_is_nothing():
    verdict = judge(piece(*TUNE), Score(480), 4)
    assert verdict.total == 0 and set(verdict.reasons.values()) == {"Nothing plays."}


def test_from_nothing_there_is_less_to_say():
    verdict = judge(None, piece(*TUNE), 4)
    assert verdict.scores["register"] == verdict.scores["density"] == 1
    assert judge(None, piece(*TUNE, [], []), 6).scores["silence"] == 0
    assert not any("prompt" in reason for reason in verdict.reasons.values())


def test_drums_have_no_pitches_to_judge():
    verdict = judge(piece(*TUNE, program=128), piece(*TUNE, program=128), 4)
    assert verdict.scores["register"] == verdict.scores["harmony"] == 1
    assert judge(piece(*TUNE), piece(*TUNE, program=128), 4).scores["register"] == 0


def test_silence_counts_quarters_in_which_nothing_sounds():
    score = piece(TUNE[0], [], TUNE[1])
    assert silence(passage(score, 3)) == pytest.approx(4 / 12)
    score.tracks[0].notes[3].duration = BAR         # held through the silent bar but for its last quarter
    assert silence(passage(score, 3)) == pytest.approx(1 / 12)


def test_repetition_looks_back_for_the_most_alike():
    assert repetition(passage(piece(TUNE[0], TUNE[1], TUNE[0]), 3)) == pytest.approx(0.5)
    assert np.isnan(repetition(passage(piece(TUNE[0]), 1)))


BARS = st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 127)), max_size=6), min_size=1,
                max_size=6)


@given(BARS, st.integers(1, 5), st.sampled_from([0, 40, 128]))
def test_any_music_gets_a_score_between_0_and_1(bars, new, program):
    score = piece(*bars, program=program)
    verdict = judge(cut_bars(score, 0, len(bars)), score, new)
    assert all(0 <= value <= 1 for value in verdict.scores.values()) and 0 <= verdict.total <= 1
    assert all(reason.endswith(".") and "nan" not in reason for reason in verdict.reasons.values())


@given(st.integers(-24, 24))
def test_the_key_of_prompt_and_continuation_together_does_not_matter(by):
    prompt, new = moved(TUNE, by), moved([TUNE[2], TUNE[0], TUNE[3]], by)
    assert judge(piece(*prompt), piece(*new), 3) == judge(piece(*TUNE), piece(TUNE[2], TUNE[0], TUNE[3]), 3)
