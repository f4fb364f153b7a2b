"""Sound: right pitches, one loudness, no clipping, exact lengths, the same twice, no metadata."""

import hashlib
import io
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from model import fluidsynth, loudness, mp3
from model.instruments import DRUMS
from model.loudness import CEILING
from model.ogg import checksum, with_serial
from model.render import Audio, default_soundfont, encode, save, to_audio
from model.score import ScoreError

RATE = 44100


def score_of(parts: dict[int, list[tuple[int, int, int, int]]]) -> symusic.Score:
    """program -> (onset, duration, pitch, velocity) at 480 ticks a quarter, 120 quarters a minute."""
    score = symusic.Score(480)
    for program, notes in parts.items():
        track = symusic.Track("", program % DRUMS, program == DRUMS)
        for note in notes:
            track.notes.append(symusic.Note(*note))
        score.tracks.append(track)
    return score


def chorale(seconds: float = 6.0) -> symusic.Score:
    steps = range(int(seconds / 0.5))
    return score_of({52: [(480 * i, 480, pitch + (i * 5) % 7, 80)
                          for i in steps for pitch in (48, 55, 64, 72)]})


def band() -> symusic.Score:
    """Loud and sharp: drums, bass and a brass section for six seconds."""
    return score_of({DRUMS: [(240 * i, 60, (36, 42, 38, 42)[i % 4], 127) for i in range(24)],
                     33: [(480 * i, 400, 36 + (i % 3) * 5, 120) for i in range(12)],
                     61: [(960 * i, 300, pitch, 127) for i in range(6) for pitch in (60, 64, 67, 70)]})


def click() -> symusic.Score:
    """One soft stick in six seconds of silence: the hardest thing to make loud."""
    return score_of({DRUMS: [(0, 60, 31, 30), (12 * 480, 60, 31, 1)]})


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("SEGUE_SOUNDFONT", raising=False)


@pytest.fixture(scope="module")
def sung() -> Audio:
    return to_audio(chorale(), seconds=5.0)


# --- the synthesizer ----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("program", "pitch"), [(40, 57), (40, 69), (73, 81), (80, 69), (19, 57)])
def test_notes_sound_at_their_pitch(program, pitch):
    samples = to_audio(score_of({program: [(0, 1920, pitch, 100)]}), seconds=2.0).samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    loudest = spectrum.argmax() * RATE / len(samples)
    partials = loudest / (440 * 2 ** ((pitch - 69) / 12))
    assert partials == pytest.approx(round(partials), rel=0.01) and 1 <= round(partials) <= 4


def test_louder_velocities_are_louder_and_drums_are_drums():
    def peak(channel, key, velocity):
        return np.abs(fluidsynth.play([(0, channel, key, velocity)], {channel: 0}, RATE // 2,
                                      default_soundfont())).max()
    levels = [peak(0, 60, velocity) for velocity in (20, 60, 100, 127)]
    assert levels == sorted(levels) and levels[-1] > 4 * levels[0]
    assert peak(9, 38, 100) > 0.01


def test_sound_follows_tempo_and_starts_at_once():
    score = score_of({13: [(0, 100, 72, 100), (960, 100, 72, 100)]})
    score.tempos.append(symusic.Tempo(0, 60.0))
    level = np.abs(to_audio(score).samples).max(axis=1)
    loud = np.flatnonzero(level > level.max() / 4)
    assert loud[0] / RATE < 0.02
    assert loud[loud > RATE][0] / RATE == pytest.approx(2.0, abs=0.02)


def test_an_unreadable_soundfont_is_named(tmp_path, monkeypatch):
    bad = tmp_path / "bad.sf2"
    bad.write_bytes(b"no soundfont")
    with pytest.raises(fluidsynth.SynthError, match=r"bad\.sf2"):
        to_audio(chorale(1), soundfont=bad)
    monkeypatch.setenv("SEGUE_SOUNDFONT", str(tmp_path / "absent.sf2"))
    with pytest.raises(fluidsynth.SynthError, match="SEGUE_SOUNDFONT"):
        to_audio(chorale(1))


def test_the_environment_chooses_the_soundfont(tmp_path, monkeypatch):
    mine = tmp_path / "mine.sf2"
    mine.symlink_to(default_soundfont())
    monkeypatch.setenv("SEGUE_SOUNDFONT", str(mine))
    assert to_audio(chorale(1)).renderer.endswith("mine.sf2")


