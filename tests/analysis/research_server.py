"""A small real server with the Research page over simulated studies, for the browser tests.

`python tests/analysis/research_server.py PORT FOLDER` serves until it is stopped; FOLDER gets a file `more`
when the test wants another answer to have come in.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.page import StudyStatus, research_page  # noqa: E402
from tests.analysis.simulate import simulated_study, write  # noqa: E402

PASSWORD = "ein schönes Passwort"


class SimulatedSource:
    """Two studies: one with simulated listeners, one that nobody has taken."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._exports = {
            "published": write(simulated_study(12, 0.8, 5, excluded=1), folder / "published"),
            "default": write(simulated_study(0, 0.8, 5, study="default"), folder / "default"),
        }

    def studies(self) -> Sequence[StudyStatus]:
        answers = 201 + (self._folder / "more").exists()
        steps = (("Welcome", 14), ("Consent", 13), ("Pairs", 12), ("Ratings", 11), ("Thanks", 11))
        return (
            StudyStatus(
                "published",
                "The ten-person <test>",
                "open",
                23,
                23,
                12,
                11,
                answers,
                datetime(2025, 3, 12, 10, 19, tzinfo=UTC),
                steps,
            ),
            StudyStatus("default", "Which one is the machine?", "building clips", 7, 40),
        )

    def export(self, slug: str, folder: Path) -> None:
        shutil.copytree(self._exports[slug], folder, dirs_exist_ok=True)


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    app = FastAPI()
    app.get("/favicon.ico")(lambda: FileResponse(ROOT / "static" / "icon.svg"))
    app.mount("/static", StaticFiles(directory=ROOT / "static"), name="static")
    gr.mount_gradio_app(
        app,
        research_page(SimulatedSource(folder), PASSWORD),
        path="/research",
        footer_links=[],
        run_history=False,
        theme=gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]),
        css_paths=[ROOT / "static" / "segue.css", ROOT / "static" / "research.css"],
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
