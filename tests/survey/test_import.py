"""Import: what is wrong with a file is one sentence with file, row and column, and nothing is imported."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.export import MalformedExport, import_, read, write
from survey.export.columns import ANSWERS, PARTICIPANTS, STIMULI, Column
from survey.export.simulate import simulate
from survey.store import Store
from tests.columns import NEWER
from tests.survey.helpers import rich_study


def names(columns: tuple[Column, ...]) -> list[str]:
    """The header of a file; `test_export` compares it with the design."""
    return [column.name for column in columns]


SMALLEST = {
    "participants.csv": [
        [*names(PARTICIPANTS), "q_age"],
        ["s", "p1", "2026-01-31T12:00:00Z", "", "en", "yes", "none", "false", "", "30"],
    ],
    "stimuli.csv": [
        names(STIMULI),
        ["s", "c1", "ai", "x", "k", "0.5", "15", "1.0", "6", "1", "", "", "", "", "", "", ""],
    ],
    "answers.csv": [
        [*names(ANSWERS), "s_fun"],
        [
            "s",
            "a1",
            "p1",
            "r",
            "r-1",
            "1",
            "rating",
            "blind",
            "c1",
            "",
            "",
            "4",
            "true",
            "",
            "",
            "1",
            "",
            "900",
            "2026-01-31T12:00:00Z",
            "9.5",
            "",
            "human",
            "",
            "1",
            "",
            "2",
        ],
    ],
}


def write_smallest(folder: Path, **changes: str) -> Path:
    """The smallest whole export, with cells of the data row replaced: `answers__rating="6"`."""
    folder.mkdir(exist_ok=True)
    for name, (header, row) in SMALLEST.items():
        cells_ = dict(zip(header, row, strict=True))
        for key, value in changes.items():
            file, column = key.split("__")
            if name == f"{file}.csv":
                assert column in cells_
                cells_[column] = value
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, list(cells_.values())])
    return folder


BAD_CELLS = {
    "participants__study": ("", "must not be empty"),
    "participants__participant_id": ("", "must not be empty"),
    "participants__started_at": (
        "yesterday",
        "must be a time such as 2026-01-31T12:00:00Z, but is 'yesterday'",
    ),
    "participants__finished_at": ("2026-01-31T12:00:00", "must say its time zone"),
    "participants__musician": ("perhaps", "must be one of yes, no, but is 'perhaps'"),
    "participants__level": ("wizard", "must be one of none, beginner"),
    "participants__excluded": ("TRUE", "must be true or false, but is 'TRUE'"),
    "participants__q_age": ("\0", "must not contain a NUL"),
    "stimuli__origin": ("alien", "must be one of ai, human"),
    "stimuli__temperature": ("nan", "must be a number, but is 'nan'"),
    "stimuli__top_p": ("1e999", "must be a number"),
    "stimuli__top_k": ("15.0", "must be a whole number, but is '15.0'"),
    "stimuli__seed": ("9" * 30, "must be a whole number"),
    "stimuli__title": ("a\0b", "must not contain a NUL"),
    "answers__rating": ("6", "must be from 1 to 5, but is 6"),
    "answers__choice": ("c", "must be one of a, b, both, neither, dont_know"),
    "answers__kind": ("", "must not be empty"),
    "answers__plays_a": ("-1", "must be at least 0"),
    "answers__starts_a": ("-1", "must be at least 0"),
    "answers__heard_a_s": ("-0.1", "must be at least 0"),
    "answers__label": ("alien", "must be one of ai, human"),
    "answers__s_fun": ("0", "must be from 1 to 5, but is 0"),
    "answers__participant_id": ("p2", "'p2' is not in participants.csv"),
    "answers__stimulus_a": ("c2", "'c2' is not in stimuli.csv"),
    "answers__study": ("t", "all rows must belong to one study, 's', but this one belongs to 't'"),
}


@pytest.mark.parametrize("cell", BAD_CELLS)
def test_a_bad_cell_is_named(cell: str, tmp_path: Path) -> None:
    value, sentence = BAD_CELLS[cell]
    file, column = cell.split("__")
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        with pytest.raises(MalformedExport) as caught:
            import_(store, write_smallest(tmp_path / "in", **{cell: value}))
        assert store.statuses() == []
        import_(store, write_smallest(tmp_path / "in"))  # the same without that cell is fine
    assert str(caught.value).startswith(f"{file}.csv, row 2, column '{column}': ")
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


FILE_EDITS = {
    "another first column": (
        "answers.csv",
        b"study,answer_id",
        b"studie,answer_id",
        "row 1: column 1 must be 'study'",
    ),
    "a column less": (
        "stimuli.csv",
        b",audio_sha256\r\n",
        b"\r\n",
        "row 1: column 17 must be 'audio_sha256', but is missing",
    ),
    "a column more": (
        "stimuli.csv",
        b",audio_sha256\r\n",
        b",audio_sha256,x\r\n",
        "row 1: there is no column 'x'",
    ),
    "a column without q_": ("participants.csv", b",q_age", b",age", "row 1: there is no column 'age'"),
    "a scale without s_": ("answers.csv", b",s_fun", b",fun", "row 1: there is no column 'fun'"),
    "an old column less": ("answers.csv", b",plays_b", b"", "row 1: column 17 must be 'plays_b', but is"),
    "a question twice": (
        "participants.csv",
        b",q_age",
        b",q_age,q_age",
        "row 1: the column 'q_age' is there twice",
    ),
    "a cell less": (
        "participants.csv",
        b",30\r\n",
        b"\r\n",
        "row 2: there must be 10 cells, but there are 9",
    ),
    "a cell more": (
        "participants.csv",
        b",30\r\n",
        b",30,1\r\n",
        "row 2: there must be 10 cells, but there are 11",
    ),
    "an open quote": ("participants.csv", b",30\r\n", b',"30\r\n', "is not valid CSV after row"),
    "not UTF-8": ("participants.csv", b",30\r\n", b",\xff\r\n", "is not UTF-8 text"),
    "not CSV at all": ("answers.csv", b"study", b"\x89PNG\r\n\x1a\n\x00", "is not UTF-8 text"),
    "another file": ("answers.csv", b"study", b"MThd\x00\x00\x00\x06", "row 1: column 1 must be 'study'"),
}


@pytest.mark.parametrize("name", FILE_EDITS)
def test_a_malformed_file_is_named(name: str, tmp_path: Path) -> None:
    file, old, new, sentence = FILE_EDITS[name]
    folder = write_smallest(tmp_path)
    content = (folder / file).read_bytes()
    assert old in content
    (folder / file).write_bytes(content.replace(old, new, 1))
    with pytest.raises(MalformedExport) as caught:
        read(folder)
    assert str(caught.value).startswith(file) and sentence in str(caught.value)


def test_the_same_id_twice(tmp_path: Path) -> None:
    folder = write_smallest(tmp_path)
    for file, column in (
        ("participants", "participant_id"),
        ("stimuli", "stimulus_id"),
        ("answers", "answer_id"),
    ):
        path = folder / f"{file}.csv"
        content = path.read_bytes()
        path.write_bytes(content + content.split(b"\r\n")[1] + b"\r\n")
        with pytest.raises(
            MalformedExport, match=rf"{file}\.csv, row 3, column '{column}': '..' is in row 2 already"
        ):
            read(folder)
        path.write_bytes(content)


def test_files_of_an_older_version_have_no_newer_columns(tmp_path: Path) -> None:
    path = write_smallest(tmp_path) / "answers.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(",".join(line.split(",")[:19]) for line in lines), encoding="utf-8")
    [answer] = read(tmp_path).answers
    assert answer["rating"] == 4
    assert all(answer[name] is None for name in (*NEWER, "scales"))


def test_missing_and_empty_files(tmp_path: Path) -> None:
    folder = write_smallest(tmp_path)
    (folder / "stimuli.csv").unlink()
    with pytest.raises(MalformedExport, match=r"stimuli\.csv is missing"):
        read(folder)
    (folder / "stimuli.csv").write_bytes(b"")
    with pytest.raises(
        MalformedExport, match=r"stimuli\.csv, row 1: column 1 must be 'study', but is missing"
    ):
        read(folder)
    for name, (header, _) in SMALLEST.items():
        (folder / name).write_text(",".join(header) + "\r\n", encoding="utf-8")
    with pytest.raises(MalformedExport, match="no study to import"):
        read(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(tmp_path: Path, content: bytes) -> None:
    folder = write_smallest(tmp_path)
    path = folder / "answers.csv"
    path.write_bytes(path.read_bytes() + content)
    try:
        assert read(folder).slug == "s"
    except MalformedExport as error:
        assert str(error).startswith("answers.csv")


@pytest.mark.parametrize("simulated", [False, True])
def test_an_imported_study_keeps_its_title_its_wording_and_its_file(tmp_path: Path, simulated: bool) -> None:
    study = rich_study()
    run = simulate(study, 3, 0.7)
    if not simulated:
        own = {"slug": study.slug, "documents": {"study.json": study.model_dump_json()}}
        run = replace(run, **own, title=study.in_language("en").title)
    write(run, tmp_path / "there")
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        slug = import_(store, tmp_path / "there")
        assert store.status(slug).title == ("SIMULATED: Everything" if simulated else "Everything")
        back = store.dump(slug)
    assert back.documents == run.documents
    assert (back.questions, back.scales) == (run.questions, run.scales)
    write(back, tmp_path / "again")
    for file in (tmp_path / "there").iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


@pytest.mark.parametrize("content", ["[]", '{"slug": 3}', '{"slug": "s", "sections": "newer"}'])
def test_a_study_file_of_another_version_is_kept_and_not_read(tmp_path: Path, content: str) -> None:
    write(simulate(rich_study(), 2, 0.7), tmp_path)
    (tmp_path / "study.json").write_text(content, encoding="utf-8")
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        slug = import_(store, tmp_path)
        assert store.status(slug).title == slug
        assert store.dump(slug).documents["study.json"] == content
