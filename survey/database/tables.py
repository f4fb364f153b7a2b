"""The tables of the listening test, and nothing else. `survey.store` writes and reads them, `migrations`
makes them.

Everything a participant gave hangs on their row in `participant` and goes with it. No IP address, no name, no
e-mail: there is no column for them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator):
    """A moment, always in UTC: SQLite forgets time zones, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _belongs_to(column: str, **more: object) -> Column:
    """A foreign key whose row goes when the row it belongs to goes."""
    return Column(ForeignKey(column, ondelete="CASCADE"), nullable=False, index=True, **more)


class StudyRow(SQLModel, table=True):
    """A study. `definition` is the study file as JSON; it is missing when only data were imported, which
    cannot be taken: the file that came with them, if any, is in `imported`, as it was.

    Nobody may start before `opened_at` or after `closed_at`. `plan` is the frozen analysis plan, `audit` the
    last audit of the clips; both JSON.
    """

    __tablename__ = "study"
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    title: str
    definition: str | None = Field(default=None, sa_type=Text)
    imported: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Utc)
    opened_at: datetime | None = Field(default=None, sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    plan: str | None = Field(default=None, sa_type=Text)
    audit: str | None = Field(default=None, sa_type=Text)


class QuestionRow(SQLModel, table=True):
    """A question of a study, in the order of its export columns."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("study_id", "question_id"),)
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(sa_column=_belongs_to("study.id"))
    question_id: str
    text: str | None = Field(default=None, sa_type=Text)


class ParticipantRow(SQLModel, table=True):
    """Somebody who takes, took or (imported: no ordinal, no token) once took a study.

    `ordinal` decides the sequence (negative: one that stands apart from the counterbalancing), `position`
    counts the steps answered. Only the token's SHA-256 is kept, so that nobody who reads the database can
    answer for others. `preview` is a researcher's own look: it is in no count, no export and no block of the
    counterbalancing. `parameters` is what the link that led here carried (a recruiting panel's pseudonyms),
    as JSON.
    """

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("study_id", "participant_id"), UniqueConstraint("study_id", "ordinal"))
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(sa_column=_belongs_to("study.id"))
    participant_id: str
    ordinal: int | None = None
    token_sha256: str | None = Field(default=None, unique=True)
    position: int = 0
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    language: str | None = None
    excluded: bool | None = None
    exclusion_reason: str | None = Field(default=None, sa_type=Text)
    preview: bool = False
    parameters: str | None = Field(default=None, sa_type=Text)


class InvitationRow(SQLModel, table=True):
    """An invitation that lets one participant in, once. Only its SHA-256 is kept."""

    __tablename__ = "invitation"
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(sa_column=_belongs_to("study.id"))
    code_sha256: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Utc)
    used_at: datetime | None = Field(default=None, sa_type=Utc)


class ReplyRow(SQLModel, table=True):
    """A participant's reply to a question, as text; `is_number` tells a negative number from a formula."""

    __tablename__ = "reply"
    __table_args__ = (UniqueConstraint("participant_id", "question_id"),)
    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(sa_column=_belongs_to("participant.id"))
    question_id: int = Field(sa_column=_belongs_to("question.id"))
    value: str = Field(sa_type=Text)
    is_number: bool = False


class StimulusRow(SQLModel, table=True):
    """A clip that was built. `path` is relative to the data folder; imported clips have none. `facts` is what
    an audit asks of its music, as JSON."""

    __tablename__ = "stimulus"
    __table_args__ = (UniqueConstraint("study_id", "stimulus_id"),)
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(sa_column=_belongs_to("study.id"))
    stimulus_id: str
    origin: str | None = None
    system: str | None = None
    prompt_id: str | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    no_repeat_ngram: int | None = None
    seed: int | None = Field(default=None, sa_type=BigInteger)
    checkpoint_sha256: str | None = None
    title: str | None = Field(default=None, sa_type=Text)
    composer: str | None = Field(default=None, sa_type=Text)
    licence: str | None = Field(default=None, sa_type=Text)
    duration_s: float | None = None
    lufs: float | None = None
    audio_sha256: str | None = None
    renderer: str | None = None
    path: str | None = None
    spec: str | None = Field(default=None, sa_type=Text)
    facts: str | None = Field(default=None, sa_type=Text)


class DiscardedFileRow(SQLModel, table=True):
    """The file of a clip that no study uses any more; whoever builds clips next removes it. Only what this
    store once named is ever removed: other files in the folder may be somebody else's."""

    __tablename__ = "discarded_file"
    path: str = Field(primary_key=True)


class VisitRow(SQLModel, table=True):
    """A step was shown to a participant, and perhaps answered: once, because there is one row a step."""

    __tablename__ = "visit"
    __table_args__ = (UniqueConstraint("participant_id", "step_id"),)
    id: int | None = Field(default=None, primary_key=True)
    participant_id: int = Field(sa_column=_belongs_to("participant.id"))
    step_id: str
    shown_at: datetime = Field(sa_type=Utc)
    answered_at: datetime | None = Field(default=None, sa_type=Utc)


class HandleRow(SQLModel, table=True):
    """The unguessable name under which one participant hears one clip in one trial. `served_s` is how many
    seconds of the clip have been streamed, each counted once."""

    __tablename__ = "handle"
    __table_args__ = (UniqueConstraint("visit_id", "slot"), CheckConstraint("slot IN ('a', 'b')"))
    id: int | None = Field(default=None, primary_key=True)
    visit_id: int = Field(sa_column=_belongs_to("visit.id"))
    stimulus_id: int = Field(sa_column=_belongs_to("stimulus.id"))
    slot: str
    handle: str = Field(unique=True)
    served_at: datetime | None = Field(default=None, sa_type=Utc)
    served_s: float = 0.0


class AnswerRow(SQLModel, table=True):
    """One line of answers.csv. `step_id` is missing for imported answers. `scales`: ratings beyond the first,
    by scale, as JSON."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("study_id", "answer_id"),
        UniqueConstraint("participant_id", "step_id"),
        CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5"),
        CheckConstraint("choice IS NULL OR choice IN ('a', 'b', 'both', 'neither', 'dont_know')"),
    )
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(sa_column=_belongs_to("study.id"))
    answer_id: str
    participant_id: int = Field(sa_column=_belongs_to("participant.id"))
    step_id: str | None = None
    section: str | None = None
    trial_id: str | None = None
    position: int | None = None
    kind: str
    condition: str | None = None
    stimulus_a: int | None = Field(default=None, foreign_key="stimulus.id")
    stimulus_b: int | None = Field(default=None, foreign_key="stimulus.id")
    choice: str | None = None
    rating: int | None = None
    said_ai: bool | None = None
    recognised: bool | None = None
    comment: str | None = Field(default=None, sa_type=Text)
    plays_a: int | None = None
    plays_b: int | None = None
    starts_a: int | None = None
    starts_b: int | None = None
    heard_a_s: float | None = None
    heard_b_s: float | None = None
    label: str | None = None
    repeat_of: str | None = None
    scales: str | None = Field(default=None, sa_type=Text)
    response_ms: int | None = Field(default=None, sa_type=BigInteger)
    answered_at: datetime | None = Field(default=None, sa_type=Utc)
