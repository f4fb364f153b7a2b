"""A piece that grows sounds like the whole, bar by bar; and the shelf shows and plays it meanwhile."""

import asyncio
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model import loudness
from model import shelf as shelves
from model.fluidsynth import SAMPLE_RATE
from model.live import Broadcast, Growth, Sketch, broadcast
from model.live_sound import BYTES_A_SECOND, LUFS, Ceiling, Gauge, Mp3
from model.render import synthesise
from model.score import bar_seconds, cut_bars, normalise
from model.shelf import Shelf

DELAY = 1105            # frames by which LAME and a decoder delay sound


@pytest.fixture(scope="module")
def piece(music):
    """Six bars of 2 s; a violin enters in the fourth."""
    score = normalise(music(bars=6, seed=3))
    late = [track for track in score.tracks if track.program == 40]
    for track in late:
        track.notes = [note for note in track.notes if note.time >= 3 * 1920]
    return score


def sketch(score, bars: int, **how) -> Sketch:
    return Sketch(cut_bars(score, 0, bars), float(bar_seconds(score, bars)[-1]), **how)


def drain(sound: Broadcast) -> bytes:
    out = []
    while data := sound.more():
        out.append(data)
    return b"".join(out)


def samples(mp3: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(mp3), dtype="float32")[0]


def grown(score, start_s: float) -> tuple[np.ndarray, Growth]:
    """What a listener hears of a piece that grows from two bars to all of it."""
    growth = Growth("", sketch(score, 2), Gauge())
    sound, out = Broadcast(growth, start_s), []
    for bars in (2, 3, 4, 6):
        growth.now = sketch(score, bars)
        out.append(drain(sound))
        assert sound.seconds == pytest.approx(bar_seconds(score, bars)[-1] - start_s, abs=1e-4)
        assert sound.more() == b"", "there is nothing yet, and it is not over"
    growth.now = replace(sketch(score, 6), growing=False)
    out.append(drain(sound))
    assert sound.more() is None
    sound.close()
    assert all(out), "every bar is heard as it comes"
    return samples(b"".join(out)), growth


def test_bars_that_come_one_by_one_sound_like_the_whole(piece):
    heard, growth = grown(piece, 0.0)
    whole = synthesise(piece) * growth.factor
    length = min(len(whole), len(heard) - DELAY)
    assert length > 12 * SAMPLE_RATE
    again, whole = heard[DELAY : DELAY + length, 0], whole[:length, 0]
    assert np.corrcoef(again, whole)[0, 1] > 0.99
    assert np.std(again) == pytest.approx(np.std(whole), rel=0.02)


def test_listening_may_begin_in_the_middle(piece):
    heard, _ = grown(piece, 3.0)
    assert len(heard) / SAMPLE_RATE == pytest.approx(12 - 3 + 1.5, abs=1.6)     # with the ring at the end
    assert np.abs(heard[: SAMPLE_RATE]).max() > 0.01


def test_the_prompt_is_as_loud_as_the_shelf_plays(piece):
    growth = Growth("", sketch(piece, 4), Gauge())
    growth.now = replace(sketch(piece, 4), growing=False)
    with_ring = samples(drain(Broadcast(growth, 0.0)))
    assert loudness.measure(with_ring[: 8 * SAMPLE_RATE]) == pytest.approx(LUFS, abs=0.5)


def test_a_note_over_the_bar_line_is_not_cut_where_the_music_ended_for_a_while(music):
    score = normalise(music(bars=2, programs=(19,), notes=1))      # an organ
    for note in (notes := score.tracks[0].notes):
        note.duration = 3840 - note.time if note.time == 0 else note.duration
    score.tracks[0].notes = notes[:1]
    growth = Growth("", sketch(score, 1), Gauge())
    sound = Broadcast(growth, 0.0)
    first = drain(sound)
    growth.now = sketch(score, 2)
    heard = samples(first + drain(sound))
    assert np.abs(heard[round(2.5 * SAMPLE_RATE) : round(3.5 * SAMPLE_RATE)]).max() > 0.02


def test_some_instruments_alone_are_as_loud_as_among_all(piece):
    """What all play is the sum of what each plays, for the whole decides how loud they are."""
    growth = Growth("", replace(sketch(piece, 6), growing=False), Gauge())

    def heard(*programs: int) -> np.ndarray:
        return samples(drain(Broadcast(growth, 0.0, lambda program: program in programs)))[: 10 * SAMPLE_RATE]

    parts = [heard(program) for program in (0, 40, 128)]
    assert all(np.abs(part).max() > 0.01 for part in parts)
    assert np.abs(parts[1][: 5 * SAMPLE_RATE]).max() < 1e-3, "the violin enters late"
    assert np.corrcoef(sum(parts)[:, 0], heard(0, 40, 128)[:, 0])[0, 1] > 0.98
    assert np.abs(heard()).max() < 1e-3


def test_who_listens_is_let_go_when_a_take_is_begun_anew(piece):
    growth = Growth("", sketch(piece, 3), Gauge())
    sound = Broadcast(growth, 0.0)
    assert sound.more()
    growth.now = sketch(piece, 2, attempt=1)
    assert sound.more() is None


def test_sound_runs_only_so_far_ahead_of_who_listens(piece, monkeypatch):
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise TimeoutError

    monkeypatch.setattr("model.live.AHEAD_S", 3.0)
    monkeypatch.setattr("model.live.asyncio.sleep", sleep)

    async def listen() -> int:
        count = 0
        growth = Growth("", replace(sketch(piece, 6), growing=False), Gauge())
        with pytest.raises(TimeoutError):
            async for data in broadcast(growth, 0.0):
                count += len(data)
        return count

    assert asyncio.run(listen()) < 7 * BYTES_A_SECOND and len(slept) == 1, "a pause in time"


