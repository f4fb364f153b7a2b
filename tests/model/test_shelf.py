"""What the Compose page is built on: the shelf, the pictures, the words, a visitor's choices."""

import os
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import symusic
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from model import take_view, view
from model.catalogue import MAX_BARS, Catalogue, prompt_of
from model.door import Door
from model.generator import Progress, Take
from model.judging import Verdict
from model.picture import picture, thumbnail
from model.score import Score, bar_seconds, normalise, read
from model.settings import PRESETS, Settings, Start
from model.shelf import Shelf, slug
from model.visit import FILE, NOTHING, Visit, seed_of


def walk(programs=(0,), bars: int = 4, drums: bool = False, metre=(4, 4), tempo: float = 120) -> Score:
    """One note a beat in every program; each program enters a beat after the one before."""
    score = Score(480)
    length = 480 * 4 * metre[0] // metre[1]
    score.time_signatures.append(symusic.TimeSignature(0, *metre))
    score.tempos.append(symusic.Tempo(0, tempo))
    for entry, program in enumerate(programs):
        track = symusic.Track("", program, False)
        for tick in range(480 * entry, length * bars, 480):
            track.notes.append(symusic.Note(tick, 200, 60 + entry, 80))
        score.tracks.append(track)
    if drums:
        track = symusic.Track("", 0, True)
        track.notes.append(symusic.Note(0, 60, 36, 90))
        score.tracks.append(track)
    return normalise(score)


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path / "takes")


@pytest.fixture
def client(shelf: Shelf) -> TestClient:
    app = FastAPI()
    app.include_router(shelf.router())
    return TestClient(app)


# Pictures

def test_tracks_come_in_the_order_in_which_they_enter_and_drums_last():
    tracks = picture(walk((56, 0, 40), drums=True))["tracks"]
    assert [track["program"] for track in tracks] == [56, 0, 40, 128]


@pytest.mark.parametrize("metre, beats", [
    ((4, 4), 3), ((3, 4), 2), ((6, 8), 1), ((12, 8), 3), ((3, 8), 2), ((1, 4), 0)])
def test_beats_divide_every_bar_as_its_metre_counts(metre, beats: int):
    drawn = picture(walk(bars=3, metre=metre))
    assert len(drawn["bars"]) == 4
    assert len(drawn["beats"]) == 3 * beats
    first = [beat for beat in drawn["beats"] if beat < drawn["bars"][1]]
    steps = [later - earlier for earlier, later in zip([0, *first], [*first, drawn["bars"][1]], strict=True)]
    assert steps == pytest.approx([drawn["bars"][1] / (beats + 1)] * (beats + 1), abs=1e-3)


def test_a_thumbnail_has_a_path_for_every_instrument_but_drums_and_stays_inside():
    svg = thumbnail(picture(walk((0, 40), drums=True)))
    assert re.findall(r'class="voice-(\d)"', svg) == ["1", "2"]
    for x, y, width in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", svg):
        assert 0 <= float(x) <= float(x) + float(width) <= 240
        assert 0 <= float(y) <= 64


# The shelf

def test_what_is_put_is_found_again_as_music_picture_and_sound(shelf: Shelf):
    token = shelf.put(walk((40,), bars=2), "Air", ["seed 3"])
    again = read(shelf.file(token, "take.mid"))
    assert [track.program for track in again.tracks] == [40]
    assert b"seed 3" in shelf.file(token, "take.mid").read_bytes()
    assert shelf.file(token, "take.wav").read_bytes()[:4] == b"RIFF"
    assert shelf.title(token) == "Air"


def test_sound_is_rendered_once_however_many_ask_at_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    import model.shelf

    rendered = []
    real = model.shelf.to_audio

    def counted(*args, **options):
        rendered.append(args)
        return real(*args, **options)

    monkeypatch.setattr(model.shelf, "to_audio", counted)
    token = shelf.put(walk(bars=1), "Air")
    with ThreadPoolExecutor(6) as pool:
        paths = set(pool.map(lambda _: shelf.file(token, "take.mp3"), range(6)))
    assert len(paths) == len(rendered) == 1


@pytest.mark.parametrize("token, kind", [
    ("x" * 22, "take.mid"), ("../" + "x" * 19, "take.mid"), ("", "roll.json"), (None, "title"),
    (None, "../roll.json")])