def test_the_system_library_plays_the_same_notes():
    try:
        version = fluidsynth.version(bundled=False)
    except fluidsynth.SynthError:
        pytest.skip("the system has no libfluidsynth")
    assert version.startswith("2.")
    events = [(0, 0, 69, 100), (RATE, 0, 69, 0)]
    mine, its = (fluidsynth.play(events, {0: 40}, RATE, default_soundfont(), bundled)
                 for bundled in (True, False))
    assert np.corrcoef(np.abs(np.fft.rfft(mine[:, 0])), np.abs(np.fft.rfft(its[:, 0])))[0, 1] > 0.95


def test_without_any_library_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr(fluidsynth, "_candidates", lambda bundled: ["/nowhere/libfluidsynth.so"])
    fluidsynth.library.cache_clear()
    try:
        with pytest.raises(fluidsynth.SynthError, match="pygame-ce"):
            to_audio(chorale(1))
    finally:
        fluidsynth.library.cache_clear()


# --- length, loudness, clipping -----------------------------------------------------------------------------

@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0, 3.33333, 9.5])
def test_clips_have_the_exact_length(seconds):
    audio = to_audio(chorale(), seconds=seconds)
    assert audio.samples.shape == (round(seconds * RATE), 2) and audio.samples.dtype == np.float32
    assert audio.seconds == pytest.approx(seconds, abs=1 / RATE)


def test_a_cut_clip_fades_out():
    samples = to_audio(score_of({19: [(0, 9600, 60, 100)]}), seconds=3.0, fade_s=0.5).samples
    assert np.abs(samples[-10:]).max() < 1e-4
    before, within = (np.sqrt((samples[round(start * RATE):round(stop * RATE)] ** 2).mean())
                      for start, stop in ((2.0, 2.5), (2.8, 2.9)))
    assert within < before / 3


def test_without_a_length_the_last_notes_ring_out():
    audio = to_audio(score_of({0: [(0, 480, 60, 100)]}))
    assert 0.5 < audio.seconds < 3.6
    assert np.abs(audio.samples[-100:]).max() < 0.01


@pytest.mark.parametrize("make", [chorale, band], ids=["chorale", "band"])
@pytest.mark.parametrize("target", [-20.0, -14.0, -9.0])
def test_the_loudness_is_met_without_clipping(make, target):
    audio = to_audio(make(), seconds=6.0, lufs=target)
    assert audio.lufs == pytest.approx(target, abs=0.05)
    assert loudness.measure(audio.samples) == pytest.approx(audio.lufs)
    assert loudness.true_peaks(audio.samples).max() <= CEILING * 1.02
    assert np.abs(audio.samples).max() < 1


def test_clips_of_all_kinds_agree_within_a_tenth():
    levels = [to_audio(make(), seconds=6.0).lufs for make in (chorale, band)]
    assert max(levels) - min(levels) < 0.1


def test_what_cannot_be_loud_stays_below_the_ceiling():
    audio = to_audio(click(), seconds=6.0, lufs=-5.0)
    assert audio.lufs < -5 and np.isfinite(audio.samples).all()
    assert loudness.true_peaks(audio.samples).max() <= CEILING * 1.02


def test_silence_is_silent():
    audio = to_audio(symusic.Score(480), seconds=2.0)
    assert not audio.samples.any() and audio.lufs == -math.inf
    assert len(to_audio(symusic.Score(480)).samples) == 0


