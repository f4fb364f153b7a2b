"""The store of answers: every rule of what may be written, as methods; each is one transaction.

The server decides what is due: a participant's sequence follows from the study file and their number, and a
step is answered once, in one transaction that also moves them on. Unique constraints stand behind each of
these rules. Studies and clips are in `store.studies`. The queries are in `survey.taking` (participants, and
what they hear) and `survey.database` (who counts, export and import).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from survey import database, taking
from survey.database import catalogue, records, roster
from survey.database.tables import ParticipantRow
from survey.errors import Conflict, NotDue, StoreError
from survey.store.studies import StudyStore
from survey.taking import admission, handles, invitations, standing
from survey.values import ClipFile, Due, StudyData, Welcome


class Store(StudyStore):
    """The answers of all studies. Safe for threads, and for several processes on one database.

    Every method may raise `Busy`. All times are the server's, in UTC.
    """

    def welcome(self, slug: str, language: str | None = None) -> Welcome:
        """What a visitor sees first, in the study's language that is nearest to theirs. Writes nothing.

        Raises:
            UnknownStudy: if there is none.
        """
        with database.transaction(self._engine, write=False) as session:
            return standing.welcome(session, slug, language)

    def start(self, slug: str, language: str | None = None, *, invitation: str | None = None,
              parameters: Mapping[str, str] | None = None, preview: bool = False,
              token: str | None = None) -> str:
        """A new participant; returns the token by which they go on, here or on another device.

        Args:
            slug: the study.
            language: the language they like to read it in (BCP 47); of the study's, the nearest is taken.
            invitation: the code, where the study needs one.
            parameters: of the link that led here; those that the study names are kept.
            preview: a researcher's look. It needs no opening, place or invitation, and counts nowhere.
            token: what their browser proposes for it; taken if it is 43 characters of URL-safe base 64, as
                256 random bits are, else one is made.

        Raises:
            UnknownStudy: if there is none.
            NotReady: if clips are missing.
            Closed: if the study is not open, or has no place left.
            BadInvitation: if the study needs an invitation, and this is none.
            Conflict: if somebody has this token already.
        """
        try:
            with database.transaction(self._engine, write=True) as session:
                return taking.start(session, slug, language, invitation, parameters or {}, preview, token)
        except IntegrityError as error:
            raise Conflict("Somebody has begun with this token already.") from error

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
            payload: by kind of step, see `taking.replies`: `{"agree": True}`; `{"replies": {id: value}}`;
                `{"count", "plays_a", "heard_a_s"}`; `{"choice", "plays_a", "heard_a_s", "plays_b",
                "heard_b_s"}`; `{"rating", "said_ai", "scales": {id: 1-5}, "plays_a", "heard_a_s"}`;
                `{"choice"}` of an attention check; `{"comment"}`. Trials may add `recognised` and `comment`,
                and `starts_a`, `starts_b`; all but the first two `response_ms`.

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
        """The clip behind the handle of one participant's trial, while that trial is due (`taking.handles`).

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

        Their places are free for others. Where the study had all its participants it is closed, so that
        nobody takes these places before somebody who has seen the answers decides that they shall.

        Returns:
            How many were left out by this.

        Raises:
            UnknownStudy: if there is no such study.
            UnknownParticipant: if one of them is none of the study's; then nobody is left out.
        """
        with database.transaction(self._engine, write=True) as session:
            row = catalogue.study_row(session, slug, lock=True)
            full = admission.full(session, row)
            left_out = roster.exclude(session, row, participant_ids, reason)
            session.flush()
            if full and not admission.full(session, row):
                admission.close(row)
            return left_out

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
