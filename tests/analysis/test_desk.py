"""What the Research page makes of a study: files, numbers, report, power and plan; no browser needed."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.answers import AnswersError
from analysis.board import StudyStatus
from analysis.desk import FILES, Desk, NoSuchStudy
from analysis.power import PowerError
from tests.analysis.simulate import simulated_study, write

PAIR = {"section": "pairs", "kind": "pair", "condition": "one_ai", "repeat_of": None}
DESIGN = {
    "study": "published", "definition_sha256": "ab" * 32, "clips": {"a1": "ai", "h1": "human"},
    "definition": {"title": "T", "language": "en", "margin": 0.1, "sections": [
        {"id": "pairs", "kind": "pairs", "question": "Which one?"}]},
    "participants": [[{**PAIR, "trial_id": "pairs-1", "stimulus_a": "a1", "stimulus_b": "h1"}]] * 4,
}


class Shelf:
    """Two studies: one with simulated listeners, one that nobody has taken. Keeps a plan as text."""

    def __init__(self, folder: Path):
        self.plans: dict[str, str] = {}
        self._exports = {"published": write(simulated_study(12, 0.8, 5, excluded=1), folder / "published"),
                         "default": write(simulated_study(0, 0.8, 5, study="default"), folder / "default")}

    def studies(self) -> Sequence[StudyStatus]:
        return [StudyStatus(slug, slug.capitalize(), "open") for slug in self._exports]

    def export(self, slug: str, folder: Path) -> None:
        shutil.copytree(self._exports[slug], folder, dirs_exist_ok=True)

    def design(self, slug: str) -> Mapping:
        return DESIGN

    def reasons(self, limits: Mapping) -> list[str]:
        return [f"rule {name}" for name in limits]

    def keep_plan(self, slug: str, text: str) -> None:
        self.plans[slug] = text


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def desk(shelf) -> Desk:
    return Desk(shelf)


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """The folder for temporary files, to see what is left in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_the_zip_holds_the_export_byte_for_byte(desk, shelf, tmp_path, scratch):
    path = desk.archive("published", tmp_path)
    assert path.name == "published.zip"
    with zipfile.ZipFile(path) as archive:
        assert set(archive.namelist()) >= {f"published/{name}" for name in FILES}
        for name in archive.namelist():
            assert archive.read(name) == (shelf._exports["published"] / Path(name).name).read_bytes()
    assert list(scratch.iterdir()) == []


def test_the_zip_holds_what_else_the_export_has(desk, shelf, tmp_path, monkeypatch):
    def export(slug: str, folder: Path) -> None:
        for name in (*FILES, "study.json", "plan.json", "audit.json"):
            (folder / name).write_text(name)

    monkeypatch.setattr(shelf, "export", export)
    with zipfile.ZipFile(desk.archive("default", tmp_path)) as archive:
        assert archive.read("default/plan.json") == b"plan.json"
        assert len(archive.namelist()) == len(FILES) + 3


def test_the_report_is_a_page(desk, tmp_path, scratch):
    path = desk.report("published", tmp_path)
    assert path.name == "published-report.html"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(scratch.iterdir()) == []


def test_the_numbers_are_those_of_the_study(desk):
    assert desk.numbers("published")["participants"]["started"] == 12
    assert desk.numbers("default")["participants"]["started"] == 0


def test_the_power_is_that_of_the_studys_own_design(desk):
    few, curve = desk.power("published", 0.55)
    many, _ = desk.power("published", 0.85)
    assert "55%" in few[1] and "85%" in many[1]
    assert few != many
    assert curve.data


@pytest.mark.parametrize("accuracy", [None, "0.6", True, 0, 1, -1, [0.6]])
def test_an_accuracy_that_means_nothing_is_told(desk, accuracy):
    with pytest.raises(PowerError, match="between 0 and 1"):
        desk.power("published", accuracy)


def test_a_plan_is_drafted_with_the_rules_and_kept(desk, shelf):
    desk.freeze("published", {"fast": 2})
    plan = json.loads(shelf.plans["published"])
    assert plan["study_file_sha256"] == "ab" * 32
    assert plan["exclusions"] == ["rule fast"]
    assert plan["frozen_at"]


@pytest.mark.parametrize("slug", [None, "", "unknown", "../published", 7, ["published"], {"a": 1}])
def test_no_other_study_is_reached(desk, tmp_path, slug):
    for ask in (
        desk.numbers,
        lambda slug: desk.archive(slug, tmp_path),
        lambda slug: desk.report(slug, tmp_path),
        lambda slug: desk.power(slug, 0.6),
        lambda slug: desk.freeze(slug, {}),
    ):
        with pytest.raises(NoSuchStudy, match="There is no such study"):
            ask(slug)


def test_a_failed_export_leaves_nothing_behind(desk, shelf, tmp_path, scratch, monkeypatch):
    def fail(slug: str, folder: Path) -> None:
        (folder / "answers.csv").write_text("half")
        raise RuntimeError("the database is locked")

    monkeypatch.setattr(shelf, "export", fail)
    with pytest.raises(RuntimeError, match="locked"):
        desk.archive("published", tmp_path)
    assert list(scratch.iterdir()) == []


def test_a_malformed_export_is_told(desk, shelf, monkeypatch):
    monkeypatch.setattr(shelf, "export", lambda slug, folder: None)
    with pytest.raises(AnswersError, match=r"participants\.csv is missing"):
        desk.numbers("published")


def test_a_slug_with_odd_characters_makes_a_plain_file_name(tmp_path):
    odd = SimpleNamespace(
        studies=lambda: [StudyStatus("a/b ü", "Odd", "open")],
        export=lambda slug, folder: [(folder / name).write_text("x") for name in FILES])
    assert Desk(odd).archive("a/b ü", tmp_path).name == "a-b-.zip"
