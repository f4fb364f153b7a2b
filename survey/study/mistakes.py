"""Pydantic's errors as sentences for people: where, the rule, and what was received."""

from __future__ import annotations

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_SUBJECT = re.compile(r"^(Input|String|List|Dictionary|Tuple|Value|Number|Data)( should| must)")
_FOLLOWS = "default_factory_not_called"  # no mistake of its own: it follows from another field's
_SHOWN = 60  # characters of a received value that are worth repeating


def sentences(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """One (location, sentence) for every mistake; a location is a path of field names and list indices."""
    return [(mistake["loc"] + tuple(mistake.get("ctx", {}).get("at", ())), _sentence(mistake))
            for mistake in error.errors(include_url=False) if mistake["type"] != _FOLLOWS]


def placed(message: str, at: tuple[int | str, ...]) -> PydanticCustomError:
    """A mistake that a validator found somewhere below the part it validates."""
    return PydanticCustomError("placed", "{message}", {"message": message, "at": at})


def path(location: tuple[int | str, ...]) -> str:
    """`('sections', 1, 'title')` as `sections[1].title`; the empty location as `the study`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".")


def _sentence(mistake: ErrorDetails) -> str:
    kind, message, received = mistake["type"], mistake["msg"], mistake.get("input")
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not a known field"
        case "placed":
            return message
        case "value_error":
            return f"is refused: {mistake['ctx']['error']}"
        case "union_tag_not_found":
            return "needs a 'kind'"
        case "union_tag_invalid":
            context = mistake["ctx"]
            return f"has the unknown kind '{context['tag']}'; known kinds are {context['expected_tags']}"
    return f"{_SUBJECT.sub('must', message)}, but is {shown(received)}"


def shown(value: object) -> str:
    """A received value, short enough for a sentence."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
