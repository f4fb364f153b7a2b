"""Clips: one path for people and machines, nothing in a file that tells, and builds that can be killed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import soundfile

from model import GenerationError, cut_bars
from survey import design
from survey.clips.excerpts import BuildError, choose, rests, suits
from survey.clips.stimuli import build
from survey.store import Conflict, Store
from survey.study import ClipRules
from survey.study.study_file import parse
from tests.survey.fakes import PIECES, TONES, FakeMachine, FakePiece, files, melody, records, same

pytestmark = pytest.mark.usefixtures("sound_once")
ROOT = Path(__file__).resolve().parents[3]


# What a file tells


def test_names_tell_nothing(store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    paths = list(store.built_clips("tones").values())
    stems = [Path(path).stem for path in paths]
    assert all(path.startswith("clips/") and path.endswith(".mp3") for path in paths)
    assert all(len(stem) == 32 and set(stem) <= set("0123456789abcdef") for stem in stems)
    assert len({stem[:4] for stem in stems}) > 1
    for path in paths:
        assert (tmp_path / path).stat().st_nlink == 1


def test_a_machine_that_copies_the_composer_makes_the_same_file(store: Store, study, tmp_path: Path) -> None:
    class Copyist(FakeMachine):
        def continuation(self, prompt, settings):
            given = [note.pitch for note in prompt.tracks[0].notes]
            piece = next(p for p in PIECES if [n.pitch for n in p.score().tracks[0].notes][:8] == given)
            return cut_bars(piece.score(), settings.prompt_bars, settings.prompt_bars + settings.bars)

    build(study, store, tmp_path, Copyist(), PIECES, round_trip=same)
    clips = files(store, tmp_path)
    assert clips["pairs-1-ai"] == clips["pairs-1-human"]


def test_all_that_is_heard_went_through_the_vocabulary(store: Store, study, tmp_path: Path) -> None:
    held = []

    def without_notes_above_70(score):
        held.append(score)
        kept = score.copy()
        for track in kept.tracks:
            track.notes = [note for note in track.notes if note.pitch <= 70]
        return kept

    plain = tmp_path / "plain"
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=without_notes_above_70)
    with Store(f"sqlite:///{plain / 'segue.db'}") as other:
        other.register(study)
        build(study, other, plain, FakeMachine(), PIECES, round_trip=same)
        before = files(other, plain)
    after = files(store, tmp_path)
    assert all(after[name] != before[name] for name in before)


def test_the_record_has_what_it_takes_to_make_a_clip_again(store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    clips, specs = files(store, tmp_path), {spec.id: spec for spec in design.clips(study)}
    for name, row in records(store, tmp_path).items():
        assert row["audio_sha256"] == hashlib.sha256(clips[name]).hexdigest()
        assert float(row["duration_s"]) == 3
        assert abs(float(row["lufs"]) + 20) < 0.1
        assert (row["title"], row["composer"], row["licence"]) == ("Air", "Anon.", "CC0-1.0")
        assert row["prompt_id"].startswith("piece-")
        if specs[name].origin == "human":
            assert row["system"] == row["checkpoint_sha256"] == row["seed"] == row["temperature"] == ""
        else:
            assert (row["system"], row["checkpoint_sha256"]) == ("fake", "c0ffee" * 10)
            assert (row["temperature"], row["top_k"], row["no_repeat_ngram"]) == ("0.7", "12", "4")
            assert int(row["seed"]) == specs[name].seed
    pair = [records(store, tmp_path)[name]["prompt_id"] for name in ("pairs-1-ai", "pairs-1-human")]
    assert pair[0] == pair[1]


def test_the_same_study_twice_makes_the_same_files(store: Store, study, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.undo()                          # every sound is made anew
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    again = tmp_path / "again"
    with Store(f"sqlite:///{again / 'segue.db'}") as other:
        other.register(study)
        build(study, other, again, FakeMachine(), PIECES, round_trip=same)
        assert files(other, again) == files(store, tmp_path)


# Faulty takes


def test_a_faulty_take_gets_another_seed_and_the_record_has_it(store: Store, study, tmp_path: Path) -> None:
    spec = next(spec for spec in design.clips(study) if spec.id == "pairs-1-ai")
    machine = FakeMachine()
    machine.faults = {spec.seed: ("stuck",), spec.seed + 1: ("empty",)}
    build(study, store, tmp_path, machine, PIECES, round_trip=same)
    assert int(records(store, tmp_path)["pairs-1-ai"]["seed"]) == spec.seed + 2


def test_where_every_take_is_stuck_the_clip_is_too(store: Store, study, tmp_path: Path, caplog) -> None:
    machine = FakeMachine()
    machine.always = ("stuck",)
    assert build(study, store, tmp_path, machine, PIECES, round_trip=same)
    assert "pairs-1-ai" in caplog.text and "stuck" in caplog.text


def test_a_machine_that_plays_nothing_is_an_error(store: Store, study, tmp_path: Path) -> None:
    machine = FakeMachine()
    machine.always = ("empty",)
    with pytest.raises(BuildError, match=r"^The machine played nothing for the clip 'pairs-1-ai'.*\.$"):
        build(study, store, tmp_path, machine, PIECES, round_trip=same)
    assert not store.welcome("tones").ready


class Broken(FakeMachine):
    def stream(self, prompt, settings, takes=1, stop=None):
        raise GenerationError("The worker ended.")
        yield


def test_a_machine_that_fails_is_an_error(store: Store, study, tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"^The worker ended\.$"):
        build(study, store, tmp_path, Broken(), PIECES, round_trip=same)


def test_a_take_that_ends_long_before_the_clip_is_tried_again(store: Store, study, tmp_path: Path) -> None:
    class Hasty(FakeMachine):
        def continuation(self, prompt, settings):
            first = len({call.seed for call in self.calls}) == 1
            return melody(settings.seed, 1, tempo=240) if first else super().continuation(prompt, settings)

    long = parse(TONES.replace("seconds: 3", "seconds: 6"), "tones.yaml")
    machine = Hasty()
    store.register(long)
    build(long, store, tmp_path, machine, PIECES, round_trip=same)
    spec = next(spec for spec in design.clips(long) if spec.origin == "ai")
    assert [call.seed for call in machine.calls][:2] == [spec.seed, spec.seed + 1]


# Choosing pieces

RULES = ClipRules(seconds=3, prompt_bars=2, lead_bars=1)


@pytest.mark.parametrize("piece, passages, good", [
    (FakePiece(1), 1, True),
    (FakePiece(1), 0, True),
    (FakePiece(1, in_training=True), 1, False),
    (FakePiece(1, beats=3), 1, False),
    (FakePiece(1, bars=2), 0, False),
    (FakePiece(1, bars=3), 1, True),            # 2 s of lead, then 2 s more: the clip ends before they do
    (FakePiece(1, bars=3), 2, False),
])
def test_which_pieces_suit(piece: FakePiece, passages: int, good: bool) -> None:
    assert suits(piece, passages, RULES, same) is good


def test_a_prompt_that_ends_in_silence_does_not_suit() -> None:
    class Resting(FakePiece):
        def score(self):
            score = melody(1, 24)
            score.tracks[0].notes = [n for n in score.tracks[0].notes if not 1920 <= n.time < 3840]
            return score

    assert not suits(Resting(1), 1, RULES, same)


def test_every_prompt_gets_a_piece_of_its_own_and_the_seed_decides(study) -> None:
    needed = design.prompts(study)
    chosen = choose(study, needed, PIECES, same)
    assert len({piece.id for piece in chosen.values()}) == len(needed) == 3
    assert choose(study, needed, PIECES, same) == chosen
    others = {tuple(sorted(p.number for p in choose(study.model_copy(update={"seed": seed}), needed, PIECES,
                                                    same).values())) for seed in range(6)}
    assert len(others) > 1


def test_too_few_pieces_is_one_sentence(study, store: Store, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"^The study 'tones' needs one more piece in 4/4 .*has none.*$"):
        build(study, store, tmp_path, FakeMachine(), PIECES[:2], round_trip=same)


@pytest.mark.parametrize("bars, resting", [(0, True), (1, True), (2, False), (3, False)])
def test_rests_at_the_end(bars: int, resting: bool) -> None:
    assert rests(melody(1, bars), 5.9) is resting           # a bar lasts 2 s


@pytest.mark.parametrize("beats, resting", [(0, False), (2, False), (3, True)])
def test_rests_at_the_beginning(beats: int, resting: bool) -> None:
    score = melody(1, 3)
    score.tracks[0].notes = score.tracks[0].notes[beats:]   # a beat lasts half a second
    assert rests(score, 5.9) is resting


# Builds that end before they are done


def test_a_stopped_build_goes_on_where_it_was(store: Store, study, tmp_path: Path) -> None:
    stop, machine, seen = threading.Event(), FakeMachine(), []

    def progress(built: int, needed: int) -> None:
        seen.append((built, needed))
        if built == 2:
            stop.set()

    assert not build(study, store, tmp_path, machine, PIECES, round_trip=same, progress=progress, stop=stop)
    assert seen == [(0, 6), (1, 6), (2, 6)]
    assert store.status("tones").clips_built == 2
    kept = files(store, tmp_path)
    assert build(study, store, tmp_path, machine, PIECES, round_trip=same) is True
    assert len(machine.calls) == 3, "a clip was made twice"
    done = files(store, tmp_path)
    assert {name: done[name] for name in kept} == kept
    assert build(study, store, tmp_path, machine, [], round_trip=same) is True, "nothing is left to do"


def test_a_build_stops_within_a_take(store: Store, study, tmp_path: Path) -> None:
    stop = threading.Event()

    class Endless(FakeMachine):
        def stream(self, prompt, settings, takes=1, stop=None):
            outer.set()
            for event in super().stream(prompt, settings, takes, stop):
                while not stop.is_set():
                    yield event
                return

    outer = stop
    assert build(study, store, tmp_path, Endless(), PIECES, round_trip=same, stop=stop) is False
    assert store.status("tones").clips_built == 0


def test_the_pieces_stay_what_they_were_when_the_library_changes(store: Store, study, tmp_path: Path) -> None:
    stop = threading.Event()
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same, stop=stop,
          progress=lambda built, needed: built == 1 and stop.set())
    chosen = json.loads((tmp_path / "clips" / ".tones.json").read_text())["pieces"]
    more = [FakePiece(number) for number in range(100, 120)] + PIECES[::-1]
    build(study, store, tmp_path, FakeMachine(), more, round_trip=same)
    assert {row["prompt_id"] for row in records(store, tmp_path).values()} == set(chosen.values())


def test_a_piece_that_went_missing_is_one_sentence(store: Store, study, tmp_path: Path) -> None:
    stop = threading.Event()
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same, stop=stop,
          progress=lambda built, needed: built == 1 and stop.set())
    with pytest.raises(BuildError, match=r"pieces that the library has no more: piece-\d"):
        build(study, store, tmp_path, FakeMachine(), [FakePiece(99)], round_trip=same)


@pytest.mark.parametrize("change", [("seed: 11", "seed: 12"), ("both_ai: 1, both_human: 1", "both_human: 2")])
def test_the_pairs_of_a_changed_study_still_continue_one_prompt(
        store: Store, study, tmp_path: Path, change: tuple[str, str]) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    changed = parse(TONES.replace(*change), "tones.yaml")
    store.register(changed)
    assert build(changed, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    prompts = {name: row["prompt_id"] for name, row in records(store, tmp_path).items()}
    pairs = [{prompts[clip.id] for clip in trial.clips} for trial in design.trials(changed)["pairs"]]
    assert [len(pair) for pair in pairs] == [1] * len(pairs)
    assert len(set.union(*pairs)) == len(pairs)


def test_files_of_former_clips_are_removed_and_no_others(store: Store, study, tmp_path: Path) -> None:
    other = parse(TONES.replace("slug: tones", "slug: other"), "other.yaml")
    store.register(other)
    for one in (study, other):
        build(one, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    before, kept = store.built_clips("tones"), store.built_clips("other")
    stranger = tmp_path / "clips" / f"{'0' * 32}.mp3"           # of another database, perhaps
    stranger.write_bytes(b"x")
    changed = parse(TONES.replace("seed: 11", "seed: 12"), "tones.yaml")
    store.register(changed)
    build(changed, store, tmp_path, FakeMachine(), PIECES, round_trip=same, stop=_stopped())
    assert all((tmp_path / path).is_file() for path in before.values()), "a build that stops removes nothing"
    build(changed, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    used = {*store.built_clips("tones").values(), *kept.values()}
    assert {path.name for path in (tmp_path / "clips").glob("*.mp3")} == {
        Path(path).name for path in used} | {stranger.name}
    assert store.discarded_files() == []
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as again:
        assert build(other, again, tmp_path, FakeMachine(), PIECES, round_trip=same)
    assert all((tmp_path / path).is_file() for path in kept.values())


def test_a_clip_that_the_store_refuses_leaves_no_file(store: Store, study, tmp_path: Path) -> None:
    changed = parse(TONES.replace("seed: 11", "seed: 12"), "tones.yaml")
    with pytest.raises(Conflict):
        build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same,
              progress=lambda built, needed: built == 1 and store.register(changed))
    assert len(list((tmp_path / "clips").glob("*.mp3"))) == len(store.built_clips("tones")) + len(
        store.discarded_files())


def _stopped() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


def test_nobody_is_let_in_before_the_clips_of_another_piece_are_made_anew(
        store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    changed = parse(TONES.replace("seed: 11", "seed: 12"), "tones.yaml")
    store.register(changed)
    ready = []
    build(changed, store, tmp_path, FakeMachine(), PIECES, round_trip=same,
          progress=lambda built, needed: ready.append(store.welcome("tones").ready))
    assert ready == [False] * (len(ready) - 1) + [True]


def test_a_clip_whose_file_is_gone_is_made_again(store: Store, study, tmp_path: Path) -> None:
    build(study, store, tmp_path, FakeMachine(), PIECES, round_trip=same)
    before = files(store, tmp_path)
    (tmp_path / store.built_clips("tones")["pairs-2-ai-1"]).unlink()
    machine = FakeMachine()
    build(study, store, tmp_path, machine, PIECES, round_trip=same)
    assert len(machine.calls) == 1
    assert files(store, tmp_path) == before


def test_two_builds_at_once_share_the_work(store: Store, study, tmp_path: Path) -> None:
    machines = [FakeMachine(), FakeMachine()]
    stores = [store, Store(f"sqlite:///{tmp_path / 'segue.db'}")]
    results = []
    threads = [threading.Thread(target=lambda m=machine, s=opened: results.append(
                   build(study, s, tmp_path, m, PIECES, round_trip=same)))
               for machine, opened in zip(machines, stores, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    stores[1].dispose()
    assert results == [True, True]
    assert sum(len(machine.calls) for machine in machines) == 3
    assert len(list((tmp_path / "clips").glob("*.mp3"))) == 6


_CHILD = """
import sys, time
from pathlib import Path
from survey.clips.stimuli import build
from survey.store import Store
from survey.study.study_file import parse
from tests.survey.fakes import PIECES, TONES, FakeMachine, same
study, folder = parse(TONES, "tones.yaml"), Path(sys.argv[1])
with Store(f"sqlite:///{folder / 'segue.db'}") as store:
    build(study, store, folder, FakeMachine(), PIECES, round_trip=same,
          progress=lambda built, needed: print(built, flush=True) or time.sleep(0.05))
"""


def test_a_killed_build_goes_on_where_it_was(store: Store, study, tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], cwd=ROOT,
                             stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.strip() == "2":
            break
    time.sleep(0.06)            # somewhere in the third clip
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    built = store.status("tones").clips_built
    assert 2 <= built < 6
    kept = files(store, tmp_path)
    machine = FakeMachine()
    assert build(study, store, tmp_path, machine, PIECES, round_trip=same)
    whole = files(store, tmp_path)
    assert {name: whole[name] for name in kept} == kept
    assert len(whole) == 6
    for name, data in whole.items():
        assert hashlib.sha256(data).hexdigest() == records(store, tmp_path)[name]["audio_sha256"]
        assert len(soundfile.read(io.BytesIO(data))[0]) == 3 * 44100
