"""Writes the three export files and their codebook, and reads them back without loss.

The format is in `export.columns` (files and columns) and `export.cells` (one cell). A row's number in a
sentence is the spreadsheet's: the header is row 1.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from survey.errors import StoreError
from survey.export import cells
from survey.export.cells import CellError, Value
from survey.export.columns import ANSWERS, FILES, FURTHER, PARTICIPANTS, SCALE, STIMULI, Column, codebook
from survey.store import Store
from survey.study import SIMULATED, Study, reread, say
from survey.values import StudyData

# Beside the CSV files, where there are any: the study file, its frozen analysis plan, the audit of its clips.
DOCUMENTS = ("study.json", "plan.json", "audit.json")
_OWN_COLUMNS = ("musician", "level")  # questions whose replies have a column without `q_`
_MAX_CELL = 1_000_000  # characters


class MalformedExport(StoreError):
    """An export file cannot be read back; the sentence names the file, the row and the column."""


def export(store: Store, slug: str, folder: Path) -> list[Path]:
    """Writes participants.csv, stimuli.csv, answers.csv and codebook.md, all of one moment, over older ones;
    and those of `DOCUMENTS` that the study has.

    Returns:
        The files.

    Raises:
        UnknownStudy: if there is no such study.
        StoreError: if the folder cannot be written.
    """
    return write(store.dump(slug), folder)


def write(data: StudyData, folder: Path) -> list[Path]:
    """Writes the files of an export; see `export`.

    Raises:
        StoreError: if the folder cannot be written.
    """
    folder = Path(folder)
    paths = [folder / name for name in (*FILES, "codebook.md")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(paths[0], *_participants(data))
        _write(paths[1], [column.name for column in STIMULI],
               (_row(data.slug, STIMULI, row) for row in data.stimuli))
        scales = sorted({scale for row in data.answers for scale in row.get("scales") or ()})
        _write(paths[2], [column.name for column in ANSWERS] + [f"s_{scale}" for scale in scales],
               (_row(data.slug, ANSWERS, row) + _ratings(row, scales) for row in data.answers))
        meanings = {scale: data.scales.get(scale) for scale in scales}
        paths[3].write_text(codebook(data.slug, data.title, data.questions, meanings), encoding="utf-8",
                            newline="\n")
        for name in DOCUMENTS:
            (folder / name).unlink(missing_ok=True)
        for name, content in data.documents.items():
            paths.append(folder / name)
            paths[-1].write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        what = error.filename or folder
        raise StoreError(f"{what} cannot be written: {str(error.strerror).lower()}.") from error
    return paths


def _row(slug: str, columns: tuple[Column, ...], row: dict[str, object]) -> list[str]:
    values = {"study": slug, **row}
    return [cells.write(column, values[column.name]) for column in columns]


def _ratings(row: dict[str, object], scales: list[str]) -> list[str]:
    """The cells of an answer's further ratings."""
    given = row.get("scales") or {}
    return [cells.write(SCALE, given.get(scale)) for scale in scales]


def _participants(data: StudyData) -> tuple[list[str], Iterable[list[str]]]:
    extra = [key for key in data.questions if key not in _OWN_COLUMNS]

    def row(person: dict[str, object]) -> list[str]:
        replies = person["replies"]
        values = {"study": data.slug, **person, **{key: replies.get(key, (None,))[0] for key in _OWN_COLUMNS}}
        fixed = [cells.write(column, values[column.name]) for column in PARTICIPANTS]
        return fixed + [cells.write_reply(*replies[key]) if key in replies else "" for key in extra]

    header = [column.name for column in PARTICIPANTS] + [f"q_{key}" for key in extra]
    return header, map(row, data.participants)


def _write(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)


# --- the way back -------------------------------------------------------------------------------------------