def test_the_limiter_gives_in_pieces_what_it_gives_of_the_whole():
    loud = np.random.default_rng(0).normal(0, 0.7, (20_000, 2)).astype(np.float32)
    ceiling = Ceiling()
    pieces = [ceiling.add(part) for part in np.array_split(loud, [10, 500, 3000, 3001, 12_000])]
    joined = np.concatenate([*pieces, ceiling.rest()])[: len(loud)]
    inner = slice(500, -500)            # at its ends, the whole does not know of the silence around it
    assert np.allclose(joined[inner], loudness.held(loud)[inner], atol=1e-5)


def test_an_mp3_comes_as_it_is_written_and_without_a_frame_that_names_its_length():
    tone = np.sin(np.arange(SAMPLE_RATE) / 20)[:, None].repeat(2, 1).astype(np.float32) / 4
    mp3 = Mp3()
    parts = [mp3.add(tone[start : start + 4410]) for start in range(0, len(tone), 4410)]
    data = b"".join(parts) + mp3.rest()
    assert all(len(part) > 2000 for part in parts) and b"Info" not in data and data[:3] == b"ID3"
    assert len(samples(data)) / SAMPLE_RATE == pytest.approx(1, abs=0.1)


# The shelf

@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def client(shelf):
    app = FastAPI()
    app.include_router(shelf.router())
    with TestClient(app) as client:
        yield client


def test_a_piece_is_seen_and_heard_while_it_grows(shelf, client, piece):
    two, four = sketch(piece, 2), sketch(piece, 4)
    token = shelf.begin("Song", two.score, two.seconds)
    roll = client.get(f"/takes/{token}/roll.json")
    assert roll.json()["open"] and len(roll.json()["bars"]) == 3
    assert roll.headers["cache-control"] == "no-store"
    assert client.get(f"/takes/{token}/take.mp3").status_code == 404
    shelf.grow(token, four.score, four.seconds)
    assert len(client.get(f"/takes/{token}/roll.json").json()["bars"]) == 5
    shelf.finish(token, piece, ["seed 3"], "Song, take 1")
    closed = client.get(f"/takes/{token}/roll.json").json()
    assert "open" not in closed and len(closed["bars"]) == 7 and closed["title"] == "Song, take 1"
    assert b"seed 3" in client.get(f"/takes/{token}/take.mid").content
    live = client.get(f"/takes/{token}/live.mp3?from=9.5")
    assert live.status_code == 200 and live.headers["content-type"] == "audio/mpeg"
    assert 2 < len(samples(live.content)) / SAMPLE_RATE < 6


@pytest.mark.parametrize("start", ["-1", "901", "nan", "inf", "soon"])
def test_listening_begins_at_a_second(shelf, client, piece, start: str):
    token = shelf.begin("", piece, 12.0)
    assert client.get(f"/takes/{token}/live.mp3?from={start}").status_code == 422


def test_a_stream_may_leave_instruments_out(shelf, client, piece):
    token = shelf.begin("", piece, 12.0)
    shelf.finish(token, piece)

    def loudest(query: str) -> float:
        return np.abs(samples(client.get(f"/takes/{token}/live.mp3?from=10&{query}").content)).max()

    assert loudest("only=0-40-128") > 0.01 and loudest("without=40") > 0.01
    assert loudest("without=0-40-128") < 1e-3 and loudest("only=7") < 1e-3


@pytest.mark.parametrize("query", [
    "only=", "only=x", "without=-1", "only=1--2", "only=" + "-".join("1" * 200)])
def test_instruments_are_named_by_their_numbers(shelf, client, piece, query: str):
    token = shelf.begin("", piece, 12.0)
    assert client.get(f"/takes/{token}/live.mp3?{query}").status_code == 422


def test_what_is_dropped_is_gone_and_what_is_finished_stays(shelf, client, piece):
    lost, kept = shelf.begin("", piece, 12.0), shelf.begin("", piece, 12.0)
    shelf.finish(kept, piece)
    for token in (lost, kept, "nothing"):
        shelf.drop(token)
    assert client.get(f"/takes/{lost}/roll.json").status_code == 404
    assert client.get(f"/takes/{lost}/live.mp3").status_code == 404
    assert client.get(f"/takes/{kept}/roll.json").status_code == 200


def test_only_so_many_grow_and_only_so_many_listen(shelf, client, piece, monkeypatch):
    monkeypatch.setattr(shelves, "MOST_GROWING", 2)
    tokens = [shelf.begin("", piece, 12.0) for _ in range(2)]
    with pytest.raises(ValueError, match="At most 2 takes are made at once"):
        shelf.begin("", piece, 12.0)
    shelf.drop(tokens[0])
    shelf.begin("", piece, 12.0)
    monkeypatch.setattr(shelves, "MOST_LISTENERS", 0)
    refused = client.get(f"/takes/{tokens[1]}/live.mp3")
    assert refused.status_code == 503 and "Too many listen" in json.dumps(refused.json())


def test_memory_of_what_has_grown_is_bounded(shelf, piece, monkeypatch):
    monkeypatch.setattr(shelves, "_LATE", 3)
    growing = shelf.begin("", piece, 12.0)
    for _ in range(6):
        shelf.finish(shelf.begin("", piece, 12.0), piece)
    assert len(shelf._growths) == 4 and growing in shelf._growths
