"""Reads and checks the three export files of one study.

The format: UTF-8 CSV (RFC 4180) with a header row; an empty cell is missing; times are ISO 8601 in UTC;
booleans are ``true`` or ``false``; a text cell that would start a spreadsheet formula carries a ``'`` in
front, which is taken off here. The first thing that breaks a rule is reported in one sentence that names the
file, the row as a spreadsheet counts it (the header is row 1), the column and the value.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.columns import ANSWERS, NEEDED, PARTICIPANTS, PATTERNS, SCALE, STIMULI, Column

# A longer cell than this is a damaged file (a quote that never closes), not an answer.
LONGEST_CELL = 1_000_000


class AnswersError(ValueError):
    """The export files break a rule; the message is one sentence, shown to people as it is."""


GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class Answers:
    """One study's export, checked.

    ``participants``, ``stimuli`` and ``answers`` are frames with the columns of the format, one row a person,
    clip or answer. Missing cells are NA; booleans are pandas' ``boolean``, whole numbers ``Int64``, times UTC
    timestamps. ``study`` is None where no file has a row.
    """

    study: str | None
    participants: pd.DataFrame
    stimuli: pd.DataFrame
    answers: pd.DataFrame


def read(folder: Path | str) -> Answers:
    """Read participants.csv, stimuli.csv and answers.csv from ``folder``; raises AnswersError."""
    folder = Path(folder)
    if not folder.is_dir():
        raise AnswersError(
            f"{folder} is not a folder; name the folder that holds participants.csv, "
            "stimuli.csv and answers.csv."
        )
    participants = _table(folder / "participants.csv", PARTICIPANTS)
    stimuli = _table(folder / "stimuli.csv", STIMULI)
    answers = _table(folder / "answers.csv", ANSWERS)
    study = _one_study({"participants.csv": participants, "stimuli.csv": stimuli, "answers.csv": answers})
    _complete(answers)
    _known(answers, "participant_id", participants["participant_id"], "participants.csv")
    for column in ("stimulus_a", "stimulus_b"):
        _known(answers, column, stimuli["stimulus_id"], "stimuli.csv")
    _answered_once(answers)
    return Answers(study, participants, stimuli, answers)


def _table(path: Path, columns: Sequence[Column]) -> pd.DataFrame:
    """One file as a typed frame with at least ``columns``; others are kept as text.

    Further scales of ratings are numbers; ``newer`` columns that the file does not have are there and empty.
    """
    header, rows = _rows(path)
    for column in columns:
        if column.name not in header and not column.newer:
            raise AnswersError(
                f"{path.name}, row 1, column {column.name}: this column is missing from the header."
            )
    for number, name in enumerate(header):
        if name in header[:number]:
            raise AnswersError(f"{path.name}, row 1, column {name}: this column is in the header twice.")
    cells = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(header, ())
    known = {name: Column(name, "integer", low=1, high=5) for name in header if name.startswith(SCALE)}
    known |= {column.name: column for column in columns}
    cells |= {name: ("",) * len(rows) for name in known if name not in cells}
    frame = {name: _typed(path.name, known.get(name, Column(name)), cells[name]) for name in cells}
    return pd.DataFrame(frame)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file, every row as long as the header, formula prefixes taken off."""
    try:
        # A byte order mark is what spreadsheets leave behind when they save; it says nothing.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise AnswersError(f"{path.name} is missing from {path.parent}.") from None
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        value = error.object[error.start : error.start + 1]
        raise AnswersError(
            f"{path.name}, line {row}: the file must be UTF-8, and byte {value!r} is not."
        ) from None
    except OSError as error:
        raise AnswersError(f"{path.name} cannot be read: {error.strerror}.") from None
    limit = csv.field_size_limit(LONGEST_CELL)
    # splitlines() would also split at form feeds and U+2028 inside a quoted comment.
    lines = (line + "\n" for line in text.split("\n"))
    reader = csv.reader(lines if text else [], strict=True)
    rows: list[list[str]] = []
    header: list[str] = []
    number = 0
    try:
        for row in reader:
            if not row:
                continue
            number += 1
            if number == 1:
                header = row
            elif len(row) != len(header):
                raise AnswersError(
                    f"{path.name}, row {number}: a row must have {len(header)} cells as the header has, "
                    f"and this one, which begins with {_shown(row[0])}, has {len(row)}."
                )
            else:
                rows.append([_unprefixed(cell) for cell in row])
    except csv.Error as error:
        raise AnswersError(f"{path.name}, row {number + 1}: the row is not valid CSV ({error}).") from None
    finally:
        csv.field_size_limit(limit)
    if not header:
        raise AnswersError(f"{path.name} is empty; it must have at least the header row.")
    return header, rows