def test_the_limiter_is_even():
    """Below the ceiling nothing changes but the gain; above it, the gain moves slowly."""
    generator = np.random.default_rng(5)
    noise = generator.normal(0, 0.05, (RATE, 2)).astype(np.float32)
    quiet, _ = loudness.match(noise, -30.0)
    ratio = quiet / noise
    assert ratio.max() - ratio.min() < 1e-4
    spiky = noise.copy()
    spiky[RATE // 2] = 0.99
    limited, reached = loudness.match(spiky, -16.0)
    assert reached == pytest.approx(-16.0, abs=0.05)
    gain = (limited[:, 0] / spiky[:, 0]).astype(np.float64)
    assert np.abs(np.diff(gain)).max() < 0.05 * gain.max()


def test_true_peaks_lie_between_the_samples():
    wave = np.sin(2 * np.pi * np.arange(12 * RATE) / 4 + np.pi / 4).astype(np.float32)
    quarter = np.stack([wave, -wave / 2], axis=1)
    assert np.abs(quarter).max() == pytest.approx(0.7071, abs=1e-3)
    assert loudness.true_peaks(quarter)[100:-100].max() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seconds", [-1.0, 1201.0, math.nan, math.inf])
def test_impossible_lengths_are_refused(seconds):
    with pytest.raises(ScoreError, match="20 minutes"):
        to_audio(chorale(1), seconds=seconds)


def test_an_hour_of_music_is_not_rendered_by_accident():
    with pytest.raises(ScoreError, match="at most 20 minutes"):
        to_audio(score_of({0: [(0, 480, 60, 80), (480 * 2 * 3600, 480, 60, 80)]}))


# --- the same twice -----------------------------------------------------------------------------------------

def test_the_same_score_gives_the_same_samples_in_another_process_too(sung):
    again = to_audio(chorale(), seconds=5.0)
    assert np.array_equal(sung.samples, again.samples) and sung.lufs == again.lufs
    script = ("import hashlib, sys; sys.path.insert(0, 'tests/model'); from test_render import *; "
              "sound = to_audio(chorale(), seconds=5.0); "
              "print(hashlib.sha256(sound.samples.tobytes()).hexdigest())")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."})
    assert done.stdout.strip() == hashlib.sha256(sung.samples.tobytes()).hexdigest()


def test_threads_render_what_one_alone_renders(sung):
    found = {}

    def work(index: int) -> None:
        found[index] = to_audio(chorale(), seconds=5.0)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(np.array_equal(audio.samples, sung.samples) for audio in found.values())


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_files_are_the_same_twice_keep_length_and_loudness_and_carry_no_tags(sung, kind):
    data = encode(sung, kind)
    assert encode(sung, kind.upper()) == data
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        tags = file.copy_metadata()
        samples = file.read(dtype="float32")
    assert samples.shape == sung.samples.shape
    assert loudness.measure(samples) == pytest.approx(sung.lufs, abs=0.1)
    assert np.abs(samples).max() < 1
    assert not tags.keys() & {"title", "artist", "comment", "copyright", "date", "software"}
    assert b"ID3" not in data[:10] and b"LIST" not in data[:200]


def test_mp3_files_of_one_length_have_one_size(sung):
    assert len(encode(sung, "mp3")) == len(encode(to_audio(band(), seconds=5.0), "mp3"))


def test_mp3_files_of_one_length_begin_with_the_same_frame(sung):
    frame = 144 * 160_000 // RATE
    mine, other = (encode(audio, "mp3") for audio in (sung, to_audio(band(), seconds=5.0)))
    assert mine[:frame] == other[:frame] and mine[frame:] != other[frame:]
    assert mine[36:40] == b"Info" and mine[188:190] == b"\0\0"
    assert int.from_bytes(mine[190:192], "big") == mp3.checksum(mine[:190])


def test_the_checksum_is_the_one_that_lame_writes(sung):
    assert mp3.checksum(b"123456789") == 0xBB3D     # the check value of CRC-16/ARC
    buffer = io.BytesIO()
    soundfile.write(buffer, sung.samples, RATE, format="MP3", subtype="MPEG_LAYER_III")
    raw = buffer.getvalue()
    assert int.from_bytes(raw[190:192], "big") == mp3.checksum(raw[:190])


def test_what_is_no_mp3_of_lames_is_refused():
    with pytest.raises(ValueError, match=r"^An MP3 of LAME.s names its first frame at byte 36;.*\.$"):
        mp3.without_traces(b"no sound at all")


def test_wav_is_sixteen_bits(sung):
    with soundfile.SoundFile(io.BytesIO(encode(sung, "wav"))) as file:
        assert (file.subtype, file.samplerate, file.channels) == ("PCM_16", RATE, 2)
        assert np.abs(file.read(dtype="float32") - sung.samples).max() <= 1 / 32768


def test_ogg_pages_keep_valid_checksums(sung):
    data = encode(sung, "ogg")
    assert data[14:18] == b"\x01\x00\x00\x00"
    assert with_serial(with_serial(data, 77), 1) == data
    first = bytearray(data[:27 + data[26] + sum(data[27:27 + data[26]])])
    stored = int.from_bytes(first[22:26], "little")
    first[22:26] = bytes(4)
    assert checksum(bytes(first)) == stored
    with pytest.raises(ValueError, match="byte 0"):
        with_serial(b"no ogg at all, but thirty bytes")


def test_save_goes_by_suffix_and_leaves_no_part_behind(sung, tmp_path):
    path = save(sung, tmp_path / "clip.flac")
    assert soundfile.info(str(path)).format == "FLAC"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match=r"wav, flac, ogg, mp3, not as 'aiff'"):
        save(sung, tmp_path / "clip.aiff")


def test_silence_can_be_written():
    silent = to_audio(symusic.Score(480), seconds=0.5)
    for kind in ("wav", "flac", "ogg", "mp3"):
        with soundfile.SoundFile(io.BytesIO(encode(silent, kind))) as file:
            assert np.abs(file.read()).max() < 1e-4