def import_(store: Store, folder: Path, slug: str | None = None) -> str:
    """Reads the three files of a folder into the store, as a study that can be analysed but not taken.

    Args:
        store: where to.
        folder: with participants.csv, stimuli.csv and answers.csv, and perhaps those of `DOCUMENTS`;
            codebook.md is not needed, and study.json only kept, for its title and wording: what is imported
            cannot be taken.
        slug: a new name for the study; None keeps its own.

    Returns:
        The slug it is stored under.

    Raises:
        MalformedExport: if a file breaks a rule; nothing is imported.
        Conflict: if there is such a study already.
        StoreError: if simulated answers would get a real study's name, or real ones a simulated study's.
    """
    data = read(Path(folder))
    if slug is not None:
        if slug.startswith(SIMULATED) != data.slug.startswith(SIMULATED):
            raise StoreError(f"Simulated answers have a name that begins with '{SIMULATED}', and only they; "
                             f"those of '{data.slug}' may not become '{slug}'.")
        data = replace(data, slug=slug, title=slug if data.title == data.slug else data.title)
    store.load(data)
    return data.slug


def read(folder: Path) -> StudyData:
    """The content of a folder's three files, checked: every cell, unique ids, sound references, one study.

    Raises:
        MalformedExport: if a file breaks a rule.
    """
    tables = {name: _read(folder / name, columns) for name, columns in FILES.items()}
    slug = _slug(tables)
    header, people = tables["participants.csv"]
    questions = [name for name in _OWN_COLUMNS if any(person[name] for person in people)]
    questions += [name.removeprefix("q_") for name in header if name.startswith("q_")]
    for person in people:
        person["replies"] = _replies(person, questions)
    for name, key in (("participants.csv", "participant_id"), ("stimuli.csv", "stimulus_id"),
                      ("answers.csv", "answer_id")):
        _check_unique(name, key, tables[name][1])
    _check_references(tables)
    for _, rows in tables.values():
        for row in rows:
            row.pop("study")
    documents = _documents(folder)
    study = reread(documents.get("study.json"))
    own = study.in_language(study.language).questions() if study else ()
    asked = {question.id: question.text for question in own}
    return StudyData(slug, titled(study, slug), {key: asked.get(key) for key in questions}, people,
                     tables["stimuli.csv"][1], tables["answers.csv"][1], documents)


def titled(study: Study | None, slug: str) -> str:
    """The title of a study in its own language, of a simulated run marked so; the slug without a study."""
    if study is None:
        return slug
    title = say(study.title, study.language)
    return f"SIMULATED: {title}" if slug.startswith(SIMULATED) else title


def _documents(folder: Path) -> dict[str, str]:
    """The documents of a folder, as they are."""
    found = {}
    for path in (folder / name for name in DOCUMENTS):
        try:
            if path.is_file():
                found[path.name] = path.read_bytes().decode("utf-8")
                json.loads(found[path.name])
        except OSError as error:
            raise MalformedExport(f"{path} cannot be read: {str(error.strerror).lower()}.") from error
        except ValueError as error:  # not UTF-8, or not JSON
            raise MalformedExport(f"{path.name} is not JSON in UTF-8.") from error
    return found


def _read(path: Path, columns: tuple[Column, ...]) -> tuple[list[str], list[dict[str, object]]]:
    """The header and the rows of one file; the cells of `q_` columns stay as they are."""
    limit = csv.field_size_limit(_MAX_CELL)
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(path.name, header, columns)
            rows = []
            for number, row in enumerate(reader, start=2):
                if row:
                    rows.append(_values(path.name, number, header, columns, row))
            return header, rows
    except FileNotFoundError as error:
        raise MalformedExport(f"{path.name} is missing in {path.parent}.") from error
    except OSError as error:
        raise MalformedExport(f"{path} cannot be read: {str(error.strerror).lower()}.") from error
    except UnicodeDecodeError as error:
        raise MalformedExport(f"{path.name} is not UTF-8 text, somewhere after row {number}.") from error
    except csv.Error as error:
        raise MalformedExport(f"{path.name} is not valid CSV after row {number}: {error}.") from error
    finally:
        csv.field_size_limit(limit)


