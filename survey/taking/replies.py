"""What a payload may hold at each kind of step. Pure: checked values come out, or one sentence.

Sections are given in the participant's language (`Study.in_language`), so that sentences can name questions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from survey.design import Step
from survey.errors import InvalidAnswer
from survey.study import (
    RATING_MAX,
    RATING_MIN,
    ChoiceQuestion,
    NumberQuestion,
    OpenRatingsSection,
    Question,
    QuestionsSection,
    RatingsSection,
    ScaleQuestion,
    Section,
    mistakes,
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
Starts = Plays | None
Seconds = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Rating = Annotated[int, Field(ge=RATING_MIN, le=RATING_MAX)]
Choice = Literal["a", "b", "both", "neither", "dont_know"]


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


class SoundCheckPayload(_Payload):
    """How many notes were counted."""

    count: int = Field(ge=0, le=1_000)
    plays_a: Plays
    starts_a: Starts = None
    heard_a_s: Seconds | None = None
    response_ms: int | None = Field(default=None, ge=0, le=_DAY_MS)


class _TrialPayload(CommentPayload):
    plays_a: Plays
    starts_a: Starts = None
    heard_a_s: Seconds | None = None
    recognised: bool | None = None


class PairPayload(_TrialPayload):
    """Which clips of a pair were made by AI, or are preferred."""

    choice: Choice
    plays_b: Plays
    starts_b: Starts = None
    heard_b_s: Seconds | None = None


class AttentionPayload(CommentPayload):
    """What was chosen where a page says what to choose."""

    choice: Choice


class OpenRatingPayload(_TrialPayload):
    """A rating of a clip that is known to be made by AI, and further ones by scale."""

    rating: Rating
    scales: dict[str, Rating] = Field(default={}, max_length=20)


class RatingPayload(OpenRatingPayload):
    """A rating, with the AI tick where the section asks for it."""

    said_ai: bool | None = None


_MODELS = {"pair": PairPayload, "preference": PairPayload, "practice_pair": PairPayload,
           "rating": RatingPayload, "practice_rating": RatingPayload, "open_rating": OpenRatingPayload,
           "attention": AttentionPayload, "comment": CommentPayload}


def trial(step: Step, payload: Mapping[str, object], section: Section) -> dict[str, object]:
    """The columns of answers.csv that a trial's or a comment's payload fills. Whether the clips were heard is
    for `model.heard` to say.

    Raises:
        InvalidAnswer: if it breaks a rule.
    """
    values = _checked(_MODELS[step.kind], payload).model_dump()
    _check_starts(values)
    if "said_ai" in values:
        asked = section.ask_ai and step.label is None
        if asked and values["said_ai"] is None:
            raise InvalidAnswer("Please say whether this was made by AI: said_ai must be true or false.")
        if not asked and values["said_ai"] is not None:
            raise InvalidAnswer("This section does not ask who made a clip, so said_ai must be empty.")
    if "scales" in values:
        values["scales"] = _scales(values["scales"], section)
    if values.get("recognised") is not None and not section.ask_recognised:
        raise InvalidAnswer("This section does not ask for known pieces, so recognised must be empty.")
    return values


def _check_starts(values: Mapping[str, object]) -> None:
    for slot in "ab":
        plays, starts = values.get(f"plays_{slot}"), values.get(f"starts_{slot}")
        if starts is not None and starts < plays:
            raise InvalidAnswer(f"Every play begins with a start, so starts_{slot} must be at least {plays}, "
                                f"but is {starts}.")


def _scales(given: dict[str, int], section: RatingsSection | OpenRatingsSection) -> dict[str, int]:
    """The further ratings, in the order of the section's scales."""
    for scale in section.scales:
        if scale.id not in given:
            raise InvalidAnswer(f"The question '{scale.question}' needs an answer.", "missing",
                                question=scale.question)
    kept = {scale.id: given.pop(scale.id) for scale in section.scales}
    if given:
        raise InvalidAnswer(f"There is no scale {mistakes.shown(next(iter(given)))} on this page.")
    return kept


def sound_check(payload: Mapping[str, object], notes: int) -> dict[str, object]:
    """The payload of a sound check, if the count is right.

    Raises:
        InvalidAnswer: if it is not, or breaks a rule.
    """
    values = _checked(SoundCheckPayload, payload).model_dump()
    if values["count"] != notes:
        raise InvalidAnswer("That was not the number of notes; please check your sound and listen again.",
                            "count")
    return values


def consent(payload: Mapping[str, object]) -> None:
    """Checks the payload of a consent step.

    Raises:
        InvalidAnswer: if the participant does not agree.
    """
    if not _checked(ConsentPayload, payload).agree:
        raise InvalidAnswer("Without your consent the study cannot go on; you may close this page.",
                            "consent")


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
                raise InvalidAnswer(f"The question '{question.text}' needs an answer.", "missing",
                                    question=question.text)
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
            raise InvalidAnswer(f"Please choose one of {', '.join(question.options)}; {received}.", "choose",
                                question=question.text)
        return value
    if isinstance(question, ScaleQuestion):
        if not isinstance(value, int) or not 1 <= value <= question.points:
            raise InvalidAnswer(f"Please choose a whole number from 1 to {question.points}; {received}.",
                                "number", question=question.text, minimum=1, maximum=question.points)
        return str(value)
    if isinstance(question, NumberQuestion):
        if isinstance(value, str) or not question.minimum <= value <= question.maximum:
            low, high = f"{question.minimum:.15g}", f"{question.maximum:.15g}"
            raise InvalidAnswer(f"Please give a number from {low} to {high}; {received}.", "number",
                                question=question.text, minimum=low, maximum=high)
        return str(int(value)) if value == int(value) else repr(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidAnswer(f"Please write at most {MAX_TEXT:,} characters; {received}.", "long",
                            limit=MAX_TEXT)
    return value


def _checked(model: type[Model], payload: Mapping[str, object]) -> Model:
    if not isinstance(payload, Mapping):
        raise InvalidAnswer(f"An answer must be a mapping of fields, but is {mistakes.shown(payload)}.")
    try:
        return model.model_validate(dict(payload))
    except ValidationError as error:
        location, what = mistakes.sentences(error)[0]
        raise InvalidAnswer(f"The answer's '{mistakes.path(location)}' {what}.") from error
