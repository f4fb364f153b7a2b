"""One participant and one step: what they are shown, and what becomes of their answer.

The queries of `survey.store` behind `start`, `due` and `answer`. Every function works inside the
transaction of the session that it is given.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlmodel import Session

from survey import catalogue, design, handles, replies
from survey.design import Step
from survey.errors import InvalidAnswer, NotDue, NotReady, UnknownParticipant
from survey.study import OpenRatingsSection, PairsSection, QuestionsSection, RatingsSection
from survey.tables import (
    AnswerRow,
    ParticipantRow,
    QuestionRow,
    ReplyRow,
    StimulusRow,
    StudyRow,
    VisitRow,
)
from survey.values import Clip, Due

_TOKEN_BYTES = 32  # 256 bits
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")


@lru_cache(maxsize=1024)
def _sequence(definition: str, ordinal: int) -> tuple[Step, ...]:
    return design.steps(catalogue.parsed(definition), ordinal)


def sequence(session: Session, person: ParticipantRow) -> tuple[Step, ...]:
    """All steps of a participant."""
    return _sequence(session.get_one(StudyRow, person.study_id).definition, person.ordinal)


def start(session: Session, slug: str, language: str | None) -> str:
    """See `Store.start`."""
    row = catalogue.study_row(session, slug, lock=True)
    study = catalogue.definition(row)
    built, needed = catalogue.built(session, row), len(design.clips(study))
    if built < needed:
        raise NotReady(f"This study is not ready yet: {built} of {needed} clips are built.")
    if language is not None and not _LANGUAGE.match(language):
        raise InvalidAnswer("The language must be a tag such as 'en' or 'pt-BR'.")
    last = session.scalar(select(func.max(ParticipantRow.ordinal)).where(ParticipantRow.study_id == row.id))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(ParticipantRow(
        study_id=row.id, participant_id=secrets.token_hex(8), ordinal=0 if last is None else last + 1,
        token_sha256=_sha256(token), started_at=catalogue.now(), language=language or study.language,
        excluded=False))
    return token


def person(session: Session, token: str, lock: bool = False) -> ParticipantRow:
    """The participant with this token; `lock` holds others off until the transaction ends.

    Raises:
        UnknownParticipant: if there is none.
    """
    query = select(ParticipantRow).where(ParticipantRow.token_sha256 == _sha256(token))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownParticipant("This link is not known; perhaps it is incomplete, or you have withdrawn.")
    return row


def _sha256(token: str) -> str:
    return hashlib.sha256(str(token).encode("utf-8", "replace")).hexdigest()


# --- what is shown ------------------------------------------------------------------------------------------


def shown(session: Session, someone: ParticipantRow) -> Due | None:
    """The step that is due, if it has been shown before; writes nothing."""
    step = sequence(session, someone)[someone.position]
    visit = _visit(session, someone, step.id)
    return _view(session, someone, step, visit) if visit and not handles.over(visit) else None


def show(session: Session, someone: ParticipantRow) -> Due:
    """The step that is due. The first time, and after a session is over, its clips get handles and its time
    begins."""
    step = sequence(session, someone)[someone.position]
    visit = _visit(session, someone, step.id) or _open(session, someone, step)
    if handles.over(visit):
        handles.renew(session, visit)
    return _view(session, someone, step, visit)


def _visit(session: Session, someone: ParticipantRow, step_id: str) -> VisitRow | None:
    return session.scalar(select(VisitRow).where(
        VisitRow.participant_id == someone.id, VisitRow.step_id == step_id))


def _open(session: Session, someone: ParticipantRow, step: Step) -> VisitRow:
    visit = VisitRow(participant_id=someone.id, step_id=step.id, shown_at=catalogue.now())
    session.add(visit)
    session.flush()
    handles.issue(session, visit, {
        slot: session.scalar(select(StimulusRow.id).where(
            StimulusRow.study_id == someone.study_id, StimulusRow.stimulus_id == clip_id))
        for slot, clip_id in zip("ab", step.clips, strict=False)})
    return visit


def _view(session: Session, someone: ParticipantRow, step: Step, visit: VisitRow) -> Due:
    study = catalogue.definition(session.get_one(StudyRow, someone.study_id))
    section = study.section(step.section)
    more: dict[str, object] = {}
    if isinstance(section, QuestionsSection):
        more["questions"] = tuple(section.questions)
    elif step.kind == "comment":
        more["question"] = section.comment
    elif isinstance(section, PairsSection | RatingsSection | OpenRatingsSection):
        more.update(question=section.question, ask_recognised=section.ask_recognised,
                    min_plays=section.min_plays)
        more["clips"] = tuple(Clip(row.slot, row.handle) for row in handles.of(session, visit))
    if step.kind in ("rating", "open_rating"):
        more.update(low=section.low, high=section.high, ask_ai=step.kind == "rating" and section.ask_ai)
    return Due(study.slug, step.id, step.kind, section.title, section.text, done=someone.position,
               total=len(sequence(session, someone)) - 1, position=step.position, of=step.of, **more)


# --- what is answered ---------------------------------------------------------------------------------------


def answer(session: Session, someone: ParticipantRow, step_id: str, payload: Mapping[str, object]) -> Due:
    """See `Store.answer`; the participant's row is locked."""
    step = _check_due(sequence(session, someone), someone.position, step_id)
    visit = _visit(session, someone, step.id) or _open(session, someone, step)
    section = catalogue.definition(session.get_one(StudyRow, someone.study_id)).section(step.section)
    moment = catalogue.now()
    if step.kind == "consent":
        replies.consent(payload)
    elif step.kind == "questions":
        _keep_replies(session, someone, replies.questions(payload, section))
    else:
        values = replies.trial(step.kind, payload, section)
        _keep_answer(session, someone, step, visit, values, moment, section.min_plays)
    visit.answered_at = moment
    someone.position += 1
    following = show(session, someone)
    if following.finished:
        someone.finished_at = moment
    return following


