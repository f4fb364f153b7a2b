"""The Study page's endpoint, called as anybody could: what it refuses, and that nothing comes of it."""

from __future__ import annotations

import re
import threading

import pytest
from starlette.testclient import TestClient

from survey.web import wording
from survey.web.visit import Visits
from tests.survey.page.conftest import Prepared
from tests.survey.page.small import PAIR, Api, clip_urls, due_step, fitting

NOT_UNDERSTOOD = wording.say("en", "notice.not_understood")
ALREADY = wording.say("en", "notice.already")


def test_a_replayed_answer_changes_nothing(api: Api, prepared: Prepared) -> None:
    token, reply = api.at("preference")
    request = {"do": "answer", "token": token, "step": due_step(reply), "answer": PAIR}
    next_step = due_step(api.post(request).json())
    before = prepared.store.status("small").answers
    for choice in ("b", "a"):
        reply = api.post({**request, "answer": {**PAIR, "choice": choice}}).json()
        assert (reply["state"], reply["notice"], due_step(reply)) == ("step", ALREADY, next_step)
    assert prepared.store.status("small").answers == before


def test_twenty_answers_at_once_count_once(api: Api, prepared: Prepared) -> None:
    token, reply = api.at("preference")
    visits, before, replies = Visits(prepared.store), prepared.store.status("small").answers, []
    request = {"do": "answer", "token": token, "step": due_step(reply), "answer": PAIR}
    threads = [threading.Thread(target=lambda: replies.append(visits.act("small", request)))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({due_step(reply) for reply in replies}) == 1
    assert sum("notice" not in reply for reply in replies) == 1
    assert prepared.store.status("small").answers["prefer"] == before.get("prefer", 0) + 1


@pytest.mark.parametrize("request_", [
    None, 5, "open", [], {}, {"do": "reveal"}, {"do": ["open"]}, {"do": None},
    {"do": "open", "token": 5}, {"do": "open", "token": ""}, {"do": "open", "token": "x" * 5000},
    {"do": "answer"}, {"do": "answer", "token": "x", "step": 3, "answer": {}},
    {"do": "answer", "token": "x", "step": "pairs.1", "answer": "b"},
    {"do": "answer", "step": "pairs.1", "answer": PAIR}, {"do": "start", "invitation": "x" * 5000},
    {"do": "start", "invitation": ["x"]},
])
def test_nonsense_gets_one_sentence(api: Api, request_: object) -> None:
    assert api.post(request_).json() == {"state": "kept", "notice": NOT_UNDERSTOOD}


@pytest.mark.parametrize("step, answer", [
    ("prefer.1", PAIR), ("thanks", {}), ("consent", {"agree": True}), ("open.1", {"rating": 1, "plays_a": 1}),
    ("no such step", {}), ("", {}),
])
def test_a_step_that_is_not_due_is_refused(api: Api, step: str, answer: dict) -> None:
    token, due = api.at("pair")
    reply = api.act("answer", token=token, step=step, answer=answer)
    assert reply["state"] == "step" and due_step(reply) == due_step(due)


@pytest.mark.parametrize("change", [
    {"choice": "c"}, {"choice": None}, {"plays_a": "1"}, {"plays_a": -1}, {"position": 2},
    {"condition": "ai_a"}, {"response_ms": -5}, {"rating": 5}, {"comment": "x" * 2001}, {"heard_a_s": "2"},
])
def test_a_wrong_answer_is_refused_and_the_step_stays(api: Api, change: dict) -> None:
    token, due = api.at("pair")
    reply = api.act("answer", token=token, step=due_step(due), answer={**fitting(due), **change})
    assert reply["state"] == "kept" and reply["notice"].endswith(".")
    assert due_step(api.act("open", token=token)) == due_step(due)


@pytest.mark.parametrize("played", [{"plays_a": 0}, {"plays_a": 1, "heard_a_s": 6}])
def test_notes_that_were_not_played_cannot_be_counted(api: Api, played: dict) -> None:
    token, due = api.at("sound_check", slug="strict")
    counts = [int(count) for count in re.findall(r'name="count" value="(\d+)"', due["html"])]
    refused = [api.act("answer", "strict", token=token, step=due_step(due), answer={"count": count, **played})
               for count in counts]
    sentences = [wording.say("en", f"refused.{rule}") for rule in ("count", "listen")]
    assert {reply["state"] for reply in refused} == {"kept"}
    assert {reply["notice"] for reply in refused} == set(sentences), "the right number needs listening too"


def test_a_token_is_good_for_its_own_study_only(api: Api) -> None:
    token, due = api.at("pair")
    opened = api.act("open", "other", token=token)
    assert opened["state"] == "welcome" and opened["token"] is None
    assert api.act("answer", "other", token=token, step=due_step(due), answer=PAIR)["state"] == "welcome"
    assert api.act("language", "other", token=token, languages=["de"])["state"] == "welcome"
    assert api.act("withdraw", "other", token=token)["state"] == "withdrawn"
    assert due_step(api.act("open", token=token)) == due_step(due), "another study's page deleted the answers"
    assert api.act("open", token=token)["language"] == "en"


# The web application around it


@pytest.mark.parametrize("method, path", [
    ("POST", "gradio_api/upload"), ("POST", "gradio_api/queue/join"), ("GET", "gradio_api/queue/data"),
    ("GET", "gradio_api/info"), ("GET", "gradio_api/file=survey/store.py"), ("GET", "config"),
    ("GET", "monitoring"), ("POST", "gradio_api/call/act"), ("POST", "gradio_api/run/act"), ("POST", "login"),
    ("GET", "gradio_api/deep_link"), ("GET", "assets/../../../store.py"),
])
def test_gradios_other_endpoints_are_shut(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, f"/study/small/{path}").status_code == 404


def test_a_request_may_not_be_large(api: Api) -> None:
    assert api.post({"do": "open", "token": "x" * 70_000}).status_code == 413
    endless = (b"x" * 30_000 for _ in range(4))
    answered = api.client.post("/study/small/gradio_api/component_server", content=endless,
                               headers={"content-type": "application/json"})
    assert answered.status_code >= 400


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_an_unknown_study_is_a_friendly_404(client: TestClient, language: str) -> None:
    answered = client.get("/study/nonsuch/", headers={"Accept-Language": f"{language}-XX,en;q=0.1"})
    assert answered.status_code == 404 and f'<html lang="{language}">' in answered.text
    assert wording.say(language, "unknown.title") in answered.text
    assert client.post("/study/nonsuch/gradio_api/component_server", json={}).status_code in (400, 404)
    assert client.get("/study/small").headers["location"].endswith("/study/small/")


@pytest.mark.parametrize("path", ["/clips/nonsuch", "/clips/", "/clips", "/clips/../segue.db",
                                  "/clips/%2e%2e%2fsegue.db"])
def test_what_no_handle_names_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_clips_that_are_gone_are_not_found(api: Api, prepared: Prepared) -> None:
    url = clip_urls(api.at("pair")[1])[0]
    clips, away = prepared.folder / "clips", prepared.folder / "away"
    clips.rename(away)
    try:
        assert api.client.get(url).status_code == 404
    finally:
        away.rename(clips)
    assert api.client.get(url).status_code == 200
