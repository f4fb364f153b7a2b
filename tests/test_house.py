"""The rules of the house: style, who may import whom, what is documented, what is committed."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["model", "survey", "analysis"]


def run(*command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)


def our_files() -> list[Path]:
    """Every file that is, or would be, committed."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def documentation() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


# Style and boundaries

def test_ruff_finds_nothing():
    checked = run(sys.executable, "-m", "ruff", "check", "--output-format", "concise", ".")
    assert checked.returncode == 0, checked.stdout


def test_nobody_imports_across_a_boundary():
    linted = run(Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache")
    assert linted.returncode == 0, linted.stdout


def test_gradio_and_torch_stay_out_of_the_files_that_import_linter_cannot_see():
    # app.py is no package; it may use gradio, but torch is the model's
    assert not re.search(r"^\s*(import|from) torch\b", (ROOT / "app.py").read_text(encoding="utf-8"), re.M)


def test_app_is_a_short_composition_root():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize("what, pattern", [
    ("an absolute path of one machine", r"(?<![\w.~$}-])/(work|root|home|Users|tmp)/\w"),
    ("the address of a package registry",
     r"(pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian|download\.pytorch)"),
])
def test_no_file_names(what: str, pattern: str):
    found = []
    for path in our_files():
        data = path.read_bytes()
        if b"\0" not in data:
            found += [f"{path.relative_to(ROOT)}: {line.strip()[:100]}"
                      for line in data.decode("utf-8", "replace").splitlines() if re.search(pattern, line)]
    assert not found, f"{what} in:\n" + "\n".join(found)


def test_no_music_is_committed_but_our_own_samples():
    kinds = {".mid", ".midi", ".mp3", ".wav", ".ogg", ".flac", ".mxl", ".musicxml", ".sf2", ".sf3"}
    music, samples = [path for path in our_files() if path.suffix.lower() in kinds], ROOT / "docs" / "samples"
    assert [path for path in music if path.parent != samples] == []
    told = (samples / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.stem}.mp3)" in told for path in music), "each sample says how it was made"
    assert sum(path.stat().st_size for path in music) <= 5 * 2**20


# Documentation

@pytest.mark.parametrize("command", ["scripts/run", "scripts/test"])
def test_readme_gives_the_command(command: str):
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert os.access(ROOT / command, os.X_OK)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_command_is_documented(package: str):
    group = typer.main.get_command(importlib.import_module(f"{package}.__main__").app)
    assert group.commands
    text = documentation()
    assert [name for name in group.commands if f"python -m {package} {name}" not in text] == []


def test_every_setting_is_documented():
    sources = [ROOT / "app.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    names = {name for path in sources for name in re.findall(r"\bSEGUE_[A-Z_]+\b", path.read_text("utf-8"))}
    text = documentation()
    assert [name for name in sorted(names | {"DATABASE_URL"}) if name not in text] == []


def test_every_checkpoint_ships_whole_and_with_its_card():
    folders = [path.parent for path in (ROOT / "model" / "weights").rglob("*.safetensors")]
    assert folders, "no weights ship in model/weights"
    for folder in folders:
        for name in ("config.json", "tokenizer.json", "MODEL_CARD.md"):
            assert (folder / name).is_file(), f"{folder} lacks {name}"
        assert re.search("licen[cs]e", (folder / "MODEL_CARD.md").read_text(encoding="utf-8"), re.I)


def test_licences_are_there():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert all(word in notice for word in ("MODEL_CARD.md", "TimGM6mb", "MuseScore General", "music21"))
