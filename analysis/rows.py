"""A number of the report as a row of text: what it is, its value, its interval, n and method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One number, as text. ``n`` says of what there are how many; ``method`` is a key of numbers.METHODS."""

    quantity: str
    value: str
    interval: str
    n: str
    method: str


def number(value: float | None) -> str:
    """0.617 -> 0.62, with a minus sign as type sets it; an en dash for nothing."""
    # + 0.0: never '-0.00'
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def span(interval: Sequence[float] | None, form: Callable[[float], str] = number) -> str:
    """An interval in the words of ``form``; nothing for none."""
    return "" if interval is None else f"{form(interval[0])} to {form(interval[1])}"


def people(part: dict[str, Any]) -> str:
    """1 person, 12 people."""
    return "1 person" if part["n_participants"] == 1 else f"{part['n_participants']} people"
