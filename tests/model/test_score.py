"""Reading, describing, cutting, joining and writing scores; and what hostile bytes do, which is nothing."""

import io
import itertools
import json
import struct
import time

import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from model.instruments import DRUMS, NAMES, instrument_name
from model.metre import METRES, TPQ, align, bar_at, bar_lines, bar_tick, hold
from model.score import (
    Limits,
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
    write,
)

EOT = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40"       # middle C for one quarter at 480 ticks


# --- making music and files ---------------------------------------------------------------------------------

def track(*events: bytes, end: bytes = EOT) -> bytes:
    body = b"".join(events) + end
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi(*tracks: bytes, form: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, form, len(tracks), division) + b"".join(tracks)


def variable(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def score_of(parts: dict[int, list[tuple[int, int, int, int]]], tempos=((0, 500_000),), metres=((0, 4, 4),)):
    """parts: program (128 = drums) -> (onset, duration, pitch, velocity) in ticks."""
    score = symusic.Score(TPQ)
    for program, notes in parts.items():
        part = symusic.Track("", program % DRUMS, program == DRUMS)
        for note in notes:
            part.notes.append(symusic.Note(*note))
        score.tracks.append(part)
    for tick, value in tempos:
        score.tempos.append(symusic.Tempo(tick, mspq=value))
    for metre in metres:
        score.time_signatures.append(symusic.TimeSignature(*metre))
    return normalise(score)


def notes_of(score) -> dict[int, list[tuple[int, int, int, int]]]:
    return {DRUMS if part.is_drum else part.program:
            [(note.time, note.duration, note.pitch, note.velocity) for note in part.notes]
            for part in score.tracks}


def everything(score):
    return (notes_of(score), [(tempo.time, tempo.mspq) for tempo in score.tempos],
            [(sign.time, sign.numerator, sign.denominator) for sign in score.time_signatures])


def onsets(score) -> list[tuple[int, int, int, int]]:
    return sorted((program, onset, pitch, velocity)
                  for program, notes in notes_of(score).items() for onset, _, pitch, velocity in notes)


def scale(bars: int, program: int = 0) -> symusic.Score:
    """Four quarters a bar, up and down the white keys."""
    white = [60, 62, 64, 65, 67, 69, 71, 72]
    return score_of({program: [(beat * TPQ, TPQ, white[beat % 8], 80) for beat in range(4 * bars)]})


programs = st.integers(0, DRUMS)
note = st.tuples(st.integers(0, 16 * TPQ), st.integers(1, 4 * TPQ), st.integers(0, 127), st.integers(1, 127))
metre_changes = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(sorted(METRES))), max_size=3)


@st.composite
def scores(draw):
    """Canonical scores with several instruments, tempi and metres."""
    parts = draw(st.dictionaries(programs, st.lists(note, min_size=1, max_size=20), min_size=1, max_size=6))
    tempos = draw(st.lists(st.tuples(st.integers(0, 16 * TPQ), st.integers(150_000, 6_000_000)), max_size=4))
    metres, tick = [(0, *draw(st.sampled_from(sorted(METRES))))], 0
    for bars, metre in draw(metre_changes):
        tick += bars * METRES[metres[-1][1:]]
        metres.append((tick, *metre))
    return score_of(parts, tempos, metres)


# --- reading: what is right ---------------------------------------------------------------------------------

def test_reads_a_plain_file():
    music = describe(read(midi(track(b"\x00\xff\x51\x03\x09\x27\xc0", NOTE))))       # 600,000 us: 100 bpm
    assert (music.bars, music.notes, music.tempo, music.time_signature) == (1, 1, 100.0, "4/4")
    assert music.seconds == pytest.approx(0.6)
    assert music.instruments == [(0, "Grand Piano", 1)]
    assert music.notices == []


def test_reads_paths_and_bytes_alike(tmp_path):
    path = tmp_path / "scale.mid"
    data = write(scale(2), path)
    assert path.read_bytes() == data
    assert everything(read(path)) == everything(read(str(path))) == everything(read(data))


def test_drums_alone_are_music():
    music = read(midi(track(b"\x00\x99\x24\x64\x60\x89\x24\x00")))
    assert describe(music).instruments == [(128, "Drums", 1)]
    assert music.tracks[0].is_drum


def test_zero_length_notes_get_the_shortest_length():
    music = read(midi(track(b"\x00\x99\x24\x64\x00\x89\x24\x00", b"\x60\x99\x26\x64\x00\x89\x26\x00")))
    assert [duration for _, duration, _, _ in notes_of(music)[DRUMS]] == [40, 40]


