"""The schema of a study file: what a researcher may declare, and every rule that can be checked without
music.

A study file is YAML. It declares sections and, inside them, how many pairs or rated clips of which kind there
are; it lists no clip. `survey.design` derives the clips and everybody's sequence from it. Text is shown as
written, in one language or in several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from survey.study.mistakes import placed
from survey.study.questions import LEVELS, ChoiceQuestion, Question
from survey.study.schema import Identifier, Label, Language, Strict, Text, spoken, translations
from survey.study.sections import QuestionsSection, RatingScale, Section
from survey.study.settings import ClipRules

CHOICES = ("a", "b", "both", "neither", "dont_know")  # clips of a pair: made by AI, or preferred
RATING_MIN, RATING_MAX = 1, 5
SIMULATED = "simulated-"  # what a made-up run of a study is called

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]
Quota = Annotated[int, Field(ge=1, le=1_000_000)]


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise placed(f"must be a date such as 2027-01-31, but is '{value[:20]}'", ()) from None


Day = Annotated[date, BeforeValidator(_day)]


class Stop(Strict):
    """When a study takes nobody new: at a number of participants, or after a day (UTC)."""

    participants: int | None = Field(default=None, ge=1, le=1_000_000)
    date: Day | None = None


class Completion(Strict):
    """What whoever finished is shown, to prove it where they came from."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s\"'<>]+$", max_length=500)] | None = None


