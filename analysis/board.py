"""What a researcher watches: studies with live counts, and how far participants came. Plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StudyStatus:
    """One study as it stands. ``last_answer_at`` has a time zone, or is None before the first answer.

    ``by_step`` counts, for each step of the study in its order, the participants who got at least that far.
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


class Source(Protocol):
    """Where studies come from. Called from several threads."""

    def studies(self) -> Sequence[StudyStatus]:
        """Every study, in the order to show them."""
        ...

    def export(self, slug: str, folder: Path) -> None:
        """Write the three CSV files and codebook.md of a study into an existing folder."""
        ...


def studies(statuses: Sequence[StudyStatus]) -> str:
    """All studies, one card each."""
    if not statuses:
        return '<p class="hint">There is no study yet.</p>'
    return f'<div class="studies">{"".join(_card(status) for status in statuses)}</div>'


def steps(status: StudyStatus) -> str:
    """How many participants reached each step of a study, as bars with their numbers."""
    if not status.by_step:
        return ""
    most = max(1, *(count for _, count in status.by_step))
    rows = "".join(
        f'<li><span class="name">{escape(name)}</span>'
        f'<span class="bar" style="--share:{100 * count / most:.1f}%" aria-hidden="true"></span>'
        f'<span class="count">{count:,}</span></li>'
        for name, count in status.by_step
    )
    return f'<h3>How far they came</h3><ol class="steps">{rows}</ol>'


def _card(status: StudyStatus) -> str:
    built = f"{status.clips_built:,} of {status.clips_total:,}"
    facts = {
        "started": f"{status.started:,}",
        "finished": f"{status.finished:,}",
        "answers": f"{status.answers:,}",
        "clips built": built if status.clips_total else "none planned",
    }
    items = "".join(f"<div><dd>{value}</dd><dt>{name}</dt></div>" for name, value in facts.items())
    return (
        f'<article class="study"><header><h3>{escape(status.title)}</h3>'
        f'<p class="state">{escape(status.state)}</p></header><dl>{items}</dl>'
        f'<p class="last">{_last(status.last_answer_at)}</p></article>'
    )


def _last(moment: datetime | None) -> str:
    if moment is None:
        return "No answer yet"
    return f"Last answer {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
