"""The composition root: what it says when it cannot start, what it serves, and that it ends cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import app

ROOT = Path(__file__).resolve().parent.parent
START_S = 180           # two busy cores import torch and gradio slowly


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with nothing of ours but a data folder; its path."""
    for name in ("DATABASE_URL", "SEGUE_ADMIN_PASSWORD", "SEGUE_LIBRARY", "SEGUE_WORKERS", "GRADIO_TEMP_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_one_sentence(environment: Path, taken: int, capsys: pytest.CaptureFixture):
    assert app.main(["--port", str(taken)]) == 2
    assert capsys.readouterr().err == (f"Segue cannot listen on 127.0.0.1:{taken}: "
                                       "another program uses that port; choose one with --port.\n")


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_a_port_that_cannot_be_is_one_sentence(environment: Path, port: str, capsys: pytest.CaptureFixture):
    assert app.main([f"--port={port}"]) == 2
    assert capsys.readouterr().err.startswith(f"Segue cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize("name, value, sentence", [
    ("SEGUE_WORKERS", "0", "SEGUE_WORKERS is a number from 1 to 64; received '0'."),
    ("SEGUE_WORKERS", "many", "SEGUE_WORKERS is a number from 1 to 64; received 'many'."),
    ("SEGUE_LIBRARY", "nowhere", "SEGUE_LIBRARY is a folder with a library.csv; there is none in 'nowhere'."),
    ("DATABASE_URL", "nonsense", "DATABASE_URL"),
    ("SEGUE_DATA_DIR", str(ROOT / "app.py"), "SEGUE_DATA_DIR is a folder"),
])
def test_a_wrong_setting_is_one_sentence(environment: Path, name: str, value: str, sentence: str,
                                         monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setenv(name, value)
    assert app.main(["--port", "0"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_settings_have_defaults(environment: Path):
    one, two = app.Settings.read({}), app.Settings.read({})
    assert (one.data_dir, one.library, one.workers) == (Path("data"), None, None)
    assert len(one.password) >= 12
    assert one.password != two.password


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen, Path]]:
    """app.py as a program, started without a password: url, process, log."""
    folder = tmp_path_factory.mktemp("app")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"SEGUE_DATA_DIR": str(folder / "data"), "SEGUE_ADMIN_PASSWORD": "", "DATABASE_URL": "",
           "SEGUE_LIBRARY": "", "SEGUE_WORKERS": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, env={**os.environ, **own},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            try:
                urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield url, process, folder / "log"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fetched(url: str):
    with urlopen(url, timeout=60) as answer:
        kind = answer.headers.get_content_type().replace("application/javascript", "text/javascript")
        return answer.status, kind, answer.read().decode()


@pytest.mark.slow
def test_health_says_what_is_ready(server):
    told = json.loads(fetched(f"{server[0]}/health")[2])
    assert told["status"] == "ok"
    assert told["version"] == app.VERSION
    assert told["studies"].keys() == {"default", "published"}
    assert isinstance(told["prompts"], bool)


@pytest.mark.slow
@pytest.mark.parametrize("path, kind", [
    ("/", "text/html"), ("/study/default", "text/html"), ("/study/published/?x=1", "text/html"),
    ("/research", "text/html"), ("/favicon.ico", "image/svg+xml"), ("/static/segue.css", "text/css"),
    ("/static/player.js", "text/javascript"),
    ("/static/js/iframeResizer.contentWindow.min.js", "text/javascript")])
def test_every_page_is_served(server, path: str, kind: str):
    assert fetched(server[0] + path)[:2] == (200, kind)


@pytest.mark.slow
@pytest.mark.parametrize("path", [
    "/study/nope", "/static/../app.py", "/static/%2e%2e/app.py", "/takes/x/take.mid", "/clips/x", "/docs",
    "/openapi.json", "/gradio_api/info", "/research/gradio_api/file=http://example.org"])
def test_nothing_else_is_served(server, path: str):
    with pytest.raises(HTTPError) as refused:
        urlopen(server[0] + path, timeout=60)
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.slow
def test_sigterm_ends_everything_and_the_password_was_printed(server):
    url, process, log = server
    with urlopen(f"{url}/gradio_api/heartbeat/abc", timeout=60):    # a visitor whose page is open
        process.terminate()
        assert process.wait(timeout=60) == 0, log.read_text()
    with pytest.raises(ProcessLookupError):         # nobody is left of its session, no worker either
        os.killpg(process.pid, 0)
    assert "The password of /research for this run is " in log.read_text()
    assert "Traceback" not in log.read_text()
