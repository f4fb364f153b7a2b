"""Reading what is no MIDI file, or hostile: a sentence or a score, and soon."""

import json
import time

import pytest
import symusic
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.score import Limits, ScoreError, describe, read, roll, write
from tests.model.scores import NOTE, everything, midi, scale, track, variable

GOOD = midi(track(b"\x00\xff\x51\x03\x09\x27\xc0"), track(NOTE * 8), track(b"\x00\xc1\x28", NOTE * 8))


@pytest.mark.parametrize(("data", "word"), [
    (b"", "not a MIDI file"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 40, "not a MIDI file"),
    (midi(), "no notes"),
    (midi(track()), "no notes"),
    (midi(track(b"\x00\x90\x3c\x40")), "no notes"),                      # never released
    (midi(track(NOTE), division=0), "time unit"),
    (midi(track(NOTE), form=7), "type 7"),
    (midi(track(b"\x00\x3c\x40", NOTE)), "before its first event"),
    (midi(track(b"\x00\xf4", NOTE)), "0xF4"),
    (midi(track(b"\x00\x90\xff\xff", NOTE)), "impossible"),
    (midi(track(b"\xff" * 100, NOTE)), "four bytes"),
    (midi(track(b"\x00\xff\x01\xff\xff\xff\x7f", NOTE)), "cut short"),
    (midi(track(b"\x00\xf0\xff\xff\xff\x7f", NOTE)), "cut short"),
    (midi() + b"MTrk\xff\xff\xff\xff" + NOTE, "cut short"),
    (GOOD[:len(GOOD) // 2], "cut short"),
    (midi(track(variable(0x0FFFFFFF) + NOTE[1:] + variable(0x0FFFFFFF) + NOTE[1:])), "bars"),
    (midi(track(NOTE, (variable(0x0FFFFFFF) + NOTE[1:]) * 300), division=1), "bars"),
], ids=str)
def test_unusable_files_are_refused_in_one_sentence(data, word):
    with pytest.raises(ScoreError, match=word) as caught:
        read(data)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_limits_name_the_rule_and_the_value():
    many = midi(track(b"\x00\x90\x3c\x40\x01\x80\x3c\x40" * 200_000))
    with pytest.raises(ScoreError, match=r"at most 50,000 notes; this one has 200,000"):
        read(many)
    with pytest.raises(ScoreError, match=r"at most 100 bytes"):
        read(GOOD, Limits(max_bytes=100))
    with pytest.raises(ScoreError, match="at most 3 bars; this one has 4"):
        read(write(scale(4)), Limits(max_bars=3))
    three_hours = scale(1).copy()
    three_hours.tracks[0].notes.append(symusic.Note(1890 * 1920, 480, 60, 80))
    three_hours.tempos[0].mspq = 1_430_000
    with pytest.raises(ScoreError, match="at most 60 minutes; this one lasts 180 minutes"):
        read(write(three_hours))


def test_a_large_file_is_not_loaded(tmp_path):
    path = tmp_path / "large.mid"
    with path.open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(ScoreError, match="at most 5,000,000 bytes"):
        read(path)
    with pytest.raises(ScoreError, match=r"absent\.mid cannot be read"):
        read(tmp_path / "absent.mid")
    with pytest.raises(ScoreError, match="cannot be read"):
        read(tmp_path)


def survives(data: bytes) -> None:
    """Hostile bytes give a canonical score or a sentence, and soon."""
    begun = time.perf_counter()
    try:
        score = read(data)
    except ScoreError as error:
        assert str(error)
    else:
        assert everything(read(write(score))) == everything(score)
        json.dumps(roll(score))
        describe(score)
    assert time.perf_counter() - begun < 20


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x00\xff\x51\x00")
def test_random_bytes_in_a_track_do_no_harm(body):
    survives(midi(track(NOTE, body)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
       st.integers(0, len(GOOD)))
def test_flipped_and_missing_bytes_do_no_harm(flips, length):
    data = bytearray(GOOD)
    for index, value in flips:
        data[index] = value
    survives(bytes(data))
    survives(bytes(data[:length]))


event = st.one_of(
    st.builds(lambda channel, pitch, velocity: bytes((0x90 | channel, pitch, velocity)),
              st.integers(0, 15), st.integers(0, 127), st.integers(0, 127)),
    st.builds(lambda pitch, velocity: bytes((pitch, velocity)), st.integers(0, 127), st.integers(0, 127)),
    st.builds(lambda channel, program: bytes((0xC0 | channel, program)),
              st.integers(0, 15), st.integers(0, 127)),
    st.builds(lambda value: b"\xff\x51\x03" + value.to_bytes(3), st.integers(0, 0xFFFFFF)),
    st.builds(lambda top, low: bytes((0xFF, 0x58, 4, top, low, 24, 8)),
              st.integers(0, 255), st.integers(0, 255)),
    st.builds(lambda kind, text: bytes((0xFF, kind)) + variable(len(text)) + text,
              st.integers(0, 127).filter(lambda kind: kind != 0x2F), st.binary(max_size=20)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(st.one_of(st.integers(0, 2000), st.integers(0, 0x0FFFFFFF)), event),
                         max_size=30), min_size=1, max_size=4),
       st.integers(0, 2), st.integers(1, 0xFFFF))
def test_legal_events_in_any_order_do_no_harm(tracks, form, division):
    survives(midi(*(track(b"\x00\x90\x3c\x40", *(variable(delta) + data for delta, data in events))
                    for events in tracks), form=form, division=division))


@pytest.mark.parametrize("body", [
    b"\x00\x90\x3c\x40" * 1_200_000,
    b"\x01\xff\x51\x03\x07\xa1\x20" * 700_000 + NOTE,
    b"\x01\xff\x58\x04\x03\x02\x18\x08" * 300_000 + NOTE,
    b"".join(bytes((1, 0xC0, program, 0, 0x90, 60, 64)) for program in range(128)) * 350,
], ids=["strikes", "tempi", "metres", "programs"])
def test_a_full_five_megabytes_of_one_event_end_soon(body):
    survives(midi(track(body[:4_999_000])))
