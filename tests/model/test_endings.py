"""The last chord rings, and nothing after it is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Track

from model.endings import close
from model.music import unpack
from model.score import count_bars

BAR, BEAT = 1920, 480


def piece(notes: dict[int, list[tuple[int, int, int]]]) -> Score:
    """Program -> (onset, duration, pitch)."""
    score = Score(480)
    for program, rows in notes.items():
        track = Track("", program % 128, program == 128)
        for onset, duration, pitch in rows:
            track.notes.append(Note(onset, duration, pitch, 80))
        score.tracks.append(track)
    return score


def ends(score: Score, program: int) -> list[int]:
    return unpack(score).parts[program][:, 1].tolist()


@pytest.mark.parametrize("onset, lasts, end", [
    (BAR, 120, BAR + 2 * BEAT),                 # a short chord rings for a half note
    (BAR, 3 * BEAT, BAR + 3 * BEAT),            # a long one as long as it was
    (BAR + 3 * BEAT, 120, 2 * BAR),             # no further than its bar
    (BAR + 3 * BEAT, 3 * BEAT, 2 * BAR + 2 * BEAT),     # unless it was written so
    (2 * BAR, 9 * BAR, 3 * BAR),                # and never beyond the take
])
def test_the_last_chord_rings(onset, lasts, end):
    chord = [(onset, lasts, 60), (onset, 60, 64)]
    assert ends(close(piece({0: [(0, BEAT, 48), *chord]}), 3), 0) == [BEAT, end, end]


def test_what_began_before_ends_with_it_and_what_had_ended_stays():
    score = piece({0: [(0, 40 * BEAT, 36), (0, BEAT, 60), (BAR, BEAT, 67)], 40: [(BEAT, 90 * BEAT, 72)]})
    closed = close(score, 8)
    assert ends(closed, 0) == [BAR + 2 * BEAT, BEAT, BAR + 2 * BEAT] and ends(closed, 40) == [BAR + 2 * BEAT]


def test_drums_stop_with_the_music_and_alone_are_the_music():
    kit = [(beat * BEAT, 60, 36) for beat in range(12)]
    closed = unpack(close(piece({0: [(BAR, BEAT, 60)], 128: kit}), 3)).parts
    assert closed[128][:, 0].max() == BAR + BEAT and closed[128][:, 1].max() <= BAR + 2 * BEAT
    alone = unpack(close(piece({128: kit}), 3)).parts[128]
    assert len(alone) == 12 and alone[-1, 1] == 3 * BAR


def test_nothing_to_close():
    assert close(Score(480), 4).note_num() == 0


NOTES = st.lists(st.tuples(st.integers(0, 4 * BAR - 1), st.integers(1, 6 * BAR), st.integers(30, 90)),
                 min_size=1, max_size=20)


@given(NOTES, NOTES, st.integers(4, 6))
def test_no_onset_changes_nothing_hangs_and_closing_twice_is_closing_once(piano, violin, bars):
    score = piece({0: piano, 40: violin})
    closed = close(score, bars)
    before, after = unpack(score).parts, unpack(closed).parts
    last = max(notes[:, 0].max() for notes in before.values())
    for program, notes in before.items():
        assert notes[:, (0, 2, 3)].tolist() == after[program][:, (0, 2, 3)].tolist()
    end = unpack(closed).end()
    assert end > last and end <= bars * BAR and count_bars(closed) <= bars
    final = [row for notes in after.values() for row in notes.tolist() if row[0] == last]
    assert {row[1] for row in final} == {end}
    assert unpack(close(closed, bars)).notes().tolist() == unpack(closed).notes().tolist()
