"""What tests share: Chromium, a page that must stay clean, and a real server that is always stopped."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "the tests' password"
START_S = 120           # two busy cores import torch and gradio slowly
_NO_CHROMIUM = "no Chromium found: install chromium, or name one in SEGUE_CHROMIUM"


def find_chromium() -> str | None:
    """The path of a Chromium, if there is one."""
    names = os.environ.get("SEGUE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"
    return next((path for name in names if name and (path := shutil.which(name))), None)


def pytest_configure() -> None:
    # A terminated test run tears its fixtures down like an interrupted one, so that no server outlives it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # No test asserts an absolute time: machines may be busy. In CI the same commit gets the same examples.
    settings.register_profile("segue", deadline=None, suppress_health_check=[HealthCheck.too_slow],
                              derandomize=bool(os.environ.get("CI")))
    settings.load_profile("segue")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find_chromium() is None:
        terminalreporter.write_line(f"The browser tests are skipped: {_NO_CHROMIUM}.")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test is skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(_NO_CHROMIUM)
    return path


# Not for the session: while Playwright runs, its event loop counts as running in the main thread, and a test
# of another module that calls asyncio.run would fail.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator:
    """Chromium under Playwright, unable to resolve any host but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[
            "--no-sandbox",     # the tests may run as root, where Chromium has no sandbox
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ])
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong in a test's pages: console errors, uncaught exceptions, requests to outside hosts."""

    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Problems that match the regular expression are what the test is about."""
        self.expected.append(pattern)

    def follow(self, context) -> None:
        """Listens to every page of the browser context."""
        context.on("console", lambda said: said.type == "error" and self._note(
            f"console error: {said.text} ({said.location.get('url', '')})"))
        context.on("weberror", lambda failed: self._note(f"uncaught exception: {failed.error}"))
        context.on("request", lambda request: self._outside(request.url))

    def _note(self, problem: str) -> None:
        self.problems.append(problem)

    def _outside(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self._note(f"request to an outside host: {url}")

    def verdict(self) -> list[str]:
        """The problems that nobody expected."""
        return [p for p in self.problems if not any(re.search(pattern, p) for pattern in self.expected)]


@pytest.fixture
def watch() -> Watch:
    """The test's record of page problems; `watch.expect(pattern)` before causing one on purpose."""
    return Watch()


@pytest.fixture
def new_page(browser, watch: Watch) -> Iterator[Callable]:
    """new_page(**options) opens a page in a browser context of its own, which takes Playwright's options.

    A console error, an uncaught exception or a request to an outside host in any of them fails the test.
    """
    contexts = []

    def open_page(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        watch.follow(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not watch.verdict(), "\n".join(watch.verdict())


@pytest.fixture
def page(new_page: Callable):
    """One watched page, 1280 x 800."""
    return new_page(viewport={"width": 1280, "height": 800})


@dataclass(frozen=True)
class Server:
    """A running app.py. url: http://127.0.0.1:PORT without a slash at the end."""

    url: str
    data_dir: Path
    password: str
    log: Path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """serve(data_dir=None, **environment) starts the real app.py on a free port, by default with new data.

    Every server is stopped when the module's tests end, with all its worker processes, whatever happened.
    """
    running: list[subprocess.Popen] = []

    def start(data_dir: Path | None = None, **environment: str) -> Server:
        folder = tmp_path_factory.mktemp("server")
        port = free_port()
        server = Server(f"http://127.0.0.1:{port}", data_dir or folder / "data", PASSWORD, folder / "app.log")
        settings = {"SEGUE_DATA_DIR": str(server.data_dir), "SEGUE_ADMIN_PASSWORD": PASSWORD,
                    "DATABASE_URL": "", "SEGUE_LIBRARY": "", **environment}
        with server.log.open("wb") as log:
            # a session of its own, so that its worker processes can be signalled with it
            process = subprocess.Popen(
                [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)],
                cwd=ROOT, env={**os.environ, **settings}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        running.append(process)
        _await_health(server, process)
        return server

    try:
        yield start
    finally:
        for process in running:
            _stop(process)


def _await_health(server: Server, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"app.py ended with {process.returncode}:\n{_tail(server.log)}")
        try:
            with urlopen(f"{server.url}/health", timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.25)
    pytest.fail(f"app.py did not answer /health within {START_S} s:\n{_tail(server.log)}")


def _stop(process: subprocess.Popen) -> None:
    """Asks politely, then kills the whole process group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
