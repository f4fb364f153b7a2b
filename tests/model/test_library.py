"""The human music: excerpts of music21's corpus, converted once, and a researcher's own folder."""

import csv
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import symusic

from model.corpus import Excerpt, convert
from model.excerpts import EXCERPTS
from model.library import COLUMNS, LibraryError, human_pieces, prompts
from model.score import MODEL_PITCHES, ScoreError, bar_seconds, describe, write

ROOT = Path(__file__).parents[2]
module = sys.modules[LibraryError.__module__]       # model.library is also the name of a function of model
SMALL = next(excerpt for excerpt in EXCERPTS if "k545" in excerpt.file)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def pieces(cache):
    """Every excerpt with its score: half a minute."""
    return [(piece, piece.score()) for piece in prompts(cache)]


def notes(score: symusic.Score) -> list:
    return sorted((track.program, note.time, note.duration, note.pitch, note.velocity)
                  for track in score.tracks for note in track.notes)


def tune(path: Path, pitch: int = 60, drums: bool = False) -> Path:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, drums))
    for beat in range(16):
        score.tracks[0].notes.append(symusic.Note(480 * beat, 480, pitch + beat % 5, 80))
    write(score, path)
    return path


def table(folder: Path, *rows: tuple, columns: tuple = COLUMNS) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "library.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return folder


def own(folder: Path | None, cache: Path) -> list:
    return [piece for piece in human_pieces(folder, cache) if piece.excerpt is None]


# --- the table of excerpts ----------------------------------------------------------------------------------

def test_there_is_enough_to_choose_from(cache):
    every = prompts(cache)
    assert len(every) >= 24 and len({piece.composer for piece in every}) >= 12
    assert len({piece.ensemble for piece in every}) >= 8
    assert len({piece.id for piece in every}) == len(every)
    blind = [piece for piece in every if not piece.in_training]
    assert len(blind) >= 16 and not any("Sebastian" in piece.composer for piece in blind)
    for piece in every:
        assert piece.title and piece.licence and piece.source.startswith("music21 corpus: ")
        assert piece.composer.split()[-1].lower() not in piece.id


def test_music21_is_imported_only_to_convert(cache):
    prompts(cache)[0].score()
    script = ("import sys, pathlib; from model.library import human_pieces; "
              "pieces = human_pieces(None, pathlib.Path(sys.argv[1])); assert 'music21' not in sys.modules; "
              "pieces[0].score(); assert 'music21' not in sys.modules")
    subprocess.run([sys.executable, "-c", script, str(cache)], check=True, cwd=ROOT)


@pytest.mark.slow
def test_every_excerpt_is_what_the_table_says(pieces):
    for piece, score in pieces:
        told = describe(score)
        assert told.bars == piece.bars and 8 <= told.bars <= 40, piece
        assert {program for program, _, _ in told.instruments} == set(piece.excerpt.programs), piece
        assert told.notices == [] and told.tempo == pytest.approx(piece.excerpt.tempo, abs=0.01), piece
        assert 15 < told.seconds < 120, piece


@pytest.mark.slow
def test_every_excerpt_is_plausible_music(pieces):
    low, high = MODEL_PITCHES
    for piece, score in pieces:
        every = notes(score)
        assert 3 <= len(every) / piece.bars <= 40, piece
        assert all(low <= pitch <= high for _, _, _, pitch, _ in every), piece
        assert len({pitch % 12 for _, _, _, pitch, _ in every}) >= 7, piece
        bars = bar_seconds(score)
        silent = longest = 0.0
        for _, onset, length, _, _ in sorted(every, key=lambda note: note[1]):
            longest = max(longest, onset - silent)
            silent = max(silent, onset + length)
        assert longest <= 4 * 480, piece                         # nowhere more than a bar of silence
        assert 0.5 < bars[1] < 6, piece


