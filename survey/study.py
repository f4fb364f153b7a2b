"""The schema of a study file: what a researcher may declare, and every rule that can be checked without
music.

A study file is YAML. It declares sections and, inside them, how many pairs or rated clips of which kind there
are; it lists no clip. `survey.design` derives the clips and everybody's sequence from it. Text is shown as
written. Reading a file and pointing at its mistakes is `survey.study_file`.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from survey.mistakes import placed

CHOICES = ("a", "b", "both", "neither", "dont_know")  # which clips of a pair were made by AI
LEVELS = ("none", "beginner", "intermediate", "advanced", "expert")
RATING_MIN, RATING_MAX = 1, 5

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Label = Annotated[str, Field(min_length=1, max_length=200)]

Temperature = Annotated[float, Field(ge=0.05, le=2)]
TopK = Annotated[int, Field(ge=0, le=200)]
TopP = Annotated[float, Field(ge=0.05, le=1)]
Ngram = Annotated[int, Field(ge=0, le=32)]


class Strict(BaseModel):
    """A part of a study file: unknown fields are mistakes, and '5' is not 5."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# --- clips --------------------------------------------------------------------------------------------------


class ClipRules(Strict):
    """What all clips of the study have in common.

    A piece's first `prompt_bars` bars are the prompt. A clip starts `lead_bars` bars before the prompt's end
    (0: the continuation alone is heard) and lasts exactly `seconds`, whoever wrote the continuation.
    """

    seconds: float = Field(ge=3, le=120)
    prompt_bars: int = Field(ge=1, le=64)
    lead_bars: int = Field(default=0, ge=0, le=64)

    @model_validator(mode="after")
    def _lead_within_prompt(self) -> ClipRules:
        if self.lead_bars > self.prompt_bars:
            raise ValueError(f"lead_bars ({self.lead_bars}) may not exceed prompt_bars ({self.prompt_bars})")
        return self


class ClipSettings(Strict):
    """How the machine samples a clip; the same names and ranges as `model.Settings`."""

    temperature: Temperature = 1.0
    top_k: TopK = 0
    top_p: TopP = 0.95
    no_repeat_ngram: Ngram = 0


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_Listed = (BeforeValidator(_listed), Field(min_length=1, max_length=20))


class SettingsGrid(Strict):
    """Sampling settings in which every value may be a list: all combinations are meant."""

    temperature: Annotated[list[Temperature], *_Listed] = [1.0]
    top_k: Annotated[list[TopK], *_Listed] = [0]
    top_p: Annotated[list[TopP], *_Listed] = [0.95]
    no_repeat_ngram: Annotated[list[Ngram], *_Listed] = [0]

    def combinations(self) -> list[ClipSettings]:
        """Every combination, the last named value varying fastest."""
        names = list(ClipSettings.model_fields)
        values = [getattr(self, name) for name in names]
        return [ClipSettings(**dict(zip(names, one, strict=True))) for one in product(*values)]


class RatedSettings(SettingsGrid):
    """Settings that are heard on the first `prompts` prompts of their section, always with another seed."""

    prompts: int = Field(default=1, ge=1, le=50)


# --- questions ----------------------------------------------------------------------------------------------


class _Question(Strict):
    """What all questions have. `musician` and `level` have own export columns; others get `q_<id>`."""

    id: Identifier
    text: Text
    optional: bool = False


class ChoiceQuestion(_Question):
    """One of several answers; `options` maps the value that is stored to the label that is shown."""

    kind: Literal["choice"]
    options: dict[Annotated[str, Field(min_length=1, max_length=100)], Label] = Field(min_length=2)


class NumberQuestion(_Question):
    """A number between `minimum` and `maximum`, both allowed."""

    kind: Literal["number"]
    minimum: float
    maximum: float

    @model_validator(mode="after")
    def _ordered(self) -> NumberQuestion:
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) must be below maximum ({self.maximum:g})")
        return self


class ScaleQuestion(_Question):
    """A whole number from 1 to `points`, with a label at either end."""

    kind: Literal["scale"]
    points: int = Field(default=7, ge=2, le=11)
    low: Label
    high: Label


class TextQuestion(_Question):
    """Free text of at most 2,000 characters."""

    kind: Literal["text"]


