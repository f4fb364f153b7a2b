"""Handles: the unguessable names under which one participant hears clips, while their session lasts.

A session is the step that is due, for SESSION after it was shown. A handle lives while its own step is due;
once everything is answered, in a study with a debrief, all handles of the participant live, to listen again.
Who comes back later finds the clips under new names. A handle that is dead is not told from one that never
was.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import Session

from survey.database import catalogue
from survey.database.tables import HandleRow, ParticipantRow, StimulusRow, StudyRow, VisitRow
from survey.errors import UnknownClip
from survey.values import ClipFile

SESSION = timedelta(hours=12)
_BYTES = 32                                         # 256 bits


def issue(session: Session, visit: VisitRow, stimuli: Mapping[str, int]) -> None:
    """Names the clips of a step that is shown for the first time: the stimulus's row id by slot."""
    session.add_all(HandleRow(visit_id=visit.id, stimulus_id=stimulus, slot=slot, handle=_name())
                    for slot, stimulus in stimuli.items())
    session.flush()


def of(session: Session, visit: VisitRow) -> list[HandleRow]:
    """The handles of a step, in the order of their slots."""
    return list(session.scalars(
        select(HandleRow).where(HandleRow.visit_id == visit.id).order_by(HandleRow.slot)))


def over(visit: VisitRow) -> bool:
    """Whether the session of a step that was shown is over, so that it must be renewed."""
    return catalogue.now() - visit.shown_at >= SESSION


def renew(session: Session, visit: VisitRow) -> None:
    """Begins a new session at the step that is due: its time begins anew, and every clip gets a new name."""
    visit.shown_at = catalogue.now()
    for row in session.scalars(select(HandleRow).join(VisitRow, HandleRow.visit_id == VisitRow.id)
                               .where(VisitRow.participant_id == visit.participant_id)):
        row.handle = _name()
    session.flush()


def find(session: Session, handle: str) -> ClipFile:
    """The clip behind a handle that is alive.

    Raises:
        UnknownClip: if there is no such handle, or its session is over.
    """
    row = _row(session, handle)
    visit = session.get_one(VisitRow, row.visit_id)
    stimulus = session.get_one(StimulusRow, row.stimulus_id)
    due = session.scalar(select(VisitRow).where(
        VisitRow.participant_id == visit.participant_id, VisitRow.answered_at.is_(None)))
    alive = due is not None and not over(due) and (due.id == visit.id or _replayed(session, visit))
    if not alive or stimulus.path is None:
        raise UnknownClip("There is no such clip.")
    return ClipFile(stimulus.path, stimulus.duration_s)


def served(session: Session, handle: str, seconds: float) -> None:
    """Adds newly streamed seconds of a clip, up to its duration.

    Raises:
        UnknownClip: if there is no such handle.
    """
    row = _row(session, handle, lock=True)
    row.served_at = row.served_at or catalogue.now()
    row.served_s = min(row.served_s + seconds, session.get_one(StimulusRow, row.stimulus_id).duration_s)


def _replayed(session: Session, visit: VisitRow) -> bool:
    """Whether the debrief plays the clips of this step again."""
    someone = session.get_one(ParticipantRow, visit.participant_id)
    study = catalogue.definition(session.get_one(StudyRow, someone.study_id))
    return someone.finished_at is not None and study.debrief


def _row(session: Session, handle: str, lock: bool = False) -> HandleRow:
    query = select(HandleRow).where(HandleRow.handle == handle)
    row = session.scalar(query.with_for_update() if lock else query) if catalogue.storable(handle) else None
    if row is None:
        raise UnknownClip("There is no such clip.")
    return row


def _name() -> str:
    return secrets.token_urlsafe(_BYTES)
