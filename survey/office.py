"""The researcher's side of the store: the life of a study from its file to its export.

It has the shape that the Research page asks for; neither knows the other. Every act is decided by the store,
in one transaction, whatever the page showed: of two researchers at once, one is told what has changed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from threading import Event

from model import GenerationError
from survey import design
from survey.clips.inspection import inspect
from survey.database import catalogue
from survey.design.outline import outline, sha256
from survey.errors import Conflict, StoreError
from survey.export import exclusions, export
from survey.store import Store
from survey.study import Study, draft, say, study_file
from survey.study.written import written
from survey.values import StudyStatus
from survey.web import wording

Progress = Callable[[int, int], None]
Limits = Mapping[str, float | None]


@dataclass(frozen=True)
class Quota:
    """How many participants with one answer are wanted, and how many there are."""

    name: str
    have: int
    want: int


@dataclass(frozen=True)
class StudyOverview:
    """One study as it stands.

    `state` is `draft` until every clip is there, then `ready`, `open` or `closed`; `imported` data cannot be
    taken. `shut` says why nobody may start an open study. `outline` has the title of each section and what it
    holds. `by_step`: how many participants got at least as far as each step, in order.
    """

    slug: str
    title: str
    state: str
    clips_built: int
    clips_total: int
    started: int
    finished: int
    answers: int
    last_answer_at: datetime | None
    by_step: tuple[tuple[str, int], ...] = ()
    summary: str = ""
    minutes: int | None = None
    outline: tuple[tuple[str, str], ...] = ()
    median_minutes: float | None = None
    quotas: tuple[Quota, ...] = ()
    target: int | None = None
    until: date | None = None
    shut: str | None = None
    by_invitation: bool = False
    invited: int = 0
    invitations_used: int = 0
    excluded: Mapping[str, int] | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    audit: Mapping[str, object] | None = None
    plan_sha256: str | None = None


@dataclass(frozen=True)
class Spoken:
    """A language that the form offers: its tag, its own name, and what it suggests as title and summary."""

    tag: str
    name: str
    title: str
    summary: str


@dataclass(frozen=True)
class Rule:
    """One rule of exclusion: its sentence, how many break it, and how many of those no earlier rule names."""

    sentence: str
    broken_by: int
    excludes: int


class Office:
    """The studies of a store. Safe to use from several threads. `build` builds the clips of a study that are
    missing (`survey.clips.stimuli.build`, with all that it needs); `systems` are those that a study may
    name."""

    def __init__(self, store: Store, build: Callable[[Study, Progress, Event], object],
                 systems: Sequence[str] = ()):
        self._store, self._build, self.systems = store, build, tuple(systems)
        self.languages = tuple(Spoken(tag, wording.name(tag), draft.texts()["title"][tag],
                                      draft.texts()["summary"][tag]) for tag in wording.LANGUAGES)

    # --- a study and its file -------------------------------------------------------------------------------

    def draft(self, wishes: Mapping[str, object]) -> str:
        """A study file from a form (see `survey.study.draft`), with a seed that nobody chose."""
        return draft.draft(wishes, secrets.randbelow(2**31))

    def mistakes(self, text: str) -> str:
        """What is wrong with a study file, one sentence a line; '' for nothing."""
        try:
            study_file.parse(text)
        except study_file.StudyError as error:
            return str(error)
        return ""

    def text(self, slug: str) -> str:
        """The study file of a study.

        Raises:
            UnknownStudy: if there is none.
        """
        return written(self._store.study(slug))

    def save(self, text: str, instead_of: str | None = None) -> str:
        """Keeps a study file, and returns its slug.

        Args:
            text: the file. With another slug than `instead_of` it is a new study.
            instead_of: the file that it was made from, as `text` gave it; None for a new study.

        Raises:
            StudyError: if a file breaks a rule, one sentence for every mistake.
            Conflict: if the slug is taken, the study has participants, or it is no longer as `instead_of`.
        """
        study = study_file.parse(text)
        before = study_file.parse(instead_of) if instead_of else None
        same = before is not None and before.slug == study.slug
        self._store.register(study, opened=False, instead_of=before if same else None, new=not same)
        return study.slug

    def design(self, slug: str) -> dict[str, object]:
        """The study file and its trials as plain JSON; see `survey.design.outline`."""
        return outline(self._store.study(slug))

    def keep_plan(self, slug: str, text: str) -> None:
        """Keeps the analysis plan, before the first participant and once.

        Raises:
            Conflict: if somebody has started, a plan is kept already, or the study file is another by now.
        """
        study = self._store.study(slug)
        if sha256(study) != json.loads(text).get("study_file_sha256"):
            raise Conflict(f"That is the plan of another study file than the study '{slug}' has now.")
        self._store.freeze(slug, text, of=study)

    def audit(self, slug: str, progress: Progress, stop: Event) -> None:
        """Looks for what tells the machine's clips from people's, and keeps what it finds, unless it is
        stopped; see `survey.clips.inspection`."""
        inspect(self._store, slug, progress, stop)

    def build(self, slug: str, progress: Progress, stop: Event) -> None:
        """Builds the clips that are missing; see `survey.clips.stimuli.build`."""
        study = self._store.study(slug)
        try:
            self._build(study, progress, stop)
        except GenerationError as error:
            raise StoreError(f"{error} The clips that are built are kept.") from error

    # --- participants ---------------------------------------------------------------------------------------

    def preview(self, slug: str) -> str:
        """The path and fragment at which a researcher takes the study without being counted."""
        token = self._store.start(slug, preview=True)
        return f"/study/{slug}/#resume={token}"

    def open(self, slug: str) -> None:
        """Lets participants in."""
        self._store.open(slug)

    def close(self, slug: str) -> None:
        """Lets no new participants in."""
        self._store.close(slug)

    def invite(self, slug: str, count: int) -> list[str]:
        """New invitations, which cannot be shown a second time."""
        return self._store.invite(slug, count)

    # --- who is left out ------------------------------------------------------------------------------------

    def reasons(self, limits: Limits) -> list[str]:
        """The sentences of the chosen rules, as they become reasons."""
        return exclusions.reasons(limits)

    def rules(self, slug: str, limits: Limits) -> list[Rule]:
        """Whom the chosen rules would exclude now."""
        return [Rule(verdict.reason, len(verdict.broken_by), len(verdict.excludes))
                for verdict in self._judge(slug, limits)]

    def exclude(self, slug: str, limits: Limits) -> int:
        """Excludes by the chosen rules, each person once, by the first rule that they break; how many."""
        return sum(self._store.exclude(slug, verdict.excludes, verdict.reason)
                   for verdict in self._judge(slug, limits))

    def readmit(self, slug: str, reason: str) -> int:
        """Takes the exclusions for one reason back; how many they were."""
        return self._store.readmit(slug, reason)

    def _judge(self, slug: str, limits: Limits) -> list[exclusions.Verdict]:
        return exclusions.judge(self._store.dump(slug), limits, catalogue.now())

    # --- what is watched and taken away ---------------------------------------------------------------------

    def studies(self) -> list[StudyOverview]:
        """Every study, by slug."""
        return [self._seen(status) for status in self._store.statuses()]

    def export(self, slug: str, folder: Path) -> None:
        """Writes the export files of a study into a folder (see `survey.export`)."""
        export(self._store, slug, folder)

    def _seen(self, status: StudyStatus) -> StudyOverview:
        overview = StudyOverview(
            status.slug, status.title, _state(status), status.clips_built, status.clips_needed,
            status.started, status.finished, sum(status.answers.values()), status.last_answer_at,
            excluded=status.excluded, opened_at=status.opened_at, closed_at=status.closed_at,
            shut=status.shut)
        if status.state == "imported":
            return overview
        study = self._store.study(status.slug)
        plan, audited = self._store.plan(status.slug), self._store.audit(status.slug)
        return replace(
            overview, title=say(study.title, study.language), summary=say(study.summary, study.language),
            minutes=study.minutes, by_step=_reached(study, status), outline=tuple(_outline(study)),
            median_minutes=status.median_minutes, target=study.stop.participants, until=study.stop.date,
            quotas=tuple(Quota(f"{question}: {value}", have, want)
                         for question, value, have, want in status.quotas),
            by_invitation=study.access == "invitation", invited=status.invited.made,
            invitations_used=status.invited.used, audit=json.loads(audited) if audited else None,
            plan_sha256=hashlib.sha256(plan.encode()).hexdigest() if plan else None)


def _state(status: StudyStatus) -> str:
    if status.state == "imported":
        return "imported"
    if status.state == "building":
        return "draft"
    if status.closed_at is not None:
        return "closed"
    return "ready" if status.opened_at is None else "open"


def _reached(study: Study, status: StudyStatus) -> tuple[tuple[str, int], ...]:
    reached, rows = status.finished, []
    for step in reversed(design.steps(study, 0)):       # ids are the same for everybody
        reached += status.stopped_at.get(step.id, 0)
        rows.append((step.id.replace(".", " ").replace("_", " "), reached))
    return tuple(reversed(rows))


def _outline(study: Study) -> Iterator[tuple[str, str]]:
    """Each section's title, and how much of what it holds for one participant."""
    heard = Counter((step.section, step.kind) for step in design.steps(study, 0))
    for section in study.sections:
        parts = [_counted(count, kind) for (where, kind), count in heard.items() if where == section.id]
        yield say(section.title, study.language), ", ".join(filter(None, parts))


def _counted(count: int, kind: str) -> str:
    """'6 pairs'; nothing for what a page holds once by its nature."""
    if kind in ("consent", "questions", "sound_check", "thanks"):
        return ""
    name = "attention check" if kind == "attention" else kind.replace("_", " ")
    return f"{count} {name}{'' if count == 1 else 's'}"
