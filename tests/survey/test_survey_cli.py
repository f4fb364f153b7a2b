"""The command line: what each command does, and that a mistake is one sentence on stderr and exit code 2."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from survey.__main__ import app, main
from survey.export.columns import FILES
from survey.store import Store
from survey.study.study_file import load
from tests.survey.helpers import SMALL, hurry, make_ready, small_study, take

Survey = Callable[..., "Done"]
ROOT = Path(__file__).resolve().parents[2]
TINY = """
slug: tiny
title: Tiny
summary: One pair.
minutes: 1
seed: 3
clips: {seconds: 3, prompt_bars: 2}
sections:
  - kind: pairs
    id: pairs
    title: Pairs
    question: Which one?
    pairs: {one_ai: 1}
    prompts: same
    settings: [{temperature: 0.9}]
  - {kind: thanks, id: thanks, title: Thanks}
"""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def survey(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs the command line within the test, on a data folder of its own."""

    def run(data: Path, *arguments: object, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["survey", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.StringIO())
            patch.delenv("DATABASE_URL", raising=False)
            for name, value in {"SEGUE_DATA_DIR": str(data), "COLUMNS": "200", **environment}.items():
                patch.setenv(name, value)
            capsys.readouterr()
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = ended.code or 0
            return Done(code, *capsys.readouterr())

    return run


def in_a_process(data: Path, *arguments: object) -> Done:
    """Runs `python -m survey` as people do."""
    ours = ("DATABASE_URL", "SEGUE_LIBRARY")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-m", "survey", *map(str, arguments)],
        cwd=ROOT,
        env={**environment, "SEGUE_DATA_DIR": str(data), "SEGUE_WORKERS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def refused(done: Done, sentence: str) -> None:
    """The sentence alone is on stderr, and the exit code is 2."""
    assert done.returncode == 2, done
    assert sentence in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """A data folder in which two people have taken the small study."""
    with Store(f"sqlite:///{tmp_path / 'data' / 'segue.db'}") as store:
        make_ready(store, small_study())
        for seed in range(2):
            take(store, store.start("small"), random.Random(seed))
    return tmp_path / "data"


def test_help_lists_every_command_of_the_design(survey: Survey, tmp_path: Path) -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    planned = {"design", "simulate", "freeze"}
    assert {"init", "build", "preview", "export", "import", "purge"} | planned <= set(names)
    done = survey(tmp_path, "--help")
    assert done.returncode == 0
    assert all(re.search(rf"^. {name} +\w", done.stdout, re.MULTILINE) for name in names), done.stdout


def test_init_makes_the_database_and_may_be_repeated(survey: Survey, tmp_path: Path) -> None:
    for _ in range(2):
        done = survey(tmp_path / "data", "init")
        assert (done.returncode, done.stderr) == (0, "")
        assert "default: 22 clips" in done.stdout and "published: 23 clips" in done.stdout
    with Store(f"sqlite:///{tmp_path / 'data' / 'segue.db'}") as store:
        assert store.study("default") == load("default")


def test_init_refuses_a_wrong_study_and_makes_nothing(survey: Survey, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(SMALL.replace("minutes: 2", "minutes: two"), encoding="utf-8")
    done = survey(tmp_path / "data", "init", tmp_path / "wrong.yaml")
    refused(done, "wrong.yaml, line 5: minutes must be a valid integer, but is 'two'.")
    assert not (tmp_path / "data").exists()
    refused(in_a_process(tmp_path / "data", "init", "nope"), "There is no study 'nope'")
    refused(survey(tmp_path / "data", "init", DATABASE_URL="mysql://x"), "must name SQLite or PostgreSQL")


def test_preview_shows_everything_in_order_and_writes_nothing(survey: Survey, tmp_path: Path) -> None:
    one = survey(tmp_path / "data", "preview", "default")
    two = survey(tmp_path / "data", "preview", "default", "--participant", 2)
    assert one.returncode == two.returncode == 0
    lines = one.stdout.splitlines()
    assert "about 12 minutes, 18 clips of 15 s; participant 1" in lines[0]
    assert len(lines) == 18 and lines[-1].endswith("Thank you!")
    assert sum(" pair " in line for line in lines) == 9
    assert sum("again pairs-" in line for line in lines) == sum("(expect_" in line for line in lines) == 1
    assert any("Can you hear well? (" in line and "notes)" in line for line in lines)
    assert one.stdout != two.stdout
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_build_with_the_real_machine_and_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    data = tmp_path / "data"
    done = in_a_process(data, "build", tmp_path / "tiny.yaml")
    assert done.returncode == 0, done.stderr
    assert "tiny: 2 of 2 clips are built." in done.stdout
    with Store(f"sqlite:///{data / 'segue.db'}") as store:
        clips = store.dump("tiny").stimuli
        assert [clip["origin"] for clip in clips] == ["ai", "human"]
        assert all((data / path).is_file() for path in store.built_clips("tiny").values())
        assert clips[0]["prompt_id"] == clips[1]["prompt_id"] and clips[0]["checkpoint_sha256"]
        hurry(monkeypatch)
        assert take(store, store.start("tiny"), random.Random(0), heard_s=3.0).finished


def test_export_and_import(survey: Survey, answered: Path, tmp_path: Path) -> None:
    done = survey(answered, "export", "small", "--out", tmp_path / "out")
    assert done.returncode == 0
    assert [Path(line).name for line in done.stdout.splitlines()] == [*FILES, "codebook.md", "study.json"]
    done = survey(tmp_path / "fresh", "import", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, "small: 2 participants imported.\n")
    assert survey(tmp_path / "fresh", "export", "small", "--out", tmp_path / "again").returncode == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    refused(survey(answered, "import", tmp_path / "out"), "There is a study 'small' already")
    done = survey(answered, "import", tmp_path / "out", "--as", "small-copy")
    assert done.stdout == "small-copy: 2 participants imported.\n"
    refused(survey(answered, "import", tmp_path / "nowhere"), "participants.csv is missing")
    refused(survey(answered, "export", "nope", "--out", tmp_path / "x"), "There is no study 'nope'.")
    assert survey(answered, "export", "small").returncode == 2


def test_purge_asks_and_deletes(survey: Survey, answered: Path) -> None:
    done = survey(answered, "purge", "small", "--before", "2000-01-01", "--yes")
    assert done.stdout == "0 participants deleted.\n"
    unasked = survey(answered, "purge", "small", "--before", "2100-01-01")
    assert unasked.returncode == 1 and "Delete all participants of 'small'" in unasked.stdout
    with Store(f"sqlite:///{answered / 'segue.db'}") as store:
        assert store.status("small").started == 2
    done = survey(answered, "purge", "small", "--before", "2100-01-01", "--yes")
    assert done.stdout == "2 participants deleted.\n"
    with Store(f"sqlite:///{answered / 'segue.db'}") as store:
        assert store.status("small").started == 0
    refused(survey(answered, "purge", "nope", "--before", "2100-01-01", "--yes"), "There is no study 'nope'.")
    assert survey(answered, "purge", "small", "--before", "soon").returncode == 2