def _unprefixed(cell: str) -> str:
    """Take off the ``'`` that keeps a spreadsheet from running a cell as a formula.

    A text that has such a ``'`` of its own was given one more, so one is taken off wherever they stand in
    front.
    """
    return cell[1:] if cell.startswith("'") and GUARDED.match(cell) else cell


def _typed(file: str, column: Column, cells: Sequence[str]) -> pd.Series:
    """``cells`` by the rule of ``column``; the first cell that breaks it is the error."""
    series = pd.Series(cells, dtype="str", name=column.name)
    empty = series == ""
    if column.required:
        _refuse(file, column.name, series, empty, "a value is needed here")
    given = series.mask(empty)
    if column.rule == "word":
        rule = f"must be one of {', '.join(column.allowed)}"
        _refuse(file, column.name, series, given.notna() & ~given.isin(column.allowed), rule)
    elif column.rule != "text":
        pattern, meaning = PATTERNS[column.rule]
        matches = given.str.fullmatch(pattern).fillna(False).astype(bool)
        _refuse(file, column.name, series, given.notna() & ~matches, f"must be {meaning}")
        given = _converted(file, column, series, given)
    if column.unique:
        _refuse(file, column.name, series, given.notna() & given.duplicated(), "must not occur twice")
    return given


def _converted(file: str, column: Column, series: pd.Series, given: pd.Series) -> pd.Series:
    """Text that already matches its pattern, as numbers, times or booleans within their bounds."""
    if column.rule == "boolean":
        return given.map({"true": True, "false": False}).astype("boolean")
    if column.rule == "time":
        times = pd.to_datetime(given, format="ISO8601", utc=True, errors="coerce")
        _refuse(file, column.name, series, given.notna() & times.isna(), "is not a date and time that exists")
        return times
    if column.rule not in ("integer", "number"):
        return given
    numbers = pd.to_numeric(given)
    _refuse(file, column.name, series, numbers.abs() == math.inf, "is more than a number can hold")
    if column.rule == "integer":
        numbers = numbers.astype("Int64")
    for bound, outside, words in (
        (column.low, lambda bound: numbers < bound, "at least"),
        (column.high, lambda bound: numbers > bound, "at most"),
    ):
        if bound is not None:
            _refuse(file, column.name, series, outside(bound), f"must be {words} {bound:g}")
    return numbers


def _refuse(file: str, column: str, cells: pd.Series, bad: pd.Series, rule: str) -> None:
    """Raise for the first row where ``bad`` is true."""
    bad = bad.fillna(False).to_numpy(dtype=bool)
    if bad.any():
        index = int(bad.argmax())
        raise AnswersError(
            f"{file}, row {index + 2}, column {column}: {_shown(cells.iloc[index])} was found; {rule}."
        )


def _shown(value: object) -> str:
    """A value as a message shows it: quoted, on one line, not endless."""
    text = "" if pd.isna(value) else str(value)
    if text == "":
        return "an empty cell"
    return repr(text if len(text) <= 60 else text[:60] + "…")


def _one_study(tables: dict[str, pd.DataFrame]) -> str | None:
    """The one study that every row belongs to."""
    study: str | None = None
    for file, table in tables.items():
        if study is None and len(table):
            study = str(table["study"].iloc[0])
        _refuse(
            file,
            "study",
            table["study"],
            table["study"] != study,
            f"an export holds one study, and this one is {study!r}",
        )
    return study


def _complete(answers: pd.DataFrame) -> None:
    for kind, columns in NEEDED.items():
        for column in columns:
            missing = (answers["kind"] == kind) & answers[column].isna()
            _refuse("answers.csv", column, answers[column], missing, f"an answer of kind {kind} needs it")


def _known(answers: pd.DataFrame, column: str, known: pd.Series, file: str) -> None:
    unknown = answers[column].notna() & ~answers[column].isin(known)
    _refuse("answers.csv", column, answers[column], unknown, f"{file} has no such row")


def _answered_once(answers: pd.DataFrame) -> None:
    """A trial is answered once by each participant; `position` tells a planned repeat from a double."""
    trials = answers[(answers["kind"] != "comment") & answers["trial_id"].notna()]
    twice = trials.duplicated(["participant_id", "section", "trial_id", "position", "kind"])
    everywhere = twice.reindex(answers.index, fill_value=False)
    _refuse(
        "answers.csv",
        "trial_id",
        answers["trial_id"],
        everywhere,
        "this participant has already answered this trial at this position",
    )
