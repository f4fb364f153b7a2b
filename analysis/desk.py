"""What the Research page makes of a study on request: its numbers, its files as a zip, its report.

Every request exports the study afresh into a folder of its own, which is gone afterwards: what is shown and
what is downloaded is always what the study holds now.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from analysis.answers import read
from analysis.board import Source, StudyStatus
from analysis.report import SEED, make
from analysis.statistics import results

FILES = ("participants.csv", "stimuli.csv", "answers.csv", "codebook.md")


class Desk:
    """Works on the studies of one source."""

    def __init__(self, source: Source):
        self._source = source

    def studies(self) -> list[StudyStatus]:
        """Every study as it stands now."""
        return list(self._source.studies())

    def find(self, slug: object) -> StudyStatus:
        """The study of that slug, which may be anything a browser sends; raises LookupError, one sentence."""
        for status in self.studies():
            if status.slug == slug:
                return status
        raise LookupError("There is no such study any more; please choose another one.")

    def numbers(self, slug: object) -> dict[str, Any]:
        """The content of results.json."""
        with self._exported(slug) as folder:
            return results(read(folder), np.random.default_rng(SEED))

    def archive(self, slug: object, folder: Path) -> Path:
        """The three export files and the codebook as one zip in ``folder``."""
        name = _file_name(self.find(slug).slug)
        with self._exported(slug) as exported:
            path = folder / f"{name}.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in FILES:
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
            self._source.export(known, Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        return folder


def _file_name(slug: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", slug) or "study"
