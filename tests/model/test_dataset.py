"""Folders of MIDI become arrays: split by piece, filtered, transposed."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Note, Score, Track

from model.compound import events as ev
from model.compound.transcription import encode
from model.dataset import Preparation, prepare, sources, split_of, transpose
from model.music import unpack
from model.remi.tokenizer import Tokenizer
from model.score import read


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "pieces.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pieces(folder: Path) -> list[tuple[dict[str, str], np.ndarray]]:
    """Every row of pieces.csv with its tokens, BOS and EOS included."""
    arrays = {split: np.load(folder / f"{split}.npy") for split in ("train", "valid", "test")}
    found = []
    for row in rows(folder):
        offset, length = int(row["offset"]), int(row["tokens"])
        found.append((row, arrays[row["split"]][offset : offset + length]))
    return found


def notes(score: Score) -> dict[int, list[list[int]]]:
    return {program: array.tolist() for program, array in unpack(score).parts.items()}


# --- what is found ------------------------------------------------------------------------------------------

def test_sources_know_their_piece_and_data_set(midi_folder):
    found = sources(midi_folder)
    assert [source.path for source in found] == sorted(source.path for source in found)
    assert len(found) == 45 + 2
    sections = [source for source in found if source.piece == "songs/01"]
    assert [Path(source.path).name for source in sections] == ["01_s0.mid", "01_s1.mid"]
    assert {source.dataset for source in sections} == {"songs"}
    broken, = (source for source in found if source.path.endswith("broken.mid"))
    assert broken.dataset == midi_folder.name


def test_an_index_says_what_belongs_together(midi_folder, tmp_path):
    index = tmp_path / "index.csv"
    index.write_text("path,source_file,dataset\nsongs/00_s0.mid,one,A\n"
                     f"{midi_folder.name}/songs/02_s0.mid,one,A\n")
    found = {Path(source.path).name: source for source in sources(midi_folder, index)}
    assert {found[name].piece for name in ("00_s0.mid", "02_s0.mid")} == {"one"}
    assert found["00_s0.mid"].dataset == "A" and found["04_s0.mid"].dataset == "songs"
    index.write_text("path,dataset\n")
    with pytest.raises(ValueError, match=r"index\.csv lacks source_file\.$"):
        sources(midi_folder, index)


def test_a_folder_without_midi(tmp_path):
    (tmp_path / "notes.txt").write_text("no music")
    with pytest.raises(ValueError, match=r"holds \.mid or \.midi files; .* has none\.$"):
        prepare(tmp_path, tmp_path / "out", Preparation())


def test_splits_are_80_10_10_and_depend_on_nothing_else():
    names = [f"piece {i}" for i in range(4000)]
    splits = [split_of(name, 0) for name in names]
    assert splits == [split_of(name, 0) for name in reversed(names)][::-1]
    shares = [splits.count(split) / 4000 for split in ("train", "valid", "test")]
    assert np.abs(np.array(shares) - [0.8, 0.1, 0.1]).max() < 0.025
    assert splits != [split_of(name, 1) for name in names]


# --- what is written ----------------------------------------------------------------------------------------

def test_pieces_never_straddle_a_split(prepared):
    splits = {}
    for row in rows(prepared):
        splits.setdefault(row["file"].split("_s")[0], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"train", "valid", "test"}


def test_arrays_hold_what_the_table_says(prepared, midi_folder):
    tokenizer = Tokenizer.load(prepared / "tokenizer.json")
    summary = json.loads((prepared / "prepared.json").read_text())
    assert summary["skipped"] == {"not 4/4": 1, "unreadable": 1} and summary["files"] == 47
    total = dict.fromkeys(("train", "valid", "test"), 0)
    for row, ids in pieces(prepared):
        assert ids.dtype == np.uint16 and ids[0] == tokenizer.bos and ids[-1] == tokenizer.eos
        assert not set(ids[1:-1]) & {tokenizer.bos, tokenizer.eos, tokenizer.pad}
        assert tokenizer.notes[ids].sum() == int(row["notes"])
        assert row["dataset"] == Path(row["file"]).parts[0]
        total[row["split"]] += len(ids)
    assert total == summary["tokens"] == {
        split: len(np.load(prepared / f"{split}.npy")) for split in ("train", "valid", "test")}
    row, ids = pieces(prepared)[0]
    written = read(midi_folder / row["file"])
    assert ids[1:-1].tolist() == tokenizer.encode(written).tolist()


def test_arrays_of_events_hold_what_the_table_says(prepared_events, midi_folder):
    summary = json.loads((prepared_events / "prepared.json").read_text())
    assert summary["skipped"] == {"not 4/4": 1, "unreadable": 1} and summary["layout"] == "events"
    total = dict.fromkeys(("train", "valid", "test"), 0)
    for row, steps in pieces(prepared_events):
        assert steps.dtype == np.uint8 and steps.shape == (int(row["tokens"]), len(ev.FIELDS))
        kinds = steps[:, ev.INSTRUMENT].tolist()
        assert kinds[:3] == [ev.START, ev.METRE, ev.TEMPO] and kinds[-1] == ev.END
        assert kinds.count(ev.START) == kinds.count(ev.END) == 1
        assert ev.is_note(steps).sum() == int(row["notes"])
        total[row["split"]] += len(steps)
    assert total == summary["tokens"] == {
        split: len(np.load(prepared_events / f"{split}.npy")) for split in ("train", "valid", "test")}
    row, steps = pieces(prepared_events)[0]
    assert steps.tolist() == encode(read(midi_folder / row["file"])).tolist()


def test_splits_do_not_depend_on_the_layout(prepared, prepared_events):
    kept = [[(row["file"], row["split"], row["notes"], row["dataset"]) for row in rows(folder)]
            for folder in (prepared, prepared_events)]
    assert kept[0] == kept[1] and len(kept[0]) == 45


def test_metres_and_bars_as_asked(midi_folder, tmp_path):
    asked = Preparation("segue", vocabulary=700, four_four=False, max_bars=3, seed=1)
    summary = prepare(midi_folder, tmp_path, asked)
    assert summary["skipped"] == {"unreadable": 1}
    tokenizer = Tokenizer.load(tmp_path / "tokenizer.json")
    waltz, = (ids for row, ids in pieces(tmp_path) if row["file"].endswith("waltz.mid"))
    assert "TimeSig_3/4" in {token for i in waltz for token in tokenizer.base[i]}
    assert {int(tokenizer.bars[ids].sum()) for _, ids in pieces(tmp_path)} == {3}


def test_transpositions_stay_with_their_piece_and_in_training(midi_folder, tmp_path):
    told = []
    asked = Preparation("segue", vocabulary=700, transpositions=2, seed=1)
    prepare(midi_folder, tmp_path, asked, progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 47) for i in range(1, 48)]
    keys, splits = {}, {}
    for row in rows(tmp_path):
        keys.setdefault(row["file"], []).append(int(row["transposition"]))
        splits.setdefault(row["file"].split("_s")[0], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    for file, its in keys.items():
        trained = splits[file.split("_s")[0]] == {"train"}
        assert its[0] == 0 and len(set(its)) == len(its) == (3 if trained else 1)
        assert all(-5 <= key <= 6 for key in its)
    assert keys["songs/01_s0.mid"] == keys["songs/01_s1.mid"], "sections move together"
    tokenizer = Tokenizer.load(tmp_path / "tokenizer.json")
    row, ids = next((row, ids) for row, ids in pieces(tmp_path) if row["transposition"] not in ("0",))
    moved = transpose(read(midi_folder / row["file"]), int(row["transposition"]))
    assert notes(tokenizer.decode(ids)).keys() == notes(moved).keys()
    assert ids[1:-1].tolist() == tokenizer.encode(moved).tolist()


@pytest.mark.parametrize("layout, one", [("segue", "prepared"), ("events", "prepared_events")])
def test_two_workers_write_what_one_writes(midi_folder, layout, one, tmp_path, request):
    prepare(midi_folder, tmp_path, Preparation(layout, vocabulary=800, seed=1), workers=2)
    for name in ("train.npy", "valid.npy", "test.npy", "pieces.csv", "tokenizer.json"):
        assert (tmp_path / name).read_bytes() == (request.getfixturevalue(one) / name).read_bytes(), name


def test_a_limit_draws_some_files(midi_folder, tmp_path):
    assert prepare(midi_folder, tmp_path, Preparation("segue", vocabulary=700, limit=5))["files"] == 5
    assert sum(len(np.load(tmp_path / f"{split}.npy")) > 0 for split in ("train", "valid", "test")) >= 1


@pytest.mark.parametrize("field, value, sentence", [
    ("transpositions", 12, "transpositions is a number from 0 to 11; received 12."),
    ("limit", 0, "limit is at least 1; received 0."),
    ("max_bars", 0, "max_bars is at least 1; received 0."),
])
def test_what_is_asked_for_is_checked(field, value, sentence):
    with pytest.raises(ValueError, match=sentence):
        Preparation(**{field: value})


def test_an_unknown_layout_writes_no_arrays(midi_folder, tmp_path):
    said = "A layout is one of events, segue, published, chordless; received 'remi'"
    with pytest.raises(ValueError, match=said):
        prepare(midi_folder, tmp_path, Preparation(layout="remi"))
    assert not list(tmp_path.glob("*.npy"))


# --- transposition ------------------------------------------------------------------------------------------

@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(32, 97)), min_size=1, max_size=20),
       st.integers(-11, 11))
def test_transposition_is_undone_by_its_inverse(onsets_and_pitches, semitones):
    score = Score(480)
    score.tracks = [Track("", 0, False), Track("", 0, True)]
    for track in score.tracks:
        track.notes = [Note(onset, 100, pitch, 80) for onset, pitch in onsets_and_pitches]
    moved = transpose(score, semitones)
    assert notes(moved).get(128) == notes(score)[128], "drums stay"
    assert [note.pitch for note in moved.tracks[0].notes] == [p + semitones for _, p in onsets_and_pitches]
    assert notes(transpose(moved, -semitones)) == notes(score)


@given(st.integers(21, 108), st.integers(-11, 11))
def test_a_note_that_would_leave_the_range_moves_by_an_octave_less_or_more(pitch, semitones):
    score = Score(480)
    score.tracks = [Track("", 0, False)]
    score.tracks[0].notes = [Note(0, 100, pitch, 80)]
    moved = transpose(score, semitones).tracks[0].notes[0].pitch
    assert 21 <= moved <= 108 and (moved - pitch - semitones) % 12 == 0
    assert score.tracks[0].notes[0].pitch == pitch
