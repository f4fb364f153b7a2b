"""The Study page: what it tells, what it refuses, and a participant's whole way through it in a browser."""

from __future__ import annotations

import csv
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.testclient import TestClient

from survey import markup
from survey.audio import parse_range
from survey.export import export
from survey.page import STATIC, mount_study
from survey.stimuli import build
from survey.store import Busy, Store
from survey.study import Study
from survey.study_file import parse
from survey.visit import ALREADY, NOT_UNDERSTOOD, Visits
from tests.conftest import free_port
from tests.survey.fakes import PIECES, FakeMachine, same

STUDY = """
slug: small
title: Is <it> human?
summary: "One pair, one rating.\\n\\nThat is all."
minutes: 1
seed: 3
clips: {seconds: 3, prompt_bars: 2}
sections:
  - {kind: consent, id: consent, title: Before we begin, text: "We store your answers & nothing else."}
  - kind: questions
    id: you
    title: About you
    questions:
      - {id: musician, kind: choice, text: "Do you make music?", options: {yes: "Yes", no: "No"}}
      - {id: level, kind: choice, text: "Your level?", options: {none: None, expert: Expert}}
      - {id: age, kind: number, text: "Your age?", minimum: 5, maximum: 120, optional: true}
      - {id: awake, kind: scale, text: "How awake are you?", points: 7, low: asleep, high: awake}
      - {id: words, kind: text, text: "Anything else?", optional: true}
  - kind: pairs
    id: pairs
    title: Two pieces
    text: Listen to both.
    question: Which one was made by AI?
    pairs: {one_ai: 2}
    prompts: same
    settings: [{}]
    ask_recognised: true
    comment: What gave it away?
  - kind: ratings
    id: ratings
    title: One piece
    question: How good?
    low: bad
    high: good
    settings: [{}]
    human: true
  - kind: open_ratings
    id: open
    title: Made by AI
    question: How good?
    low: bad
    high: good
    settings: [{}]
  - {kind: thanks, id: thanks, title: Thank you, text: That was all.}
"""
REPLIES = {"musician": "yes", "level": "expert", "awake": 6}


def study(slug: str = "small") -> Study:
    return parse(STUDY.replace("slug: small", f"slug: {slug}"), "small.yaml")


def prepare(store: Store, folder: Path, slug: str = "small") -> None:
    """Registers a study and builds its clips, with a machine that is made up."""
    store.register(study(slug))
    assert build(study(slug), store, folder, FakeMachine(), PIECES, round_trip=same)


def application(store: Store, folder: Path) -> FastAPI:
    """What app.py does for the Study page."""
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    mount_study(app, store, folder)
    return app


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    """A store with two studies whose clips are built, and one without."""
    folder = tmp_path_factory.mktemp("study")
    with Store(f"sqlite:///{folder / 'segue.db'}") as store:
        prepare(store, folder)
        prepare(store, folder, "other")
        store.register(study("waiting"))
        yield store, folder


@pytest.fixture(scope="module")
def client(prepared: tuple[Store, Path]) -> Iterator[TestClient]:
    with TestClient(application(*prepared), follow_redirects=False) as opened:
        yield opened


@dataclass
class Api:
    """The page's one endpoint, called as anybody could."""

    client: TestClient
    slug: str = "small"

    def component(self) -> int:
        page = self.client.get(f"/study/{self.slug}/").text
        return int(re.search(r'"id":\s*(\d+),\s*"type":\s*"html"', page).group(1))

    def post(self, request: object, slug: str | None = None):
        return self.client.post(f"/study/{slug or self.slug}/gradio_api/component_server", json={
            "session_hash": "anything", "component_id": self.component(), "fn_name": "act", "data": request})

    def act(self, do: str, slug: str | None = None, **more: object) -> dict:
        answered = self.post({"do": do, **more}, slug)
        assert answered.status_code == 200, answered.text
        return answered.json()

    def start(self) -> tuple[str, str]:
        """Token and the step that is due."""
        reply = self.act("start")
        return reply["token"], due_step(reply)

    def until_pair(self) -> tuple[str, str, list[str]]:
        """Token, step and clip addresses of a participant who is at the first pair."""
        token, step = self.start()
        reply = self.act("answer", token=token, step=step, answer={"replies": REPLIES})
        return token, due_step(reply), clip_urls(reply)