class Study(Strict):
    """A whole study file.

    `seed` decides prompts, clips' seeds, orders and sides; `minutes` is announced. Every text exists in each
    of `languages`. `quotas` limit how many people with an answer to a question take part. `parameters` of the
    link that somebody came by are kept. `margin` is how far from 1/2 an accuracy may be and yet count as
    equivalent to guessing. `debrief` shows everybody at the end what was what.
    """

    slug: Slug
    title: Label
    summary: Text
    language: Language = "en"
    languages: Annotated[list[Language], Field(min_length=1, max_length=20)] = Field(
        default_factory=lambda given: [given.get("language", "en")])
    minutes: int = Field(ge=1, le=240)
    seed: int = Field(ge=0, lt=2**31)
    clips: ClipRules
    sections: list[Section] = Field(min_length=1)
    stop: Stop = Stop()
    quotas: dict[Identifier, dict[str, Quota]] = Field(default={})
    access: Literal["open", "invitation"] = "open"
    parameters: Annotated[list[Parameter], Field(max_length=20)] = Field(default=[])
    completion: Completion | None = None
    margin: float = Field(default=0.1, gt=0, lt=0.5)
    debrief: bool = False

    @model_validator(mode="after")
    def _sections_fit(self) -> Study:
        last = len(self.sections) - 1
        if not last and self.sections[0].kind == "thanks":
            raise placed("must hold something beside the thanks", ("sections",))
        for number, section in enumerate(self.sections):
            if number == last and section.kind != "thanks":
                raise placed(f"is the last section, so its kind must be 'thanks', but is '{section.kind}'",
                             ("sections", number))
            if number < last and section.kind == "thanks":
                raise placed("has the kind 'thanks', which only the last section may have",
                             ("sections", number))
            if number and section.kind == "consent":
                raise placed("has the kind 'consent', which only the first section may have",
                             ("sections", number))
            if "false" in getattr(section, "labels", ()) and not self.debrief:
                raise placed("holds 'false', which has to be put right at the end: set `debrief: true`",
                             ("sections", number, "ratings", "labels"))
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Study:
        if self.slug.startswith(SIMULATED):
            raise placed(f"may not begin with '{SIMULATED}', which marks what `simulate` wrote", ("slug",))
        # The places are pydantic's: after its index, a section's kind comes before its fields.
        _check_unique({("sections", n, one.kind, "id"): one.id for n, one in enumerate(self.sections)})
        asked = {("sections", number, section.kind, "questions", position, question.kind): question
                 for number, section in enumerate(self.sections) if isinstance(section, QuestionsSection)
                 for position, question in enumerate(section.questions)}
        named = {(*where, "id"): question.id for where, question in asked.items()}
        _check_unique(named | {("parameters", n): name for n, name in enumerate(self.parameters)})
        for where, question in asked.items():
            _check_reserved(question, where)
        for name in self.parameters:
            if name in ("musician", "level"):
                raise placed(f"'{name}' is the name of a question", ("parameters",))
            if name in ("lang", "invitation"):
                raise placed(f"'{name}' is what the page itself reads from the link", ("parameters",))
        return self

    @model_validator(mode="after")
    def _scales_fit(self) -> Study:
        """A scale that several sections ask is one column of the export, so it must be one scale."""
        known: dict[str, RatingScale] = {}
        for number, section in enumerate(self.sections):
            for place, scale in enumerate(getattr(section, "scales", ())):
                if known.setdefault(scale.id, scale) != scale:
                    raise placed(f"'{scale.id}' is another scale in a section before; both would be the "
                                 f"column s_{scale.id}, so it needs another id",
                                 ("sections", number, section.kind, "scales", place, "id"))
        return self

    @model_validator(mode="after")
    def _quotas_fit(self) -> Study:
        questions = {question.id: question for question in self.questions()}
        for name, quotas in self.quotas.items():
            question = questions.get(name)
            if not isinstance(question, ChoiceQuestion):
                raise placed(f"must name a choice question of the study, but is '{name}'", ("quotas", name))
            for value in quotas:
                if value not in question.options:
                    raise placed(f"is no answer to '{name}'; its answers are: {', '.join(question.options)}",
                                 ("quotas", name, value))
        return self

    @model_validator(mode="after")
    def _languages_fit(self) -> Study:
        if self.language not in self.languages:
            raise placed(f"must hold the study's own language, '{self.language}'", ("languages",))
        if len(set(self.languages)) < len(self.languages):
            raise placed("must be different languages", ("languages",))
        for where, found in translations(self):
            for language in self.languages:
                if language not in found:
                    raise placed(f"has no text in '{language}'", where)
        return self

    def questions(self) -> list[Question]:
        """Every question of the study, in the order of the file."""
        pages = [section for section in self.sections if isinstance(section, QuestionsSection)]
        return [question for page in pages for question in page.questions]

    def section(self, section_id: str) -> Section:
        """The section with this id.

        Raises:
            KeyError: if there is none.
        """
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(section_id)

    def in_language(self, language: str) -> Study:
        """The same study with every text a plain string."""
        return spoken(self, language)

    def offered(self, wanted: str | None) -> str:
        """The study's language that comes nearest to a wanted one (BCP 47): the same tag, else another of the
        same language, else the study's own."""
        def primary(tag: str) -> str:
            return tag.lower().split("-")[0]

        same = [tag for tag in self.languages if wanted and tag.lower() == wanted.lower()]
        near = [tag for tag in self.languages if wanted and primary(tag) == primary(wanted)]
        return next(iter([*same, *near, self.language]))


def reread(text: str | None) -> Study | None:
    """The study of a study.json, a simulated run's under the name of the real one; None where it is none that
    this version of the program understands."""
    try:
        content = json.loads(text or "")
        content["slug"] = content["slug"].removeprefix(SIMULATED)
        return Study.model_validate_json(json.dumps(content))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _check_unique(ids: Mapping[tuple[int | str, ...], str]) -> None:
    seen = set()
    for where, name in ids.items():
        if name in seen:
            raise placed(f"'{name}' is used before, but must be unique in the study", where)
        seen.add(name)


def _check_reserved(question: Question, where: tuple[int | str, ...]) -> None:
    """`musician` and `level` fill export columns whose values are fixed."""
    allowed = {"musician": ("yes", "no"), "level": LEVELS}.get(question.id)
    if allowed is None:
        return
    values = tuple(question.options) if isinstance(question, ChoiceQuestion) else ()
    if not values or not set(values) <= set(allowed):
        raise placed(f"(question '{question.id}') must be a choice among: {', '.join(allowed)}", where)
