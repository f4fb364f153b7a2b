"""The store of answers: every rule of what may be written, as methods; each is one transaction.

The server decides what is due: a participant's sequence follows from the study file and their number, and a
step is answered once, in one transaction that also moves them on. Unique constraints stand behind each of
these rules. The queries are in `survey.catalogue` (studies), `survey.taking` (participants), `survey.handles`
(clips) and `survey.records` (export and import).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from survey import catalogue, database, handles, records, taking
from survey.design import ClipSpec
from survey.errors import (
    Busy,
    Conflict,
    InvalidAnswer,
    NotDue,
    NotReady,
    StoreError,
    UnknownClip,
    UnknownParticipant,
    UnknownStudy,
)
from survey.study import Study
from survey.tables import ParticipantRow, StudyRow
from survey.values import BuiltClip, Clip, ClipFile, Due, StudyData, StudyStatus, Welcome

__all__ = [
    "BuiltClip", "Busy", "Clip", "ClipFile", "Conflict", "Due", "InvalidAnswer", "NotDue", "NotReady",
    "Store", "StoreError", "StudyData", "StudyStatus", "UnknownClip", "UnknownParticipant", "UnknownStudy",
    "Welcome",
]


class Store:
    """The answers of all studies. Safe for threads, and for several processes on one database.

    Every method may raise `Busy`. All times are the server's, in UTC.
    """

    def __init__(self, database_url: str):
        """Opens the database and brings its tables up to date.

        Raises:
            StoreError: if it cannot be opened.
        """
        self._engine = database.open_engine(database_url)

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- studies and their clips ----------------------------------------------------------------------------

    def register(self, study: Study) -> None:
        """Keeps a study file. The same again does nothing; a changed one replaces the old while nobody has
        started, and clips that it still wants as they are stay built.

        Raises:
            Conflict: if the study has changed but has participants, or holds imported data.
        """
        try:
            with database.transaction(self._engine, write=True) as session:
                catalogue.register(session, study)
        except IntegrityError:  # another process has just registered it: now it is there to compare with
            with database.transaction(self._engine, write=True) as session:
                catalogue.register(session, study)

    def study(self, slug: str) -> Study:
        """The registered study.

        Raises:
            UnknownStudy: if there is none, or only imported data.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.definition(catalogue.study_row(session, slug))

    def missing_clips(self, slug: str) -> list[ClipSpec]:
        """The clips that are still to be built, in the order of the study's trials."""
        with database.transaction(self._engine, write=False) as session:
            return catalogue.missing_clips(session, slug)

    def built_clips(self, slug: str) -> dict[str, str]:
        """The clips that are built: clip id to path, relative to the data folder."""
        with database.transaction(self._engine, write=False) as session:
            return catalogue.built_clips(session, slug)

    def add_clip(self, slug: str, spec: ClipSpec, built: BuiltClip) -> None:
        """Registers a built clip, in place of an earlier build of it.

        Raises:
            Conflict: if participants may already have heard another build, or the study wants no such clip.
        """
        with database.transaction(self._engine, write=True) as session:
            catalogue.add_clip(session, slug, spec, built)

    def statuses(self) -> list[StudyStatus]:
        """Live counts of every study, by slug."""
        with database.transaction(self._engine, write=False) as session:
            rows = session.scalars(select(StudyRow).order_by(StudyRow.slug)).all()
            return [catalogue.status(session, row) for row in rows]

    def status(self, slug: str) -> StudyStatus:
        """Live counts of one study.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.status(session, catalogue.study_row(session, slug))

    # --- participants ---------------------------------------------------------------------------------------

    def welcome(self, slug: str) -> Welcome:
        """What a visitor sees first. Writes nothing.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.welcome(session, slug)

    def start(self, slug: str, language: str | None = None) -> str:
        """A new participant; returns the token by which they go on, here or on another device.

        Args:
            slug: the study.
            language: the language they read it in (BCP 47); the study's own if None.

        Raises:
            UnknownStudy: if there is none.
            NotReady: if clips are missing.
        """
        with database.transaction(self._engine, write=True) as session:
            return taking.start(session, slug, language)

    def due(self, token: str) -> Due:
        """The step that is due, the same on every call until it is answered.

        Raises:
            UnknownParticipant: if the token belongs to nobody.
        """
        with database.transaction(self._engine, write=False) as session:
            shown = taking.shown(session, taking.person(session, token))
        if shown is not None:
            return shown
        with database.transaction(self._engine, write=True) as session:
            return taking.show(session, taking.person(session, token, lock=True))

    def answer(self, token: str, step_id: str, payload: Mapping[str, object]) -> Due:
        """Writes the answer to the step that is due, once, and returns the next step.

        Args:
            token: the participant's.
            step_id: the step's, as `due` gave it.
            payload: by kind of step, see `survey.replies`: `{"agree": True}`; `{"replies": {id: value}}`;
                `{"choice", "plays_a", "plays_b"}`; `{"rating", "said_ai", "plays_a"}`; `{"rating",
                "plays_a"}`; `{"comment"}`. Trials may add `recognised` and `comment`; trials and comments
                `response_ms`.

        Raises:
            UnknownParticipant: if the token belongs to nobody.
            NotDue: if the step was answered before, is not due yet, or everything is answered.
            InvalidAnswer: if the payload breaks a rule; the step stays due.
        """
        try:
            with database.transaction(self._engine, write=True) as session:
                return taking.answer(session, taking.person(session, token, lock=True), step_id, payload)
        except IntegrityError as error:  # somebody was quicker, past the lock
            raise NotDue("This step is answered already, and an answer cannot be given twice.") from error

    def clip(self, handle: str) -> ClipFile:
        """The clip behind the handle of one participant's trial, while that trial is due (`survey.handles`).

        Raises:
            UnknownClip: if there is no such handle, or its session is over.
        """
        with database.transaction(self._engine, write=False) as session:
            return handles.find(session, handle)

    def served(self, handle: str, seconds: float) -> None:
        """Notes that so many seconds of a clip were newly streamed, without which no answer about it counts.

        Raises:
            UnknownClip: if there is no such handle.
        """
        with database.transaction(self._engine, write=True) as session:
            handles.served(session, handle, seconds)

    def withdraw(self, token: str) -> None:
        """Deletes a participant and everything they gave, for good.

        Raises:
            UnknownParticipant: if the token belongs to nobody.
        """
        with database.transaction(self._engine, write=True) as session:
            session.delete(taking.person(session, token, lock=True))
        database.forget(self._engine)

    def purge(self, slug: str, before: datetime) -> int:
        """Deletes every participant of a study who started before a moment, and everything they gave.

        Args:
            slug: the study.
            before: the moment, aware of its time zone.

        Returns:
            How many participants were deleted.

        Raises:
            UnknownStudy: if there is none.
        """
        if before.tzinfo is None:
            raise StoreError(f"The moment of a purge needs a time zone, but {before.isoformat()} has none.")
        with database.transaction(self._engine, write=True) as session:
            row = catalogue.study_row(session, slug)
            gone = session.execute(delete(ParticipantRow).where(
                ParticipantRow.study_id == row.id, ParticipantRow.started_at < before))
        database.forget(self._engine)
        return gone.rowcount

    # --- export and import ----------------------------------------------------------------------------------

    def dump(self, slug: str) -> StudyData:
        """Everything that the export files of a study hold, at one moment.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return records.dump(session, slug)

    def load(self, data: StudyData) -> None:
        """Writes what export files hold as a new study that can be analysed but not taken: all of it, or
        nothing.

        Raises:
            Conflict: if the study exists, unless it is registered without clips and participants.
        """
        try:
            with database.transaction(self._engine, write=True) as session:
                records.load(session, data)
        except IntegrityError as error:
            raise Conflict(f"The study '{data.slug}' has just been made by somebody else; "
                           "nothing was imported.") from error

    # --- the analysis plan ----------------------------------------------------------------------------------

    def freeze(self, slug: str, plan: str) -> None:
        """Keeps the analysis plan of a study, word for word, in place of an earlier one.

        Raises:
            UnknownStudy: if there is no such study.
            Conflict: if somebody has started it: a plan that is made then is not one.
        """
        with database.transaction(self._engine, write=True) as session:
            row = catalogue.study_row(session, slug, lock=True)
            if catalogue.participants(session, row):
                raise Conflict(f"Somebody has started the study '{slug}', so its analysis plan can no longer "
                               "be frozen: that must come before the first participant.")
            row.plan = plan

    def plan(self, slug: str) -> str | None:
        """The frozen analysis plan of a study, word for word; None if there is none.

        Raises:
            UnknownStudy: if there is no such study.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.study_row(session, slug).plan
