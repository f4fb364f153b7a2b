"""The bundle: all there, whole, the same twice; and its script computes every number again."""

import ast
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis import bundle, record, reproduce
from analysis.__main__ import app
from analysis.answers import read
from analysis.methods import WORKS, cited, methods
from analysis.report import analysed
from survey.export import write as export
from survey.export.simulate import simulate
from tests.analysis.simulate import simulated_study, write
from tests.survey.helpers import small_study

ANALYSIS = Path(bundle.__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    export(simulate(small_study(), 8, 0.7), folder)
    return folder


@pytest.fixture(scope="module")
def packed(folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("zip") / "new" / "study.zip"
    done = CliRunner().invoke(app, ["bundle", str(folder), "--out", str(path), "--seed", "3"])
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(place)
    return place / "simulated-small"


def test_everything_is_there_and_as_it_was(folder, unpacked):
    for path in folder.iterdir():
        assert (unpacked / "data" / path.name).read_bytes() == path.read_bytes()
    for name in ("README.md", "methods.md", "provenance.csv", "report.html", "results.json"):
        assert (unpacked / name).stat().st_size
    drawn = {path.stem for path in (unpacked / "figures").iterdir()}
    assert "accuracy" in drawn
    assert {path.name for path in (unpacked / "figures").iterdir()} == {
        f"{name}.{kind}" for name in drawn for kind in ("svg", "png")}
    assert not re.search("^gradio", (unpacked / "requirements.txt").read_text(), re.M)


def test_the_checksums_are_those_of_all_files(unpacked):
    lines = [line.split("  ") for line in (unpacked / "SHA256SUMS").read_text().splitlines()]
    assert {path for _, path in lines} | {"SHA256SUMS"} == {
        path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    for digest, path in lines:
        assert hashlib.sha256((unpacked / path).read_bytes()).hexdigest() == digest


def test_simulated_is_said_wherever_it_is_read(unpacked):
    for name in ("README.md", "methods.md", "report.html"):
        assert "SIMULATED" in (unpacked / name).read_text()


def test_the_script_computes_every_number_again_without_the_program(unpacked, tmp_path):
    done = subprocess.run(
        [sys.executable, "-I", str(unpacked / "reproduce.py")], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"[\d,]+ numbers compared: none differ\.\n", done.stdout)


def test_a_number_that_differs_is_named():
    kept = {"a": {"n": 3, "p": 0.5, "ci95": [0.1, 0.9]}, "b": None}
    assert list(reproduce.differences(kept, json.loads(json.dumps(kept)))) == []
    near = {"a": {"n": 3, "p": 0.5 + 1e-9, "ci95": [0.1, 0.9]}, "b": None}
    assert list(reproduce.differences(kept, near)) == []
    other = {"a": {"n": 4, "p": None, "ci95": [0.1]}, "b": 1.0, "c": True}
    told = list(reproduce.differences(kept, other))
    assert [line.split(":")[0] for line in told] == [
        "results.a.n", "results.a.p", "results.a.ci95", "results.b", "results.c"]
    assert reproduce.count(other) == 3


def test_the_same_data_and_seed_give_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle.stills, "files", lambda drawn: [])  # theirs are tested with them
    folder = write(simulated_study(1, 0.8, 3), tmp_path / "in")
    for name in ("one", "two"):
        bundle.bundle(folder, tmp_path / f"{name}.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"in", "one.zip", "two.zip"}


def test_what_the_code_imports_is_required():
    aliases = {"yaml": "pyyaml", "markupsafe": "jinja2"}  # jinja2 brings markupsafe
    pages = {"page.py"}  # drawn by the program alone
    found = set()
    for path in ANALYSIS.glob("*.py"):
        if path.name not in pages:
            for node in ast.walk(ast.parse(path.read_text())):
                names = [node.module] if isinstance(node, ast.ImportFrom) else (
                    [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
                found |= {name.split(".")[0] for name in names}
    foreign = found - set(sys.stdlib_module_names) - {"analysis"}
    assert {aliases.get(name, name) for name in foreign} == set(bundle.NEEDED)


def test_a_place_that_cannot_be_written_is_refused(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = CliRunner().invoke(app, ["bundle", str(folder), "--out", str(tmp_path / "file" / "x.zip")])
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "cannot be written" in done.stderr


# The methods section

def section(folder: Path) -> str:
    return methods(analysed(folder), read(folder), record.read(folder))


def test_methods_say_what_the_design_and_the_data_say(folder):
    text = section(folder)
    numbers = analysed(folder)
    decided = numbers["pairs"]["decided"]
    for words in (
        "8 people started the study", "12 clips of music, 7 of them made by a machine and 5 by people",
        "Each lasted 10 s.", "Both clips of a pair continued the same prompt.",
        "Some pairs were of two AI clips or of two human clips.", "Latin squares",
        "temperature 0.3, 0.5, 0.9 and 1", f"{decided['correct']} were right",
        "The analysis was not planned in writing beforehand",
    ):
        assert words in text, words
    assert "[" not in re.sub(r"\[\d+\]", "", text)
    works = re.findall(r"^(\d+)\. ", text, re.M)
    assert works == [str(n) for n in range(1, len(works) + 1)]
    assert set(re.findall(r"\[(\d+)\]", text)) == set(works)


def test_methods_of_next_to_nothing_do_not_break(tmp_path):
    for people in (0, 1):
        text = section(write(simulated_study(people, 0.8, 3), tmp_path / str(people)))
        assert ("1 person started" in text) == (people == 1)
        assert "None" not in text and "nan" not in text


def test_works_are_numbered_by_first_mention():
    text, works = cited("a [holm] b [liang] c [holm]")
    assert text == "a [1] b [2] c [1]"
    assert works == [WORKS["holm"], WORKS["liang"]]
