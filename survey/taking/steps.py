"""One participant and one step: what they are shown, and what becomes of their answer.

The queries of `survey.store` behind `start`, `due` and `answer`. Every function works inside the
transaction of the session that it is given.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from model import Listened, NotHeard, heard
from survey import design
from survey.database import catalogue, roster
from survey.database.tables import (
    AnswerRow,
    ParticipantRow,
    QuestionRow,
    ReplyRow,
    StimulusRow,
    StudyRow,
    VisitRow,
)
from survey.design import Step
from survey.errors import InvalidAnswer, NotDue, UnknownParticipant
from survey.study import PairsSection, Section, Study
from survey.taking import admission, debrief, handles, invitations, replies
from survey.values import Clip, Due, Scale

_TOKEN_BYTES = 32  # 256 bits
MAX_PARAMETER = 200  # characters of a parameter of the link
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")


@lru_cache(maxsize=1024)
def _sequence(definition: str, ordinal: int) -> tuple[Step, ...]:
    return design.steps(catalogue.parsed(definition), ordinal if ordinal >= 0 else -1 - ordinal)


def sequence(session: Session, person: ParticipantRow) -> tuple[Step, ...]:
    """All steps of a participant. Previews have numbers of their own, from -1 down, so that they leave no gap
    in the counterbalancing; theirs are the sequences of the first, second, ... participant."""
    return _sequence(session.get_one(StudyRow, person.study_id).definition, person.ordinal)


def study_of(session: Session, person: ParticipantRow) -> Study:
    """A participant's study, in their language."""
    row = session.get_one(StudyRow, person.study_id)
    return catalogue.in_language(row.definition, catalogue.definition(row).offered(person.language))


def start(session: Session, slug: str, language: str | None, invitation: str | None,
          parameters: Mapping[str, str], preview: bool, token: str | None = None) -> str:
    """See `Store.start`."""
    row = catalogue.study_row(session, slug, lock=True)
    study = catalogue.definition(row)
    _check_language(language)
    admission.check(session, row, study, preview)
    if study.access == "invitation" and not preview:
        invitations.redeem(session, row, invitation)
    if token is None or not _TOKEN.fullmatch(token):
        token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(ParticipantRow(
        study_id=row.id, participant_id=secrets.token_hex(8),
        ordinal=_ordinal_apart(session, row) if preview else _ordinal(session, row),
        token_sha256=_sha256(token), started_at=catalogue.now(), language=study.offered(language),
        excluded=False, preview=preview, parameters=_kept_parameters(study, parameters)))
    return token


def _check_language(language: str | None) -> None:
    if language is not None and not _LANGUAGE.match(language):
        raise InvalidAnswer("The language must be a tag such as 'en' or 'pt-BR'.")


def _ordinal(session: Session, row: StudyRow) -> int:
    """The first number that nobody has, so that whoever withdrew leaves no gap in the counterbalancing."""
    mine, following = ParticipantRow, aliased(ParticipantRow)
    followed = exists().where(following.study_id == row.id, following.ordinal == mine.ordinal + 1)
    of = mine.study_id == row.id
    if session.scalar(select(mine.id).where(of, mine.ordinal == 0)) is None:
        return 0
    return session.scalar(select(func.min(mine.ordinal)).where(of, mine.ordinal >= 0, ~followed)) + 1


def _ordinal_apart(session: Session, row: StudyRow) -> int:
    """The next number of those who take no place in the counterbalancing: -1, -2, ..."""
    lowest = session.scalar(select(func.min(ParticipantRow.ordinal)).where(ParticipantRow.study_id == row.id))
    return min(lowest or 0, 0) - 1


def _kept_parameters(study: Study, given: Mapping[str, str]) -> str | None:
    """What the study wants of a link's parameters, as JSON."""
    cleaned = {name: replies.clean(given[name][:MAX_PARAMETER]) for name in study.parameters if name in given}
    kept = {name: value for name, value in cleaned.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False) if kept else None


def set_language(someone: ParticipantRow, study: Study, language: str) -> None:
    """See `Store.set_language`."""
    _check_language(language)
    someone.language = study.offered(language)


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
    study = study_of(session, someone)
    section = study.section(step.section)
    clips = tuple(Clip(row.slot, row.handle) for row in handles.of(session, visit))
    more = _asked(step, section)
    if step.kind == "thanks":
        more = _ending(session, someone, study)
    return Due(study.slug, step.id, step.kind, section.title, section.text, done=someone.position,
               total=len(sequence(session, someone)) - 1, language=study.offered(someone.language),
               languages=tuple(study.languages), preview=someone.preview, position=step.position, of=step.of,
               clips=clips, **more)


def _asked(step: Step, section: Section) -> dict[str, object]:
    """What a step asks, in the words of its section."""
    match step.kind:
        case "questions":
            return {"questions": tuple(section.questions)}
        case "comment":
            return {"question": section.question if section.kind == "comments" else section.comment}
        case "sound_check":
            return {"question": section.question or "", "counts": design.NOTES, "min_plays": 1}
        case "attention":
            return {"question": section.question, "expected": step.expected}
        case "consent" | "thanks":
            return {}
    asked = {"question": section.question, "ask_recognised": section.ask_recognised,
             "min_plays": section.min_plays, "practice": step.kind.startswith("practice"),
             "label": step.label}
    if isinstance(section, PairsSection):
        if step.condition == "prefer" and section.prefer_question:
            asked["question"] = section.prefer_question
        return asked
    scales = tuple(Scale(scale.id, scale.question, scale.low, scale.high) for scale in section.scales)
    ask_ai = step.kind != "open_rating" and section.ask_ai and step.label is None
    return {**asked, "low": section.low, "high": section.high, "scales": scales, "ask_ai": ask_ai}


