"""Export: the columns of the design, cells that no spreadsheet runs, and a way back without loss."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.database import records
from survey.export import cells, export, import_, read
from survey.export.columns import FILES, Column
from survey.store import Conflict, Store, StoreError, UnknownStudy
from tests.columns import ANSWERS, NEWER, PARTICIPANTS, STIMULI
from tests.survey.helpers import small_study, take


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as any other program would read them."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def csv_bytes(folder: Path) -> dict[str, bytes]:
    """The three files."""
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture
def exported(store: Store, tmp_path: Path) -> Path:
    """The export of the small study after three participants, one of whom stopped."""
    for number, steps in enumerate((None, 5, None)):
        take(store, store.start("small"), random.Random(number), steps=steps)
    export(store, "small", tmp_path / "out")
    return tmp_path / "out"


# --- the files --------------------------------------------------------------------------------------------


def test_columns_are_those_of_the_design(exported: Path) -> None:
    with (exported / "participants.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == [*PARTICIPANTS, "q_age", "q_trust", "q_hobby"]
    for name, columns in (("stimuli.csv", STIMULI), ("answers.csv", ANSWERS + NEWER)):
        with (exported / name).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == columns


def test_participants(exported: Path) -> None:
    people = rows(exported / "participants.csv")
    assert len(people) == 3
    for person in people:
        assert person["study"] == "small" and person["language"] == "en"
        assert person["musician"] in ("yes", "no") and person["level"] == "expert"
        assert person["excluded"] == "false" and person["exclusion_reason"] == ""
        assert person["q_age"] == "-3", "a number is no formula"
        assert person["q_hobby"] == "'=1+1", "a text is"
        assert person["started_at"].endswith("Z")
        assert datetime.fromisoformat(person["started_at"]).tzinfo == UTC
    assert [bool(person["finished_at"]) for person in people] == [True, False, True]


def test_stimuli(exported: Path) -> None:
    clips = {clip["stimulus_id"]: clip for clip in rows(exported / "stimuli.csv")}
    assert len(clips) == 12
    for clip in clips.values():
        assert clip["title"] == "'=Air" and clip["lufs"] == "-20.0" and clip["duration_s"] == "0.2"
        settings_cells = [clip[name] for name in STIMULI[5:11]]
        if clip["origin"] == "human":
            assert clip["system"] == "" and settings_cells == [""] * 6
        else:
            assert clip["origin"] == "ai" and clip["system"] == "test" and all(settings_cells)
    assert clips["ratings-2-ai"]["temperature"] == "0.9" and clips["ratings-2-ai"]["top_k"] == "0"


def test_answers(exported: Path) -> None:
    answers = rows(exported / "answers.csv")
    origin = {clip["stimulus_id"]: clip["origin"] for clip in rows(exported / "stimuli.csv")}
    assert {answer["kind"] for answer in answers} == {"pair", "rating", "open_rating", "comment"}
    assert len({answer["answer_id"] for answer in answers}) == len(answers) == 9 + 3 + 9
    for answer in answers:
        filled = {name for name, cell in answer.items() if cell}
        always = {"study", "answer_id", "participant_id", "section", "kind", "response_ms", "answered_at"}
        trial = always | {
            "trial_id", "position", "condition", "stimulus_a", "plays_a", "starts_a", "heard_a_s"}
        match answer["kind"]:
            case "pair":
                assert filled - {"comment"} == trial | {
                    "stimulus_b", "plays_b", "starts_b", "heard_b_s", "choice"}
                sides = origin[answer["stimulus_a"]], origin[answer["stimulus_b"]]
                assert (
                    answer["condition"]
                    == {
                        ("ai", "human"): "ai_a",
                        ("human", "ai"): "ai_b",
                        ("ai", "ai"): "both_ai",
                        ("human", "human"): "both_human",
                    }[sides]
                )
            case "rating":
                assert filled == trial | {"rating", "said_ai", "recognised"}
                assert answer["said_ai"] in ("true", "false") and answer["rating"] in "12345"
            case "open_rating":
                assert filled == trial | {"rating"}
            case "comment":
                assert filled - {"comment"} == always


def test_codebook_describes_every_column(exported: Path) -> None:
    text = (exported / "codebook.md").read_text(encoding="utf-8")
    for name in (*PARTICIPANTS, *STIMULI, *ANSWERS, *NEWER, "q_age", "q_trust", "q_hobby"):
        assert f"| `{name}` |" in text
    assert "Do you trust machines?" in text


def test_files_are_rfc_4180(exported: Path) -> None:
    for name in FILES:
        content = (exported / name).read_bytes()
        assert content.endswith(b"\r\n") and not content.startswith(b"\xef\xbb\xbf")
        content.decode("utf-8")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("x=1", "x=1"),
        ("'x", "'x"),
        ("'=x", "''=x"),
        ("''=x", "'''=x"),
        ("'", "'"),
        ("", ""),
    ],
)
def test_formulas_are_guarded(text: str, cell: str) -> None:
    assert cells.guard(text) == cell
    assert cells.unguard(cell) == text


@given(st.text())
def test_guarding_is_undone(text: str) -> None:
    assert cells.unguard(cells.guard(text)) == text
    assert cells.guard(text)[:1] not in set("=+-@\t\r")


@given(st.datetimes(timezones=st.timezones()))
def test_times_are_utc_and_come_back(moment: datetime) -> None:
    column = Column("t", "time", "")
    try:
        cell = cells.write(column, moment)
    except OverflowError:  # the year 1 or 9999, in a zone where it is another year
        return
    assert cell.endswith("Z")
    assert cells.read(column, cell) == moment.astimezone(UTC)


# --- the way back -----------------------------------------------------------------------------------------


def test_export_import_export_is_the_same(store: Store, exported: Path, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert import_(other, exported) == "small"
        export(other, "small", tmp_path / "again")
        assert csv_bytes(tmp_path / "again") == csv_bytes(exported)
        status, original = other.status("small"), store.status("small")
        assert (status.started, status.finished, status.answers) == (3, 2, original.answers)
        assert status.state == "imported"
        with pytest.raises(UnknownStudy, match="cannot be taken"):
            other.start("small")
        assert other.purge("small", datetime(2100, 1, 1, tzinfo=UTC)) == 3


def test_a_study_of_that_name_is_never_overwritten(store: Store, exported: Path) -> None:
    before = store.dump("small")
    with pytest.raises(Conflict, match="There is a study 'small' already"):
        import_(store, exported)
    assert store.dump("small") == before
    assert import_(store, exported, "small-copy") == "small-copy"
    with pytest.raises(Conflict):
        import_(store, exported, "small-copy")
    with pytest.raises(Conflict, match="holds imported answers"):
        store.register(small_study(slug="small-copy"))
    assert store.dump("small") == before
    assert [status.slug for status in store.statuses()] == ["small", "small-copy"]


def test_data_may_take_the_place_of_a_study_that_is_only_registered(exported: Path, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'other.db'}") as other:
        other.register(small_study())
        import_(other, exported)
        assert other.status("small").started == 3


def test_a_spreadsheets_byte_order_mark_and_blank_line_do_no_harm(exported: Path) -> None:
    before = read(exported)
    path = exported / "answers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n")
    assert read(exported) == before


def test_a_folder_that_cannot_be_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        export(store, "small", tmp_path / "file")
    with pytest.raises(UnknownStudy):
        export(store, "nope", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_is_of_one_moment(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody starts and answers after the participants were read and before the answers are."""
    take(store, store.start("small"), random.Random(0))
    before = store.dump("small")
    original = records._answers

    def meanwhile(*args: object) -> list[dict[str, object]]:
        take(store, store.start("small"), random.Random(1), steps=5)
        return original(*args)

    monkeypatch.setattr(records, "_answers", meanwhile)
    export(store, "small", tmp_path)
    assert read(tmp_path).answers == before.answers
    monkeypatch.undo()
    assert len(store.dump("small").answers) > len(before.answers)
