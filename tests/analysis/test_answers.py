"""Reading the export files: what is well-formed is kept, what is not is one sentence that names its cell."""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.answers import AnswersError, read
from analysis.columns import ANSWERS, PARTICIPANTS, STIMULI
from tests import columns
from tests.analysis.simulate import simulated_study, write


@pytest.fixture
def tables() -> dict[str, list[dict]]:
    return simulated_study(3, 0.5, seed=1)


def sentence(folder: Path) -> str:
    with pytest.raises(AnswersError) as caught:
        read(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_columns_are_those_of_the_design():
    for named, known in ((columns.PARTICIPANTS, PARTICIPANTS), (columns.STIMULI, STIMULI),
                         (columns.ANSWERS, ANSWERS)):
        assert named == [column.name for column in known if not column.newer]


def test_a_whole_export_is_read(tables, tmp_path):
    data = read(write(tables, tmp_path))
    assert data.study == "simulated-published"
    assert len(data.answers) == len(tables["answers.csv"])
    assert data.participants["started_at"].dt.tz is not None
    assert str(data.answers["rating"].dtype) == "Int64"
    assert str(data.answers["said_ai"].dtype) == "boolean"
    assert data.participants["q_age"].tolist() == ["30-39"] * 3
    human = data.stimuli[data.stimuli["origin"] == "human"]
    assert human["temperature"].isna().all()


def test_headers_alone_are_a_study_without_anybody(tmp_path):
    data = read(write({"participants.csv": [], "stimuli.csv": [], "answers.csv": []}, tmp_path))
    assert data.study is None
    assert len(data.answers) == len(data.participants) == len(data.stimuli) == 0


WRONG: list[tuple[str, int, str, str, str]] = [
    ("answers.csv", 4, "choice", "c", "must be one of a, b, both, neither, dont_know"),
    ("answers.csv", 2, "kind", "pairs", "must be one of pair, preference, rating"),
    ("answers.csv", 2, "kind", "", "a value is needed here"),
    ("answers.csv", 3, "position", "0", "must be at least 1"),
    ("answers.csv", 3, "position", "1.5", "must be a whole number"),
    ("answers.csv", 3, "participant_id", "p9999", "participants.csv has no such row"),
    ("answers.csv", 3, "stimulus_a", "s999", "stimuli.csv has no such row"),
    ("answers.csv", 3, "recognised", "yes", "must be true or false"),
    ("answers.csv", 3, "recognised", "True", "must be true or false"),
    ("answers.csv", 3, "answered_at", "yesterday", "must be a time in UTC"),
    ("answers.csv", 3, "answered_at", "2025-02-30T10:00:00Z", "is not a date and time that exists"),
    ("answers.csv", 3, "answered_at", "2025-02-20T10:00:00+02:00", "must be a time in UTC"),
    ("answers.csv", 3, "response_ms", "-1", "must be at least 0"),
    ("answers.csv", 3, "response_ms", "nan", "must be a number"),
    ("answers.csv", 3, "study", "other", "an export holds one study"),
    ("participants.csv", 3, "level", "genius", "must be one of none, beginner"),
    ("participants.csv", 3, "musician", "true", "must be one of yes, no"),
    ("participants.csv", 3, "participant_id", "p0000", "must not occur twice"),
    ("participants.csv", 3, "excluded", "1", "must be true or false"),
    ("stimuli.csv", 2, "origin", "robot", "must be one of ai, human"),
    ("stimuli.csv", 2, "temperature", "hot", "must be a number"),
    ("stimuli.csv", 2, "temperature", "inf", "must be a number"),
    ("stimuli.csv", 2, "temperature", "1e999", "is more than a number can hold"),
    ("stimuli.csv", 2, "temperature", "٣", "must be a number"),
    ("stimuli.csv", 2, "top_p", "1.2", "must be at most 1"),
    ("stimuli.csv", 2, "seed", "0x10", "must be a whole number"),
]


@pytest.mark.parametrize(("file", "row", "column", "value", "rule"), WRONG)
def test_a_wrong_cell_is_named(tables, tmp_path, file, row, column, value, rule):
    tables[file][row - 2][column] = value
    message = sentence(write(tables, tmp_path))
    assert message.startswith(f"{file}, row {row}, column {column}: ")
    assert (repr(value) if value else "an empty cell") in message
    assert rule in message


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("pair", "choice"),
        ("pair", "stimulus_b"),
        ("pair", "trial_id"),
        ("rating", "rating"),
        ("open_rating", "stimulus_a"),
    ],
)
def test_an_answer_without_its_core_is_named(tables, tmp_path, kind, column):
    index = next(i for i, row in enumerate(tables["answers.csv"]) if row["kind"] == kind)
    tables["answers.csv"][index][column] = ""
    message = sentence(write(tables, tmp_path))
    assert message.startswith(f"answers.csv, row {index + 2}, column {column}: an empty cell was found")
    assert f"an answer of kind {kind} needs it" in message