def test_tracks_of_one_instrument_become_one():
    violin = b"\x00\xc0\x28" + NOTE
    second = b"\x00\xc1\x28" + b"\x83\x60\x91\x43\x40\x83\x60\x81\x43\x40"
    assert notes_of(read(midi(track(violin), track(second)))) == {40: [(0, 480, 60, 64), (480, 480, 67, 64)]}


def test_a_type_0_file_is_split_by_channel_and_program():
    body = (b"\x00\xc0\x28\x00\xc1\x2a" + NOTE + b"\x00\x91\x30\x50\x83\x60\x81\x30\x00"
            + b"\x00\xc0\x49" + NOTE)
    assert list(notes_of(read(midi(track(body), form=0)))) == [40, 42, 73]


def test_a_program_set_in_another_track_counts_where_the_channel_has_none_of_its_own():
    setup = track(b"\x00\xc3\x0b")
    played = track(b"\x00\x93\x3c\x40\x60\x83\x3c\x00")
    assert list(notes_of(read(midi(setup, played)))) == [11]
    assert list(notes_of(read(midi(setup, track(b"\x00\xc3\x0c\x00\x93\x3c\x40\x60\x83\x3c\x00"))))) == [12]


def test_type_2_reads_the_first_piece_and_says_so():
    other = b"\x00\x90\x48\x40\x60\x80\x48\x40"
    music = read(midi(track(NOTE), track(other), form=2))
    assert onsets(music) == [(0, 0, 60, 64)]
    assert "type-2" in describe(music).notices[0]


def test_a_file_in_seconds_is_counted_at_120():
    division = 0x10000 - (25 << 8) + 40                          # 25 frames of 40 ticks: 1000 ticks a second
    music = read(midi(track(b"\x00\x90\x3c\x40" + variable(2000) + b"\x80\x3c\x40"), division=division))
    assert describe(music).seconds == pytest.approx(2.0)
    assert "seconds" in describe(music).notices[0]


def test_running_status_alien_chunks_sysex_and_a_missing_end_are_legal():
    running = b"\x00\x90\x3c\x40\x60\x3c\x00\x00\x3e\x40\x60\x3e\x00"
    sysex = b"\x00\xf0\x03\x01\x02\xf7"
    assert describe(read(midi(b"XFIH\x00\x00\x00\x04abcd", track(sysex, running, end=b"")))).notes == 2


def test_a_windows_riff_wrapper_is_opened():
    inner = midi(track(NOTE))
    assert describe(read(b"RIFF" + struct.pack("<I", len(inner) + 12) + b"RMIDdata"
                         + struct.pack("<I", len(inner)) + inner)).notes == 1


def test_a_key_struck_while_it_sounds_ends_its_first_note():
    struck = b"\x00\x90\x3c\x40\x60\x90\x3c\x50\x60\x80\x3c\x00\x60\x80\x3c\x00"
    assert notes_of(read(midi(track(struck)))) == {0: [(0, 96, 60, 64), (96, 96, 60, 80)]}


def test_a_release_written_after_the_next_strike_of_the_same_tick_belongs_to_the_first_note():
    late = b"\x00\x90\x3c\x40\x60\x90\x3c\x50\x00\x80\x3c\x00\x60\x80\x3c\x00"
    assert notes_of(read(midi(track(late)))) == {0: [(0, 96, 60, 64), (96, 96, 60, 80)]}


def test_silence_before_the_music_is_cut_by_whole_bars():
    late = variable(2 * 1920 + 480) + NOTE[1:]
    music = read(midi(track(b"\x00\xff\x51\x03\x09\x27\xc0", late)))
    assert onsets(music) == [(0, 480, 60, 64)]
    assert describe(music).tempo == 100.0


def test_other_resolutions_are_scaled():
    music = read(midi(track(b"\x0c\x90\x3c\x40\x0c\x80\x3c\x40"), division=24))
    assert notes_of(music) == {0: [(240, 240, 60, 64)]}


@pytest.mark.parametrize(("mspq", "tempo"), [(0, 400.0), (1, 400.0), (0xFFFFFF, 10.0), (500_000, 120.0)])
def test_absurd_tempi_are_clipped_with_a_notice(mspq, tempo):
    music = describe(read(midi(track(b"\x00\xff\x51\x03" + mspq.to_bytes(3), NOTE))))
    assert music.tempo == pytest.approx(tempo)
    assert any("10 to 400" in notice for notice in music.notices) == (tempo != 120.0)