def due_step(reply: dict) -> str:
    return re.search(r'data-step="([^"]+)"', reply["html"]).group(1)


def clip_urls(reply: dict) -> list[str]:
    return [src.removeprefix("../..") for src in re.findall(r'<audio[^>]* src="([^"]+)"', reply["html"])]


@pytest.fixture
def api(client: TestClient) -> Api:
    return Api(client)


PAIR = {"choice": "b", "plays_a": 1, "plays_b": 1, "recognised": False, "response_ms": 5000}


# What it tells


def test_welcome_shows_text_as_text(api: Api) -> None:
    shown = api.act("open")["html"]
    assert "Is &lt;it&gt; human?" in shown and "<it>" not in shown
    assert "your answers &amp; nothing else" in shown
    assert shown.count("<p>That is all.</p>") == 1


def test_nobody_is_stored_before_they_agree(api: Api, prepared: tuple[Store, Path]) -> None:
    before = prepared[0].status("small").started
    api.act("open")
    assert prepared[0].status("small").started == before
    api.start()
    assert prepared[0].status("small").started == before + 1


def test_nothing_before_the_end_tells_who_made_a_clip(api: Api, prepared: tuple[Store, Path]) -> None:
    """Every byte that the page, its endpoint and the clips' headers send to two participants."""
    built = prepared[0].built_clips("small")
    secret = [*built, *built.values(), "piece-", "fake", "c0ffee", "Anon", "ai_a", "ai_b", "one_ai", "blind",
              "known_ai", "human_"]
    headers = set()
    for _ in range(2):
        token, _ = api.start()
        replies = [api.act("open", token=token)]
        for answer in participant():
            for url in clip_urls(replies[-1]):
                heard = api.client.get(url)
                headers.add(tuple(sorted((k, v) for k, v in heard.headers.items() if k != "date")))
            replies.append(api.act("answer", token=token, step=due_step(replies[-1]), answer=answer))
        assert 'data-kind="thanks"' in replies[-1]["html"]
        for reply in replies:
            assert [word for word in secret if word in str(reply)] == []
    assert len(headers) == 1, "the headers of a clip tell"
    page = api.client.get("/study/small/").text
    assert [word for word in secret if word in page] == []


def participant() -> list[dict]:
    """Answers to the small study, in order."""
    rating = {"rating": 4, "said_ai": True, "plays_a": 2, "response_ms": 9000}
    return [{"replies": REPLIES}, PAIR, PAIR, {"comment": "No breath."}, rating, rating,
            {"rating": 2, "plays_a": 1, "response_ms": 9000}]


def test_two_participants_hear_a_clip_under_different_names(api: Api) -> None:
    first, second = api.until_pair()[2], api.until_pair()[2]
    assert len({*first, *second}) == 4
    assert all(len(url) >= len("/clips/") + 40 for url in first + second)


def test_the_whole_way_ends_in_the_export(api: Api, prepared: tuple[Store, Path], tmp_path: Path) -> None:
    token, _ = api.start()
    reply = api.act("open", token=token)
    for number, answer in enumerate(participant(), start=2):
        assert f"{number} of {len(participant()) + 1}<" in reply["html"]
        for url in clip_urls(reply):
            assert api.client.get(url).status_code == 200
        reply = api.act("answer", token=token, step=due_step(reply), answer=answer)
    assert "That was all." in reply["html"]
    assert api.act("open", token=token)["html"] == reply["html"]
    export(prepared[0], "small", tmp_path)
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert "No breath." in [row["comment"] for row in csv.DictReader(file)]


def test_a_study_in_preparation_says_how_far_it_is(api: Api) -> None:
    reply = api.act("open", "waiting")
    assert reply["state"] == "building"
    assert 'data-built="0"' in reply["html"] and "being prepared" in reply["html"]
    assert api.act("start", "waiting")["state"] == "building"


