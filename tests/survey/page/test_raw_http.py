"""The Study page's server over plain sockets: requests that are forged, replayed, reordered, crossed, late or
hasty."""

from __future__ import annotations

import gzip
import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from survey import design
from survey.web import limits
from survey.web.limits import Rate
from tests.survey.page.conftest import Prepared
from tests.survey.page.served import served
from tests.survey.page.small import application, clip_urls, due_step, fitting, kind_of

CALL = "/study/small/gradio_api/component_server/"
JSON = {"Content-Type": "application/json"}
TELLS = ("piece-", "fake", "c0ffee", "Anon", "CC0", "ai_a", "ai_b", "one_ai", "both_ai", "blind", "known_ai",
         "temperature", "label_", "expect_", "Traceback")


@dataclass(frozen=True)
class Answered:
    """What the server said, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def reply(self) -> dict:
        return json.loads(self.body)


@dataclass
class Line:
    """Requests over sockets of their own. `heard` keeps everything that came back."""

    url: str
    heard: list[bytes] = field(default_factory=list)

    def send(self, method: str, path: str, body: object = None,
             headers: dict[str, str] | None = None) -> Answered:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            said = Answered(response.status, {key.lower(): value for key, value in response.getheaders()},
                            response.read())
        finally:
            connection.close()
        self.heard.append(f"{said.headers}".encode() + said.body)
        return said

    def call(self, data: object, headers: dict[str, str] | None = None, **envelope: object) -> Answered:
        body = {"data": data, "component_id": 1, "fn_name": "act", "session_hash": "x", **envelope}
        return self.send("POST", CALL, json.dumps(body), JSON | (headers or {}))

    def act(self, do: str, **more: object) -> dict:
        said = self.call({"do": do, **more})
        assert said.status == 200, said
        return said.reply

    def answer(self, token: str, step: str, answer: object) -> dict:
        return self.act("answer", token=token, step=step, answer=answer)

    def at(self, kind: str) -> tuple[str, dict]:
        """A new participant's token, and the first step of a kind."""
        reply = self.act("start")
        token = reply["token"]
        while kind_of(reply) != kind:
            reply = self.answer(token, due_step(reply), fitting(reply))
        return token, reply


@pytest.fixture(scope="module")
def url(prepared: Prepared) -> Iterator[str]:
    with served(application(prepared.store, prepared.folder)) as address:
        yield address


@pytest.fixture
def line(url: str, caplog: pytest.LogCaptureFixture) -> Iterator[Line]:
    """A line to the real server, which may refuse whatever it likes but never breaks."""
    line = Line(url)
    yield line
    broken = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not broken, broken
    assert not [said for said in line.heard if b"Traceback" in said or b"Internal Server Error" in said]


def everything(prepared: Prepared) -> list[tuple]:
    """All that participants have given, as it is stored."""
    with prepared.store._engine.connect() as connection:
        return [row for table in ("answer", "reply", "participant") for row in
                connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()]


# --- the order of things ------------------------------------------------------------------------------------


