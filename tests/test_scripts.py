"""The scripts a newcomer runs: plain sh, one clear sentence when something is missing, no work done twice."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ["scripts/run", "scripts/test", "scripts/venv"]
SHELLS = [shell for name in ("sh", "dash", "busybox") if (shell := shutil.which(name))]


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_plain_sh(script: str, shell: str):
    command = [shell, "sh"] if shell.endswith("busybox") else [shell]
    checked = run(*command, "-n", ROOT / script)
    assert checked.returncode == 0, checked.stderr
    assert (ROOT / script).read_text(encoding="utf-8").startswith("#!/bin/sh\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts in an otherwise empty checkout whose path has a space and an apostrophe."""
    folder = tmp_path / "it's a checkout"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / "requirements.txt").write_text("# nothing yet\n")
    (folder / "app.py").write_text("import os, sys\nprint(os.getcwd(), *sys.argv[1:])\n")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the tools that the scripts need, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "rm", "sed"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def stand_in(tools: Path, name: str, body: str) -> None:
    """A program of that name, a shell script."""
    (tools / name).write_text(f"#!/bin/sh\n{body}\n")
    (tools / name).chmod(0o755)


def refusal(checkout: Path, tools: Path) -> str:
    """The one sentence on standard error with which scripts/run gives up."""
    ended = run(checkout / "scripts/run", env={"PATH": str(tools)}, cwd=tools)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()
    return ended.stderr


def test_no_python_is_one_sentence(checkout: Path, tools: Path):
    assert "there is no python3 on the PATH" in refusal(checkout, tools)


def test_an_old_python_is_one_sentence(checkout: Path, tools: Path):
    stand_in(tools, "python3", 'case $1 in -V) echo "Python 3.9.2";; *) exit 1;; esac')
    said = refusal(checkout, tools)
    assert "Python 3.11 to 3.14 is needed" in said
    assert "says: Python 3.9.2" in said


def test_a_python_without_venv_is_one_sentence(checkout: Path, tools: Path):
    stand_in(tools, "python3", 'case $* in *ensurepip*) echo ensurepip;; *) echo 3.12.4;; esac')
    assert "apt install python3.12-venv" in refusal(checkout, tools)


def test_a_suitable_python_is_found_behind_an_unsuitable_one(checkout: Path, tools: Path):
    stand_in(tools, "python3", "exit 1")
    stand_in(tools, "python3.11",
             "case $* in *'-m venv'*) echo chosen; exit 1;; *ensurepip*) ;; *) echo 3.11.9;; esac")
    ended = run(checkout / "scripts/run", env={"PATH": str(tools)})
    assert ended.returncode == 2
    assert "chosen" in ended.stdout


@pytest.mark.slow
def test_requirements_are_installed_when_needed_and_only_then(checkout: Path):
    def start(*arguments: str, **options) -> subprocess.CompletedProcess:
        return run(checkout / "scripts/run", *arguments, cwd=checkout.parent, **options)

    requirements = checkout / "requirements.txt"
    first = start("--port", "1")
    assert first.returncode == 0, first.stderr
    assert "making" in first.stdout and "installing requirements.txt" in first.stdout
    assert first.stdout.endswith(f"{checkout} --port 1\n")
    assert start().stdout == f"{checkout}\n"

    requirements.write_text("./absent-package\n")       # pip fails: nothing may count as installed
    failed = start()
    assert failed.returncode == 2
    assert "pip could not install requirements.txt" in failed.stderr
    requirements.write_text("# nothing yet\n")
    assert "installing" in start().stdout
    assert "installing" not in start().stdout

    moved = checkout.rename(checkout.parent / "elsewhere")  # a venv does not survive a move
    again = run(moved / "scripts/run")
    assert "making" in again.stdout
    assert again.stdout.endswith(f"{moved}\n")
