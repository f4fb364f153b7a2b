"""How a study stands: what a visitor sees of it, and the live counts that a researcher watches.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session

from survey import design
from survey.database import catalogue, roster
from survey.database.tables import AnswerRow, ParticipantRow, StudyRow
from survey.study import ConsentSection
from survey.taking import admission, invitations
from survey.values import StudyStatus, Welcome


def welcome(session: Session, slug: str, language: str | None) -> Welcome:
    """See `Store.welcome`."""
    row = catalogue.study_row(session, slug)
    study = catalogue.definition(row)
    chosen = study.offered(language)
    shown = catalogue.in_language(row.definition, chosen)
    first = shown.sections[0]
    consent = first if isinstance(first, ConsentSection) else None
    return Welcome(study.slug, shown.title, shown.summary, study.minutes, chosen,
                   consent_title=consent.title if consent else "",
                   consent_text=consent.text if consent else "",
                   ready=catalogue.built(session, row) == catalogue.needed(study),
                   languages=tuple(study.languages),
                   shut=admission.shut(session, row, study), invitation=study.access == "invitation",
                   parameters=tuple(study.parameters))


def status(session: Session, row: StudyRow) -> StudyStatus:
    """See `Store.status`."""
    finished = ParticipantRow.finished_at.is_not(None)
    people = session.execute(select(ParticipantRow.position, finished, func.count())
                             .where(*catalogue.real(row))
                             .group_by(ParticipantRow.position, finished)).all()
    sections = session.execute(select(AnswerRow.section, func.count(), func.max(AnswerRow.answered_at))
                               .join(ParticipantRow, AnswerRow.participant_id == ParticipantRow.id)
                               .where(*catalogue.real(row)).group_by(AnswerRow.section)).all()
    previews = session.scalar(select(func.count()).select_from(ParticipantRow).where(
        ParticipantRow.study_id == row.id, ParticipantRow.preview.is_(True)))
    study = catalogue.parsed(row.definition) if row.definition else None
    made, wanted = catalogue.built(session, row), catalogue.needed(study) if study else 0
    stopped: dict[str, int] = {}
    if study:
        sequence = design.steps(study, 0)[:-1]  # the ids of steps are the same for everybody
        for position, done, n in sorted(people):
            if not done and position < len(sequence):
                stopped[sequence[position].id] = n
    state = "imported" if study is None else "ready" if made == wanted else "building"
    return StudyStatus(
        row.slug, row.title, state, made, wanted,
        started=sum(n for *_, n in people), finished=sum(n for _, done, n in people if done),
        answers={section or "": n for section, n, _ in sections}, stopped_at=stopped,
        last_answer_at=max((at for *_, at in sections if at is not None), default=None),
        shut=admission.shut(session, row, study) if study else "not_opened",
        opened_at=row.opened_at, closed_at=row.closed_at, excluded=roster.excluded(session, row),
        quotas=roster.quotas(session, row, study) if study else (), previews=previews,
        median_minutes=roster.median_minutes(session, row), invited=invitations.counts(session, row))
