"""Some instruments alone: what is heard, how loud, and what is refused."""

import numpy as np
import pytest
import soundfile
import symusic
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model.render import to_audio
from model.score import Score, normalise
from model.shelf import Shelf
from model.voices import MOST_CHOICES, Voices

RATE = 44100


def band() -> Score:
    """A flute in the first two seconds, a trumpet in the next two, drums in the two after them."""
    score = Score(480)
    for number, (program, drum) in enumerate(((73, False), (56, False), (0, True))):
        track = symusic.Track("", program, drum)
        for beat in range(4 * number, 4 * number + 4):
            track.notes.append(symusic.Note(480 * beat, 240, 38 if drum else 72, 100))
        score.tracks.append(track)
    return normalise(score)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("takes"))


@pytest.fixture(scope="module")
def token(shelf: Shelf) -> str:
    return shelf.put(band(), "Band")


@pytest.fixture(scope="module")
def client(shelf: Shelf) -> TestClient:
    app = FastAPI()
    app.include_router(shelf.router())
    app.include_router(Voices(shelf).router())
    return TestClient(app)


def sound(shelf: Shelf, token: str, choice: str) -> np.ndarray:
    return soundfile.read(Voices(shelf).file(token, choice))[0]


def level(samples: np.ndarray, second: int) -> float:
    return float(np.sqrt(np.mean(samples[second * RATE:(second + 1) * RATE] ** 2)))


@pytest.mark.parametrize("choice, heard", [("0", [0]), ("1", [2]), ("0-2", [0, 4]), ("0-1-2", [0, 2, 4])])
def test_only_the_chosen_are_heard_and_each_as_loud_as_in_the_whole(shelf, token, choice, heard):
    whole, part = to_audio(band()).samples, sound(shelf, token, choice)
    assert len(part) == pytest.approx(len(whole), abs=1)
    for second in (0, 2, 4):
        if second in heard:
            assert level(part, second) == pytest.approx(level(whole, second), rel=0.1)
        else:       # the instrument before may ring a little
            assert level(part, second) < 0.25 * level(whole, second)


def test_who_plays_alone_and_who_is_left_make_up_the_whole(shelf):
    """Where a limiter holds the peaks, too."""
    score = Score(480)
    for program, drum, velocity in ((73, False, 20), (0, True, 127)):
        track = symusic.Track("", program, drum)
        for beat in range(0, 8, 2):
            track.notes.append(symusic.Note(480 * beat, 60, 31 if drum else 72, velocity))
        score.tracks.append(track)
    score = normalise(score)
    token, whole = shelf.put(score, "Sticks"), to_audio(score).samples
    both = sound(shelf, token, "0") + sound(shelf, token, "1")
    with np.load(shelf.folder / token / "gain.npz") as kept:
        assert np.ptp(kept["gain"]) > 0.05, "the limiter has nothing to do"
    assert np.sqrt(np.mean((both - whole) ** 2)) < 0.1 * np.sqrt(np.mean(whole ** 2))


def test_it_is_made_once_and_only_so_many_are_kept(shelf, monkeypatch):
    import model.voices

    made = []
    monkeypatch.setattr(model.voices, "save", lambda audio, path: made.append(path.write_bytes(b"sound")))
    token, voices = shelf.put(band(), "Band"), Voices(shelf)
    place = voices.file(token, "0").parent
    assert voices.file(token, "0").is_file()
    assert len(made) == 1
    for number in range(MOST_CHOICES):
        (place / f"voices-old-{number}.mp3").write_bytes(b"")
    voices.file(token, "0-1")
    assert len(list(place.glob("voices-*.mp3"))) == MOST_CHOICES
    assert (place / "voices-0-1.mp3").is_file()


@pytest.mark.parametrize("choice", ["3", "1-0", "0-0", "", "-", "00", "x", "0-", "٣", "1-../0", "9" * 400])
def test_what_names_none_of_its_tracks_is_not_found(client, token, choice: str):
    assert client.get(f"/takes/{token}/voices/{choice}.mp3").status_code == 404


def test_it_comes_over_http_in_ranges(client, token):
    address = f"/takes/{token}/voices/0.mp3"
    answer = client.get(address, headers={"Range": "bytes=0-99"})
    assert (answer.status_code, len(answer.content)) == (206, 100)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert client.get(f"/takes/{'x' * 22}/voices/0.mp3").status_code == 404
