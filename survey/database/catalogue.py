"""Studies and their clips: the queries of `survey.store` that concern no single participant.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, delete, func, select
from sqlmodel import Session

from survey import design
from survey.database.tables import DiscardedFileRow, ParticipantRow, QuestionRow, StimulusRow, StudyRow
from survey.design import ClipSpec, SoundCheck
from survey.errors import Conflict, UnknownStudy
from survey.study import Study, say
from survey.values import BuiltClip, MeasuredClip


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


@lru_cache(maxsize=64)
def in_language(definition: str, language: str) -> Study:
    """The same study with every text in one language."""
    return parsed(definition).in_language(language)


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


def real(row: StudyRow) -> tuple[ColumnElement[bool], ...]:
    """The condition of being a participant of a study, and no preview."""
    return ParticipantRow.study_id == row.id, ParticipantRow.preview.is_(False)


def participants(session: Session, row: StudyRow) -> int:
    """How many people have started a study."""
    query = select(func.count()).select_from(ParticipantRow).where(*real(row))
    return session.scalar(query)


def built(session: Session, row: StudyRow) -> int:
    """How many clips of a study are built, sound checks among them."""
    return session.scalar(select(func.count()).select_from(StimulusRow).where(
        StimulusRow.study_id == row.id, StimulusRow.path.is_not(None)))


def needed(study: Study) -> int:
    """How many clips a study needs, sound checks among them."""
    return len(design.clips(study)) + len(design.sound_checks(study))


def register(session: Session, study: Study, opened: bool, instead_of: Study | None, new: bool) -> None:
    """See `Store.register`."""
    row = session.scalar(select(StudyRow).where(StudyRow.slug == study.slug).with_for_update())
    if row is not None and new:
        raise Conflict(f"There is a study '{study.slug}' already; give this one another slug.")
    if row is None:
        moment = now()
        row = StudyRow(slug=study.slug, title=title(study), definition=study.model_dump_json(),
                       created_at=moment, opened_at=moment if opened else None)
        session.add(row)
        session.flush()
    elif row.definition is None:
        raise Conflict(f"The study '{study.slug}' holds imported answers; give the study file another slug.")
    elif instead_of is not None and parsed(row.definition) != instead_of:
        raise Conflict(f"The study '{study.slug}' has been changed by somebody else; please load it again.")
    elif parsed(row.definition) == study:
        return
    elif participants(session, row):
        raise Conflict(f"The study '{study.slug}' has participants, so its file may not change; "
                       "give the changed file another slug.")
    else:
        session.execute(delete(ParticipantRow).where(ParticipantRow.study_id == row.id))  # previews
        _drop_unwanted(session, row, study)
        row.title, row.definition = title(study), study.model_dump_json()
        row.audit = row.plan = None
        session.execute(delete(QuestionRow).where(QuestionRow.study_id == row.id))
    for question in study.in_language(study.language).questions():
        session.add(QuestionRow(study_id=row.id, question_id=question.id, text=question.text))
        session.flush()  # one by one, so that the ids keep the order


def title(study: Study) -> str:
    """A study's title in its own language."""
    return say(study.title, study.language)


def _spec(clip: StimulusRow) -> ClipSpec | SoundCheck:
    """What a row was built from, whatever fields a specification had then."""
    if clip.spec is None:
        return SoundCheck(clip.stimulus_id, int(clip.stimulus_id.rsplit("-", 1)[1]))
    return ClipSpec.model_validate_json(clip.spec)


def _drop_unwanted(session: Session, row: StudyRow, study: Study) -> None:
    """Drops the clips that a changed study has no use for: all music, where its systems are others, because
    every clip holds what all systems can write."""
    wanted = {*design.clips(study), *design.sound_checks(study)}
    if _systems(study) != _systems(parsed(row.definition)):
        wanted = {*design.sound_checks(study)}
    for clip in session.scalars(select(StimulusRow).where(StimulusRow.study_id == row.id)).all():
        if _spec(clip) not in wanted:
            _discard(session, clip.path)
            session.delete(clip)
    session.flush()


def _systems(study: Study) -> set[str | None]:
    return {clip.system for clip in design.clips(study)}


def missing_clips(session: Session, slug: str) -> list[ClipSpec]:
    """See `Store.missing_clips`."""
    row = study_row(session, slug)
    done = _done(session, row)
    return [spec for spec in design.clips(definition(row)) if spec not in done]


def missing_sound_checks(session: Session, slug: str) -> list[SoundCheck]:
    """See `Store.missing_sound_checks`."""
    row = study_row(session, slug)
    done = _done(session, row)
    return [check for check in design.sound_checks(definition(row)) if check not in done]


def _done(session: Session, row: StudyRow) -> set[ClipSpec | SoundCheck]:
    clips = session.scalars(select(StimulusRow).where(StimulusRow.study_id == row.id))
    return {_spec(clip) for clip in clips}


def built_clips(session: Session, slug: str) -> dict[str, str]:
    """See `Store.built_clips`."""
    row = study_row(session, slug)
    query = select(StimulusRow.stimulus_id, StimulusRow.path).where(
        StimulusRow.study_id == row.id, StimulusRow.path.is_not(None)).order_by(StimulusRow.id)
    return dict(session.execute(query).all())


def add_clip(session: Session, slug: str, spec: ClipSpec | SoundCheck, made: BuiltClip) -> None:
    """See `Store.add_clip`."""
    row = study_row(session, slug, lock=True)
    study = definition(row)
    if spec not in design.clips(study) and spec not in design.sound_checks(study):
        raise Conflict(f"The study '{slug}' has no such clip as '{spec.id}'.")
    clip = session.scalar(select(StimulusRow).where(
        StimulusRow.study_id == row.id, StimulusRow.stimulus_id == spec.id))
    if clip is None:
        clip = StimulusRow(study_id=row.id, stimulus_id=spec.id)
        session.add(clip)
    elif clip.audio_sha256 != made.audio_sha256 and participants(session, row):
        raise Conflict(f"The study '{slug}' has participants, so its clip '{spec.id}' may not change.")
    if clip.path != made.path:
        _discard(session, clip.path)
    values = vars(made).copy()
    if isinstance(spec, ClipSpec):
        values |= spec.settings.sampling if spec.settings else {}
        values |= {"origin": spec.origin, "spec": spec.model_dump_json(),
                   "seed": made.seed if made.seed is not None else spec.seed}
    for name, value in values.items():
        setattr(clip, name, value)
    row.audit = None


def _discard(session: Session, path: str | None) -> None:
    if path is not None:
        session.merge(DiscardedFileRow(path=path))


def discarded_files(session: Session) -> list[str]:
    """See `Store.discarded_files`."""
    used = select(StimulusRow.path).where(StimulusRow.path == DiscardedFileRow.path).exists()
    return list(session.scalars(select(DiscardedFileRow.path).where(~used).order_by(DiscardedFileRow.path)))


def forget_files(session: Session, paths: Sequence[str]) -> None:
    """See `Store.forget_files`."""
    session.execute(delete(DiscardedFileRow).where(DiscardedFileRow.path.in_(paths)))


def measured(session: Session, slug: str) -> list[MeasuredClip]:
    """See `Store.measured`."""
    row = study_row(session, slug)
    columns = (StimulusRow.stimulus_id, StimulusRow.origin, StimulusRow.prompt_id, StimulusRow.facts,
               StimulusRow.system)
    query = select(*columns).where(StimulusRow.study_id == row.id,
                                   StimulusRow.origin.is_not(None)).order_by(StimulusRow.id)
    return [MeasuredClip(*clip) for clip in session.execute(query)]