@pytest.mark.slow
def test_most_excerpts_are_in_common_time(pieces):
    common = sum(describe(score).time_signature == "4/4" for _, score in pieces)
    assert common > len(pieces) / 2


def test_a_known_beginning():
    score = convert(SMALL)                                       # C major over an Alberti bass
    first = [(onset, length, pitch) for _, onset, length, pitch, _ in notes(score) if onset < 1920]
    melody = [(onset, length, pitch) for onset, length, pitch in first if pitch >= 71]
    assert melody == [(0, 960, 72), (960, 480, 76), (1440, 480, 79)]
    assert [pitch for _, _, pitch in first if pitch < 71] == [60, 67, 64, 67, 60, 67, 64, 67]


def test_an_upbeat_fills_the_end_of_its_bar():
    score = convert(next(excerpt for excerpt in EXCERPTS if "bwv244.54" in excerpt.file))
    assert min(onset for _, onset, _, _, _ in notes(score)) == 3 * 480


def test_an_excerpt_that_music21_lacks_is_named():
    with pytest.raises(ScoreError, match=r"nobody/nothing\.mxl"):
        convert(Excerpt("nobody/nothing.mxl", "", "", "", 100, (0,), 8, 8))


# --- the cache ----------------------------------------------------------------------------------------------

def small(cache: Path):
    return next(piece for piece in prompts(cache) if piece.excerpt == SMALL)


def test_an_excerpt_is_converted_once(tmp_path, monkeypatch):
    first = small(tmp_path).score()
    monkeypatch.setattr(module, "convert", lambda excerpt: pytest.fail("converted again"))
    assert notes(small(tmp_path).score()) == notes(first)


def test_a_damaged_cache_is_mended(tmp_path):
    piece = small(tmp_path)
    first = piece.score()
    piece.path.write_bytes(piece.path.read_bytes()[:100])
    assert notes(piece.score()) == notes(first) == notes(small(tmp_path).score())


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, caplog):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    assert describe(small(blocked).score()).bars == SMALL.bars
    assert "could not be kept" in caplog.text


def test_processes_and_threads_may_convert_at_once(tmp_path):
    script = ("import sys, pathlib; from model.library import prompts; from model.score import describe; "
              "piece = next(p for p in prompts(pathlib.Path(sys.argv[1])) if 'k545' in p.source); "
              "print(describe(piece.score()).notes)")
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
    counts = [process.communicate(timeout=300)[0].strip() for process in running]
    assert len(set(counts)) == 1 and counts[0]
    found = []
    threads = [threading.Thread(target=lambda: found.append(notes(small(tmp_path / "other").score())))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and found[0] == found[1] == found[2]
    assert [path.suffix for path in (tmp_path / "excerpts").iterdir()] == [".mid"]


# --- a researcher's folder ----------------------------------------------------------------------------------

def test_a_folder_adds_its_pieces(tmp_path):
    folder = table(tmp_path / "mine", ("a.mid", "Air", "Anna", "CC0", "own"), ("sub/b.mid", "", "", "", ""))
    (folder / "sub").mkdir()
    tune(folder / "a.mid")
    tune(folder / "sub" / "b.mid", drums=True)
    first, second = own(folder, tmp_path / "cache")
    assert (first.title, first.composer, first.licence, first.source) == ("Air", "Anna", "CC0", "own")
    assert (first.bars, first.ensemble) == (4, "piano")
    assert (second.title, second.composer, second.ensemble) == ("b", "Unknown", "drums")
    assert describe(first.score()).notes == 16
    assert len(human_pieces(folder, tmp_path / "cache")) == len(prompts(tmp_path)) + 2
    assert own(None, tmp_path / "cache") == []


def test_ids_stay_and_tell_nothing(tmp_path):
    folder = table(tmp_path / "mine", ("air.mid", "Air", "Anna", "CC0", "own"))
    tune(folder / "air.mid")
    [piece] = own(folder, tmp_path / "cache")
    assert piece.id == own(folder, tmp_path / "another")[0].id and "air" not in piece.id


def test_what_cannot_be_read_is_left_out_with_a_notice(tmp_path, caplog):
    folder = table(tmp_path / "mine", ("good.mid", "Good", "A", "CC0", ""),
                   ("photo.mid", "Photo", "A", "CC0", ""), ("absent.mid", "Absent", "A", "CC0", ""),
                   ("../outside.mid", "Outside", "A", "CC0", ""))
    tune(folder / "good.mid")
    tune(tmp_path / "outside.mid")
    (folder / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0 no music")
    with caplog.at_level(logging.WARNING):
        assert [piece.title for piece in own(folder, tmp_path / "cache")] == ["Good"]
    assert "line 3: photo.mid was left out. This is not a MIDI file" in caplog.text
    assert "line 4: absent.mid" in caplog.text and "line 5: ../outside.mid lies outside" in caplog.text


def test_the_folder_is_read_once_and_changes_are_seen(tmp_path, monkeypatch):
    folder = table(tmp_path / "mine", ("a.mid", "A", "", "", ""), ("b.mid", "B", "", "", ""))
    tune(folder / "a.mid")
    tune(folder / "b.mid")
    own(folder, tmp_path / "cache")
    seen = []
    plain = module.read
    monkeypatch.setattr(module, "read", lambda path: seen.append(Path(path).name) or plain(path))
    own(folder, tmp_path / "cache")
    assert seen == []
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 73, False))
    score.tracks[0].notes.append(symusic.Note(0, 480, 60, 80))
    write(score, folder / "b.mid")
    assert own(folder, tmp_path / "cache")[1].ensemble == "Flute"
    assert seen == ["b.mid"]