def _ending(session: Session, someone: ParticipantRow, study: Study) -> dict[str, object]:
    """What the last page tells: to whoever answered everything, and to whom a full quota turned away."""
    if someone.finished_at is None:
        return {"quota_full": True}
    code = {"completion_code": study.completion.code, "completion_url": study.completion.url or ""} \
        if study.completion else {}
    return {**code, "debrief": debrief.of(session, someone, study) if study.debrief else None}


# --- what is answered ---------------------------------------------------------------------------------------


def answer(session: Session, someone: ParticipantRow, step_id: str, payload: Mapping[str, object]) -> Due:
    """See `Store.answer`; the participant's row is locked."""
    steps = sequence(session, someone)
    step = _check_due(steps, someone.position, step_id)
    visit = _visit(session, someone, step.id) or _open(session, someone, step)
    section = study_of(session, someone).section(step.section)
    visit.answered_at = catalogue.now()
    someone.position += 1
    if step.kind == "consent":
        replies.consent(payload)
    elif step.kind == "questions":
        given = replies.questions(payload, section)
        _keep_replies(session, someone, given)
        if _quota_is_full(session, someone, given):
            return _turn_away(session, someone, last=len(steps) - 1)
    elif step.kind == "sound_check":
        _heard(session, step, visit, replies.sound_check(payload, step.notes), min_plays=1)
    else:
        _keep_answer(session, someone, step, visit, replies.trial(step, payload, section), section)
    if someone.position == len(steps) - 1:
        someone.finished_at = visit.answered_at
    return show(session, someone)


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
    session.flush()


def _quota_is_full(session: Session, someone: ParticipantRow, given: dict[str, tuple[str, bool]]) -> bool:
    """Whether enough others have given one of these replies. Of two who ask at once, one waits."""
    row = session.get_one(StudyRow, someone.study_id)
    limits = catalogue.definition(row).quotas
    wanted = [(key, value) for key, (value, _) in given.items() if value in limits.get(key, {})]
    if someone.preview or not wanted:
        return False
    catalogue.study_row(session, row.slug, lock=True)
    return any(roster.places(session, row, key, value, other_than=someone) >= limits[key][value]
               for key, value in wanted)


def _turn_away(session: Session, someone: ParticipantRow, last: int) -> Due:
    """Leads to the end whoever the study has enough of, and frees their number for somebody else."""
    someone.excluded, someone.exclusion_reason = True, roster.QUOTA_FULL
    someone.position = last
    someone.ordinal = _ordinal_apart(session, session.get_one(StudyRow, someone.study_id))
    return show(session, someone)


def _keep_answer(session: Session, someone: ParticipantRow, step: Step, visit: VisitRow,
                 values: dict[str, object], section: Section) -> None:
    values |= _heard(session, step, visit, values, getattr(section, "min_plays", 0))
    scales = values.pop("scales", None)
    # The page's clock leaves out the time to load; the server's is the limit of what can be true.
    elapsed = round(_elapsed_s(visit) * 1000)
    reported = values.pop("response_ms")
    session.add(AnswerRow(
        study_id=someone.study_id, answer_id=f"{someone.participant_id}.{step.id}", participant_id=someone.id,
        step_id=step.id, section=step.section, trial_id=step.trial_id, position=step.position,
        kind="practice" if step.kind.startswith("practice") else step.kind, condition=step.condition,
        label=step.label, repeat_of=step.repeat_of, scales=json.dumps(scales) if scales else None,
        response_ms=max(0, elapsed if reported is None else min(reported, elapsed)),
        answered_at=visit.answered_at, **values))


def _heard(session: Session, step: Step, visit: VisitRow, values: Mapping[str, object],
           min_plays: int) -> dict[str, object]:
    """The clips of a step, and for how long each was heard, as columns of an answer.

    Raises:
        InvalidAnswer: if one was not heard for long enough.
    """
    rows = handles.of(session, visit)
    durations = dict(session.execute(select(StimulusRow.id, StimulusRow.duration_s).where(
        StimulusRow.id.in_([row.stimulus_id for row in rows]))).all())
    single = len(rows) == 1
    listened = [Listened(row.slot, "the clip" if single else f"clip {row.slot.upper()}",
                         "listen" if single else f"listen_{row.slot}", values[f"plays_{row.slot}"],
                         values[f"heard_{row.slot}_s"], row.served_at is not None, row.served_s,
                         durations[row.stimulus_id]) for row in rows]
    try:
        seconds = heard(listened, _elapsed_s(visit), min_plays)
    except NotHeard as error:
        raise InvalidAnswer(str(error), error.code) from error
    clips = {f"stimulus_{row.slot}": row.stimulus_id for row in rows}
    return {**clips, **{f"heard_{slot}_s": time for slot, time in seconds.items()}}


def _elapsed_s(visit: VisitRow) -> float:
    return (visit.answered_at - visit.shown_at).total_seconds()
