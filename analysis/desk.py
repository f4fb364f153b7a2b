"""What the Research page makes of a study on request: its power, its plan, its numbers, files and report.

Every request exports the study afresh into a folder of its own, which is gone afterwards: what is shown and
what is downloaded is always what the study holds now.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis import plan
from analysis.board import Office, StudyStatus
from analysis.power import Assumptions, PowerError, power, power_figure, power_sentences
from analysis.report import SEED, analysed, make

FILES = ("participants.csv", "stimuli.csv", "answers.csv", "codebook.md")
DOCUMENTS = ("study.json", "plan.json", "audit.json")  # where the export has them


class NoSuchStudy(LookupError):
    """There is no study of that slug; the message is one sentence."""


class Desk:
    """Works on the studies of one office."""

    def __init__(self, office: Office):
        self._office = office

    def studies(self) -> list[StudyStatus]:
        """Every study as it stands now."""
        return list(self._office.studies())

    def find(self, slug: object) -> StudyStatus:
        """The study of that slug, which may be anything a browser sends; raises NoSuchStudy."""
        for status in self.studies():
            if status.slug == slug:
                return status
        raise NoSuchStudy("There is no such study any more; please choose another one.")

    def power(self, slug: object, accuracy: object) -> tuple[list[str], go.Figure]:
        """How many participants it takes to find that share of right answers: sentences, and the curve."""
        if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
            raise PowerError("The share of right answers to be found must be a number between 0 and 1.")
        design = self._office.design(self.find(slug).slug)
        margin = design["definition"].get("margin", Assumptions.margin)
        found = power(design, Assumptions(accuracy=accuracy, margin=margin), np.random.default_rng(SEED))
        return power_sentences(found), power_figure(found)

    def freeze(self, slug: object, limits: Mapping[str, object]) -> None:
        """Draft the analysis plan of a study with the rules of exclusion, and have it kept."""
        known = self.find(slug).slug
        drafted = plan.draft(self._office.design(known), datetime.now(UTC), self._office.reasons(limits))
        self._office.keep_plan(known, plan.as_file(drafted))

    def numbers(self, slug: object) -> dict[str, Any]:
        """The content of results.json."""
        with self._exported(slug) as folder:
            return analysed(Path(folder))

    def archive(self, slug: object, folder: Path) -> Path:
        """The export files, the codebook and the documents as one zip in ``folder``."""
        name = _file_name(self.find(slug).slug)
        with self._exported(slug) as exported:
            path = folder / f"{name}.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in (*FILES, *(file for file in DOCUMENTS if (Path(exported) / file).exists())):
                    archive.write(Path(exported) / file, f"{name}/{file}")
        return path

    def report(self, slug: object, folder: Path) -> Path:
        """The report as one HTML page in ``folder``."""
        name = _file_name(self.find(slug).slug)
        with self._exported(slug) as exported, tempfile.TemporaryDirectory() as out:
            make(Path(exported), Path(out))
            return Path(shutil.move(Path(out) / "report.html", folder / f"{name}-report.html"))

    def _exported(self, slug: object) -> tempfile.TemporaryDirectory:
        """A folder with the export files of the study, gone after use."""
        known = self.find(slug).slug
        folder = tempfile.TemporaryDirectory(prefix="segue-export-")
        try:
            self._office.export(known, Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        return folder


def _file_name(slug: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", slug) or "study"
