"""Writing MIDI files that we and others read as they were meant."""

import io

import mido
import pretty_midi
import pytest
import symusic
from hypothesis import given, settings

from model.instruments import DRUMS, instrument_name
from model.metre import TPQ
from model.score import bar_seconds, describe, read, write
from tests.model.scores import everything, notes_of, onsets, score_of, scores


@settings(max_examples=80, deadline=None)
@given(scores())
def test_write_then_read_is_stable(score):
    score = read(write(score))                                   # leading silent bars go once
    assert everything(read(write(score))) == everything(score)
    assert write(read(write(score))) == write(score)


@settings(max_examples=30, deadline=None)
@given(scores())
def test_other_programs_read_the_same_music(score):
    other = pretty_midi.PrettyMIDI(io.BytesIO(write(score)))
    assert {DRUMS if part.is_drum else part.program: len(part.notes) for part in other.instruments} == {
        program: len(notes) for program, notes in notes_of(score).items()}
    by_symusic = symusic.Score.from_midi(write(score))
    assert onsets(by_symusic) == onsets(score)
    end = max(note.end for part in other.instruments for note in part.notes)
    assert end == pytest.approx(describe(score).seconds, abs=1e-6)


def test_a_daw_shows_the_right_program_and_name_on_every_track():
    parts = {program: [(0, 480, 60, 80)] for program in range(0, 75, 5)} | {DRUMS: [(0, 100, 36, 80)]}
    file = mido.MidiFile(file=io.BytesIO(write(score_of(parts), texts=["made by Segue, seed 7", "Prélude"])))
    conductor, *tracks = file.tracks
    assert file.type == 1 and len(tracks) == 16
    raw = [message.text.encode("latin1").decode() for message in conductor if message.type == "text"]
    assert raw == ["made by Segue, seed 7", "Prélude"]
    channels = []
    for part, (program, _) in zip(tracks, sorted(parts.items()), strict=True):
        assert part.name == instrument_name(program)
        [change] = [message for message in part if message.type == "program_change"]
        used = {message.channel for message in part if hasattr(message, "channel")}
        assert used == {change.channel} and change.program == program % DRUMS
        assert (change.channel == 9) == (program == DRUMS)
        channels.append(change.channel)
    assert sorted(channels) == list(range(16))


def test_more_than_fifteen_instruments_are_written_on_fifteen_channels():
    parts = {program: [(480 * program, 480, 60, 80)] for program in range(30)}
    again = read(write(score_of(parts)))
    assert len(again.tracks) == 15 and describe(again).notes == 30


def test_an_empty_score_is_written_and_described():
    empty = symusic.Score(TPQ)
    assert mido.MidiFile(file=io.BytesIO(write(empty))).length == 0
    assert describe(empty).bars == 0 and describe(empty).seconds == 0
    assert bar_seconds(empty).tolist() == [0.0]
