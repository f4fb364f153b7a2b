"""One cell of an export file: a value as text, and back. Pure.

A spreadsheet would run a text that begins with `=`, `+`, `-`, `@`, TAB or CR as a formula, so such a text
gets a `'` in front, which is taken off on import. A text that itself begins with `'` before one of these gets
one more, so that the way back is unambiguous.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from survey.export.columns import KINDS, Column

_NEEDS_PREFIX = re.compile(r"'*[=+\-@\t\r]")
_HAS_PREFIX = re.compile(r"'+[=+\-@\t\r]")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

Value = str | int | float | bool | datetime | None


class CellError(ValueError):
    """A cell breaks its column's rule; the message is the end of a sentence whose subject is the cell."""


def write(column: Column, value: Value) -> str:
    """The cell of a value; empty for None."""
    if value is None:
        return ""
    match column.kind:
        case "boolean":
            return "true" if value else "false"
        case "time":
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case "number":
            return repr(float(value) + 0.0)  # -0.0 becomes 0.0: SQLite does not know the difference
        case "integer":
            return str(int(value))
    return guard(str(value))


def guard(text: str) -> str:
    """A text that no spreadsheet runs."""
    return f"'{text}" if _NEEDS_PREFIX.match(text) else text


def unguard(cell: str) -> str:
    """The text that `guard` was given."""
    return cell[1:] if _HAS_PREFIX.match(cell) else cell


def write_reply(value: str, is_number: bool) -> str:
    """The cell of a reply to a question; a negative number is no formula."""
    return value if is_number else guard(value)


def read_reply(cell: str) -> tuple[str, bool]:
    """The reply in a cell: (text, is a number)."""
    number = bool(_NUMBER.fullmatch(cell))
    return (cell, True) if number else (unguard(cell), False)


def read(column: Column, cell: str) -> Value:
    """The value in a cell; None for an empty one.

    Raises:
        CellError: if the cell breaks the column's rule.
    """
    if not cell:
        if column.required:
            raise CellError("must not be empty")
        return None
    if column.kind == "text":
        return _one_of(column, unguard(cell))
    if column.kind == "time":
        return _time(cell)
    if column.kind == "boolean":
        if cell not in ("true", "false"):
            raise CellError(f"must be true or false, but is {cell[:40]!r}")
        return cell == "true"
    return _number(column, cell)


def _one_of(column: Column, text: str) -> str:
    if "\0" in text:
        raise CellError("must not contain a NUL character")
    if column.values and text not in column.values:
        raise CellError(f"must be one of {', '.join(column.values)}, but is {text[:40]!r}")
    return text


def _number(column: Column, cell: str) -> int | float:
    pattern = _INTEGER if column.kind == "integer" else _NUMBER
    value = (int if column.kind == "integer" else float)(cell) if pattern.fullmatch(cell) else None
    if value is None or not math.isfinite(value):
        raise CellError(f"must be a {KINDS[column.kind]}, but is {cell[:40]!r}")
    if (column.low is not None and value < column.low) or (column.high is not None and value > column.high):
        bounds = f"at least {column.low}" if column.high is None else f"from {column.low} to {column.high}"
        raise CellError(f"must be {bounds}, but is {cell}")
    return value


def _time(cell: str) -> datetime:
    try:
        moment = datetime.fromisoformat(cell)
        if moment.tzinfo is None:
            raise CellError(f"must say its time zone, as in 2026-01-31T12:00:00Z, but is {cell[:40]!r}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, CellError):
            raise
        raise CellError(f"must be a time such as 2026-01-31T12:00:00Z, but is {cell[:40]!r}") from error
