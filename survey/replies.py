"""What a payload may hold at each kind of step. Pure: checked values come out, or one sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from survey import mistakes
from survey.errors import InvalidAnswer
from survey.study import (
    RATING_MAX,
    RATING_MIN,
    ChoiceQuestion,
    NumberQuestion,
    Question,
    QuestionsSection,
    RatingsSection,
    ScaleQuestion,
    TrialSection,
)

MAX_TEXT = 2_000
_DAY_MS = 86_400_000
Model = TypeVar("Model", bound=BaseModel)


def clean(text: str) -> str | None:
    """Text as it is kept: no control characters, no blank ends, lines ended by a line feed; None if empty."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip() or None


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


# Cleaned before it is checked: pydantic would refuse half a surrogate pair, which a browser can send.
Comment = Annotated[Annotated[str, Field(max_length=MAX_TEXT)] | None, BeforeValidator(_cleaned)]
Reply = Annotated[str | int | float | None, BeforeValidator(_cleaned)]
Plays = Annotated[int, Field(ge=0, le=10_000)]
Rating = Annotated[int, Field(ge=RATING_MIN, le=RATING_MAX)]


class ConsentPayload(_Payload):
    """The consent itself."""

    agree: bool


class QuestionsPayload(_Payload):
    """Replies by question id."""

    replies: dict[str, Reply]


class CommentPayload(_Payload):
    """A comment on a section; nothing need be said."""

    comment: Comment = None
    response_ms: int | None = Field(default=None, ge=0, le=_DAY_MS)


class _TrialPayload(CommentPayload):
    plays_a: Plays
    recognised: bool | None = None


class PairPayload(_TrialPayload):
    """Which clips of a pair were made by AI."""

    choice: Literal["a", "b", "both", "neither", "dont_know"]
    plays_b: Plays


class RatingPayload(_TrialPayload):
    """A rating, with the AI tick where the section asks for it."""

    rating: Rating
    said_ai: bool | None = None


class OpenRatingPayload(_TrialPayload):
    """A rating of a clip that is known to be made by AI."""

    rating: Rating


_MODELS = {"pair": PairPayload, "rating": RatingPayload, "open_rating": OpenRatingPayload,
           "comment": CommentPayload}


def trial(kind: str, payload: Mapping[str, object], section: TrialSection) -> dict[str, object]:
    """The columns of answers.csv that a trial's or a comment's payload fills.

    Raises:
        InvalidAnswer: if it breaks a rule.
    """
    values = _checked(_MODELS[kind], payload).model_dump()
    if kind == "rating":
        asked = isinstance(section, RatingsSection) and section.ask_ai
        if asked and values["said_ai"] is None:
            raise InvalidAnswer("Please say whether this was made by AI: said_ai must be true or false.")
        if not asked and values["said_ai"] is not None:
            raise InvalidAnswer("This section does not ask who made a clip, so said_ai must be empty.")
    if values.get("recognised") is not None and not section.ask_recognised:
        raise InvalidAnswer("This section does not ask for known pieces, so recognised must be empty.")
    for slot in ("a", "b"):
        played = values.get(f"plays_{slot}")
        if played is not None and played < section.min_plays:
            raise InvalidAnswer(f"Please listen first: {_clip(kind, slot)} was played {played} times, "
                                f"but must be played at least {section.min_plays} times.")
    return values


def not_served(kind: str, slot: str) -> InvalidAnswer:
    """The refusal of an answer to a clip that was never asked for, whatever the page counted."""
    return InvalidAnswer(f"Please listen first: {_clip(kind, slot)} has not been played.")


def _clip(kind: str, slot: str) -> str:
    return f"clip {slot.upper()}" if kind == "pair" else "the clip"


def consent(payload: Mapping[str, object]) -> None:
    """Checks the payload of a consent step.

    Raises:
        InvalidAnswer: if the participant does not agree.
    """
    if not _checked(ConsentPayload, payload).agree:
        raise InvalidAnswer("Without your consent the study cannot go on; you may close this page.")


def questions(payload: Mapping[str, object], section: QuestionsSection) -> dict[str, tuple[str, bool]]:
    """The replies to a section's questions: (text, is a number) by question id, without those left empty.

    Raises:
        InvalidAnswer: if a reply is missing, unknown or out of range.
    """
    given = dict(_checked(QuestionsPayload, payload).replies)
    kept = {}
    for question in section.questions:
        value = given.pop(question.id, None)
        if value is None:
            if not question.optional:
                raise InvalidAnswer(f"The question '{question.text}' needs an answer.")
            continue
        kept[question.id] = (_reply(question, value), not isinstance(value, str))
    if given:
        raise InvalidAnswer(f"There is no question {mistakes.shown(next(iter(given)))} on this page.")
    return kept


def _reply(question: Question, value: str | int | float) -> str:
    """One reply as the text that is stored."""
    received = f"but the answer to '{question.text}' was {mistakes.shown(value)}"
    if isinstance(question, ChoiceQuestion):
        if value not in question.options:
            raise InvalidAnswer(f"Please choose one of {', '.join(question.options)}; {received}.")
        return value
    if isinstance(question, ScaleQuestion):
        if not isinstance(value, int) or not 1 <= value <= question.points:
            raise InvalidAnswer(f"Please choose a whole number from 1 to {question.points}; {received}.")
        return str(value)
    if isinstance(question, NumberQuestion):
        if isinstance(value, str) or not question.minimum <= value <= question.maximum:
            raise InvalidAnswer(
                f"Please give a number from {question.minimum:g} to {question.maximum:g}; {received}.")
        return str(int(value)) if value == int(value) else repr(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidAnswer(f"Please write at most {MAX_TEXT:,} characters; {received}.")
    return value


def _checked(model: type[Model], payload: Mapping[str, object]) -> Model:
    if not isinstance(payload, Mapping):
        raise InvalidAnswer(f"An answer must be a mapping of fields, but is {mistakes.shown(payload)}.")
    try:
        return model.model_validate(dict(payload))
    except ValidationError as error:
        location, what = mistakes.sentences(error)[0]
        raise InvalidAnswer(f"The answer's '{mistakes.path(location)}' {what}.") from error