def test_at_every_step_only_the_answer_that_is_due_is_taken(line: Line, prepared: Prepared,
                                                            caplog: pytest.LogCaptureFixture) -> None:
    """A whole participant, who tries at each step to answer every other one, again and in advance."""
    reply = line.act("start")
    token, order = reply["token"], []
    ids = {step.id for step in design.steps(prepared.store.study("small"), 0)}
    secret = [*TELLS, *(name for clip in prepared.store.built_clips("small").items() for name in clip)]
    while kind_of(reply) != "thanks":
        due, good, stored = due_step(reply), fitting(reply), everything(prepared)
        caplog.clear()
        for other in ids - {due}:
            refused = line.answer(token, other, good)
            assert (refused["state"], due_step(refused)) == ("step", due)
        for forged in ({**good, "condition": "ai_a"}, {**good, "position": 99}, {"participant_id": 1}, {},
                       {key: [value] for key, value in good.items()}):
            if kind_of(reply) != "comment" or forged:       # a comment may be empty
                assert line.answer(token, due, forged)["state"] == "kept"
        refusals = [record for record in caplog.records if record.name == "survey.web.visit"]
        assert len(refusals) >= len(ids) - 1 + 4, "refusals are not logged"
        assert token not in caplog.text, "a token is in the log"
        assert everything(prepared) == stored, "something forged was stored"
        assert not [word for word in secret if any(word.encode() in said for said in line.heard)]
        order.append((due, good))
        reply = line.answer(token, due, good)
    stored = everything(prepared)
    for step, good in [*order, ("thanks", {}), ("thanks", {"agree": True})]:
        late = line.answer(token, step, good)
        assert kind_of(late) == "thanks" and late["notice"], "an answer after the truth was told"
    assert everything(prepared) == stored


def test_many_at_once_over_sockets_are_one_answer(line: Line, prepared: Prepared) -> None:
    token, reply = line.at("rating")
    before, due, good = len(everything(prepared)), due_step(reply), fitting(reply)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: line.answer(token, due, good), range(16)))
    assert sum("notice" not in one for one in replies) == 1
    assert len({due_step(one) for one in replies}) == 1
    assert len(everything(prepared)) == before + 1


# --- other people's things ----------------------------------------------------------------------------------


def test_streaming_somebody_elses_clip_is_nobodys_listening(line: Line, prepared: Prepared) -> None:
    mine, theirs = line.at("pair")[1], line.at("pair")[1]
    for clip in clip_urls(theirs):
        assert line.send("GET", clip).status == 200
    assert streamed(prepared, theirs) == [3.0, 3.0]
    assert streamed(prepared, mine) == [0.0, 0.0]


def test_answers_with_another_token_are_that_participants(line: Line, prepared: Prepared) -> None:
    """There is nothing in a request that names a participant but the token."""
    mine, reply = line.at("preference")
    theirs, _ = line.at("questions")
    stored = everything(prepared)
    refused = line.answer(theirs, due_step(reply), fitting(reply))
    assert kind_of(refused) == "questions"
    for token in (mine[:-1], mine + "x", mine.swapcase(), f" {mine}", f"{mine}\0", theirs[::-1], "0", "../x"):
        assert line.act("open", token=token)["state"] == "welcome"
        assert "html" in line.answer(token, due_step(reply), fitting(reply))
        assert line.act("withdraw", token=token)["state"] == "withdrawn"
    assert everything(prepared) == stored


# --- clips --------------------------------------------------------------------------------------------------


def streamed(prepared: Prepared, reply: dict) -> list[float]:
    """The seconds that were noted of each clip of a step."""
    with prepared.store._engine.connect() as connection:
        return [connection.execute(text("SELECT served_s FROM handle WHERE handle = :h"),
                                   {"h": clip.rpartition("/")[2]}).scalar_one() for clip in clip_urls(reply)]


def test_clips_cannot_be_listed_or_guessed(line: Line) -> None:
    [clip, _] = clip_urls(line.at("pair")[1])
    near = [clip[:-1], clip + "A", clip[:-1] + "AB"[clip[-1] == "A"], clip.lower(), clip + ".mp3"]
    unknown = [line.send("GET", path) for path in (*near, "/clips/x", "/clips/%00", "/clips/%ff%fe")]
    said = {(one.status, one.body, *sorted(one.headers.items() - {("date", one.headers["date"])}))
            for one in unknown}
    assert {one.status for one in unknown} == {404} and len(said) == 1, "one 404 is not like another"
    for path in ("/clips", "/clips/", "/clips/*", "/clips/?page=1", "/study/small/clips/", "/static/clips/",
                 clip + "/", f"{clip}/..", "/clips/..%2fsegue.db", "/clips/%2e%2e/segue.db"):
        assert line.send("GET", path).status in (307, 404), path
        assert line.send("OPTIONS", path).status in (307, 404, 405)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert line.send(method, clip).status == 405