def test_nothing_else_is_on_the_shelf(shelf: Shelf, token, kind: str):
    known = shelf.put(walk(), "Air")
    with pytest.raises(KeyError):
        shelf.file(known if token is None else token, kind)


def test_no_piece_is_listed_and_each_has_a_name_of_its_own(shelf: Shelf, client: TestClient):
    one, two = shelf.put(walk(), "Air"), shelf.put(walk(), "Air")
    assert one != two
    inside = f"/takes/{one}"
    for path in ("/takes", "/takes/", inside, f"{inside}/", f"{inside}/..%2f{two}/roll.json"):
        assert client.get(path).status_code == 404


def test_downloads_have_a_readable_name_and_parts_are_served(shelf: Shelf, client: TestClient):
    token = shelf.put(walk(bars=1), "Segue Étude No. 1: “Air” take 1 seed 4")
    saved = client.get(f"/takes/{token}/take.mid?download=true")
    name = "segue-etude-no-1-air-take-1-seed-4.mid"
    assert saved.headers["content-disposition"] == f'attachment; filename="{name}"'
    part = client.get(f"/takes/{token}/take.mp3", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert client.get(f"/takes/{token}/roll.json").json()["tracks"][0]["name"] == "Grand Piano"


def test_old_pieces_go_and_permanent_ones_stay(tmp_path):
    shelf = Shelf(tmp_path, keep_s=0.05)
    old, kept = shelf.put(walk(), "old"), shelf.put(walk(), "kept", permanent=True)
    time.sleep(0.1)
    shelf.sweep(0)
    assert shelf.file(kept, "roll.json").is_file()
    with pytest.raises(KeyError):
        shelf.file(old, "roll.json")


def test_a_full_shelf_gives_up_the_oldest(tmp_path):
    shelf = Shelf(tmp_path)
    tokens = [shelf.put(walk(), str(n)) for n in range(3)]
    sizes = [sum(file.stat().st_size for file in (tmp_path / token).iterdir()) for token in tokens]
    for age, token in enumerate(reversed(tokens)):
        stamp = time.time() - 10 * age
        os.utime(tmp_path / token, (stamp, stamp))
    shelf.max_bytes = sum(sizes) - 1
    shelf.sweep(0)
    assert [(tmp_path / token).is_dir() for token in tokens] == [False, True, True]


@given(st.text())
def test_a_file_name_is_plain_and_never_empty(title: str):
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?", slug(title))


# The catalogue

@dataclass(frozen=True)
class Piece:
    id: str
    title: str = "Air"
    composer: str = "Anon."
    ensemble: str = "solo"
    broken: bool = False

    def score(self) -> Score:
        if self.broken:
            raise ValueError("torn")
        return walk()


def test_the_catalogue_reads_in_order_and_leaves_out_what_is_broken(shelf: Shelf, caplog):
    catalogue = Catalogue(lambda: [Piece("a"), Piece("b", broken=True), Piece("c")], shelf)
    assert not catalogue.done
    catalogue.start().join()
    assert catalogue.done
    assert [card.prompt.id for card in catalogue.cards()] == ["a", "c"]
    assert catalogue.expected == 3
    assert catalogue.prompt("b") is None
    assert "The prompt b could not be read" in caplog.text


def test_a_library_that_fails_still_ends_the_waiting(shelf: Shelf):
    def fail():
        raise OSError("no disk")

    catalogue = Catalogue(fail, shelf)
    catalogue.start().join()
    assert catalogue.done
    assert "could not be read" in view.cards([], 0, True)


@pytest.mark.parametrize("bars, tempo, used", [(4, 120, 4), (70, 200, MAX_BARS), (64, 40, 30), (3, 10, 3)])
def test_a_prompt_is_cut_to_what_can_be_used(shelf: Shelf, bars: int, tempo: float, used: int):
    prompt = prompt_of(walk(bars=bars, tempo=tempo), shelf, "Air")
    assert prompt.bars == used
    assert len(bar_seconds(prompt.score)) - 1 == used
    assert prompt.about.bars == bars


# A visitor's choices

def test_what_to_begin_with(shelf: Shelf):
    catalogue = Catalogue(lambda: [Piece("a"), Piece("b", title="Jig")], shelf)
    catalogue.start().join()
    assert Visit().origin(catalogue, [], 100)[1] == "Air"
    assert Visit(piece="b").origin(catalogue, [], 100)[1] == "Jig"
    assert Visit(piece="gone").origin(catalogue, [], 100)[1] == "Air"
    assert Visit(NOTHING).origin(catalogue, [40, 128, 40], 72) == (Start((40, 128), 72.0), "Out of nothing")
    with pytest.raises(ValueError, match=r"^Please choose a MIDI file first\.$"):
        Visit(FILE).origin(catalogue, [], 100)
    with pytest.raises(ValueError, match=r"^Please choose at least one instrument\.$"):
        Visit(NOTHING).origin(catalogue, [], 100)


@pytest.mark.parametrize("text", ["0", " 42 ", "2147483647"])
def test_a_seed_is_read(text: str):
    assert seed_of(text, random.Random(1)) == int(text)


@pytest.mark.parametrize("text", ["2147483648", "-1", "1.5", "٣", "lucky", "9" * 5000])
def test_what_is_no_seed_is_refused_in_one_sentence(text: str):
    sentence = r"^A seed is a whole number from 0 to 2147483647; received '.{1,40}'\.$"
    with pytest.raises(ValueError, match=sentence):
        seed_of(text, random.Random(1))


def test_no_seed_means_one_by_chance():
    assert seed_of("", random.Random(1)) == seed_of(None, random.Random(1)) != seed_of(" ", random.Random(2))


# Words

def take(**changes) -> Take:
    values = {"index": 0, "score": walk(), "seam_s": 4.0, "seam_bar": 2, "settings": Settings(seed=43),
              "faults": (), "retried": False, "complete": True, "system": "s", "checkpoint_sha256": "ab" * 32,
              "tokens": 9, "notes": 1, "elapsed_s": 2.0, "verdict": Verdict({}, {}), **changes}
    return Take(**values)


@pytest.mark.parametrize("changes, stopped, said", [
    ({}, "", []),
    ({"faults": ("empty",)}, "", ["This take falls silent for more than four bars."]),
    ({"retried": True}, "",
     ["The first attempt fell silent or got stuck, so it was made again with seed 43."]),
    ({"retried": True, "faults": ("stuck",)}, "",
     ["Two attempts went wrong. This second one, with seed 43, "
      "plays one bar more than eight times in a row."]),
    ({"complete": False}, "You stopped it here.", ["You stopped it here."]),
    ({"complete": False}, "",
     ["So many notes came that the room for this take was full before its end."]),
])
def test_remarks_say_what_happened(changes: dict, stopped: str, said: list[str]):
    assert take_view.remarks(take(**changes), stopped) == said


def test_what_a_visitor_wrote_is_escaped(shelf: Shelf):
    prompt = prompt_of(walk(), shelf, '<script>alert("x")</script>')
    for html in (view.stage(prompt, 2), view.note(prompt.title), take_view.run("1", prompt.title, [])):
        assert "<script" not in html
        assert "&lt;script" in html


@pytest.mark.parametrize("at, words", [
    (Progress(0, 1, 1, 0.1, None), "1 note so far"),
    (Progress(1, 3, 1234, 0.5, 42.0), "3 takes · 1,234 notes so far · about 40 seconds left"),
    (Progress(1, 2, 90, 0.5, None, None, 3, 8), "2 takes · 3 of 8 candidates are made · 90 notes so far"),
    (Progress(0, 1, 5, 0.99, 1.0), "nearly there"),
    (Progress(0, 1, 5, 0.2, 170.0), "about 3 minutes left"),
])
def test_progress_in_words(at: Progress, words: str):
    assert words in view.progress(at)


def test_every_published_setting_has_a_label():
    labels = view.characters(PRESETS)
    assert labels[0] == ("Natural · 1 · top-p 0.95", "natural")
    assert ("Balanced · 0.5 · 15 · 6", "balanced") in labels
    assert len({label for label, _ in labels}) == len(PRESETS) == len(labels)


# The door

@pytest.mark.parametrize("path, status", [
    ("/gradio_api/file=https://example.org/x", 404), ("/gradio_api/FILE=HTTP://example.org", 404),
    ("/gradio_api/proxy=https://a.hf.space", 404), ("/gradio_api/info", 404), ("/monitoring/summary", 404),
    ("/gradio_api/queue/join", 200), ("/", 200)])
def test_the_door_closes_what_no_page_needs(path: str, status: int):
    app = FastAPI()
    app.add_api_route("/{rest:path}", lambda rest: "open")
    app.add_middleware(Door)
    assert TestClient(app).get(path).status_code == status
