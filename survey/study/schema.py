"""What every part of a study file is made of: strict fields, names, and texts in one language or several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")]
Place = tuple[int | str, ...]
Part = TypeVar("Part")


class Strict(BaseModel):
    """A part of a study file: unknown fields are mistakes, and '5' is not 5."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Translated(RootModel[dict[Language, str]]):
    """A text by language."""

    model_config = ConfigDict(strict=True, frozen=True)
    root: dict[Language, str] = Field(min_length=1)


class TranslatedText(_Translated):
    """A text of at most 10,000 characters by language."""

    root: dict[Language, Annotated[str, Field(min_length=1, max_length=10_000)]] = Field(min_length=1)


class TranslatedLabel(_Translated):
    """A label of at most 200 characters by language."""

    root: dict[Language, Annotated[str, Field(min_length=1, max_length=200)]] = Field(min_length=1)


FORMS = ("plain", "by language")        # of a text


def _form(value: object) -> str:
    return FORMS[isinstance(value, dict | _Translated)]


_Plain, _ByLanguage, _Form = Tag(FORMS[0]), Tag(FORMS[1]), Discriminator(_form)
Text = Annotated[Annotated[str, Field(min_length=1, max_length=10_000), _Plain]
                 | Annotated[TranslatedText, _ByLanguage], _Form]
Prose = Annotated[Annotated[str, Field(max_length=10_000), _Plain]
                  | Annotated[TranslatedText, _ByLanguage], _Form]      # may be empty
Label = Annotated[Annotated[str, Field(min_length=1, max_length=200), _Plain]
                  | Annotated[TranslatedLabel, _ByLanguage], _Form]


def say(text: str | TranslatedText | TranslatedLabel, language: str) -> str:
    """A text in a language; in the first that it has, which is the study's, where it lacks this one."""
    if isinstance(text, str):
        return text
    return text.root.get(language) or next(iter(text.root.values()))


def spoken(part: Part, language: str) -> Part:
    """The same part of a study, with every text a plain string in one language."""
    if isinstance(part, _Translated):
        return say(part, language)
    if isinstance(part, BaseModel):
        return part.model_copy(update={name: spoken(value, language) for name, value in part})
    if isinstance(part, dict):
        return {key: spoken(value, language) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(spoken(value, language) for value in part)
    return part


def translations(part: Any, at: Place = ()) -> Iterator[tuple[Place, set[str]]]:
    """Every text that is given by language: its place below `part`, and its languages.

    A place is pydantic's: after its index in a list, the `kind` of a part comes before its fields.
    """
    if isinstance(part, _Translated):
        yield at, set(part.root)
    elif isinstance(part, BaseModel):
        kind = (part.kind,) if at and isinstance(at[-1], int) and hasattr(part, "kind") else ()
        for name, value in part:
            yield from translations(value, (*at, *kind, name))
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from translations(value, (*at, key))
    elif isinstance(part, list | tuple):
        for number, value in enumerate(part):
            yield from translations(value, (*at, number))
