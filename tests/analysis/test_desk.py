"""What the Research page makes of a study, and how it shows the counts; no browser needed."""

import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from analysis import board
from analysis.answers import AnswersError
from analysis.board import StudyStatus
from analysis.desk import FILES, Desk
from tests.analysis.research_server import SimulatedSource


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(SimulatedSource(tmp_path / "source"))


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> Path:
    """The folder for temporary files, to see what is left in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_the_zip_holds_the_export_byte_for_byte(desk, tmp_path, scratch):
    path = desk.archive("published", tmp_path)
    assert path.name == "published.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"published/{name}" for name in FILES]
        for name in FILES:
            assert (
                archive.read(f"published/{name}") == (tmp_path / "source" / "published" / name).read_bytes()
            )
    assert list(scratch.iterdir()) == []


def test_the_report_is_a_page(desk, tmp_path, scratch):
    path = desk.report("published", tmp_path)
    assert path.name == "published-report.html"
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(scratch.iterdir()) == []


def test_the_numbers_are_those_of_the_study(desk):
    assert desk.numbers("published")["participants"]["started"] == 12
    assert desk.numbers("default")["participants"]["started"] == 0


@pytest.mark.parametrize("slug", [None, "", "unknown", "../published", 7, ["published"], {"a": 1}])
def test_no_other_study_is_reached(desk, tmp_path, slug):
    for ask in (
        desk.numbers,
        lambda slug: desk.archive(slug, tmp_path),
        lambda slug: desk.report(slug, tmp_path),
    ):
        with pytest.raises(LookupError, match="There is no such study"):
            ask(slug)


def test_a_failed_export_leaves_nothing_behind(desk, tmp_path, scratch, monkeypatch):
    def fail(slug: str, folder: Path) -> None:
        (folder / "answers.csv").write_text("half")
        raise RuntimeError("the database is locked")

    monkeypatch.setattr(desk._source, "export", fail)
    with pytest.raises(RuntimeError, match="locked"):
        desk.archive("published", tmp_path)
    assert list(scratch.iterdir()) == []


def test_a_malformed_export_is_told(desk, monkeypatch):
    monkeypatch.setattr(desk._source, "export", lambda slug, folder: None)
    with pytest.raises(AnswersError, match=r"participants\.csv is missing"):
        desk.numbers("published")


def test_a_slug_with_odd_characters_makes_a_plain_file_name(desk, tmp_path, monkeypatch):
    odd = StudyStatus("a/b ü", "Odd", "open")
    monkeypatch.setattr(desk._source, "studies", lambda: [odd])
    monkeypatch.setattr(
        desk._source, "export", lambda slug, folder: [(folder / name).write_text("x") for name in FILES]
    )
    assert desk.archive("a/b ü", tmp_path).name == "a-b-.zip"


def test_cards_show_counts_and_escape_names():
    moment = datetime(2025, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    html = board.studies([StudyStatus("s", "<b>Title", "open & running", 3, 40, 1200, 900, 54321, moment)])
    assert "&lt;b&gt;Title" in html
    assert "open &amp; running" in html
    for words in ("1,200", "900", "54,321", "3 of 40", "2025-03-01 10:00:00 UTC"):
        assert words in html
    assert "No answer yet" in board.studies([StudyStatus("s", "t", "open")])
    assert "no study yet" in board.studies([])


def test_steps_are_bars_with_numbers():
    status = StudyStatus(
        "s", "t", "open", by_step=(("Welcome", 8), ("<Pairs>", 2)), last_answer_at=datetime.now(UTC)
    )
    html = board.steps(status)
    assert "--share:25.0%" in html
    assert "&lt;Pairs&gt;" in html
    assert board.steps(StudyStatus("s", "t", "open")) == ""
    assert "--share:0.0%" in board.steps(StudyStatus("s", "t", "open", by_step=(("Welcome", 0),)))
