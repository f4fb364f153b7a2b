"""The store of answers: every rule of what may be written, as methods; each is one transaction.

The server decides what is due: a participant's sequence follows from the study file and their number, and a
step is answered once, in one transaction that also moves them on. Unique constraints stand behind each of
these rules. The queries are in `survey.catalogue` (studies), `survey.taking` (participants), `survey.handles`
(clips) and `survey.records` (export and import).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from survey import admission, catalogue, database, handles, invitations, records, roster, standing, taking
from survey.design import ClipSpec, SoundCheck
from survey.errors import (
    BadInvitation,
    Busy,
    Closed,
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
from survey.values import BuiltClip, Clip, ClipFile, Due, MeasuredClip, StudyData, StudyStatus, Welcome

__all__ = [
    "BadInvitation", "BuiltClip", "Busy", "Clip", "ClipFile", "Closed", "Conflict", "Due", "InvalidAnswer",
    "NotDue", "NotReady", "Store", "StoreError", "StudyData", "StudyStatus", "UnknownClip",
    "UnknownParticipant", "UnknownStudy", "Welcome",
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

    def dispose(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    # --- studies and their clips ----------------------------------------------------------------------------

    def register(self, study: Study, *, opened: bool = True, instead_of: Study | None = None,
                 new: bool = False) -> None:
        """Keeps a study file. The same again does nothing; a changed one replaces the old while nobody has
        started (previews are then deleted), and clips that it still wants as they are stay built.

        Args:
            study: the study.
            opened: whether a study that is new is open at once.
            instead_of: the study that this one was made from; None: whatever is there.
            new: there may be none of this slug yet.

        Raises:
            Conflict: if the study has changed but has participants, or holds imported data; if it is not what
            `instead_of` or `new` say.
        """
        try:
            with database.transaction(self._engine, write=True) as session:
                catalogue.register(session, study, opened, instead_of, new)
        except IntegrityError:  # another process has just registered it: now it is there to compare with
            with database.transaction(self._engine, write=True) as session:
                catalogue.register(session, study, opened, instead_of, new)

    def open(self, slug: str) -> None:
        """Lets participants start a study.

        Raises:
            UnknownStudy: if there is none, or only imported data.
        """
        with database.transaction(self._engine, write=True) as session:
            row = catalogue.study_row(session, slug, lock=True)
            catalogue.definition(row)
            admission.open_(row)

    def close(self, slug: str) -> None:
        """Lets nobody start a study any more; whoever has started may go on.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=True) as session:
            admission.close(catalogue.study_row(session, slug, lock=True))

    def invite(self, slug: str, count: int) -> list[str]:
        """New invitations to a study, as they are to be handed out; they cannot be shown a second time.

        Raises:
            UnknownStudy: if there is none.
            StoreError: if the count is out of range.
        """
        with database.transaction(self._engine, write=True) as session:
            return invitations.create(session, catalogue.study_row(session, slug), count)

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

    def missing_sound_checks(self, slug: str) -> list[SoundCheck]:
        """The clips of the study's sound checks that are still to be built."""
        with database.transaction(self._engine, write=False) as session:
            return catalogue.missing_sound_checks(session, slug)

    def built_clips(self, slug: str) -> dict[str, str]:
        """The clips that are built: clip id to path, relative to the data folder."""
        with database.transaction(self._engine, write=False) as session:
            return catalogue.built_clips(session, slug)

    def add_clip(self, slug: str, spec: ClipSpec | SoundCheck, built: BuiltClip) -> None:
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
            return [standing.status(session, row) for row in rows]

    def status(self, slug: str) -> StudyStatus:
        """Live counts of one study.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return standing.status(session, catalogue.study_row(session, slug))

    # --- participants ---------------------------------------------------------------------------------------

    def welcome(self, slug: str, language: str | None = None) -> Welcome:
        """What a visitor sees first, in the study's language that is nearest to theirs. Writes nothing.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return standing.welcome(session, slug, language)

    def start(self, slug: str, language: str | None = None, *, invitation: str | None = None,
              parameters: Mapping[str, str] | None = None, preview: bool = False) -> str:
        """A new participant; returns the token by which they go on, here or on another device.

        Args:
            slug: the study.
            language: the language they like to read it in (BCP 47); of the study's, the nearest is taken.
            invitation: the code, where the study needs one.
            parameters: of the link that led here; those that the study names are kept.
            preview: a researcher's look. It needs no opening, place or invitation, and counts nowhere.

        Raises:
            UnknownStudy: if there is none.
            NotReady: if clips are missing.
            Closed: if the study is not open, or has no place left.
            BadInvitation: if the study needs an invitation, and this is none.
        """
        with database.transaction(self._engine, write=True) as session:
            return taking.start(session, slug, language, invitation, parameters or {}, preview)

    def set_language(self, token: str, language: str) -> None:
        """Lets a participant go on in another language: of the study's, the nearest to this one (BCP 47).

        Raises:
            UnknownParticipant: if the token belongs to nobody.
            InvalidAnswer: if this is no language tag.
        """
        with database.transaction(self._engine, write=True) as session:
            someone = taking.person(session, token, lock=True)
            taking.set_language(someone, taking.study_of(session, someone), language)

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
                `{"count", "plays_a", "heard_a_s"}`; `{"choice", "plays_a", "heard_a_s", "plays_b",
                "heard_b_s"}`; `{"rating", "said_ai", "scales": {id: 1-5}, "plays_a", "heard_a_s"}`;
                `{"choice"}` of an attention check; `{"comment"}`. Trials may add `recognised` and `comment`;
                all but the first two `response_ms`.

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

    def exclude(self, slug: str, participant_ids: Iterable[str], reason: str) -> int:
        """Leaves participants out of the analysis for a reason; who is left out already keeps theirs.

        Returns:
            How many were left out by this.

        Raises:
            UnknownStudy: if there is no such study.
            UnknownParticipant: if one of them is none of the study's; then nobody is left out.
        """
        with database.transaction(self._engine, write=True) as session:
            return roster.exclude(session, catalogue.study_row(session, slug), participant_ids, reason)

    def readmit(self, slug: str, reason: str) -> int:
        """Takes all exclusions for one reason back; returns how many.

        Raises:
            UnknownStudy: if there is no such study.
        """
        with database.transaction(self._engine, write=True) as session:
            return roster.readmit(session, catalogue.study_row(session, slug), reason)

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
            invitations.purge(session, row, before)
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

    def freeze(self, slug: str, plan: str, of: Study | None = None) -> None:
        """Keeps the analysis plan of a study, word for word, in place of an earlier one.

        Args:
            slug: the study.
            plan: the plan.
            of: the study that it was drafted for, if it is to be the first plan, and of no other study file.

        Raises:
            UnknownStudy: if there is no such study.
            Conflict: if somebody has started it: a plan that is made then is not one; or if it is not as `of`
            says.
        """
        with database.transaction(self._engine, write=True) as session:
            row = catalogue.study_row(session, slug, lock=True)
            if of is not None and row.plan is not None:
                raise Conflict(f"The analysis plan of the study '{slug}' is frozen already.")
            if of is not None and catalogue.definition(row) != of:
                raise Conflict(f"The study '{slug}' has just been changed by somebody else, so its plan was "
                               "not frozen; please look at it again.")
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

    # --- the audit of the clips -----------------------------------------------------------------------------

    def measured(self, slug: str) -> list[MeasuredClip]:
        """What is known of every built clip, in the order of building; sound checks are left out.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.measured(session, slug)

    def keep_audit(self, slug: str, result: str) -> None:
        """Keeps the result of an audit, in place of an earlier one, until a clip or the study file changes.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=True) as session:
            catalogue.study_row(session, slug, lock=True).audit = result

    def audit(self, slug: str) -> str | None:
        """The result of the last audit, word for word; None if there is none.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return catalogue.study_row(session, slug).audit