def test_a_handle_that_is_over_looks_like_one_that_never_was(line: Line, prepared: Prepared) -> None:
    token, reply = line.at("pair")
    [clip, _] = clip_urls(reply)
    assert line.send("GET", clip).status == 200
    line.answer(token, due_step(reply), fitting(reply))
    over, never = line.send("GET", clip), line.send("GET", "/clips/never")
    assert (over.status, over.body) == (404, never.body)
    assert over.headers.keys() == never.headers.keys()


def test_a_clip_that_was_left_for_a_day_has_a_new_name(line: Line, prepared: Prepared) -> None:
    token, reply = line.at("pair")
    with prepared.store._engine.execution_options(segue_write=True).begin() as connection:
        connection.execute(text(
            "UPDATE visit SET shown_at = '2026-01-01 00:00:00' WHERE answered_at IS NULL AND id = "
            "(SELECT visit_id FROM handle WHERE handle = :h)"), {"h": clip_urls(reply)[0].rpartition("/")[2]})
    assert [line.send("GET", clip).status for clip in clip_urls(reply)] == [404, 404]
    again = line.act("open", token=token)
    assert due_step(again) == due_step(reply) and not {*clip_urls(again)} & {*clip_urls(reply)}
    assert [line.send("GET", clip).status for clip in clip_urls(again)] == [200, 200]
    assert [line.send("GET", clip).status for clip in clip_urls(reply)] == [404, 404]


def test_the_debrief_plays_and_nothing_before_it(line: Line) -> None:
    token, reply = line.at("rating")
    early = clip_urls(reply)
    while kind_of(reply) != "thanks":
        reply = line.answer(token, due_step(reply), fitting(reply))
        assert kind_of(reply) == "thanks" or line.send("GET", early[0]).status == 404
    assert set(early) <= set(clip_urls(reply))
    assert {line.send("GET", clip).status for clip in clip_urls(reply)} == {200}


def test_what_is_streamed_is_counted_once(line: Line, prepared: Prepared) -> None:
    reply = line.at("pair")[1]
    [clip, _] = clip_urls(reply)
    head = line.send("HEAD", clip)
    size = int(head.headers["content-length"])
    assert head.status == 200 and head.body == b"" and streamed(prepared, reply) == [0, 0], "a HEAD was heard"
    half = f"bytes=0-{size // 2 - 1}"
    for _ in range(3):
        assert len(line.send("GET", clip, headers={"Range": half}).body) == size // 2
    assert streamed(prepared, reply)[0] == pytest.approx(1.5, abs=0.1)
    line.send("GET", clip, headers={"Range": f"bytes={size // 4}-{size * 3 // 4}"})
    assert streamed(prepared, reply)[0] == pytest.approx(2.25, abs=0.1)
    whole = line.send("GET", clip)
    assert streamed(prepared, reply) == [3.0, 0.0]
    assert {**whole.headers, "date": ""} == {**head.headers, "date": ""}


# --- what is no page's request ------------------------------------------------------------------------------