@pytest.mark.parametrize("rating", ["0", "6", "3.5", "five"])
def test_a_rating_lies_between_1_and_5(tables, tmp_path, rating):
    index = next(i for i, row in enumerate(tables["answers.csv"]) if row["kind"] == "rating")
    tables["answers.csv"][index]["rating"] = rating
    assert f"row {index + 2}, column rating: {rating!r} was found" in sentence(write(tables, tmp_path))


def test_the_same_trial_cannot_be_answered_twice(tables, tmp_path):
    again = {**tables["answers.csv"][0], "answer_id": "another"}
    tables["answers.csv"].append(again)
    assert "has already answered this trial" in sentence(write(tables, tmp_path))


def edited(edit: Callable[[bytes], bytes], tables: dict, folder: Path, file: str = "answers.csv") -> str:
    write(tables, folder)
    path = folder / file
    path.write_bytes(edit(path.read_bytes()))
    return sentence(folder)


def test_broken_files_are_named(tables, tmp_path):
    missing = edited(lambda data: data.replace(b",rating,", b",stars,", 1), tables, tmp_path)
    assert missing == "answers.csv, row 1, column rating: this column is missing from the header."
    twice = edited(lambda data: data.replace(b"q_age", b"level", 1), tables, tmp_path, "participants.csv")
    assert twice == "participants.csv, row 1, column level: this column is in the header twice."
    write(tables, tmp_path)
    assert "row 2: a row must have 19 cells" in edited(
        lambda data: data.replace(b"\r\n", b"\r\nx,", 2), tables, tmp_path
    )
    assert "not valid CSV" in edited(lambda data: data + b'"never closed', tables, tmp_path)
    assert "must be UTF-8" in edited(lambda data: data + b"\xff", tables, tmp_path)
    assert (
        edited(lambda _: b"", tables, tmp_path)
        == "answers.csv is empty; it must have at least the header row."
    )
    assert "not valid CSV" in edited(lambda data: data + b"x" * 1_100_000, tables, tmp_path)


def test_missing_files_and_folders_are_named(tables, tmp_path):
    write(tables, tmp_path)
    (tmp_path / "stimuli.csv").unlink()
    assert sentence(tmp_path).startswith("stimuli.csv is missing from ")
    assert "is not a folder" in sentence(tmp_path / "nowhere")
    (tmp_path / "stimuli.csv").mkdir()
    assert sentence(tmp_path).startswith("stimuli.csv cannot be read")


def test_what_spreadsheets_do_to_a_file_does_no_harm(tables, tmp_path):
    write(tables, tmp_path)
    for path in tmp_path.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n\n")
    assert len(read(tmp_path).answers) == len(tables["answers.csv"])


def test_other_columns_are_kept_and_do_not_matter(tables, tmp_path):
    write(tables, tmp_path)
    path = tmp_path / "participants.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("q_age", "later_column"), encoding="utf-8")
    assert read(tmp_path).participants["later_column"].tolist() == ["30-39"] * 3


# CSV cannot hold what UTF-8 cannot (lone surrogates); everything else may be written by a listener.
COMMENTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.from_regex(
    r"'*[=+@-]x?", fullmatch=True
)


@given(COMMENTS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_comment_survives(tmp_path, comment):
    tables = simulated_study(1, 0.5, seed=1)
    tables["answers.csv"][0]["comment"] = comment
    read_back = read(write(tables, tmp_path)).answers["comment"].iloc[0]
    assert read_back == comment


@pytest.mark.parametrize(
    "formula", ["=1+1", "+49 30", "-3 points", "@home", "\tindented", "\rreturned", "'=quoted"]
)
def test_formula_guards_are_taken_off(tables, tmp_path, formula):
    tables["answers.csv"][0]["comment"] = formula
    write(tables, tmp_path)
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["comment"] == f"'{formula}"
    assert read(tmp_path).answers["comment"].iloc[0] == formula


def test_ids_that_look_like_numbers_or_missing_stay_text(tables, tmp_path):
    for row in tables["participants.csv"] + tables["answers.csv"]:
        row["participant_id"] = {"p0000": "007", "p0001": "NA", "p0002": "1e5"}[row["participant_id"]]
    data = read(write(tables, tmp_path))
    assert set(data.participants["participant_id"]) == {"007", "NA", "1e5"}
    assert not pd.isna(data.answers["participant_id"]).any()
