"""Who may start a study: whether it is open, has places, and lets this visitor in.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

from sqlmodel import Session

from survey.database import catalogue, roster
from survey.database.tables import StudyRow
from survey.errors import Closed, NotReady
from survey.study import ChoiceQuestion, Study
from survey.values import Shut

_SAID: dict[Shut, str] = {
    "not_opened": "This study is not open yet.",
    "closed": "This study is closed.",
    "date": "This study is over: its last day has passed.",
    "number": "This study has as many participants as it needs.",
    "quota": "This study has as many participants of every kind as it needs.",
}


def open_(row: StudyRow) -> None:
    """See `Store.open`."""
    row.opened_at, row.closed_at = row.opened_at or catalogue.now(), None


def close(row: StudyRow) -> None:
    """See `Store.close`."""
    row.closed_at = row.closed_at or catalogue.now()


def shut(session: Session, row: StudyRow, study: Study) -> Shut | None:
    """Why nobody may start the study now; None that people may."""
    if row.opened_at is None:
        return "not_opened"
    if row.closed_at is not None:
        return "closed"
    if study.stop.date is not None and catalogue.now().date() > study.stop.date:
        return "date"
    if study.stop.participants is not None and roster.places(session, row) >= study.stop.participants:
        return "number"
    return "quota" if _nobody_fits(session, row, study) else None


def full(session: Session, row: StudyRow) -> bool:
    """Whether an open study takes nobody new because it has all its participants."""
    return row.definition is not None and shut(session, row, catalogue.definition(row)) in ("number", "quota")


def _nobody_fits(session: Session, row: StudyRow, study: Study) -> bool:
    """Whether some question has a full quota for every answer to it."""
    full = {(question, value) for question, value, taken, limit in roster.quotas(session, row, study)
            if taken >= limit}
    asked = (question for question in study.questions()
             if isinstance(question, ChoiceQuestion) and not question.optional)
    return any(all((question.id, value) in full for value in question.options) for question in asked)


def check(session: Session, row: StudyRow, study: Study, preview: bool) -> None:
    """Whether somebody may start: everybody when it is open, a preview always; nobody without the clips.

    Raises:
        NotReady: if clips are missing.
        Closed: if nobody may start.
    """
    built, needed = catalogue.built(session, row), catalogue.needed(study)
    if built < needed:
        raise NotReady(f"This study is not ready yet: {built} of {needed} clips are built.")
    reason = None if preview else shut(session, row, study)
    if reason is not None:
        raise Closed(_SAID[reason], reason)