def _check_header(name: str, header: list[str], columns: tuple[Column, ...]) -> None:
    position = 0
    for column in columns:
        if header[position:position + 1] == [column.name]:
            position += 1
        elif not column.newer:
            got = f"is '{header[position]}'" if position < len(header) else "is missing"
            raise MalformedExport(f"{name}, row 1: column {position + 1} must be '{column.name}', but {got}.")
    prefix = FURTHER.get(name)
    for column in header[position:]:
        if prefix is None or not column.startswith(prefix) or column == prefix:
            raise MalformedExport(f"{name}, row 1: there is no column '{column}' in this file.")
        if header.count(column) > 1:
            raise MalformedExport(f"{name}, row 1: the column '{column}' is there twice.")
        if column.removeprefix("q_") in _OWN_COLUMNS:
            raise MalformedExport(f"{name}, row 1: '{column}' has a column of its own, without 'q_'.")


def _values(name: str, number: int, header: list[str], columns: tuple[Column, ...],
            row: list[str]) -> dict[str, object]:
    if len(row) != len(header):
        count = f"there must be {len(header)} cells, but there are {len(row)}"
        raise MalformedExport(f"{name}, row {number}: {count}.")
    values: dict[str, Value] = dict(zip(header, row, strict=True))

    def read(column: Column, key: str) -> Value:
        try:
            return cells.read(column, values.get(key, ""))
        except CellError as error:
            raise MalformedExport(f"{name}, row {number}, column '{key}': the cell {error}.") from error

    fixed = {column.name: read(column, column.name) for column in columns}
    if name == "answers.csv":
        ratings = {key.removeprefix("s_"): read(SCALE, key) for key in header if key not in fixed}
        given = {key: value for key, value in ratings.items() if value is not None}
        return {**fixed, "scales": given or None}
    values |= fixed
    for key in header:
        if key not in fixed and "\0" in values[key]:
            raise MalformedExport(
                f"{name}, row {number}, column '{key}': the cell must not contain a NUL character.")
    return values


def _replies(person: dict[str, object], questions: list[str]) -> dict[str, tuple[str, bool]]:
    """Takes the replies out of a participant's row."""
    own = {name: person.pop(name) for name in _OWN_COLUMNS}
    found = {name: (value, False) for name, value in own.items() if value is not None}
    for key in questions:
        if key not in _OWN_COLUMNS and (cell := person.pop(f"q_{key}")):
            found[key] = cells.read_reply(cell)
    return found


def _slug(tables: dict[str, tuple[list[str], list[dict[str, object]]]]) -> str:
    slug = None
    for name, (_, rows) in tables.items():
        for number, row in enumerate(rows, start=2):
            slug = slug or row["study"]
            if row["study"] != slug:
                raise MalformedExport(f"{name}, row {number}, column 'study': all rows must belong to one "
                                      f"study, '{slug}', but this one belongs to '{row['study']}'.")
    if slug is None:
        raise MalformedExport("The files have no rows, so there is no study to import.")
    return slug


def _check_unique(name: str, key: str, rows: list[dict[str, object]]) -> None:
    seen: dict[object, int] = {}
    for number, row in enumerate(rows, start=2):
        first = seen.setdefault(row[key], number)
        if first != number:
            raise MalformedExport(
                f"{name}, row {number}, column '{key}': '{row[key]}' is in row {first} already.")


def _check_references(tables: dict[str, tuple[list[str], list[dict[str, object]]]]) -> None:
    known = {"participants.csv": {row["participant_id"] for row in tables["participants.csv"][1]},
             "stimuli.csv": {row["stimulus_id"] for row in tables["stimuli.csv"][1]}}
    for number, row in enumerate(tables["answers.csv"][1], start=2):
        for key, file in (("participant_id", "participants.csv"), ("stimulus_a", "stimuli.csv"),
                          ("stimulus_b", "stimuli.csv")):
            if row[key] is not None and row[key] not in known[file]:
                where = f"answers.csv, row {number}, column '{key}'"
                raise MalformedExport(f"{where}: '{row[key]}' is not in {file}.")
