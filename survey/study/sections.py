"""The sections of a study file: what a participant is led through, page by page."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from survey.study.mistakes import placed
from survey.study.questions import Question, block, blocks
from survey.study.schema import Identifier, Label, Prose, Strict
from survey.study.settings import ClipSettings, RatedSettings, SettingsGrid

Told = Literal["blind", "true", "false"]
Count = Annotated[int, Field(ge=0, le=100)]


class _Section(Strict):
    """What all sections have: an id, unique in the study, a heading, and a text that is shown above."""

    id: Identifier
    title: Label
    text: Prose = ""


class ConsentSection(_Section):
    """Shown first; nobody goes on without agreeing. `text` is the consent text."""

    kind: Literal["consent"]


class QuestionsSection(_Section):
    """One page of questions about the participant: listed, or a ready `block` of them by name.

    A block is replaced by its questions on reading, so that a kept study says itself what it asked.
    """

    kind: Literal["questions"]
    questions: list[Question] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "block" not in data:
            return data
        if "questions" in data:
            raise placed("is given beside questions, but there may be only one of them", ("block",))
        if data["block"] not in blocks():
            raise placed(f"is not known; the blocks are: {', '.join(blocks())}", ("block",))
        rest = {name: value for name, value in data.items() if name != "block"}
        return {**rest, "questions": block(data["block"])}


class SoundCheckSection(_Section):
    """A page that plays a few notes and goes on when they are counted right. The page has its own question,
    unless `question` is given."""

    kind: Literal["sound_check"]
    question: Label | None = None


class _TrialSection(_Section):
    """What all sections with clips have.

    `order` is `shuffled` (per participant, every trial equally often at every position) or `fixed` (one
    order, drawn once from the study's seed). Each clip must have been played `min_plays` times before an
    answer is accepted. Everybody hears `per_participant` of the trials, or all. `ask_recognised` adds 'I know
    this piece'. `comment` is a question that closes the section with free text.
    """

    question: Label
    order: Literal["shuffled", "fixed"] = "shuffled"
    min_plays: int = Field(default=1, ge=0, le=5)
    per_participant: int | None = Field(default=None, ge=1, le=500)
    ask_recognised: bool = False
    comment: Label | None = None


class PairCounts(Strict):
    """How many pairs of each kind.

    In `ai_a` and `ai_b` the side of the AI clip is fixed, in `one_ai` it is counterbalanced over
    participants; `both_ai` and `both_human` are catch pairs. `prefer` pairs ask which clip is preferred:
    every two of the section's settings meet in turn, on one prompt. `repeats`: so many pairs are heard again
    by everybody, sides swapped. `attention`: so many pages say what to answer.
    """

    one_ai: Count = 0
    ai_a: Count = 0
    ai_b: Count = 0
    both_ai: Count = 0
    both_human: Count = 0
    prefer: Count = 0
    repeats: Count = 0
    attention: Annotated[int, Field(ge=0, le=10)] = 0

    @property
    def trials(self) -> int:
        """How many pairs there are, before repeats."""
        return self.one_ai + self.ai_a + self.ai_b + self.both_ai + self.both_human + self.prefer

    @model_validator(mode="after")
    def _some(self) -> PairCounts:
        if not self.trials:
            raise ValueError("there must be at least one pair")
        return self


class PairsSection(_TrialSection):
    """A/B pairs, each with five answers (`study.CHOICES`).

    `prompts: same` compares continuations of one prompt, `free` takes another prompt for every clip. Several
    `settings` are dealt to the pairs in turn. `practice` answers are kept but never analysed. Where only some
    of the pairs are `prefer`, `prefer_question` is what these ask.
    """

    kind: Literal["pairs"]
    pairs: PairCounts
    prompts: Literal["same", "free"]
    settings: list[SettingsGrid] = Field(min_length=1)
    practice: bool = False
    prefer_question: Label | None = None

    @model_validator(mode="after")
    def _fits(self) -> PairsSection:
        heard = min(self.per_participant or self.pairs.trials, self.pairs.trials)
        if self.per_participant and self.per_participant > self.pairs.trials:
            raise placed(f"must be at most the section's {self.pairs.trials} pairs, "
                         f"but is {self.per_participant}", ("per_participant",))
        if self.pairs.repeats > heard // 2:
            raise placed(f"must be at most half of the {heard} pairs that everybody hears, "
                         f"but is {self.pairs.repeats}", ("pairs", "repeats"))
        if self.pairs.prefer and not self.rivals():
            raise placed("needs at least two different settings to compare", ("pairs", "prefer"))
        if self.pairs.prefer and self.prompts == "free":
            raise placed("compares continuations of one prompt, so prompts must be 'same'",
                         ("pairs", "prefer"))
        if 0 < self.pairs.prefer < self.pairs.trials and self.prefer_question is None:
            raise placed("is needed: the pairs that are compared for preference ask something else",
                         ("prefer_question",))
        return self

    def rivals(self) -> list[tuple[ClipSettings, ClipSettings]]:
        """Every two of the section's settings."""
        distinct = dict.fromkeys(one for grid in self.settings for one in grid.combinations())
        return list(combinations(distinct, 2))


class RatingScale(Strict):
    """A further scale of a rating, from 1 (`low`) to 5 (`high`); its answers go to the column `s_<id>`."""

    id: Identifier
    question: Label
    low: Label
    high: Label


class _RatedSection(_TrialSection):
    """Clips rated from 1 (`low`) to 5 (`high`), and on further `scales`."""

    low: Label
    high: Label
    scales: list[RatingScale] = Field(default=[], max_length=8)
    settings: list[RatedSettings] = Field(min_length=1)

    @property
    def clips(self) -> int:
        """How many clips there are to rate."""
        return sum(entry.prompts * len(entry.combinations()) for entry in self.settings)

    @model_validator(mode="after")
    def _scales_differ(self) -> _RatedSection:
        seen: set[str] = set()
        for number, scale in enumerate(self.scales):
            if scale.id in seen:
                raise placed(f"'{scale.id}' is used before, but must be unique in the section",
                             ("scales", number, "id"))
            seen.add(scale.id)
        return self

    @model_validator(mode="after")
    def _enough(self) -> _RatedSection:
        if self.per_participant and self.per_participant > self.clips:
            raise placed(f"must be at most the section's {self.clips} clips, but is {self.per_participant}",
                         ("per_participant",))
        return self


def _word(value: object) -> object:
    """YAML reads true and false as booleans."""
    return str(value).lower() if isinstance(value, bool) else value


class RatingsSection(_RatedSection):
    """Blind ratings. `human` adds the human's own continuation of every prompt; `ask_ai` the AI tick.

    `labels` turns on the label experiment: everybody hears every clip under one of the labels, which are
    nothing (`blind`), who made it (`true`) and who did not (`false`). The AI tick is for blind clips.
    """

    kind: Literal["ratings"]
    human: bool = False
    ask_ai: bool = True
    practice: bool = False
    labels: list[Annotated[Told, BeforeValidator(_word)]] = Field(default=[], max_length=3)

    @property
    def clips(self) -> int:
        """How many clips there are to rate."""
        return super().clips + (max(entry.prompts for entry in self.settings) if self.human else 0)

    @model_validator(mode="after")
    def _labels_differ(self) -> RatingsSection:
        if self.labels and (len(self.labels) == 1 or len(set(self.labels)) < len(self.labels)):
            raise placed("must be two or three different labels", ("labels",))
        if self.practice and "false" in self.labels:
            raise placed("holds 'false', which nobody puts right after practice", ("labels",))
        return self


class OpenRatingsSection(_RatedSection):
    """Ratings of clips that the participant is told were made by AI."""

    kind: Literal["open_ratings"]


class CommentsSection(_Section):
    """A page for free text, which may stay empty."""

    kind: Literal["comments"]
    question: Label


class ThanksSection(_Section):
    """Shown last, when everything is answered."""

    kind: Literal["thanks"]


TrialSection = PairsSection | RatingsSection | OpenRatingsSection
Section = Annotated[
    ConsentSection | QuestionsSection | SoundCheckSection | PairsSection | RatingsSection | OpenRatingsSection
    | CommentsSection | ThanksSection,
    Field(discriminator="kind"),
]
