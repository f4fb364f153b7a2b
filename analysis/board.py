"""What the Research page shows of a study and asks of whoever keeps them: values and one interface, no HTML.

`analysis` may not know the store of answers. So what keeps the studies has the shape of `Office`, and app.py
brings both together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import Any, Protocol

Progress = Callable[[int, int], None]  # (steps done, steps in all)


@dataclass(frozen=True)
class Quota:
    """How many participants with one answer to one question are wanted, and how many there are."""

    name: str
    have: int
    want: int


@dataclass(frozen=True)
class StudyStatus:
    """One study as it stands. Moments have a time zone; None is 'not yet' or 'not wanted'.

    ``state`` is 'draft' until every clip is there, then 'ready', 'open' or 'closed'; 'imported' data cannot
    be taken. ``outline`` names each section and what it holds. ``by_step`` counts, for each page of the study
    in its order, the participants who got at least that far. ``median_minutes`` is over those who finished.
    ``shut`` says why nobody may start an open study. ``excluded`` counts participants by reason. ``audit``
    has a ``verdict``, ``warnings`` (sentences) and ``cues`` (name, AUC).
    """

    slug: str
    title: str
    state: str
    clips_built: int = 0
    clips_total: int = 0
    started: int = 0
    finished: int = 0
    answers: int = 0
    last_answer_at: datetime | None = None
    by_step: Sequence[tuple[str, int]] = field(default_factory=tuple)
    summary: str = ""
    minutes: int | None = None
    outline: Sequence[tuple[str, str]] = field(default_factory=tuple)
    median_minutes: float | None = None
    quotas: Sequence[Quota] = field(default_factory=tuple)
    target: int | None = None
    until: date | None = None
    shut: str | None = None
    by_invitation: bool = False
    invited: int = 0
    invitations_used: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    audit: Mapping[str, Any] | None = None
    plan_sha256: str | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of exclusion: its sentence, how many break it, and how many of those no earlier rule names."""

    sentence: str
    broken_by: int
    excludes: int


class Spoken(Protocol):
    """A language that studies may be in: its tag, its own name, and a suggested title and summary."""

    tag: str
    name: str
    title: str
    summary: str


class Office(Protocol):
    """What the page asks for. Called from several threads; every act checks the state where it is kept.

    ``languages`` and ``systems`` are what a new study may choose from. Everything may raise a ValueError or
    LookupError with one sentence for people (`save`: one a mistake).
    """

    languages: Sequence[Spoken]
    systems: Sequence[str]

    def studies(self) -> Sequence[StudyStatus]:
        """Every study, in the order to show them."""
        ...

    def export(self, slug: str, folder: Path) -> None:
        """Write the three CSV files and codebook.md of a study into an existing folder."""
        ...

    def draft(self, wishes: Mapping[str, object]) -> str:
        """A study file (YAML) from a form."""
        ...

    def mistakes(self, text: str) -> str:
        """What is wrong with a study file, one sentence a line; '' for nothing."""
        ...

    def text(self, slug: str) -> str:
        """The study file of a study."""
        ...

    def save(self, text: str, instead_of: str | None = None) -> str:
        """Keep a study file: a new one, or in place of the file ``instead_of``, if that still is the study's.

        Returns the slug.
        """
        ...

    def build(self, slug: str, progress: Progress, stop: Event) -> None:
        """Build the clips that are missing."""
        ...

    def audit(self, slug: str, progress: Progress, stop: Event) -> None:
        """Look for what gives the machine's clips away, and keep what was found."""
        ...

    def design(self, slug: str) -> Mapping[str, Any]:
        """The study file and its trials as plain JSON (see ``analysis.power.power``)."""
        ...

    def keep_plan(self, slug: str, text: str) -> None:
        """Keep the analysis plan, before the first participant and once."""
        ...

    def preview(self, slug: str) -> str:
        """The path and fragment at which a researcher takes the study without being counted."""
        ...

    def open(self, slug: str) -> None:
        """Let participants in."""
        ...

    def close(self, slug: str) -> None:
        """Let no new participants in."""
        ...

    def invite(self, slug: str, count: int) -> Sequence[str]:
        """New invitations, which cannot be shown a second time."""
        ...

    def reasons(self, limits: Mapping[str, object]) -> Sequence[str]:
        """The sentences of the chosen rules."""
        ...

    def rules(self, slug: str, limits: Mapping[str, object]) -> Sequence[Rule]:
        """Whom rules would exclude now. ``limits`` has the chosen rules' names, and their numbers or None."""
        ...

    def exclude(self, slug: str, limits: Mapping[str, object]) -> int:
        """Exclude by those rules; how many were."""
        ...

    def readmit(self, slug: str, reason: str) -> int:
        """Take an exclusion back; how many it were."""
        ...
