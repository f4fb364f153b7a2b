"""What the store hands out and takes in: plain, frozen values without a tie to the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from survey.design import StepKind
from survey.study import Question


@dataclass(frozen=True)
class Welcome:
    """What a visitor sees before anything about them is stored. `ready` is False while clips are missing."""

    slug: str
    title: str
    summary: str
    minutes: int
    language: str
    consent_title: str
    consent_text: str
    ready: bool


@dataclass(frozen=True)
class Clip:
    """A clip as one participant may know it: its side, and an unguessable name for this trial."""

    slot: Literal["a", "b"]
    handle: str


@dataclass(frozen=True)
class Due:
    """The step that is due. Nothing in it tells who made a clip.

    `position` and `of` count the trials of the section (None elsewhere); `done` and `total` count the study's
    steps that want an answer. `low` and `high` label the ends of a rating.
    """

    study: str
    step_id: str
    kind: StepKind
    title: str
    text: str
    done: int
    total: int
    question: str = ""
    position: int | None = None
    of: int | None = None
    clips: tuple[Clip, ...] = ()
    questions: tuple[Question, ...] = ()
    low: str = ""
    high: str = ""
    ask_ai: bool = False
    ask_recognised: bool = False
    min_plays: int = 0

    @property
    def finished(self) -> bool:
        """Whether everything is answered."""
        return self.kind == "thanks"


@dataclass(frozen=True)
class BuiltClip:
    """What building a clip brought about. `path` is relative to the data folder, with forward slashes.

    `system` and `checkpoint_sha256` are None for human clips. `seed` is given only if another than the spec's
    was used.
    """

    path: str
    audio_sha256: str
    duration_s: float
    lufs: float
    prompt_id: str
    title: str
    composer: str
    licence: str
    renderer: str
    system: str | None = None
    checkpoint_sha256: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class StudyStatus:
    """Live counts of a study.

    `state` is `building` until every clip is there, then `ready`; `imported` data have no study file.
    `answers` counts the rows of answers.csv by section; `stopped_at` counts unfinished participants by the
    step that waits for them. `last_answer_at` is None as long as no answer has a time.
    """

    slug: str
    title: str
    state: Literal["building", "ready", "imported"]
    clips_built: int
    clips_needed: int
    started: int
    finished: int
    answers: dict[str, int] = field(default_factory=dict)
    stopped_at: dict[str, int] = field(default_factory=dict)
    last_answer_at: datetime | None = None


@dataclass(frozen=True)
class StudyData:
    """Everything that the three export files hold, as rows by column name; None is missing.

    A participant's `replies` map a question id to (text, is a number). `questions` maps ids to their wording,
    in the order of the export's columns. Answers name stimuli and participants by their public ids.
    """

    slug: str
    title: str
    questions: dict[str, str | None]
    participants: list[dict[str, object]]
    stimuli: list[dict[str, object]]
    answers: list[dict[str, object]]