@pytest.mark.parametrize("envelope", [
    {"component_id": 99}, {"component_id": "x"}, {"component_id": None}, {"fn_name": "__init__"},
    {"fn_name": "__class__.__mro__"}, {"fn_name": 5}, {"session_hash": None}, {"session_hash": "x" * 9999},
    {"extra": {"deep": [1, 2]}},
])
def test_the_envelope_is_not_believed(line: Line, envelope: dict) -> None:
    assert line.call({"do": "open"}, **envelope).reply["state"] == "welcome"


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"{", 400), (b"[]", 400), (b'"open"', 400), (b"{}", 400), (b"null", 400), (b"\xff\xfe", 400),
    (b'{"data":' + b"[" * 3_000 + b"]" * 3_000 + b"}", 400),
    (b'{"data":' + b'{"a":' * 20 + b"1" + b"}" * 20 + b"}", 400),
    (b'{"data":' + b"[" * 30_000, 400), (b'{"data": ' + b"9" * 60_000 + b"}", 400),
    (b'{"data": NaN}', 200), (b'{"data": {"do": "open", "token": "\\ud800"}}', 200),
    (b'{"data": {"do": "answer", "token": "x", "step": "x", "answer": {"rating": 1e999}}}', 200),
    (b'{"data": {"do": "open", "do": "start\\u0000"}}', 200), (b'{"data": "' + b"x" * 66_000 + b'"}', 413),
])
def test_odd_bodies(line: Line, body: bytes, status: int) -> None:
    assert line.send("POST", CALL, body, JSON).status == status


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "text/plain", "", "text/yaml"])
def test_only_json_is_understood_whatever_it_calls_itself(line: Line, content_type: str) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc\r\n--x--\r\n'
    assert line.send("POST", CALL, form, {"Content-Type": content_type}).status == 400
    good = json.dumps({"data": {"do": "open"}}).encode()
    assert line.send("POST", CALL, good, {"Content-Type": content_type}).reply["state"] == "welcome"


def test_a_body_without_an_end_is_cut(line: Line) -> None:
    endless = (b"x" * 8_000 for _ in range(1_000))
    with suppress(OSError):                         # if the server hangs up while the rest is being sent
        assert line.send("POST", CALL, endless, JSON).status == 413
    assert line.act("open")["state"] == "welcome"


@pytest.mark.parametrize("length", ["x", "-5", "70000", "9" * 5_000, "\u0665"])
def test_a_length_that_lies(line: Line, length: str) -> None:
    said = line.send("POST", CALL, None, {**JSON, "Content-Length": length.encode().decode("latin-1")})
    assert said.status in (400, 413, 431)


def test_a_compressed_body_is_not_blown_up(line: Line) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    assert line.send("POST", CALL, bomb, {**JSON, "Content-Encoding": "gzip"}).status == 400


# --- too often ----------------------------------------------------------------------------------------------


def test_who_starts_too_often_is_asked_to_wait_and_others_are_not(url: str, line: Line, prepared: Prepared,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy that the server trusts, a client is whom the proxy says."""
    monkeypatch.setitem(limits.RATES, "start", Rate(2, 0.01))
    ours, others = {"X-Forwarded-For": "192.0.2.17"}, {"X-Forwarded-For": "192.0.2.18"}
    said = [line.call({"do": "start"}, ours) for _ in range(4)]
    assert [one.status for one in said] == [200, 200, 429, 429]
    assert int(said[-1].headers["retry-after"]) >= 1
    assert said[-1].headers["cache-control"] == "no-store"
    started = prepared.store.status("small").started
    assert line.call({"do": "start"}, ours).status == 429
    assert prepared.store.status("small").started == started
    assert line.call({"do": "open"}, ours).status == 200, "who has begun can go on"
    assert line.call({"do": "start"}, others).status == 200
    assert not re.search(r"192\.0\.2", repr(everything(prepared)))


@pytest.mark.parametrize("what, method, path", [
    ("act", "GET", "/study/small/"), ("act", "POST", CALL), ("clip", "GET", "/clips/x")])
def test_pages_answers_and_clips_have_their_limits(line: Line, monkeypatch: pytest.MonkeyPatch, what: str,
                                                   method: str, path: str) -> None:
    monkeypatch.setitem(limits.RATES, what, Rate(3, 0.01))
    client = {"X-Forwarded-For": f"2001:db8:{len(path)}::1", **JSON}
    body = json.dumps({"data": {"do": "open"}}) if method == "POST" else None
    statuses = [line.send(method, path, body, client).status for _ in range(5)]
    assert statuses[3:] == [429, 429] and 429 not in statuses[:3]
