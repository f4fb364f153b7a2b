"""Nothing but the music tells who wrote a clip: clips as they are served, and what is measured of them."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from fastapi import FastAPI
from fastapi.testclient import TestClient
from symusic import ControlChange, Note, PitchBend, Score, Tempo, Track

import model
from model import LUFS, LUFS_WITHIN, Audio, Copied, Take, cut_bars
from survey import design
from survey.clips.cues import CUES, measure
from survey.clips.excerpts import BuildError, suits
from survey.clips.stimuli import build
from survey.clips.workshop import Workshop, common_round_trip
from survey.store import Store
from survey.study import ClipRules
from survey.study.study_file import parse
from survey.web.audio import clips_router
from survey.web.limits import Limits
from tests.survey.fakes import PIECES, TONES, FakeMachine, FakePiece, files, melody, records, same

pytestmark = pytest.mark.usefixtures("sound_once")
FRAME = 144 * 160_000 // 44100       # bytes of an MP3's first frame, LAME's, which holds no sound


# Files

def headers(data: bytes) -> list[bytes]:
    """The headers of all frames of an MP3 (ISO/IEC 11172-3, section 2.4.1.3), which lie end to end."""
    at, found = 0, []
    while at < len(data):
        found.append(data[at:at + 4])
        at += FRAME + (data[at + 2] >> 1 & 1)           # the padding bit
    assert at == len(data), "something lies behind the last frame"
    return found


def test_files_tell_nothing_but_music(store: Store, study, tmp_path: Path) -> None:
    assert build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    clips = files(store, tmp_path)
    assert len(clips) == len(set(clips.values())) == len(design.clips(study)) == 6
    assert len({len(data) for data in clips.values()}) == 1, "the size of a file tells"
    assert len({data[:FRAME] for data in clips.values()}) == 1, "the head of a file tells"
    loudness, padding = [], set()
    for data in clips.values():
        # MPEG-1, layer III, 160 kbit/s and 44.1 kHz in every frame, the first one included: there is no tag
        assert {(header[:2], header[2] & 0b11111100) for header in headers(data)} == {(b"\xff\xfb", 0xA0)}
        padding.add(bytes(header[2] & 2 for header in headers(data)))
        sound, rate = soundfile.read(io.BytesIO(data))
        assert (sound.shape, rate) == ((3 * 44100, 2), 44100)
        assert 0.05 < np.abs(sound).max() < 1
        assert np.abs(sound[-8:]).max() < 0.02, "the end is not faded"
        loudness.append(pyloudnorm.Meter(rate).integrated_loudness(sound))
    assert len(padding) == 1, "the rhythm of the padding tells"
    assert max(abs(one - LUFS) for one in loudness) <= LUFS_WITHIN and np.ptp(loudness) <= LUFS_WITHIN


def test_answers_of_the_server_tell_nothing_but_music(store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    served = FastAPI()
    served.include_router(clips_router(store, tmp_path, Limits()))
    handles = [clip.handle for clip in store.due(store.start("tones")).clips]
    assert len({len(handle) for handle in handles}) == 1
    with TestClient(served) as client:
        for asked in ({}, {"Range": "bytes=0-1"}, {"Range": "bytes=2000-"}, {"Range": "bytes=99999999-"}):
            one, other = (client.get(f"/clips/{handle}", headers=asked) for handle in handles)
            assert (one.status_code, one.headers.raw) == (other.status_code, other.headers.raw)


# One path

def test_a_human_clip_is_written_in_the_machines_vocabulary(store: Store, study, tmp_path: Path) -> None:
    """A piece with controllers, odd velocities and a tempo between two classes, against a machine that plays
    what its vocabulary can hold of that piece: the files are the same, byte for byte."""

    class Performed(FakePiece):
        def score(self) -> Score:
            score = melody(self.number, self.bars, tempo=117.3)
            for i, note in enumerate(score.tracks[0].notes):
                note.velocity, note.time = 41 + i % 50, note.time + i % 7
            score.tracks[0].controls.extend(ControlChange(i * 100, 64, 127 * (i % 2)) for i in range(40))
            score.tracks[0].pitch_bends.append(PitchBend(0, 4000))
            return score

    pieces = [Performed(number) for number in range(8)]

    class Faithful(FakeMachine):
        system = "segue-base"

        def continuation(self, prompt: Score, settings: model.Settings) -> Score:
            given = [note.pitch for note in prompt.tracks[0].notes]
            piece = next(p for p in pieces if [n.pitch for n in p.score().tracks[0].notes][:8] == given)
            return cut_bars(model.round_trip(piece.score()), settings.prompt_bars,
                            settings.prompt_bars + settings.bars)

    assert build(study, store, tmp_path, Faithful(), pieces)
    clips = files(store, tmp_path)
    assert clips["pairs-1-ai"] == clips["pairs-1-human"] != clips["pairs-3-human-1"]


# Loudness

def clicks(bars: int) -> Score:
    """A soft click of a woodblock every four bars: too sparse to be as loud as music."""
    score = melody(1, bars, program=115, pitches=range(96, 97), velocity=20)
    score.tracks[0].notes = score.tracks[0].notes[::16]
    return score


def test_a_take_that_cannot_be_as_loud_as_the_rest_is_tried_again(store: Store, study, tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.blind.clips.rests", lambda music, seconds: False)
    monkeypatch.setattr("model.blind.clips.clip_span", lambda whole, *rest: whole)
    spec = next(spec for spec in design.clips(study) if spec.id == "pairs-1-ai")

    class Sparse(FakeMachine):
        until = 1

        def stream(self, prompt, settings, takes=1, stop=None):
            for event in super().stream(prompt, settings, takes, stop):
                sparse = isinstance(event, Take) and spec.seed <= settings.seed < spec.seed + self.until
                yield replace(event, score=clicks(4)) if sparse else event

    machine = Sparse()
    build(study, store, tmp_path, machine, PIECES, round_trip=same)
    row = records(store, tmp_path)["pairs-1-ai"]
    assert int(row["seed"]) == spec.seed + 1 and abs(float(row["lufs"]) - LUFS) <= LUFS_WITHIN
    (tmp_path / store.built_clips("tones")["pairs-1-ai"]).unlink()
    machine.until = 3
    with pytest.raises(BuildError, match=r"or too little to be as loud as the other clips\.$"):
        build(study, store, tmp_path, machine, PIECES, round_trip=same)


def test_a_piece_that_cannot_be_as_loud_as_the_rest_is_passed_over(study) -> None:
    workshop = Workshop(study.clips, None, same, threading.Event())
    assert workshop.plays(melody(1, 4)) and not workshop.plays(clicks(4))
    rules = ClipRules(seconds=3, prompt_bars=2, lead_bars=1)
    assert suits(FakePiece(1), 1, rules, same, workshop.plays)
    assert not suits(FakePiece(1), 1, rules, same, lambda music: False)


# Training music

def test_a_piece_whose_beginning_stands_in_the_training_music_is_passed_over(monkeypatch, tmp_path) -> None:
    rules = ClipRules(seconds=3, prompt_bars=2, lead_bars=0)
    assert suits(FakePiece(1), 1, rules, same)
    whole = [note.pitch for note in FakePiece(1).score().tracks[0].notes]
    for pitches in (whole[:4], whole[8:12]):            # of the prompt's first bar, and of what follows it

        def known(score: Score, pitches: list[int] = pitches) -> Copied:
            heard = [note.pitch for note in score.tracks[0].notes]
            return Copied(notes=30 if heard[:len(pitches)] == pitches else 0)

        monkeypatch.setattr("survey.clips.excerpts.copied", known)
        assert not suits(FakePiece(1), 1, rules, same)
        assert suits(FakePiece(2), 1, rules, same)


# Several systems

RIVALS = TONES.replace("{one_ai: 1, both_ai: 1, both_human: 1}", "{one_ai: 3}").replace(
    "[{temperature: 0.7,", "[{system: [null, fake, other], temperature: 0.7,")


def test_each_system_makes_its_clips_and_is_closed(store: Store, tmp_path: Path) -> None:
    class Other(FakeMachine):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    study, machine, other, opened = parse(RIVALS, "tones.yaml"), FakeMachine(), Other(), []

    def open_machine(system: str) -> Other:
        opened.append(system)
        return other

    store.register(study)
    assert build(study, store, tmp_path, machine, PIECES, round_trip=same, open_machine=open_machine)
    assert opened == ["other"] and other.closed == 1
    assert len(machine.calls) == 2 and len(other.calls) == 1
    systems = {name: row["system"] for name, row in records(store, tmp_path).items()}
    assert [systems[f"pairs-{trial}-ai"] for trial in (1, 2, 3)] == ["fake", "fake", "other"]
    assert {systems[f"pairs-{trial}-human"] for trial in (1, 2, 3)} == {""}


def test_a_system_that_there_is_not_is_one_sentence(store: Store, tmp_path: Path) -> None:
    study = parse(RIVALS.replace("null, fake, other", "nonsuch"), "tones.yaml")
    store.register(study)
    with pytest.raises(ValueError, match=r"^A checkpoint is one that ships .*; received 'nonsuch'\.$"):
        build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)


def test_clips_of_several_systems_hold_what_all_vocabularies_can() -> None:
    study = parse(RIVALS.replace("fake, other", "segue-small"), "tones.yaml")
    held = common_round_trip("segue-base", design.clips(study))
    odd = melody(3, 8, tempo=117.3)
    for i, note in enumerate(odd.tracks[0].notes):
        note.velocity = 30 + i % 60
    once = held(odd)
    assert model.roll(held(once)) == model.roll(once)
    alone = model.round_trip(odd, "segue-base")
    assert model.roll(once) == model.roll(model.round_trip(alone, "segue-small")) != model.roll(alone)


# What is measured

def test_facts_of_the_music_are_kept(store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    measured, clips = store.measured("tones"), files(store, tmp_path)
    assert [clip.id for clip in measured] == [spec.id for spec in design.clips(study)]
    for clip in measured:
        facts = json.loads(clip.facts)
        assert facts.keys() == {*CUES, *(f"{of}_{what}" for of in ("copied", "prompt_copied")
                                         for what in ("notes", "share"))}
        assert facts["bytes"] == len(clips[clip.id]) and facts["duration"] == 3
        assert facts["tempo"] == pytest.approx(120) and facts["density"] == 2           # a note a beat
        assert (facts["velocity"], facts["velocity_spread"], facts["polyphony"]) == (90, 0, 1)
        assert 55 <= facts["pitch"] < 80 and facts["instruments"] == 1 and facts["leading_silence"] == 0
        assert facts["ending_silence"] == round(20 / 480 / 2, 2)
        assert facts["copied_notes"] == 0 and abs(facts["loudness"] - LUFS) <= LUFS_WITHIN


def band() -> Score:
    """Eight quarters of a piano, two of them a second long and six half a second; a drum, a violin."""
    score = melody(1, 2, tempo=60)
    score.tempos.append(Tempo(2 * 480, qpm=120))
    score.tracks.append(Track(program=0, is_drum=True))
    score.tracks[1].notes.append(Note(480, 240, 38, 30))
    score.tracks.append(Track(program=40))
    score.tracks[2].notes.append(Note(0, 460, 100, 90))
    return score


def test_cues_of_a_band() -> None:
    facts = measure(band(), model.to_audio(band(), seconds=6.0), 77)
    assert facts["tempo"] == pytest.approx((2 * 60 + 4 * 120) / 6)
    assert facts["density"] == pytest.approx(10 / 6, abs=1e-4) and facts["instruments"] == 3
    assert facts["ending_silence"] == round(1 + 20 / 960, 2)
    assert facts["velocity"] == pytest.approx(84) and facts["velocity_spread"] == pytest.approx(18)
    assert facts["polyphony"] == pytest.approx(1 + 1 / (2 + 3), abs=0.01)   # the violin, over what sounds
    assert facts["pitch_range"] > 20 and facts["bytes"] == 77 and facts["loudness_spread"] > 1


def test_cues_that_have_no_meaning_are_missing() -> None:
    score = band()
    score.tracks = score.tracks[1:2]
    drums = measure(score, model.to_audio(score, seconds=6.0), 77)
    assert drums["pitch"] is drums["polyphony"] is drums["pitch_range"] is None
    assert drums["leading_silence"] == 1
    nothing = measure(Score(480), Audio(np.zeros((44100, 2), np.float32), 44100, -70.0, ""), 1)
    assert nothing["velocity"] is nothing["loudness_spread"] is None and nothing["ending_silence"] == 1


# The sound check

def test_sound_checks_play_their_notes_and_tell_nothing_else(store: Store, tmp_path: Path) -> None:
    study = parse(TONES.replace("sections:", "sections:\n  - {kind: sound_check, id: check, title: Check}"),
                  "tones.yaml")
    store.register(study)
    seen = []
    assert build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same,
                 progress=lambda built, needed: seen.append((built, needed)))
    assert seen[-1] == (10, 10) and store.status("tones").state == "ready"
    clips = files(store, tmp_path)
    checks = {check.notes: clips[check.id] for check in design.sound_checks(study)}
    assert set(checks) == {2, 3, 4, 5} and len({len(data) for data in checks.values()}) == 1
    for notes, data in checks.items():
        sound, rate = soundfile.read(io.BytesIO(data))
        assert abs(pyloudnorm.Meter(rate).integrated_loudness(sound) - LUFS) <= LUFS_WITHIN
        level = np.abs(sound).max(axis=1).reshape(-1, rate // 20).max(axis=1)
        assert (np.diff((level > level.max() / 4).astype(int)) == 1).sum() == notes
    assert len(store.measured("tones")) == 6, "a sound check is audited"
