"""Who counts: which participants of a study hold a place in it, and which are left out of the analysis.

Previews count nowhere. Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from sqlalchemy import func, or_, select, update
from sqlmodel import Session

from survey.database import catalogue
from survey.database.tables import ParticipantRow, QuestionRow, ReplyRow, StudyRow
from survey.errors import StoreError, UnknownParticipant
from survey.study import Study

QUOTA_FULL = "quota full"
HELD = timedelta(hours=2)           # that a place is kept for somebody who has started and not finished
MAX_REASON = 500                    # characters


def places(session: Session, row: StudyRow, question_id: str | None = None, value: str | None = None,
           other_than: ParticipantRow | None = None) -> int:
    """How many places are taken: by everybody who is not excluded and has finished, or started not long ago
    (`HELD`). Of those with an answer to a question, if one is named; of all but one participant, if they are.
    """
    recent = ParticipantRow.started_at > catalogue.now() - HELD
    query = select(func.count()).select_from(ParticipantRow).where(
        *catalogue.real(row), ParticipantRow.excluded.is_not(True),
        or_(ParticipantRow.finished_at.is_not(None), recent))
    if question_id is not None:
        query = (query.join(ReplyRow, ReplyRow.participant_id == ParticipantRow.id)
                 .join(QuestionRow, ReplyRow.question_id == QuestionRow.id)
                 .where(QuestionRow.question_id == question_id, ReplyRow.value == value))
    if other_than is not None:
        query = query.where(ParticipantRow.id != other_than.id)
    return session.scalar(query)


def quotas(session: Session, row: StudyRow, study: Study) -> tuple[tuple[str, str, int, int], ...]:
    """Every quota: (question, value, places taken, places)."""
    return tuple((question_id, value, places(session, row, question_id, value), limit)
                 for question_id, limits in study.quotas.items() for value, limit in limits.items())


def exclude(session: Session, row: StudyRow, participant_ids: Iterable[str], reason: str) -> int:
    """See `Store.exclude`."""
    if not 0 < len(reason) <= MAX_REASON or not catalogue.storable(reason):
        raise StoreError(f"The reason of an exclusion needs 1 to {MAX_REASON} characters.")
    wanted = set(participant_ids)
    found = session.scalars(select(ParticipantRow).where(*catalogue.real(row)).with_for_update())
    people = {person.participant_id: person for person in found}
    for participant_id in sorted(wanted - people.keys()):
        raise UnknownParticipant(f"The study '{row.slug}' has no participant '{participant_id}'.")
    left_out = [people[one] for one in wanted if not people[one].excluded]
    for person in left_out:
        person.excluded, person.exclusion_reason = True, reason
    return len(left_out)


def readmit(session: Session, row: StudyRow, reason: str) -> int:
    """See `Store.readmit`."""
    if reason == QUOTA_FULL:
        raise StoreError("Whom a full quota turned away has answered nothing that could be counted again.")
    taken_back = session.execute(
        update(ParticipantRow).where(*catalogue.real(row), ParticipantRow.excluded.is_(True),
                                     ParticipantRow.exclusion_reason == reason)
        .values(excluded=False, exclusion_reason=None))
    return taken_back.rowcount


def excluded(session: Session, row: StudyRow) -> dict[str, int]:
    """How many participants are excluded, by reason."""
    reason = ParticipantRow.exclusion_reason
    counts = session.execute(
        select(reason, func.count()).where(*catalogue.real(row), ParticipantRow.excluded.is_(True))
        .group_by(reason).order_by(reason))
    return {reason or "": count for reason, count in counts}


def median_minutes(session: Session, row: StudyRow) -> float | None:
    """How long those who finished took."""
    times = session.execute(select(ParticipantRow.started_at, ParticipantRow.finished_at).where(
        *catalogue.real(row), ParticipantRow.started_at.is_not(None),
        ParticipantRow.finished_at.is_not(None))).all()
    return median((end - begin).total_seconds() / 60 for begin, end in times) if times else None
