"""What a researcher may do on the Research page, as plain functions: no Gradio, no layout.

Gradio makes every event of a page a public endpoint, so the password guards what is done here, not the page:
each method takes the token that the browser sent and asks the gate before it looks at anything. What it is
given may be anything; what it gives back is plain text, HTML, figures and lists. What cannot be done is one
sentence.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from analysis import programme
from analysis.board import Office, StudyStatus
from analysis.desk import Desk, NoSuchStudy
from analysis.gate import Gate
from analysis.works import AUDIT, CLIPS, Works

log = logging.getLogger(__name__)
T = TypeVar("T")

REOPEN = ("The study had all its participants and now wants some again, so it is closed: open it if others "
          "are to take these places. The report will say how many finished and how many were planned.")
ENDED = "Your visit has ended. Please reload the page and enter the password again."
PANELS = ("plan", "frozen", "clips", "check", "doors", "watching", "excluded")
ACTS = ("change", "freeze", "build", "stop_build", "audit", "stop_audit", "preview", "invite", "open",
        "close", "readmit")


class Told(Exception):
    """What was asked cannot be done; the message is for people as it is."""


@dataclass(frozen=True)
class View:
    """The page as it stands: the list of studies, the panels of the chosen one by name, what may be done with
    it, and the reasons for which participants are excluded. Empty for those who did not come in."""

    programme: str = ""
    title: str = ""
    panels: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PANELS, ""))
    may: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()


class Clerk:
    """Serves the visitors. ``cache`` is a folder from which the page may serve files."""

    def __init__(self, gate: Gate, office: Office, works: Works, cache: Path):
        self.gate, self.office, self.works, self.desk = gate, office, works, Desk(office)
        self._cache = cache

    def view(self, token: object, slug: object) -> View:
        """The page with one study chosen (the first, if there is no such)."""
        return self._guarded(token, lambda: self._view(slug))

    def draft(self, token: object, wishes: Mapping[str, object],
              label: Callable[[str], str]) -> tuple[str, str]:
        """A study file from a form, and what is wrong with it, as HTML; ``label`` names a mistake's field."""
        def write() -> tuple[str, str]:
            text = self.office.draft(wishes)
            mistakes = self.office.mistakes(text)
            return text, programme.mistakes(mistakes, label) if mistakes else ""
        return self._guarded(token, write)

    def text(self, token: object, slug: object) -> str:
        """The study file of a study."""
        return self._with(token, slug, lambda study: self.office.text(study.slug))

    def save(self, token: object, text: object, instead_of: object) -> tuple[str, str]:
        """Keeps a study file: the slug, and what is wrong with the file; one of them is empty."""
        def keep() -> tuple[str, str]:
            try:
                return self.office.save(str(text or ""), str(instead_of) if instead_of else None), ""
            except ValueError as error:
                return "", programme.mistakes(str(error))
        return self._guarded(token, keep)

    def build(self, token: object, slug: object) -> None:
        """Has the missing clips built."""
        self._with(token, slug, lambda study: self.works.ask(
            (CLIPS, study.slug), lambda progress, stop: self.office.build(study.slug, progress, stop)))

    def audit(self, token: object, slug: object) -> None:
        """Has the clips checked."""
        self._with(token, slug, lambda study: self.works.ask(
            (AUDIT, study.slug), lambda progress, stop: self.office.audit(study.slug, progress, stop)))

    def stop_build(self, token: object, slug: object) -> None:
        """Ends the building as soon as it can; the clips that are built are kept."""
        self._with(token, slug, lambda study: self.works.stop((CLIPS, study.slug)))

    def stop_audit(self, token: object, slug: object) -> None:
        """Ends the checking as soon as it can."""
        self._with(token, slug, lambda study: self.works.stop((AUDIT, study.slug)))

    def power(self, token: object, slug: object, accuracy: object) -> tuple[str, Any]:
        """How many participants it takes to find that accuracy (0 to 1): sentences as HTML, and the curve."""
        def ask(study: StudyStatus) -> tuple[str, Any]:
            sentences, figure = self.desk.power(study.slug, accuracy)
            return "".join(map(programme.hint, sentences)), figure
        return self._with(token, slug, ask)

    def freeze(self, token: object, slug: object, *limits: object) -> None:
        """Fixes the analysis plan, and by which rules participants will be left out (see ``_limits``)."""
        self._with(token, slug, lambda study: self.desk.freeze(study.slug, _limits(*limits)))

    def preview(self, token: object, slug: object) -> str:
        """Where the researcher takes the study without being counted."""
        return self._with(token, slug, lambda study: self.office.preview(study.slug))

    def open(self, token: object, slug: object) -> None:
        """Lets participants in."""
        self._with(token, slug, lambda study: self.office.open(study.slug))

    def close(self, token: object, slug: object) -> None:
        """Lets no more participants in."""
        self._with(token, slug, lambda study: self.office.close(study.slug))

    def invite(self, token: object, slug: object, count: object) -> str:
        """New invitations as the text of a CSV file, which nobody gets a second time."""
        number = int(count) if isinstance(count, int | float) else 0
        return self._with(token, slug, lambda study: "invitation\r\n" + "".join(
            f"{code}\r\n" for code in self.office.invite(study.slug, number)))

    def rules(self, token: object, slug: object, *limits: object) -> str:
        """Whom the chosen rules would exclude (see ``_limits``)."""
        return self._with(token, slug, lambda study: programme.rules(
            self.office.rules(study.slug, _limits(*limits))))

    def exclude(self, token: object, slug: object, *limits: object) -> str:
        """Excludes by the chosen rules; what was done, as HTML."""
        def leave_out(study: StudyStatus) -> str:
            told = f"{programme.people(self.office.exclude(study.slug, _limits(*limits)))} excluded."
            if study.state == "open" and self.desk.find(study.slug).state == "closed":
                told += f" {REOPEN}"
            return programme.note(told)
        return self._with(token, slug, leave_out)

    def readmit(self, token: object, slug: object, reason: object) -> str:
        """Takes an exclusion back; what was done, as HTML."""
        return self._with(token, slug, lambda study: programme.note(
            f"{programme.people(self.office.readmit(study.slug, str(reason)))} readmitted."))

    def numbers(self, token: object, slug: object) -> dict[str, Any]:
        """The content of results.json."""
        return self._with(token, slug, lambda study: self.desk.numbers(study.slug))

    def archive(self, token: object, slug: object) -> str:
        """Path of a zip with the export files."""
        return self._with(token, slug, lambda study: str(
            self.desk.archive(study.slug, self._hidden_folder())))

    def report(self, token: object, slug: object) -> str:
        """Path of the report."""
        return self._with(token, slug, lambda study: str(
            self.desk.report(study.slug, self._hidden_folder())))

    def _with(self, token: object, slug: object, act: Callable[[StudyStatus], T]) -> T:
        """What ``act`` returns for the study of that slug."""
        return self._guarded(token, lambda: act(self.desk.find(slug)))

    def _guarded(self, token: object, act: Callable[[], T]) -> T:
        """What ``act`` returns, for those with a valid token; what goes wrong is told in one sentence."""
        if not self.gate.admits(token):
            raise Told(ENDED)
        try:
            return act()
        except Exception as error:
            # Our own refusals are kinds of ValueError; a bare one is a library's and tells nobody anything.
            if isinstance(error, ValueError | NoSuchStudy) and type(error) is not ValueError:
                raise Told(str(error)) from None
            log.exception("A request of the Research page failed")
            raise Told("That did not work; the server's log says why.") from None

    def _view(self, slug: object) -> View:
        statuses = self.desk.studies()
        if not statuses:
            return View(programme.programme([], None))
        study = next((status for status in statuses if status.slug == slug), statuses[0])
        clips, audit = (self.works.of((what, study.slug)) for what in (CLIPS, AUDIT))
        panels = {"plan": programme.plan(study), "frozen": programme.frozen(study),
                  "clips": programme.clips(study, clips), "check": programme.check(study, audit),
                  "doors": programme.doors(study), "watching": programme.watching(study),
                  "excluded": programme.excluded(study)}
        busy = {what for what, job in ((CLIPS, clips), (AUDIT, audit)) if job and not job.over}
        return View(programme.programme(statuses, study.slug), study.title, panels,
                    frozenset(_may(study, busy)), tuple(study.excluded))

    def _hidden_folder(self) -> Path:
        """A new folder that Gradio serves files from, under a name that nobody can guess."""
        folder = self._cache / secrets.token_urlsafe(32)
        folder.mkdir(parents=True, mode=0o700)
        return folder


def _may(study: StudyStatus, busy: set[str]) -> list[str]:
    """What is worth offering now. The office decides again when it is asked."""
    built = study.state in ("ready", "open", "closed")
    offered = {
        "reckon": study.state != "imported",
        "change": study.state != "imported",
        "freeze": study.state != "imported" and not study.started and not study.plan_sha256,
        "build": study.state == "draft" and CLIPS not in busy,
        "stop_build": CLIPS in busy,
        "audit": built and AUDIT not in busy,
        "stop_audit": AUDIT in busy,
        "preview": built,
        "invite": study.state != "imported" and study.by_invitation,
        "open": study.state in ("ready", "closed"),
        "close": study.state == "open",
        "readmit": bool(study.excluded),
    }
    return [act for act, possible in offered.items() if possible]


def _limits(rules: object, seconds: object, percent: object) -> dict[str, object]:
    """The chosen rules with their numbers, as ``Office.rules`` wants them."""
    numbers = {"fast": seconds, "repeats": percent}
    chosen = rules if isinstance(rules, list) else []
    return {name: numbers.get(name) for name in chosen if isinstance(name, str)}