# What it refuses


def test_an_answer_without_listening_is_refused_and_the_step_stays(api: Api) -> None:
    token, step, urls = api.until_pair()
    for url in urls:
        api.client.get(url)
    refused = api.act("answer", token=token, step=step, answer={**PAIR, "plays_b": 0})
    assert refused["state"] == "kept" and "listen" in refused["notice"]
    assert due_step(api.act("open", token=token)) == step


def test_an_answer_to_a_clip_that_was_never_fetched_is_refused(api: Api) -> None:
    token, step, urls = api.until_pair()
    api.client.get(urls[0])
    refused = api.act("answer", token=token, step=step, answer=PAIR)
    assert refused["state"] == "kept" and "clip B" in refused["notice"]


def test_a_replayed_answer_changes_nothing(api: Api, prepared: tuple[Store, Path]) -> None:
    token, step, urls = api.until_pair()
    for url in urls:
        api.client.get(url)
    request = {"do": "answer", "token": token, "step": step, "answer": PAIR}
    next_step = due_step(api.post(request).json())
    before = prepared[0].status("small").answers
    for choice in ("b", "a"):
        reply = api.post({**request, "answer": {**PAIR, "choice": choice}}).json()
        assert (reply["state"], reply["notice"], due_step(reply)) == ("step", ALREADY, next_step)
    assert prepared[0].status("small").answers == before


def test_twenty_answers_at_once_count_once(api: Api, prepared: tuple[Store, Path]) -> None:
    token, step, urls = api.until_pair()
    for url in urls:
        api.client.get(url)
    visits, before, replies = Visits(prepared[0]), prepared[0].status("small").answers.get("pairs", 0), []
    request = {"do": "answer", "token": token, "step": step, "answer": PAIR}
    threads = [threading.Thread(target=lambda: replies.append(visits.act("small", request)))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({due_step(reply) for reply in replies}) == 1
    assert sum("notice" not in reply for reply in replies) == 1
    assert prepared[0].status("small").answers["pairs"] == before + 1


@pytest.mark.parametrize("request_", [
    None, 5, "open", [], {}, {"do": "reveal"}, {"do": ["open"]}, {"do": None},
    {"do": "open", "token": 5}, {"do": "open", "token": ""}, {"do": "open", "token": "x" * 5000},
    {"do": "answer"}, {"do": "answer", "token": "x", "step": 3, "answer": {}},
    {"do": "answer", "token": "x", "step": "pairs.1", "answer": "b"},
    {"do": "answer", "step": "pairs.1", "answer": PAIR},
])
def test_nonsense_gets_one_sentence(api: Api, request_: object) -> None:
    assert api.post(request_).json() == {"state": "kept", "notice": NOT_UNDERSTOOD}


@pytest.mark.parametrize("step, answer", [
    ("pairs.2", PAIR), ("thanks", {}), ("consent", {"agree": True}), ("open.1", {"rating": 1, "plays_a": 1}),
    ("no such step", {}), ("", {}),
])
def test_a_step_that_is_not_due_is_refused(api: Api, step: str, answer: dict) -> None:
    token, due, _ = api.until_pair()
    reply = api.act("answer", token=token, step=step, answer=answer)
    assert reply["state"] == "step" and due_step(reply) == due


@pytest.mark.parametrize("change", [
    {"choice": "c"}, {"choice": None}, {"plays_a": "1"}, {"plays_a": -1}, {"position": 2},
    {"condition": "ai_a"}, {"response_ms": -5}, {"rating": 5}, {"comment": "x" * 2001},
])
def test_a_wrong_answer_is_refused_with_a_reason(api: Api, change: dict) -> None:
    token, step, urls = api.until_pair()
    for url in urls:
        api.client.get(url)
    reply = api.act("answer", token=token, step=step, answer={**PAIR, **change})
    assert reply["state"] == "kept" and reply["notice"].endswith(".")
    assert due_step(api.act("open", token=token)) == step


def test_a_token_is_good_for_its_own_study_only(api: Api) -> None:
    token, step, _ = api.until_pair()
    opened = api.act("open", "other", token=token)
    assert opened["state"] == "welcome" and opened["token"] is None
    assert api.act("answer", "other", token=token, step=step, answer=PAIR)["state"] == "welcome"
    assert api.act("withdraw", "other", token=token)["state"] == "withdrawn"
    assert due_step(api.act("open", token=token)) == step, "another study's page deleted the answers"


def test_withdrawing_deletes_and_the_token_is_forgotten(api: Api, prepared: tuple[Store, Path]) -> None:
    before = prepared[0].status("small")
    token, _, urls = api.until_pair()
    reply = api.act("withdraw", token=token)
    assert reply["state"] == "withdrawn" and reply["token"] is None
    assert api.client.get(urls[0]).status_code == 404
    assert prepared[0].status("small") == before
    assert api.act("open", token=token)["state"] == "welcome"
    assert api.act("withdraw", token=token)["state"] == "withdrawn", "twice is no mistake"


def test_a_busy_database_loses_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token, step, urls = api.until_pair()
    for url in urls:
        api.client.get(url)

    def busy(*_: object) -> None:
        raise Busy("The answer store is busy just now; nothing was lost, please try again.")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "answer", busy)
        reply = api.act("answer", token=token, step=step, answer=PAIR)
    assert reply["state"] == "kept" and "try again" in reply["notice"]
    assert due_step(api.act("answer", token=token, step=step, answer=PAIR)) != step


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


