"""What a researcher watches and takes away: the counts of every study, and its export files.

It has the shape that the Research page asks for; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from survey.design import steps
from survey.export import export
from survey.store import Store
from survey.values import StudyStatus


@dataclass(frozen=True)
class StudyOverview:
    """One study as it stands. `by_step`: how many participants got at least as far as each step, in order."""

    slug: str
    title: str
    state: str
    clips_built: int
    clips_total: int
    started: int
    finished: int
    answers: int
    last_answer_at: datetime | None
    by_step: tuple[tuple[str, int], ...]


class Overview:
    """The studies of a store. Safe to use from several threads."""

    def __init__(self, store: Store):
        self._store = store

    def studies(self) -> list[StudyOverview]:
        """Every study, by slug."""
        return [self._seen(status) for status in self._store.statuses()]

    def export(self, slug: str, folder: Path) -> None:
        """Writes the export files of a study into a folder (see `survey.export`)."""
        export(self._store, slug, folder)

    def _seen(self, status: StudyStatus) -> StudyOverview:
        return StudyOverview(
            status.slug, status.title, status.state, status.clips_built, status.clips_needed, status.started,
            status.finished, sum(status.answers.values()), status.last_answer_at, self._reached(status))

    def _reached(self, status: StudyStatus) -> tuple[tuple[str, int], ...]:
        if status.state == "imported":
            return ()
        reached, rows = status.finished, []
        for step in reversed(steps(self._store.study(status.slug), 0)):     # ids are the same for everybody
            reached += status.stopped_at.get(step.id, 0)
            rows.append((step.id.replace(".", " ").replace("_", " "), reached))
        return tuple(reversed(rows))
