"""The studies of the store: their files, clips, plans and audits, as methods; each is one transaction.

Participants and their answers are in `survey.store`, which has all of these methods too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from survey import database
from survey.database import catalogue
from survey.database.tables import StudyRow
from survey.design import ClipSpec, SoundCheck
from survey.errors import Conflict
from survey.study import Study
from survey.taking import admission, invitations, standing
from survey.values import BuiltClip, MeasuredClip, StudyStatus


class StudyStore:
    """What the store knows of studies and clips. Safe for threads, and for several processes on one database.

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    # --- files and clips ------------------------------------------------------------------------------------

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

    def discarded_files(self) -> list[str]:
        """The files of former clips that no study uses any more, relative to the data folder."""
        with database.transaction(self._engine, write=False) as session:
            return catalogue.discarded_files(session)

    def forget_files(self, paths: Sequence[str]) -> None:
        """Discarded files that have been removed."""
        with database.transaction(self._engine, write=True) as session:
            catalogue.forget_files(session, paths)

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