def test_a_spoilt_index_is_read_anew(tmp_path):
    folder = table(tmp_path / "mine", ("a.mid", "A", "", "", ""))
    tune(folder / "a.mid")
    own(folder, tmp_path / "cache")
    [index] = (tmp_path / "cache").glob("library-*.json")
    for spoilt in ("[", "[1]", '{"a.mid": 3}', '{"a.mid": {"bars": "many"}}'):
        index.write_text(spoilt)
        assert own(folder, tmp_path / "cache")[0].bars == 4


@pytest.mark.parametrize(("make", "message"), [
    (lambda folder: None, "there is none in"),
    (lambda folder: (folder / "library.csv").write_text("path,title\na.mid,A\n"),
     "it lacks composer, licence, source"),
    (lambda folder: (folder / "library.csv").write_text(""), "it lacks path"),
    (lambda folder: (folder / "library.csv").write_bytes(b"path,title,composer,licence,source\n\xff\xfe\x00"),
     "cannot be read"),
    (lambda folder: (folder / "library.csv").mkdir(), "cannot be read"),
], ids=["absent", "columns", "empty", "encoding", "folder"])
def test_an_unusable_table_is_one_sentence(tmp_path, make, message):
    folder = tmp_path / "mine"
    folder.mkdir()
    make(folder)
    with pytest.raises(LibraryError, match=message) as caught:
        human_pieces(folder, tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_tables_from_spreadsheets_are_read(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    tune(folder / "a.mid")
    (folder / "library.csv").write_bytes("\ufeffpath,title,composer,licence,source,notes\r\n"
                                         'a.mid,"Air, in F",Ánna,CC0\r\n\r\n,,,,\r\n'.encode())
    [piece] = own(folder, tmp_path / "cache")
    assert (piece.title, piece.composer, piece.source) == ("Air, in F", "Ánna", "")


def test_a_file_that_goes_away_later_is_a_sentence(tmp_path):
    folder = table(tmp_path / "mine", ("a.mid", "A", "", "", ""))
    tune(folder / "a.mid")
    [piece] = own(folder, tmp_path / "cache")
    piece.path.unlink()
    with pytest.raises(ScoreError, match=r"a\.mid cannot be read"):
        piece.score()
