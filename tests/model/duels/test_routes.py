"""The routes of duels, attacked raw: blind to the byte, and one sentence for whatever is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model.blind.limits import Rate, Throttle
from model.duels.routes import RATES, Duels
from tests.model.duels.stocked import BYTES, SECONDS, Moments, house

SAID = {"guess": "a", "heard_a_s": 15.0, "heard_b_s": 15.0, "plays_a": 1, "plays_b": 1, "response_ms": 31_000}


@pytest.fixture
def clock() -> Moments:
    return Moments()


@pytest.fixture
def duels(tmp_path: Path, clock: Moments) -> Duels:
    return house(tmp_path, clock)


@pytest.fixture
def line(duels: Duels) -> TestClient:
    app = FastAPI()
    app.include_router(duels.router())
    return TestClient(app)


def begun(line: TestClient, **asked: str) -> dict:
    answer = line.post("/duel", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listened(line: TestClient, duel: dict, clock: Moments) -> dict[str, httpx.Response]:
    clock.wait(40)
    return {side: line.get(duel[side]) for side in ("a", "b")}


def refused(answer: httpx.Response, status: int, sentence: str) -> None:
    assert answer.status_code == status, answer.text
    assert re.fullmatch(sentence, answer.text) and "\n" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"


# Blindness

def test_before_the_answer_nothing_tells(line, duels, clock):
    duel = begun(line)
    assert duel.keys() == {"id", "visitor", "seconds", "seam", "heard", "score", "a", "b"}
    assert duel["a"].replace("/a.mp3", "") == duel["b"].replace("/b.mp3", "") == f"/duel/{duel['id']}"
    heard = listened(line, duel, clock)
    assert heard["a"].content != heard["b"].content
    assert heard["a"].headers.raw == heard["b"].headers.raw
    assert heard["a"].status_code == heard["b"].status_code == 200
    assert not {"etag", "last-modified", "date", "age", "expires"} & heard["a"].headers.keys()
    assert heard["a"].headers["cache-control"] == "no-store"
    assert heard["a"].headers["content-length"] == str(BYTES)
    for headers in ({"Range": "bytes=0-"}, {"Range": "bytes=1000-2000"}, {"Range": "bytes=-5"},
                    {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}, {"If-Modified-Since": "x"}):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            a, b = (line.request(method, duel[side], headers=headers) for side in ("a", "b"))
            assert (a.status_code, a.headers.raw) == (b.status_code, b.headers.raw)
    row = duels.store.give("another")
    told = json.dumps(duel) + str(heard["a"].headers)
    for secret in (row.title, row.composer, row.system, "machine", "human", row.checkpoint_sha256):
        assert secret not in told


def test_the_sides_are_what_the_server_drew(line, duels, clock):
    seen = set()
    for _ in range(3):
        duel = begun(line)
        sounds = listened(line, duel, clock)
        told = line.post(f"/duel/{duel['id']}/answer", json=SAID).json()
        row = duels.answered()[-1]
        files = {path.read_bytes(): path.stem for path in duels.stock.folder.glob("*.mp3")}
        number = int(files[sounds[told["machine"]].content], 16)
        assert number % 2 == 1 and row["machine_side"] == told["machine"]       # odd: the machine's
        seen.add(told["machine"])
        assert told["right"] is (told["machine"] == "a")
    assert seen <= {"a", "b"}


# Answers

def test_after_the_answer_everything_is_told(line, duels, clock):
    duel = begun(line)
    listened(line, duel, clock)
    said = {**SAID, "guess": "unsure", "recognised": True}
    told = line.post(f"/duel/{duel['id']}/answer", json=said).json()
    assert told["right"] is None and told["score"] == {"right": 0, "wrong": 0, "unsure": 1, "interval": None}
    assert told["piece"]["title"] == "Air <b>&" and told["piece"]["licence"] == "CC0-1.0"
    assert told["made"]["seed"] == 7 and told["made"]["system"] == "segue-test"
    for side in ("a", "b"):
        token = told[side]["roll"].split("/")[2]
        assert duels._shelf.file(token, "take.mid").is_file()
    machine = duels._shelf.file(told[told["machine"]]["roll"].split("/")[2], "take.mid").read_bytes()
    assert b"checkpoint c0ffee" in machine and b"a duel" in machine
    [row] = duels.answered()
    assert (row["guess"], row["recognised"], row["response_ms"]) == ("unsure", True, 31_000)


def test_an_answer_is_given_once_and_its_sounds_are_gone(line, duels, clock):
    duel = begun(line)
    listened(line, duel, clock)
    url = f"/duel/{duel['id']}/answer"
    assert line.post(url, json=SAID).status_code == 200
    for guess in ("a", "b"):
        refused(line.post(url, json={**SAID, "guess": guess}), 409, "This duel has its answer already; .*")
    for side in ("a", "b"):
        refused(line.get(duel[side]), 409, "This duel has its answer already; .*")
    assert len(duels.answered()) == 1


def test_whoever_has_not_listened_is_asked_to(line, duels, clock):
    duel = begun(line)
    clock.wait(60)
    url = f"/duel/{duel['id']}/answer"
    refused(line.post(url, json=SAID), 422, "Please listen first: clip A has not been played.")
    line.get(duel["a"]), line.head(duel["b"])
    refused(line.post(url, json=SAID), 422, "Please listen first: clip B has not been played.")
    line.get(duel["b"], headers={"Range": "bytes=0-99999"})
    refused(line.post(url, json=SAID), 422, "Please listen first: clip B was fetched for 5.*")
    line.get(duel["b"])
    assert line.post(url, json=SAID).status_code == 200


@pytest.mark.parametrize("handle", ["nope", "A" * 43, "%00", "é"])
def test_a_forged_id_is_unknown(line, handle):
    begun(line)
    refused(line.post(f"/duel/{handle}/answer", json=SAID), 404, r"There is no such duel\.")
    refused(line.get(f"/duel/{handle}/a.mp3"), 404, r"There is no such duel\.")


def test_there_is_no_third_side(line):
    duel = begun(line)
    for side in ("c", "machine", "human", "ab"):
        refused(line.get(f"/duel/{duel['id']}/{side}.mp3"), 404, r"There is no such sound\.")


@pytest.mark.parametrize(("body", "sentence"), [
    ({**SAID, "guess": "human"}, "This request about a duel is not understood: guess: .*'human'.*"),
    ({**SAID, "guess": ["a"]}, ".*guess: .*"),
    ({**SAID, "machine_side": "a"}, ".*machine_side: Extra inputs.*"),
    ({**SAID, "heard_a_s": -1}, ".*heard_a_s: .*'-1'.*"),
    ({**SAID, "plays_b": 1.5}, ".*plays_b: .*"),
    ({**SAID, "response_ms": 10**30}, ".*response_ms: .*"),
    ({}, ".*guess: Field required.*"),
    ([], ".*not understood: the request: .*"),
    ("a", ".*not understood: the request: .*"),
])
def test_nonsense_is_one_sentence_and_writes_nothing(line, duels, clock, body, sentence):
    duel = begun(line)
    listened(line, duel, clock)
    refused(line.post(f"/duel/{duel['id']}/answer", json=body), 400, sentence)
    assert duels.answered() == []


@pytest.mark.parametrize(("content", "headers", "status"), [
    (b'{"guess": NaN}', {}, 400), (b"{" * 1500, {}, 400), (b"\xff\xfe", {}, 400), (b"", {}, 400),
    (b" " * 3000, {}, 413), (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"guess=a", {"Content-Type": "application/x-www-form-urlencoded"}, 415)])
def test_what_is_no_small_json_is_refused(line, content, headers, status):
    for path in ("/duel", "/duel/x/answer"):
        answer = line.post(path, content=content, headers={"Content-Type": "application/json", **headers})
        refused(answer, status, "[A-Z].*")


@pytest.mark.parametrize("visitor", ["", "short", "x" * 5000, "a b" * 8, 7, {"a": 1}])
def test_a_visitors_token_has_its_form(line, visitor):
    answer = line.post("/duel", json={"visitor": visitor})
    assert answer.status_code in (400, 413) and re.fullmatch(r"[^\n]+\.", answer.text)


# Scores, stock, limits

def test_a_score_follows_its_token_and_gets_an_interval(tmp_path, clock):
    duels = house(tmp_path, clock, 6)
    app = FastAPI()
    app.include_router(duels.router())
    line, visitor, told = TestClient(app), {}, {}
    for _ in range(5):
        duel = begun(line, **visitor)
        visitor = {"visitor": duel["visitor"]}
        listened(line, duel, clock)
        told = line.post(f"/duel/{duel['id']}/answer", json=SAID).json()["score"]
    assert told["right"] + told["wrong"] == 5 and told["interval"] == [0.0, 1.0]
    assert re.fullmatch(r"[\w-]{22}", visitor["visitor"])
    assert begun(line, **visitor)["score"] == told
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("duels.db*"))
    assert visitor["visitor"].encode() not in kept


def test_an_empty_stock_asks_for_patience(line):
    for _ in range(3):
        begun(line)
    answer = line.post("/duel", json={})
    refused(answer, 503, "The next duel is being prepared; it is here in a moment.")
    assert answer.headers["retry-after"]


@pytest.mark.parametrize("what", RATES)
def test_everything_has_its_limit(tmp_path, clock, what):
    duels = house(tmp_path, clock, 3, limits=Throttle({**RATES, what: Rate(1, 0.01)}))
    app = FastAPI()
    app.include_router(duels.router())
    line = TestClient(app)
    asked = {"duel": lambda: line.post("/duel", json={}), "clip": lambda: line.get("/duel/x/a.mp3"),
             "answer": lambda: line.post("/duel/x/answer", json=SAID)}[what]
    assert asked().status_code != 429
    answer = asked()
    refused(answer, 429, "That is too much at once; please try again in a moment.")
    assert int(answer.headers["retry-after"]) > 0


def test_a_sound_that_has_gone_is_a_sentence(line, duels, clock):
    duel = begun(line)
    for path in duels.stock.folder.glob("*.mp3"):
        path.unlink()
    refused(line.get(duel["a"]), 404, "There is no such sound any more.")
    assert duel["seconds"] == SECONDS