def test_an_unknown_study_is_a_friendly_404(client: TestClient) -> None:
    answered = client.get("/study/nonsuch/")
    assert answered.status_code == 404
    assert "There is no listening test here" in answered.text
    assert client.post("/study/nonsuch/gradio_api/component_server", json={}).status_code == 404
    assert client.get("/study/small").headers["location"].endswith("/study/small/")


# Clips


def test_a_clip_comes_whole_or_in_parts(api: Api) -> None:
    url = api.until_pair()[2][0]
    whole = api.client.get(url)
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["cache-control"] == "no-store"
    assert whole.headers["accept-ranges"] == "bytes"
    assert not {"etag", "last-modified", "set-cookie"} & set(whole.headers)
    size = len(whole.content)
    for header, part in [("bytes=0-1", whole.content[:2]), ("bytes=100-", whole.content[100:]),
                         ("bytes=-7", whole.content[-7:]), (f"bytes=5-{size * 9}", whole.content[5:])]:
        answered = api.client.get(url, headers={"Range": header})
        assert (answered.status_code, answered.content) == (206, part)
        first = size - 7 if header == "bytes=-7" else int(header[6:].split("-")[0])
        assert answered.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
    assert api.client.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416


@pytest.mark.parametrize("header, part", [
    (None, None), ("", None), ("bytes=", None), ("bytes=-", None), ("bytes=3-1", None),
    ("bytes=0-1,4-5", None), ("items=0-1", None), ("bytes=a-b", None), ("bytes= 0 - 1", (0, 1)),
    ("bytes=0-", (0, 9)),
    ("bytes=9-9", (9, 9)), ("bytes=-100", (0, 9)),
])
def test_ranges(header: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == part


@pytest.mark.parametrize("path", ["/clips/nonsuch", "/clips/", "/clips", "/clips/../segue.db",
                                  "/clips/%2e%2e%2fsegue.db"])
def test_what_no_handle_names_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_clip_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        prepare(store, tmp_path)
        with TestClient(application(store, tmp_path)) as client:
            url = Api(client).until_pair()[2][0]
            for path in store.built_clips("small").values():
                (tmp_path / path).unlink()
            assert client.get(url).status_code == 404


# In the browser


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of a real server, in a thread."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def address(chromium: str, prepared: tuple[Store, Path]) -> Iterator[str]:
    with served(application(*prepared)) as url:
        yield f"{url}/study/small"


@pytest.fixture(autouse=True)
def _favicon(watch) -> None:
    watch.expect("favicon.ico")         # app.py serves it, the small server of these tests does not


def begin(page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="I agree").click()
    page.wait_for_selector("form.questions")


def choose_answer(page, words: str) -> None:
    page.get_by_role("radio", name=words, exact=True).check()


def answer_questions(page) -> None:
    for words in ("Yes", "Expert", "6"):
        choose_answer(page, words)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_selector("form.pair")


def listen(page) -> None:
    """Plays every clip of a trial until it counts."""
    for player in page.locator(".player").all():
        player.locator(".play").click()
        player.locator("xpath=self::*[contains(@class, 'heard')]").wait_for(timeout=15_000)
    page.wait_for_selector("form.ready")


def step_of(page) -> str:
    return page.get_attribute("form.step", "data-step")


def go_on(page) -> None:
    before = step_of(page)
    page.locator(".go").click()
    page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=before)


