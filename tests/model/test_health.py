"""What becomes of a prompt: what was read, what the layout changes, what the network sees."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.compound import Compound
from model.health import examine
from model.health_view import comparison, health
from model.keys import key_of

LAYOUT = Compound()


def losses(score: Score, bars: int = 4) -> dict[str, int]:
    return {loss.name: loss.count for loss in examine(score, bars, LAYOUT).losses}


def line(*notes: tuple[int, int, int, int], program: int = 0) -> Score:
    """Notes of onset, duration, pitch, velocity."""
    score = Score(480)
    track = Track("", program)
    for row in notes:
        track.notes.append(Note(*row))
    score.tracks.append(track)
    return score


EXACT = 64          # a velocity that the layout holds as it is: 16 of 32 steps of 127/32, rounded


def test_what_lies_on_the_grid_comes_back_as_it_was():
    score = line(*((beat * 480, 480, 60 + beat, EXACT) for beat in range(16)))
    found = examine(score, 4, LAYOUT)
    assert not any(loss.count for loss in found.losses) and found.seen == found.bars == 4
    assert found.notes == 16 and found.metres == ("4/4",) and found.tempi == 1 and found.tempo == 120


@pytest.mark.parametrize("name, row", [
    ("moved", (7, 480, 60, EXACT)), ("loudness", (0, 480, 60, 65)), ("shortened", (0, 480 * 15, 60, EXACT)),
    ("lengthened", (0, 480 * 4 + 80, 60, EXACT)),
])
def test_each_change_is_counted_where_it_belongs(name, row):
    score = line((3 * 480, 480, 72, EXACT), row)
    found = losses(score)
    assert found.pop(name) == 1 and not any(found.values())


def test_tempi_that_are_too_near_are_not_followed():
    score = line((0, 480, 60, EXACT), (6000, 480, 62, EXACT))
    for tick, tempo in ((0, 120.0), (1920, 121.0), (3840, 180.0)):
        score.tempos.append(Tempo(tick, tempo))
    found = {loss.name: loss for loss in examine(score, 4, LAYOUT).losses}
    assert (found["tempo"].count, found["tempo"].of) == (1, 2)


def test_a_prompt_that_is_too_long_is_seen_from_its_end(music):
    found = examine(music(bars=60, notes=9), 60, LAYOUT)
    assert 0 < found.seen < 60 and f"the last {found.seen} of 60 bars" in health(found)
    assert health(found).count('class="unseen"') == 60 - found.seen


def test_other_metres_and_drums_alone():
    score = line((0, 480, 60, EXACT))
    score.time_signatures.append(TimeSignature(0, 3, 4))
    score.tracks[0].is_drum = True
    found = examine(score, 1, LAYOUT)
    assert found.metres == ("3/4",) and found.key is None and "no key" in health(found)


NOTES = st.lists(st.tuples(st.integers(0, 7000), st.integers(1, 9000), st.integers(0, 127),
                           st.integers(1, 127)), min_size=1, max_size=30)


@given(NOTES)
def test_what_the_layout_gave_back_is_lost_no_more(notes):
    """Sent through a second time, no note is missing, moved, or ends elsewhere."""
    from model.score import normalise

    once = normalise(LAYOUT.round_trip(line(*notes)))
    if once.note_num():
        assert not any(losses(once, 8).values())


def test_a_page_of_health_is_escaped_and_has_its_words(music):
    text = health(examine(music(bars=4), 4, LAYOUT))
    assert "4 bars" in text and "all 4 bars" in text and "<script" not in text
    assert not re.search(r"nan|None|True", re.sub(r"<[^>]*>", "", text))
    assert '&lt;b&gt;' in comparison("a" * 22, "b" * 22, "<b>") and "<b>" not in comparison("a", "b", "<b>")


# --- keys ---------------------------------------------------------------------------------------------------

SCALES = {"major": [0, 2, 4, 5, 7, 9, 11], "minor": [0, 2, 3, 5, 7, 8, 11]}
CHORD = {"major": [0, 4, 7], "minor": [0, 3, 7]}


@pytest.mark.parametrize("mode", SCALES)
@pytest.mark.parametrize("tonic", range(12))
def test_a_scale_that_leans_on_its_chord_is_its_key(mode, tonic):
    weights = np.zeros(12)
    weights[[(tonic + step) % 12 for step in SCALES[mode]]] += 1
    weights[[(tonic + step) % 12 for step in CHORD[mode]]] += 2
    found = key_of(weights)
    assert (found.tonic, found.mode) == (tonic, mode) and found.name in found.in_words()


def test_music_without_a_key_has_none():
    assert key_of(np.ones(12)) is None and key_of(np.zeros(12)) is None
    assert key_of(np.tile([1.0, 0.9], 6)) is None


def test_how_sure_it_is_in_words():
    weights = np.zeros(12)
    weights[[0, 4, 7]] = 3, 2, 2
    assert key_of(weights).in_words() == "clearly C major"
    weights[:] = 0
    weights[[0, 4, 7, 9]] = 1.0     # C major with a sixth is A minor with a seventh
    assert key_of(weights).in_words() == "C major or A minor"