Question = Annotated[
    ChoiceQuestion | NumberQuestion | ScaleQuestion | TextQuestion, Field(discriminator="kind")
]

# --- sections -----------------------------------------------------------------------------------------------


class _Section(Strict):
    """What all sections have: an id, unique in the study, a heading, and a text that is shown above."""

    id: Identifier
    title: Label
    text: Annotated[str, Field(max_length=10_000)] = ""


class ConsentSection(_Section):
    """Shown first; nobody goes on without agreeing. `text` is the consent text."""

    kind: Literal["consent"]


class QuestionsSection(_Section):
    """One page of questions about the participant."""

    kind: Literal["questions"]
    questions: list[Question] = Field(min_length=1)


class _TrialSection(_Section):
    """What all sections with clips have.

    `order` is `shuffled` (per participant, every trial equally often at every position) or `fixed` (one
    order, drawn once from the study's seed). Each clip must have been played `min_plays` times before an
    answer is accepted. `ask_recognised` adds 'I know this piece'. `comment` is a question that closes the
    section with free text.
    """

    question: Label
    order: Literal["shuffled", "fixed"] = "shuffled"
    min_plays: int = Field(default=1, ge=0, le=5)
    ask_recognised: bool = False
    comment: Label | None = None


class PairCounts(Strict):
    """How many pairs of each kind. In `ai_a` and `ai_b` the side of the AI clip is fixed, in `one_ai` it is
    counterbalanced over participants; `both_ai` and `both_human` are catch pairs."""

    one_ai: int = Field(default=0, ge=0, le=100)
    ai_a: int = Field(default=0, ge=0, le=100)
    ai_b: int = Field(default=0, ge=0, le=100)
    both_ai: int = Field(default=0, ge=0, le=100)
    both_human: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _some(self) -> PairCounts:
        if not sum(self.model_dump().values()):
            raise ValueError("there must be at least one pair")
        return self


class PairsSection(_TrialSection):
    """A/B pairs with the five answers of `CHOICES`.

    `prompts: same` compares continuations of one prompt, `free` takes another prompt for every clip. Several
    `settings` are dealt to the pairs in turn.
    """

    kind: Literal["pairs"]
    pairs: PairCounts
    prompts: Literal["same", "free"]
    settings: list[SettingsGrid] = Field(min_length=1)


class _RatedSection(_TrialSection):
    """Clips rated from 1 (`low`) to 5 (`high`)."""

    low: Label
    high: Label
    settings: list[RatedSettings] = Field(min_length=1)


class RatingsSection(_RatedSection):
    """Blind ratings. `human` adds the human's own continuation of every prompt; `ask_ai` the AI tick."""

    kind: Literal["ratings"]
    human: bool = False
    ask_ai: bool = True


class OpenRatingsSection(_RatedSection):
    """Ratings of clips that the participant is told were made by AI."""

    kind: Literal["open_ratings"]


class ThanksSection(_Section):
    """Shown last, when everything is answered."""

    kind: Literal["thanks"]


TrialSection = PairsSection | RatingsSection | OpenRatingsSection
Section = Annotated[
    ConsentSection | QuestionsSection | PairsSection | RatingsSection | OpenRatingsSection | ThanksSection,
    Field(discriminator="kind"),
]


class Study(Strict):
    """A whole study file. `seed` decides prompts, clips' seeds, orders and sides; `minutes` is announced."""

    slug: Slug
    title: Label
    summary: Text
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    minutes: int = Field(ge=1, le=240)
    seed: int = Field(ge=0, lt=2**31)
    clips: ClipRules
    sections: list[Section] = Field(min_length=1)

    @model_validator(mode="after")
    def _sections_fit(self) -> Study:
        last = len(self.sections) - 1
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
        # The places are pydantic's: after its index, a section's kind comes before its fields.
        _check_unique({("sections", n, one.kind, "id"): one.id for n, one in enumerate(self.sections)})
        asked = {("sections", number, section.kind, "questions", position, question.kind): question
                 for number, section in enumerate(self.sections) if isinstance(section, QuestionsSection)
                 for position, question in enumerate(section.questions)}
        _check_unique({(*where, "id"): question.id for where, question in asked.items()})
        for where, question in asked.items():
            _check_reserved(question, where)
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


def _check_unique(ids: dict[tuple[int | str, ...], str]) -> None:
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
