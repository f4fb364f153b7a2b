"""The Research page on a real server: by its HTTP interface, where nothing may leak, and in a browser."""

import csv
import io
import json
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

from tests.analysis.research_server import PASSWORD

START_S = 120  # two busy cores import gradio slowly
SERVER = Path(__file__).with_name("research_server.py")
# Words of the studies, their counts and their results, none of which somebody outside may see.
SECRETS = (
    "ten-person",
    "Which one is the machine",
    "clips built",
    "listeners",
    "p0001",
    "temperature 0.5",
    '.zip"',
    "report.html",
)


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
            if event["backend_fn"] and event["api_name"].startswith(name)
        ]

    def call(self, event: dict, data: list) -> dict:
        """The last message of the event: with success, and output or error."""
        body = {"data": data, "fn_index": event["id"], "session_hash": self._session}
        self._client.post(f"{self._url}/gradio_api/queue/join", json=body).raise_for_status()
        address, query = f"{self._url}/gradio_api/queue/data", {"session_hash": self._session}
        with self._client.stream("GET", address, params=query) as stream:
            for line in stream.iter_lines():
                if (
                    line.startswith("data:")
                    and (message := json.loads(line[5:]))["msg"] == "process_completed"
                ):
                    return message
        raise AssertionError("the event never ended")

    def get(self, path: str) -> httpx.Response:
        return self._client.get(f"{self._url}/gradio_api/file={path}")

    def token(self) -> str:
        return self.call(self.events("enter")[0], [PASSWORD])["output"]["data"][0]


@pytest.fixture
def stranger(server, request) -> Stranger:
    return Stranger(server[0], f"session-{request.node.name}")


def test_the_page_itself_holds_nothing(server):
    for path in ("", "/config", "/gradio_api/info"):
        page = httpx.get(f"{server[0]}{path}", timeout=20, follow_redirects=True)
        assert page.status_code == 200
        assert not [word for word in SECRETS if word in page.text]


@pytest.mark.parametrize("token", [None, "", "made up", 0, True, ["x"], {"a": "b"}])
def test_no_event_tells_a_stranger_anything(stranger, token):
    asked = 0
    for event in stranger.events():
        if event["api_name"].startswith("enter"):
            continue
        message = stranger.call(event, [token, "published"][: len(event["inputs"])])
        assert not [word for word in SECRETS if word in json.dumps(message)], event["api_name"]
        if event["api_name"].startswith(("draw", "archive", "report")):
            assert not message["success"]
            assert "enter the password again" in message["output"]["error"]
        asked += 1
    assert asked >= 10


def test_the_password_opens_every_event_until_one_leaves(stranger):
    token = stranger.token()
    drawn = stranger.call(stranger.events("draw")[0], [token, "published"])
    assert drawn["success"]
    assert "listeners picked the right clip" in drawn["output"]["data"][0]
    assert "ten-person" in json.dumps(stranger.call(stranger.events("watch")[0], [token, "published"]))
    stranger.call(stranger.events("leave")[0], [token])
    after = stranger.call(stranger.events("draw")[0], [token, "published"])
    assert not after["success"]


def test_downloads_are_where_nobody_can_guess(stranger):
    token = stranger.token()
    file = stranger.call(stranger.events("archive")[0], [token, "published"])["output"]["data"][0]
    assert file["orig_name"] == "published.zip"
    secret = Path(file["path"]).parent.name
    assert len(secret) >= 43
    assert stranger.get(file["path"]).status_code == 200
    again = stranger.call(stranger.events("archive")[0], [token, "published"])["output"]["data"][0]
    assert Path(again["path"]).parent.name != secret
    cache = Path(file["path"]).parents[1]
    for guess in (
        cache,
        cache / "published.zip",
        Path(file["path"]).parent,
        cache / secret[:-1] / "published.zip",
    ):
        assert stranger.get(str(guess)).status_code in (403, 404)


def test_an_unknown_study_is_one_sentence(stranger):
    message = stranger.call(stranger.events("draw")[0], [stranger.token(), "unknown"])
    assert message["output"]["error"] == "There is no such study any more; please choose another one."


def test_a_wrong_password_is_refused_and_slowed_down(server):
    stranger = Stranger(server[0], "guessing")
    said = [json.dumps(stranger.call(stranger.events("enter")[0], [word])) for word in ("", "x", "y", "z")]
    assert "That is not the password." in said[0]
    assert "Too many wrong passwords" in said[3]
    time.sleep(2.2)  # so that the next test may come in from this address
    stranger.token()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_a_researcher_comes_in_looks_downloads_and_leaves(server, new_page, watch, width):
    url, folder = server
    # A reload, and the end of the test, cut short whatever event is just under way; Gradio says so.
    watch.expect(r"AbortError: signal is aborted|Unexpected error Connection errored out")
    page = new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
    page.set_default_timeout(90_000)
    page.goto(url)
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")
    page.get_by_text("That is not the password.").wait_for()
    assert not page.get_by_text("ten-person").is_visible()

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("listeners picked the right clip").wait_for()
    page.get_by_text("SIMULATED").wait_for()
    page.locator(".js-plotly-plot").nth(6).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    # the counts change by themselves
    counts = page.locator("#overview article").filter(has_text="ten-person")
    counts.get_by_text("201", exact=True).wait_for()
    (folder / "more").touch()
    counts.get_by_text("202", exact=True).wait_for(timeout=15_000)
    (folder / "more").unlink()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the data").click()
    assert download.value.suggested_filename == "published.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        text = archive.read("published/answers.csv").decode("utf-8")
        assert len(list(csv.DictReader(io.StringIO(text, newline="")))) > 100
        assert "published/codebook.md" in archive.namelist()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert download.value.suggested_filename == "published-report.html"

    with page.expect_popup() as popup:
        page.get_by_role("button", name="Open the report").click()
    report = popup.value
    report.locator("#figure-open_ratings svg.main-svg").first.wait_for()
    assert "SIMULATED" in report.locator("body").inner_text()
    report.close()

    # a reload stays in, and another study has another report
    page.reload()
    page.get_by_text("listeners picked the right clip").wait_for()
    page.get_by_role("listbox", name="Study").or_(page.get_by_label("Study")).first.click()
    page.get_by_role("option", name="Which one is the machine? (default)").click()
    page.get_by_text("Nobody has taken this test yet.").wait_for()
    page.locator(".js-plotly-plot").first.wait_for(state="detached")

    page.get_by_role("button", name="Leave").click()
    page.get_by_label("Password").wait_for()
    assert not [word for word in SECRETS if word in page.locator("body").inner_text()]
    page.reload()
    page.get_by_label("Password").wait_for()
