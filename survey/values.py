"""What the store hands out and takes in: plain, frozen values without a tie to the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from survey.design import StepKind
from survey.study import Question

Shut = Literal["not_opened", "closed", "date", "number", "quota"]  # why nobody may start


@dataclass(frozen=True)
class Welcome:
    """What a visitor sees before anything about them is stored, in the language `language`.

    `ready` is False while clips are missing. `shut` says why nobody may start, None that people may.
    `invitation`: a code is needed. `parameters`: what to keep of the link's query, by name.
    """

    slug: str
    title: str
    summary: str
    minutes: int
    language: str
    consent_title: str
    consent_text: str
    ready: bool
    languages: tuple[str, ...] = ()
    shut: Shut | None = None
    invitation: bool = False
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A clip as one participant may know it: its side, and an unguessable name for this trial."""

    slot: Literal["a", "b"]
    handle: str


@dataclass(frozen=True)
class ClipFile:
    """Where a clip is, relative to the data folder, and how long it lasts in seconds. For the server only."""

    path: str
    duration_s: float


@dataclass(frozen=True)
class Scale:
    """A further scale of a rating, from 1 (`low`) to 5 (`high`)."""

    id: str
    question: str
    low: str
    high: str


@dataclass(frozen=True)
class Score:
    """How many pairs were judged rightly; `low` and `high` bound the crowd's share with 95% confidence."""

    correct: int
    of: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Revealed:
    """A clip as it really was. Its handle plays it again."""

    slot: Literal["a", "b"]
    handle: str
    origin: Literal["ai", "human"]
    title: str
    composer: str


@dataclass(frozen=True)
class DebriefTrial:
    """One trial as the participant heard and answered it. `correct` is None where nothing was to be told."""

    kind: StepKind
    section_title: str
    position: int
    clips: tuple[Revealed, ...]
    choice: str | None = None
    rating: int | None = None
    said_ai: bool | None = None
    label: Literal["ai", "human"] | None = None
    correct: bool | None = None


@dataclass(frozen=True)
class Debrief:
    """What was what.

    The scores count the first hearing of every pair that asked which clip was made by AI. `own` is None where
    there was none, `crowd` (everybody else who finished) while fewer than 5 others did.
    """

    trials: tuple[DebriefTrial, ...]
    own: Score | None
    crowd: Score | None


@dataclass(frozen=True)
class Due:
    """The step that is due, in the participant's language. Nothing in it tells who made a clip, save what a
    study chose to tell (`label`) and, when everything is answered, `debrief`.

    `position` and `of` count the trials of the section (None elsewhere); `done` and `total` count the study's
    steps that want an answer. `low` and `high` label the ends of a rating, `scales` are further ones.
    `expected` is the choice that an attention check asks for, `counts` are the answers that a sound check
    offers. `quota_full`: the study ended early because it has enough people like this one. `preview`: nothing
    of it counts. `languages` are those to choose from.
    """

    study: str
    step_id: str
    kind: StepKind
    title: str
    text: str
    done: int
    total: int
    language: str = "en"
    languages: tuple[str, ...] = ()
    preview: bool = False
    question: str = ""
    position: int | None = None
    of: int | None = None
    clips: tuple[Clip, ...] = ()
    questions: tuple[Question, ...] = ()
    low: str = ""
    high: str = ""
    scales: tuple[Scale, ...] = ()
    ask_ai: bool = False
    ask_recognised: bool = False
    min_plays: int = 0
    practice: bool = False
    label: Literal["ai", "human"] | None = None
    expected: str | None = None
    counts: tuple[int, ...] = ()
    quota_full: bool = False
    completion_code: str = ""
    completion_url: str = ""
    debrief: Debrief | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more is asked."""
        return self.kind == "thanks"


@dataclass(frozen=True)
class BuiltClip:
    """What building a clip brought about. `path` is relative to the data folder, with forward slashes.

    `system` and `checkpoint_sha256` are None for human clips. `seed` is given only if another than the spec's
    was used. `facts` is what an audit asks of its music, as JSON (see `survey.clips.cues`).
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
    facts: str | None = None


@dataclass(frozen=True)
class MeasuredClip:
    """A clip for an audit. `facts`: as in `BuiltClip`; None where nothing was measured."""

    id: str
    origin: str
    prompt_id: str | None
    facts: str | None
    system: str | None


@dataclass(frozen=True)
class Invited:
    """How many invitations of a study were made, and how many of them are used."""

    made: int
    used: int


@dataclass(frozen=True)
class StudyStatus:
    """Live counts of a study, without previews.

    `state` is `building` until every clip is there, then `ready`; `imported` data have no study file.
    `answers` counts the rows of answers.csv by section; `stopped_at` counts unfinished participants by the
    step that waits for them. `last_answer_at` is None as long as no answer has a time. `shut` says why nobody
    may start, None that people may. `excluded` counts participants by the reason of their exclusion.
    `quotas` are (question, value, places taken, places). `median_minutes`: how long those who finished took.
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
    shut: Shut | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    excluded: dict[str, int] = field(default_factory=dict)
    quotas: tuple[tuple[str, str, int, int], ...] = ()
    previews: int = 0
    median_minutes: float | None = None
    invited: Invited = Invited(0, 0)


@dataclass(frozen=True)
class StudyData:
    """Everything that the three export files hold, as rows by column name; None is missing.

    A participant's `replies` map a question id to (text, is a number). `questions` maps ids to their wording,
    in the order of the export's columns. Answers name stimuli and participants by their public ids.
    An answer's `scales` maps further ratings by scale. `documents` maps the names of the files that are kept
    beside them (`export.DOCUMENTS`) to their content, `scales` the ids of scales to their wording.
    """

    slug: str
    title: str
    questions: dict[str, str | None]
    participants: list[dict[str, object]]
    stimuli: list[dict[str, object]]
    answers: list[dict[str, object]]
    documents: dict[str, str] = field(default_factory=dict)
    scales: dict[str, str | None] = field(default_factory=dict)