def test_a_participant_with_a_mouse(page, address: str, prepared: tuple[Store, Path]) -> None:
    finished = prepared[0].status("small").finished
    begin(page, address)
    assert page.title() == "About you · Segue"
    assert page.locator(".progress").inner_text() == "2 of 8"
    page.locator(".go").click()
    assert page.locator("#study-notice").inner_text() == "One answer is still missing."
    answer_questions(page)
    assert page.locator(".go").is_disabled()
    assert page.get_by_role("radio", name="Both").is_disabled()
    listen(page)
    choose_answer(page, "Neither")
    go_on(page)
    listen(page)
    choose_answer(page, "I don’t know")
    page.get_by_role("checkbox", name="I know one of these pieces").check()
    go_on(page)
    page.get_by_label("What gave it away?").fill("The left hand.")
    go_on(page)
    for words in ("4", "2"):
        listen(page)
        choose_answer(page, words)
        page.get_by_role("checkbox", name="I think this was made by AI").check()
        go_on(page)
    listen(page)
    assert page.get_by_role("checkbox").count() == 0
    choose_answer(page, "5, good")
    go_on(page)
    assert page.get_by_role("heading").inner_text() == "Thank you"
    assert prepared[0].status("small").finished == finished + 1


def test_a_participant_with_a_keyboard_on_a_phone(new_page: Callable, address: str, tmp_path: Path,
                                                  prepared: tuple[Store, Path]) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(address)
    page.get_by_role("button", name="I agree").wait_for()
    keys = page.keyboard
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "go"
    keys.press("Enter")
    page.wait_for_selector("form.questions")
    keys.press("Tab")                           # to 'Yes'
    keys.press("Space")
    keys.press("Tab")
    keys.press("ArrowDown")                     # past 'None', which arrows choose on the way
    keys.press("Tab")
    keys.type("44")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.type("1 to 5, Space and Enter\nare only letters here.")
    keys.press("Tab")
    keys.press("Enter")
    for _ in range(2):
        page.wait_for_selector("form.pair:not(.ready)")
        no_sideways_scroll(page)
        keys.press("5")                         # too early: nothing happens
        assert page.locator(".answers input:checked").count() == 0
        keys.press("Space")
        page.locator(".player[data-slot=a].heard").wait_for(timeout=15_000)
        keys.press("b")
        page.locator(".player[data-slot=b].heard").wait_for(timeout=15_000)
        assert page.locator(".player.playing").count() == 1, "two clips sound at once"
        keys.press("3")
        assert page.locator("input[value=both]").is_checked()
        keys.press("Enter")
        page.wait_for_selector("form.pair:not(.ready), form.comment")
    page.wait_for_selector("form.comment")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    for kind in ("rating", "rating", "open_rating"):
        page.wait_for_selector(f"form.{kind}:not(.ready)")
        keys.press("Space")
        page.wait_for_selector("form.ready", timeout=15_000)
        keys.press("0")
        keys.press("2")
        no_sideways_scroll(page)
        step = step_of(page)
        keys.press("Enter")
        page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=step)
    page.wait_for_selector("form.thanks")
    export(prepared[0], "small", tmp_path)
    with (tmp_path / "participants.csv").open(encoding="utf-8", newline="") as file:
        said = [row["q_words"] for row in csv.DictReader(file)]
    assert "1 to 5, Space and Enter\nare only letters here." in said


