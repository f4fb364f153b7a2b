"""Everything the export files hold, out of the tables and into them: the queries behind `Store.dump` and
`Store.load`.

Every function works inside the transaction of the session that it is given.
"""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from survey.database import catalogue
from survey.database.tables import AnswerRow, ParticipantRow, QuestionRow, ReplyRow, StimulusRow, StudyRow
from survey.errors import Conflict
from survey.study import Study, reread
from survey.values import StudyData

PARTICIPANT_COLUMNS = (
    "participant_id", "started_at", "finished_at", "language", "excluded", "exclusion_reason")
STIMULUS_COLUMNS = (
    "stimulus_id", "origin", "system", "prompt_id", "temperature", "top_k", "top_p", "no_repeat_ngram",
    "seed", "checkpoint_sha256", "title", "composer", "licence", "duration_s", "lufs", "audio_sha256")
ANSWER_COLUMNS = (
    "answer_id", "section", "trial_id", "position", "kind", "condition", "choice", "rating", "said_ai",
    "recognised", "comment", "plays_a", "plays_b", "response_ms", "answered_at", "heard_a_s", "heard_b_s",
    "label", "repeat_of", "starts_a", "starts_b", "scales")
PARAMETER = "A parameter of the link that led them here."


def dump(session: Session, slug: str) -> StudyData:
    """See `Store.dump`."""
    row = catalogue.study_row(session, slug)
    questions = session.execute(select(QuestionRow.question_id, QuestionRow.text)
                                .where(QuestionRow.study_id == row.id).order_by(QuestionRow.id))
    study = catalogue.parsed(row.definition) if row.definition else None
    parameters = dict.fromkeys(study.parameters, PARAMETER) if study else {}
    judged = StimulusRow.origin.is_not(None) | StimulusRow.path.is_(None)   # a sound check is no stimulus
    return StudyData(row.slug, row.title, dict(questions.all()) | parameters, _participants(session, row),
                     _rows(session, row, StimulusRow, STIMULUS_COLUMNS, judged), _answers(session, row),
                     _documents(row), _scales(study or reread(row.imported)))


def _scales(study: Study | None) -> dict[str, str]:
    """The wording of every further scale, in the study's own language."""
    if study is None:
        return {}
    sections = study.in_language(study.language).sections
    return {scale.id: scale.question for section in sections for scale in getattr(section, "scales", ())}


def _documents(row: StudyRow) -> dict[str, str]:
    kept = {"study.json": row.definition or row.imported, "plan.json": row.plan, "audit.json": row.audit}
    return {name: content for name, content in kept.items() if content is not None}


def _rows(session: Session, row: StudyRow, table: type, columns: tuple[str, ...],
          *only: ColumnElement[bool]) -> list[dict[str, object]]:
    query = select(*(getattr(table, name) for name in columns))
    query = query.where(table.study_id == row.id, *only).order_by(table.id)
    return [dict(found) for found in session.execute(query).mappings()]


def _participants(session: Session, row: StudyRow) -> list[dict[str, object]]:
    people = _rows(session, row, ParticipantRow, (*PARTICIPANT_COLUMNS, "parameters"), *catalogue.real(row))
    replies = {person["participant_id"]: _parameters(person.pop("parameters")) for person in people}
    query = (select(ParticipantRow.participant_id, QuestionRow.question_id, ReplyRow.value,
                    ReplyRow.is_number)
             .join(ReplyRow, ReplyRow.participant_id == ParticipantRow.id)
             .join(QuestionRow, ReplyRow.question_id == QuestionRow.id)
             .where(*catalogue.real(row)))
    for participant_id, question_id, value, is_number in session.execute(query):
        replies[participant_id][question_id] = (value, is_number)
    return [{**person, "replies": replies[person["participant_id"]]} for person in people]


def _parameters(kept: str | None) -> dict[str, tuple[str, bool]]:
    return {name: (value, False) for name, value in json.loads(kept).items()} if kept else {}


def _answers(session: Session, row: StudyRow) -> list[dict[str, object]]:
    a, b = aliased(StimulusRow), aliased(StimulusRow)
    query = (select(*(getattr(AnswerRow, name) for name in ANSWER_COLUMNS), ParticipantRow.participant_id,
                    a.stimulus_id.label("stimulus_a"), b.stimulus_id.label("stimulus_b"))
             .join(ParticipantRow, AnswerRow.participant_id == ParticipantRow.id)
             .outerjoin(a, AnswerRow.stimulus_a == a.id).outerjoin(b, AnswerRow.stimulus_b == b.id)
             .where(AnswerRow.study_id == row.id, ParticipantRow.preview.is_(False)).order_by(AnswerRow.id))
    return [{**found, "scales": json.loads(found["scales"]) if found["scales"] else None}
            for found in session.execute(query).mappings()]


def load(session: Session, data: StudyData) -> None:
    """See `Store.load`. The data's references are taken to be sound; `survey.export` checks them."""
    study_id = _make_room(session, data)
    row = session.get_one(StudyRow, study_id)
    row.title = data.title
    row.imported, row.plan, row.audit = (
        data.documents.get(name) for name in ("study.json", "plan.json", "audit.json"))
    _insert(session, QuestionRow, [
        {"study_id": study_id, "question_id": key, "text": text} for key, text in data.questions.items()])
    _insert(session, StimulusRow, [{"study_id": study_id, **stimulus} for stimulus in data.stimuli])
    _insert(session, ParticipantRow, [
        {"study_id": study_id, "position": 0, **{name: person[name] for name in PARTICIPANT_COLUMNS}}
        for person in data.participants])
    people = _keys(session, ParticipantRow, "participant_id", study_id)
    stimuli = _keys(session, StimulusRow, "stimulus_id", study_id)
    questions = _keys(session, QuestionRow, "question_id", study_id)
    _insert(session, ReplyRow, [
        {"participant_id": people[person["participant_id"]], "question_id": questions[key], "value": value,
         "is_number": is_number}
        for person in data.participants for key, (value, is_number) in person["replies"].items()])
    _insert(session, AnswerRow, [
        {**answer, "study_id": study_id, "participant_id": people[answer["participant_id"]],
         "stimulus_a": stimuli.get(answer["stimulus_a"]), "stimulus_b": stimuli.get(answer["stimulus_b"]),
         "scales": json.dumps(answer["scales"]) if answer.get("scales") else None}
        for answer in data.answers])


def _make_room(session: Session, data: StudyData) -> int:
    """The id of a study row for the data; takes over one that is registered but untouched."""
    row = session.scalar(select(StudyRow).where(StudyRow.slug == data.slug).with_for_update())
    if row is None:
        row = StudyRow(slug=data.slug, title=data.title, created_at=catalogue.now())
        session.add(row)
        session.flush()
        return row.id
    touched = catalogue.participants(session, row) or session.scalar(
        select(StimulusRow.id).where(StimulusRow.study_id == row.id).limit(1))
    if row.definition is None or touched:
        raise Conflict(f"There is a study '{data.slug}' already, so nothing was imported; "
                       "it can be imported under another slug.")
    row.definition = None
    session.execute(delete(QuestionRow).where(QuestionRow.study_id == row.id))
    return row.id


def _insert(session: Session, table: type, rows: list[dict[str, object]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _keys(session: Session, table: type, name: str, study_id: int) -> dict[str, int]:
    query = select(getattr(table, name), table.id).where(table.study_id == study_id)
    return dict(session.execute(query).all())