def test_five_eight_is_read_as_four_four_with_a_notice():
    music = describe(read(midi(track(b"\x00\xff\x58\x04\x05\x03\x18\x08", NOTE))))
    assert music.time_signature == "4/4"
    assert "5/8" in music.notices[0]


def test_more_than_fifteen_instruments_lose_no_note():
    tracks = [track(bytes((0, 0xC0 | channel, program)) + bytes((0, 0x90 | channel, 40 + program, 64,
              96, 0x80 | channel, 40 + program, 0)) * (1 + (program % 3 > 0)))
              for program, channel in zip(range(0, 80, 4), itertools.cycle([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]),
                                          strict=False)]
    music = describe(read(midi(*tracks, track(b"\x00\x99\x24\x64\x60\x89\x24\x00"))))
    assert len(music.instruments) == 16
    assert music.notes == sum(data.count(b"\x40\x60") for data in tracks) + 1
    assert "20 instruments" in music.notices[0]


def test_what_the_model_cannot_hear_is_noticed():
    fast, pedal = b"\x00\xff\x51\x03\x02\xbf\x20", b"\x00\xb0\x40\x7f"
    low = b"\x00\x90\x05\x40\x60\x80\x05\x40"
    music = read(midi(track(fast, pedal, low)))
    text = " ".join(describe(music).notices)
    assert "Pedal" in text and "40 to 250" in text and "1 note beyond" in text


# --- reading: what is wrong ---------------------------------------------------------------------------------

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


# --- metres and bars ----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("written", "held", "noticed"), [
    ((4, 4), (4, 4), False), ((2, 2), (4, 4), False), ((3, 2), (6, 4), False), ((4, 8), (2, 4), False),
    ((12, 16), (6, 8), False), ((6, 16), (3, 8), False), ((24, 16), (12, 8), False), ((1, 4), (1, 4), False),
    ((4, 2), (4, 4), True), ((9, 8), (3, 8), True), ((9, 4), (3, 4), True),
    ((5, 8), (4, 4), True), ((7, 8), (4, 4), True), ((7, 4), (4, 4), True), ((0, 4), (4, 4), True),
])
def test_which_metre_stands_for_which(written, held, noticed):
    metre, notice = hold(*written)
    assert metre == held and bool(notice) == noticed


def test_an_upbeat_bar_ends_early_and_a_late_change_waits():
    upbeat, _ = align([(480, 3, 4)])
    assert upbeat == [(0, 1, 4), (480, 3, 4)]
    waits, _ = align([(600, 3, 4)])
    assert waits == [(0, 4, 4), (1920, 3, 4)]
    rounded, _ = align([(1918, 3, 4)])
    assert rounded == [(0, 4, 4), (1920, 3, 4)]


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20), st.sampled_from([1, 2, 4, 8, 16])),
                max_size=8))
def test_a_grid_changes_only_on_its_own_bar_lines(signatures):
    grid, _ = align(signatures)
    assert grid[0][0] == 0 and align(grid)[0] == grid
    lines = bar_lines(grid, 100)
    assert len(lines) == 101 and all(low < high for low, high in itertools.pairwise(lines))
    assert {tick for tick, *_ in grid if tick <= lines[-1]} <= set(lines)
    assert lines == [bar_tick(grid, bar) for bar in range(101)]
    assert [bar_at(grid, line) for line in lines] == list(enumerate(lines))


def test_bars_follow_the_time_signatures():
    waltz = score_of({0: [(0, 480, 60, 80), (2 * 1440, 480, 60, 80), (2 * 1440 + 1920, 480, 60, 80)]},
                     tempos=[(0, 500_000), (1440, 1_000_000)], metres=[(0, 3, 4), (2 * 1440, 4, 4)])
    assert describe(waltz).bars == count_bars(waltz) == 4
    assert bar_seconds(waltz).tolist() == [0.0, 1.5, 4.5, 8.5, 12.5]
    assert bar_seconds(waltz, 5)[-1] == 16.5


def test_a_legato_over_the_bar_line_opens_no_bar_but_a_tie_does():
    assert count_bars(score_of({0: [(0, 1920 + 100, 60, 80)]})) == 1
    assert count_bars(score_of({0: [(0, 1920 + 480, 60, 80)]})) == 2
    assert count_bars(score_of({0: [(1920, 10, 60, 80)]})) == 2
    assert count_bars(symusic.Score(TPQ)) == 0


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


# --- writing ------------------------------------------------------------------------------------------------

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