def no_sideways_scroll(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_reload_and_private_link_resume_where_one_was(new_page: Callable, address: str) -> None:
    page = new_page()
    begin(page, address)
    answer_questions(page)
    step, clips = step_of(page), page.locator("audio").evaluate_all("all => all.map(one => one.src)")
    page.reload()
    page.wait_for_selector("form.pair")
    assert step_of(page) == step
    assert page.locator("audio").evaluate_all("all => all.map(one => one.src)") == clips
    page.get_by_text("Finish later").click()
    link = page.get_by_label("Your private link").input_value()
    assert link.startswith(address)
    elsewhere = new_page()
    elsewhere.goto(link)
    elsewhere.wait_for_selector("form.pair")
    assert step_of(elsewhere) == step
    assert "resume" not in elsewhere.url, "the private link stays in the address bar"
    elsewhere.reload()
    elsewhere.wait_for_selector("form.pair")


def test_double_click_two_tabs_and_back_do_no_harm(new_page: Callable, address: str,
                                                   prepared: tuple[Store, Path]) -> None:
    page = new_page()
    started = prepared[0].status("small").started
    page.goto(address)
    page.get_by_role("button", name="I agree").dblclick()
    page.wait_for_selector("form.questions")
    assert prepared[0].status("small").started == started + 1
    answer_questions(page)
    second = page.context.new_page()
    second.goto(address)
    second.wait_for_selector("form.pair")
    answers = prepared[0].status("small").answers.get("pairs", 0)
    for tab in (page, second):
        listen(tab)
        choose_answer(tab, "Both")
    page.locator(".go").dblclick()
    page.wait_for_selector("form.pair:not(.ready)")
    first_step = step_of(page)
    second.locator(".go").click()
    second.get_by_text(ALREADY).wait_for()
    assert step_of(second) == first_step
    assert prepared[0].status("small").answers["pairs"] == answers + 1
    page.goto("about:blank")
    page.go_back()
    page.wait_for_selector("form.pair")
    assert step_of(page) == first_step


def test_an_answer_outlives_a_lost_connection(new_page: Callable, address: str, watch) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    watch.expect("ERR_FAILED")
    page = new_page()
    begin(page, address)
    answer_questions(page)
    listen(page)
    choose_answer(page, "Both")
    page.context.set_offline(True)
    page.locator(".go").click()
    page.get_by_text("Nothing is lost").wait_for()
    assert page.locator("input[value=both]").is_checked()
    page.context.set_offline(False)
    go_on(page)


def test_leaving_deletes(new_page: Callable, address: str, prepared: tuple[Store, Path]) -> None:
    before = prepared[0].status("small").started
    page = new_page()
    begin(page, address)
    page.get_by_text("Leave and delete my answers").click()
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_role("heading", name="Your answers are deleted").wait_for()
    assert prepared[0].status("small").started == before
    page.reload()
    page.get_by_role("button", name="I agree").wait_for()


def test_a_study_begins_by_itself_when_it_is_built(new_page: Callable, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store, served(application(store, tmp_path)) as url:
        store.register(study())
        page = new_page()
        page.goto(f"{url}/study/small")
        page.get_by_text("It has just begun.").wait_for()
        half = threading.Event()
        build(study(), store, tmp_path, FakeMachine(), PIECES, round_trip=same, stop=half,
              progress=lambda built, needed: built == 2 and half.set())
        page.get_by_text("2 of 7 are ready.").wait_for(timeout=20_000)
        prepare(store, tmp_path)
        page.get_by_role("button", name="I agree").wait_for(timeout=20_000)


def test_the_page_of_an_unknown_study_needs_no_script(new_page: Callable, address: str, watch) -> None:
    watch.expect("404")
    page = new_page(java_script_enabled=False)
    page.goto(address.replace("small", "nonsuch"))
    assert page.get_by_role("heading").inner_text() == "There is no listening test here"


def test_the_frame_says_that_something_is_coming() -> None:
    assert 'role="status"' in markup.frame() and "Opening the listening test" in markup.frame()
