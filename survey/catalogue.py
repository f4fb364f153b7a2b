"""Studies, their clips and their counts: the queries of `survey.store` that concern no single participant.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import delete, func, select
from sqlmodel import Session

from survey import design
from survey.design import ClipSpec
from survey.errors import Conflict, UnknownStudy
from survey.study import ConsentSection, Study
from survey.tables import AnswerRow, ParticipantRow, QuestionRow, StimulusRow, StudyRow
from survey.values import BuiltClip, StudyStatus, Welcome


def now() -> datetime:
    """The server's time in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def storable(text: str) -> bool:
    """Whether a database can hold the text: PostgreSQL knows no NUL, UTF-8 no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@lru_cache(maxsize=64)
def parsed(definition: str) -> Study:
    """A study from the JSON in its row."""
    return Study.model_validate_json(definition)


def study_row(session: Session, slug: str, lock: bool = False) -> StudyRow:
    """The row of a study; `lock` holds others off it until the transaction ends.

    Raises:
        UnknownStudy: if there is none.
    """
    query = select(StudyRow).where(StudyRow.slug == slug)
    row = session.scalar(query.with_for_update() if lock else query) if storable(slug) else None
    if row is None:
        raise UnknownStudy(f"There is no study '{slug}'.")
    return row


def definition(row: StudyRow) -> Study:
    """The study that a row holds.

    Raises:
        UnknownStudy: if it holds imported data only.
    """
    if row.definition is None:
        raise UnknownStudy(f"The study '{row.slug}' holds imported answers only and cannot be taken.")
    return parsed(row.definition)


def participants(session: Session, row: StudyRow) -> int:
    """How many people have started a study."""
    query = select(func.count()).select_from(ParticipantRow).where(ParticipantRow.study_id == row.id)
    return session.scalar(query)


def built(session: Session, row: StudyRow) -> int:
    """How many clips of a study are built."""
    return session.scalar(select(func.count()).select_from(StimulusRow).where(
        StimulusRow.study_id == row.id, StimulusRow.path.is_not(None)))


def register(session: Session, study: Study) -> None:
    """See `Store.register`."""
    text = study.model_dump_json()
    row = session.scalar(select(StudyRow).where(StudyRow.slug == study.slug).with_for_update())
    if row is None:
        row = StudyRow(slug=study.slug, title=study.title, definition=text, created_at=now())
        session.add(row)
        session.flush()
    elif row.definition is None:
        raise Conflict(f"The study '{study.slug}' holds imported answers; give the study file another slug.")
    elif row.definition == text:
        return
    elif participants(session, row):
        raise Conflict(f"The study '{study.slug}' has participants, so its file may not change; "
                       "give the changed file another slug.")
    else:
        row.title, row.definition = study.title, text
        _drop_unwanted(session, row, study)
        session.execute(delete(QuestionRow).where(QuestionRow.study_id == row.id))
    for question in study.questions():
        session.add(QuestionRow(study_id=row.id, question_id=question.id, text=question.text))
        session.flush()  # one by one, so that the ids keep the order


def _drop_unwanted(session: Session, row: StudyRow, study: Study) -> None:
    wanted = {spec.model_dump_json() for spec in design.clips(study)}
    for clip in session.scalars(select(StimulusRow).where(StimulusRow.study_id == row.id)).all():
        if clip.spec not in wanted:
            session.delete(clip)
    session.flush()


def missing_clips(session: Session, slug: str) -> list[ClipSpec]:
    """See `Store.missing_clips`."""
    row = study_row(session, slug)
    done = set(session.scalars(select(StimulusRow.spec).where(StimulusRow.study_id == row.id)))
    return [spec for spec in design.clips(definition(row)) if spec.model_dump_json() not in done]


def built_clips(session: Session, slug: str) -> dict[str, str]:
    """See `Store.built_clips`."""
    row = study_row(session, slug)
    query = select(StimulusRow.stimulus_id, StimulusRow.path).where(
        StimulusRow.study_id == row.id, StimulusRow.path.is_not(None)).order_by(StimulusRow.id)
    return dict(session.execute(query).all())


def add_clip(session: Session, slug: str, spec: ClipSpec, made: BuiltClip) -> None:
    """See `Store.add_clip`."""
    row = study_row(session, slug, lock=True)
    if spec not in design.clips(definition(row)):
        raise Conflict(f"The study '{slug}' has no such clip as '{spec.id}'.")
    clip = session.scalar(select(StimulusRow).where(
        StimulusRow.study_id == row.id, StimulusRow.stimulus_id == spec.id))
    if clip is None:
        clip = StimulusRow(study_id=row.id, stimulus_id=spec.id)
        session.add(clip)
    elif clip.audio_sha256 != made.audio_sha256 and participants(session, row):
        raise Conflict(f"The study '{slug}' has participants, so its clip '{spec.id}' may not change.")
    settings = spec.settings.sampling if spec.settings else {}
    values = {**vars(made), **settings, "origin": spec.origin, "spec": spec.model_dump_json()}
    values["seed"] = made.seed if made.seed is not None else spec.seed
    for name, value in values.items():
        setattr(clip, name, value)


def welcome(session: Session, slug: str) -> Welcome:
    """See `Store.welcome`."""
    row = study_row(session, slug)
    study = definition(row)
    first = study.sections[0]
    consent = first if isinstance(first, ConsentSection) else None
    return Welcome(study.slug, study.title, study.summary, study.minutes, study.language,
                   consent_title=consent.title if consent else "",
                   consent_text=consent.text if consent else "",
                   ready=built(session, row) == len(design.clips(study)))


def status(session: Session, row: StudyRow) -> StudyStatus:
    """See `Store.status`."""
    finished = ParticipantRow.finished_at.is_not(None)
    people = session.execute(select(ParticipantRow.position, finished, func.count())
                             .where(ParticipantRow.study_id == row.id)
                             .group_by(ParticipantRow.position, finished)).all()
    sections = session.execute(select(AnswerRow.section, func.count(), func.max(AnswerRow.answered_at))
                               .where(AnswerRow.study_id == row.id).group_by(AnswerRow.section)).all()
    study = parsed(row.definition) if row.definition else None
    made = built(session, row)
    needed = len(design.clips(study)) if study else 0
    stopped: dict[str, int] = {}
    if study:
        sequence = design.steps(study, 0)  # the ids of steps are the same for everybody
        for position, done, n in sorted(people):
            if not done:
                stopped[sequence[position].id] = n
    state = "imported" if study is None else "ready" if made == needed else "building"
    return StudyStatus(
        row.slug, row.title, state, made, needed,
        started=sum(n for *_, n in people), finished=sum(n for _, done, n in people if done),
        answers={section or "": n for section, n, _ in sections}, stopped_at=stopped,
        last_answer_at=max((at for *_, at in sections if at is not None), default=None))
