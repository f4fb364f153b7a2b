"""Reading MIDI files: what is right, in all its dialects."""

import itertools
import struct

import pytest

from model.instruments import DRUMS
from model.score import describe, read, write
from tests.model.scores import NOTE, everything, midi, notes_of, onsets, scale, track, variable


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
