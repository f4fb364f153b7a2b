"""A small real server with the Research page over a real store, for the browser tests.

The machine and the pieces are the survey tests' own (`tests.survey.fakes`), so that clips are built in no
time; everything else is the program's. `python tests/analysis/research_server.py PORT FOLDER` serves until it
is stopped. It begins with the answers of a simulated study, and with 'tones', which nobody has taken.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.page import research_page  # noqa: E402
from analysis.works import Works  # noqa: E402
from model.page import house_options, house_theme  # noqa: E402
from model.view import head  # noqa: E402
from survey.clips.stimuli import build  # noqa: E402
from survey.export import import_  # noqa: E402
from survey.office import Office  # noqa: E402
from survey.page import mount_study  # noqa: E402
from survey.store import Store  # noqa: E402
from survey.study.study_file import parse  # noqa: E402
from tests.analysis.simulate import simulated_study, write  # noqa: E402
from tests.analysis.test_duels import ROWS  # noqa: E402
from tests.survey.fakes import PIECES, TONES, FakeMachine, same  # noqa: E402

PASSWORD = "ein schönes Passwort"


def office(folder: Path) -> tuple[Store, Office]:
    """A store in a folder with the two studies, and the researcher's side of it."""
    store = Store(f"sqlite:///{folder / 'segue.db'}")
    with tempfile.TemporaryDirectory() as files:
        import_(store, write(simulated_study(12, 0.8, 5, excluded=1), Path(files)))
    store.register(parse(TONES))
    machine = FakeMachine()
    return store, Office(
        store, lambda study, progress, stop: build(study, store, folder, machine, PIECES, progress=progress,
                                                   stop=stop, round_trip=same), ("segue-base", "segue-small"))


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    store, behind = office(folder)
    app = FastAPI()
    app.get("/favicon.ico")(lambda: FileResponse(ROOT / "static" / "icon.svg"))
    files = StaticFiles(directory=ROOT / "static", packages=[("gradio", "templates/frontend/static")])
    app.mount("/static", files)
    mount_study(app, store, folder, theme=house_theme())
    page = research_page(behind, PASSWORD, Works(), lambda: ROWS)
    gr.mount_gradio_app(app, page, "/research", max_file_size=1,
                        head=head("segue.css", "research.css", "research.js"), **house_options())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