def _check_due(steps: tuple[Step, ...], position: int, step_id: str) -> Step:
    step = steps[position]
    if step.id == step_id and step.kind != "thanks":
        return step
    if step.kind == "thanks":
        raise NotDue("Everything is answered already; thank you.")
    if any(earlier.id == step_id for earlier in steps[:position]):
        raise NotDue("This step is answered already, and an answer cannot be given twice.")
    raise NotDue("This step is not due; please reload the page.")


def _keep_replies(session: Session, someone: ParticipantRow, given: dict[str, tuple[str, bool]]) -> None:
    rows = session.execute(select(QuestionRow.question_id, QuestionRow.id)
                           .where(QuestionRow.study_id == someone.study_id))
    keys = dict(rows.all())
    for question_id, (value, is_number) in given.items():
        session.add(ReplyRow(participant_id=someone.id, question_id=keys[question_id], value=value,
                             is_number=is_number))


def _keep_answer(session: Session, someone: ParticipantRow, step: Step, visit: VisitRow,
                 values: dict[str, object], moment: datetime, min_plays: int) -> None:
    heard = {}
    for handle in handles.of(session, visit):
        if min_plays and handle.served_at is None:
            raise replies.not_served(step.kind, handle.slot)
        heard[f"stimulus_{handle.slot}"] = handle.stimulus_id
    # The page's clock leaves out the time to load; the server's is the limit of what can be true.
    elapsed = int((moment - visit.shown_at).total_seconds() * 1000)
    reported = values.pop("response_ms")
    session.add(AnswerRow(
        study_id=someone.study_id, answer_id=f"{someone.participant_id}.{step.id}", participant_id=someone.id,
        step_id=step.id, section=step.section, trial_id=step.trial_id, position=step.position, kind=step.kind,
        condition=step.condition, response_ms=max(0, elapsed if reported is None else min(reported, elapsed)),
        answered_at=moment, **heard, **values))
