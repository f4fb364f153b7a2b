"""The Research page on a real server: by its HTTP interface, where nothing may leak, and in a browser."""

import csv
import io
import json
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from survey.store import Store
from tests.analysis.research_server import PASSWORD
from tests.analysis.test_duels import ROWS
from tests.axe import violations
from tests.survey.helpers import listen

START_S = 120  # two busy cores import gradio slowly
SERVER = Path(__file__).with_name("research_server.py")
# Words of the studies, their counts and their results, none of which somebody outside may see.
SECRETS = (
    "simulated-published",
    "Tones",
    "clips are built",
    "listeners",
    "p0001",
    "temperature 0.5",
    "no_repeat_ngram:",
    '.zip"',
    "report.html",
    "decided duels",
    "duels.csv",
)
PUBLISHED = "simulated-published"
ENDED = "enter the password again"
QUIET = ("come_back", "leave", "look", "choose", "begin", "lambda")  # events that say nothing of the token


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a running server and its folder."""
    folder = tmp_path_factory.mktemp("research")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "log").open("w+")
    process = subprocess.Popen([sys.executable, str(SERVER), str(port), str(folder)], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}/research"
        deadline = time.monotonic() + START_S
        while not answers(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.25)
        yield url, folder
    finally:
        process.terminate()
        process.wait(15)
        log.close()


def answers(url: str) -> bool:
    """Whether somebody serves there."""
    try:
        return httpx.get(url, timeout=5, follow_redirects=True).status_code == 200
    except httpx.TransportError:
        return False


class Stranger:
    """Talks to the page's events over HTTP, as anybody can."""

    def __init__(self, url: str, session: str):
        self._url, self._session, self._client = url, session, httpx.Client(timeout=60)
        self.config = self._client.get(f"{url}/config").json()

    def events(self, name: str = "") -> list[dict]:
        return [
            event
            for event in self.config["dependencies"]
            if event["backend_fn"] and re.fullmatch(rf"{name or '.*?'}(_\d+)?", event["api_name"])
        ]

    def call(self, name: str, *data: object) -> list:
        """What the event of that name gives its outputs; missing inputs are empty."""
        event = self.events(name)[0]
        kinds = {one["id"]: one["type"] for one in self.config["components"]}
        blank = {"slider": 0.6, "checkboxgroup": []}
        empty = [blank.get(kinds[number]) for number in event["inputs"]]
        given = [*data, *empty[len(data):]][: len(empty)]
        body = {"data": given, "fn_index": event["id"], "session_hash": self._session}
        answer = self._client.post(f"{self._url}/gradio_api/run/predict", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def get(self, path: str) -> httpx.Response:
        return self._client.get(f"{self._url}/gradio_api/file={path}")

    def token(self) -> str:
        return self.call("enter", PASSWORD)[0]


    def close(self) -> None:
        self._client.close()


@pytest.fixture
def stranger(server, request) -> Iterator[Stranger]:
    somebody = Stranger(server[0], f"session-{request.node.name}")
    yield somebody
    somebody.close()


def test_the_page_itself_holds_nothing(server):
    for path, status in (("", 200), ("/config", 200), ("/gradio_api/info", 404)):
        page = httpx.get(f"{server[0]}{path}", timeout=20, follow_redirects=True)
        assert page.status_code == status
        assert not [word for word in SECRETS if word in page.text]


@pytest.mark.parametrize("token", [None, "made up", True, ["x"], {"a": "b"}])
def test_no_event_tells_a_stranger_anything(stranger, token):
    asked = {event["api_name"] for event in stranger.events()} - {"enter", "enter_1"}
    assert len(asked) >= 25
    for name in asked:
        made = json.dumps(stranger.call(name, token, PUBLISHED))
        assert not [word for word in SECRETS if word in made], name
        if not re.sub(r"_\d+$", "", name).endswith(QUIET):
            assert ENDED in made, name


def test_nothing_that_a_stranger_asked_for_was_done(stranger):
    before = stranger.call("look", stranger.token(), "tones")
    for name in ("open", "close", "build", "freeze", "exclude", "invite", "preview"):
        stranger.call(name, "made up", "tones")
    assert stranger.call("look", stranger.token(), "tones") == before


def test_the_password_opens_every_event_until_one_leaves(stranger):
    token = stranger.token()
    said, sentence, *_ = stranger.call("draw", token, PUBLISHED)
    assert said == ""
    assert "listeners picked the right clip" in sentence
    assert PUBLISHED in json.dumps(stranger.call("look", token, PUBLISHED))
    stranger.call("leave", token)
    assert ENDED in stranger.call("draw", token, PUBLISHED)[0]


def test_downloads_are_where_nobody_can_guess(stranger):
    token = stranger.token()
    file = stranger.call("archive", token, PUBLISHED)[1]
    assert file["orig_name"] == f"{PUBLISHED}.zip"
    secret = Path(file["path"]).parent.name
    assert len(secret) >= 43
    assert stranger.get(file["path"]).status_code == 200
    again = stranger.call("archive", token, PUBLISHED)[1]
    assert Path(again["path"]).parent.name != secret
    cache = Path(file["path"]).parents[1]
    for guess in (cache, cache / file["orig_name"], Path(file["path"]).parent,
                  cache / secret[:-1] / file["orig_name"]):
        assert stranger.get(str(guess)).status_code in (403, 404)


@pytest.mark.parametrize("slug", ["unknown", "", 7, ["tones"], {"a": 1}, "../tones"])
def test_an_unknown_study_is_one_sentence(stranger, slug):
    token = stranger.token()
    for name in ("draw", "build", "open", "preview", "invite", "rules", "exclude", "readmit", "freeze",
                 "change"):
        assert "There is no such study any more" in json.dumps(stranger.call(name, token, slug)), name


@pytest.mark.parametrize("name, given, sentence", [
    ("invite", [0], "1 to 10,000 invitations"), ("exclude", [["fast"], 0, 50], "needs a number over 0"),
    ("rules", [["fast"], None, 50], "needs a number over 0"),
    ("readmit", ["quota full"], "quota"), ("preview", [], "is not ready yet")])
def test_what_cannot_be_done_is_one_sentence(stranger, name, given, sentence):
    said = stranger.call(name, stranger.token(), "tones", *given)[0]
    assert sentence in said and said.count("<p") == 1


def test_a_wrong_password_is_refused_and_slowed_down(server):
    stranger = Stranger(server[0], "guessing")
    said = [json.dumps(stranger.call("enter", word)) for word in ("", "x", "y", "z")]
    assert "That is not the password." in said[0]
    assert "Too many wrong passwords" in said[3]
    time.sleep(2.2)  # so that the next test may come in from this address
    stranger.token()
    stranger.close()


def come_in(page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Enter").click()
    page.locator("#programme input").first.wait_for()


def step(page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


@pytest.mark.browser
def test_duels_are_shown_apart_and_taken_home(server, new_page, watch, tmp_path):
    watch.expect(r"AbortError: signal is aborted|Unexpected error Connection errored out|Failed to fetch")
    page = new_page(viewport={"width": 390, "height": 844}, accept_downloads=True)
    page.set_default_timeout(90_000)
    come_in(page, server[0])
    page.get_by_role("button", name="Duels on the Compose page").click()
    duels = page.locator("#duels")
    duels.get_by_text("In 4 of 6 decided duels").wait_for()
    assert duels.get_by_text("This is no study").is_visible()
    duels.locator(".js-plotly-plot").wait_for()
    duels.get_by_text("All numbers as a table").click()
    assert duels.get_by_role("row", name="All guesses 4 of 6").is_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.screenshot(path=tmp_path / "duels.png", full_page=True)
    with page.expect_download() as started:
        duels.get_by_role("button", name="Download the duels").click()
    rows = list(csv.DictReader(io.StringIO(Path(started.value.path()).read_text(encoding="utf-8"))))
    assert [row["guess"] for row in rows] == [row["guess"] for row in ROWS]
    page.get_by_role("button", name="Leave").click()
    page.locator("#password").wait_for()
    assert "decided duels" not in page.content()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_a_researcher_comes_in_looks_downloads_and_leaves(server, new_page, watch, width):
    url, _ = server
    # A reload, and the end of the test, cut short whatever event is just under way.
    watch.expect(r"AbortError: signal is aborted|Unexpected error Connection errored out|Failed to fetch")
    page = new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
    page.set_default_timeout(90_000)
    page.goto(url)
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")
    page.get_by_text("That is not the password.").wait_for()
    assert not page.get_by_text(PUBLISHED).first.is_visible()

    come_in(page, url)
    page.locator("#programme").get_by_text("11 of 12 finished").wait_for()
    page.locator("#programme").get_by_role("radio", name=PUBLISHED).check()
    step(page, "Results")
    page.get_by_text("listeners picked the right clip").wait_for()
    page.get_by_text("SIMULATED").first.wait_for()
    page.locator(".js-plotly-plot").nth(6).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the data").click()
    assert download.value.suggested_filename == f"{PUBLISHED}.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        text = archive.read(f"{PUBLISHED}/answers.csv").decode("utf-8")
        assert len(list(csv.DictReader(io.StringIO(text, newline="")))) > 100
        assert f"{PUBLISHED}/codebook.md" in archive.namelist()

    with page.expect_popup() as popup:
        page.get_by_role("button", name="Open the report").click()
    report = popup.value
    report.locator("svg.main-svg").first.wait_for()
    assert "SIMULATED" in report.locator("body").inner_text()
    report.close()

    # a reload stays in, and another study, chosen with the keyboard, has other results
    page.reload()
    chosen = page.locator("#programme input:checked")
    chosen.focus()
    chosen.press("ArrowDown")
    page.get_by_role("heading", name="Tones", level=2).wait_for()
    page.locator("#programme input:focus").wait_for()       # the list was written anew meanwhile
    step(page, "Results")
    page.get_by_text("Nobody has taken this test yet.").wait_for()

    page.get_by_role("button", name="Leave").click()
    page.get_by_label("Password").wait_for()
    assert not [word for word in SECRETS if word in page.locator("body").inner_text()]
    page.reload()
    page.get_by_label("Password").wait_for()


@pytest.mark.browser
def test_the_life_of_a_study_from_the_form_to_the_report(server, new_page, watch):
    url, folder = server
    watch.expect(r"AbortError: signal is aborted|Unexpected error Connection errored out|Failed to fetch")
    page = new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.set_default_timeout(60_000)
    come_in(page, url)

    # from the form to a file, a mistake with its line, and the file kept
    page.get_by_role("button", name="New study").click()
    page.get_by_role("checkbox", name="Deutsch").check()
    page.get_by_label("Title in Deutsch").fill("Ein kurzes Leben")
    page.get_by_label("Title in English").fill("A short life")
    page.get_by_label("Seconds of a clip").wait_for(state="hidden")
    page.get_by_role("button", name="More").click()
    page.get_by_label("Parameters of the link to keep").fill("a-b")
    page.get_by_label("Completion code").fill("C1")
    for name, count in (("Human and machine", "1"), ("Two machines", "0"), ("Two humans", "0"),
                        ("Heard again", "0"), ("Attention checks", "0")):
        page.get_by_label(name).fill(count)
    for part in ("Musical experience", "Sound check", "Practice", "Comments"):
        page.get_by_role("checkbox", name=part).uncheck()
    page.get_by_role("button", name="Write the study file").click()
    page.locator(".mistakes b", has_text="Parameters of the link to keep").wait_for()
    page.get_by_label("Parameters of the link to keep").fill("PROLIFIC_PID")
    page.get_by_role("button", name="Write the study file").click()
    text = page.locator("#text textarea")
    expect(text).to_have_value(re.compile("parameters: .PROLIFIC_PID.\ncompletion: .code: C1.\n"))
    expect(text).to_have_value(re.compile("slug: a-short-life"))
    written = text.input_value().replace("seconds: 15", "seconds: 3")
    text.fill(written.replace("minutes: 12", "minutes: many"))
    keep = page.get_by_role("button", name="Keep this study")
    keep.click()
    line = written[:written.index("minutes: ")].count("\n") + 1
    page.get_by_role("button", name=f"Go to line {line}").click()
    assert page.evaluate("getSelection().toString()") in ("minutes: many", "")
    text.fill(written)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    assert download.value.suggested_filename == "a-short-life.yaml"
    keep.click()
    page.get_by_role("heading", name="A short life", level=2).wait_for()

    # power, clips, audit
    page.get_by_role("button", name="Work it out").click()
    page.locator("#power").get_by_text("participants").first.wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    step(page, "Clips")
    page.get_by_role("button", name="Build the clips").click()
    page.get_by_text("2 of 2 clips are built.").wait_for()
    step(page, "Check")
    page.get_by_role("button", name="Check the clips").click()
    page.get_by_text("too few clips").or_(page.get_by_text("nothing to compare")).first.wait_for()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Preview as a participant").click()
    popup.value.get_by_text("Preview: nothing counts").wait_for()
    popup.value.close()

    # the plan is frozen, the study opened; somebody takes it, and is watched
    step(page, "Open")
    page.locator("#planned_rules").get_by_role("checkbox", name="Answered too fast").check()
    page.get_by_role("button", name="Freeze the analysis plan").click()
    page.get_by_text("The analysis plan is frozen. SHA-256").wait_for()
    page.get_by_role("button", name="Open the study").click()
    page.get_by_text("Open since").wait_for()
    with Store(f"sqlite:///{folder / 'segue.db'}") as store:
        token = store.start("a-short-life")
        due = store.answer(token, store.due(token).step_id, {"agree": True})
        listen(store, due)
        time.sleep(0.1)
    step(page, "Watch")
    page.locator("#watching .facts div", has_text="started").get_by_text("1", exact=True).wait_for()
    assert page.locator("#watching .bars li", has_text="consent").inner_text().endswith("1")
    step(page, "Open")
    page.get_by_role("button", name="Close the study").click()
    page.get_by_text("Closed since").wait_for()

    # rules show whom they would exclude; nobody, here
    step(page, "Results")
    page.get_by_text("Nobody has").or_(page.locator(".headline")).first.wait_for()
    page.get_by_role("button", name="Who is left out").click()
    page.locator("#rules").get_by_role("checkbox", name="Did not finish").check()
    page.locator("#verdict").get_by_text("0 participants would be excluded.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert download.value.suggested_filename == "a-short-life-report.html"
    assert "a-short-life" in Path(download.value.path()).read_text(encoding="utf-8")
