"""Starts Segue: settings, generator, three pages, one server. The composition root."""

import argparse
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse

from analysis.estimates import wilson
from analysis.page import research_page
from analysis.works import CLIPS, Works
from model import Generator, human_pieces, prompts
from model.assets import Assets
from model.catalogue import Catalogue
from model.door import Server, leave, listen
from model.duels.routes import Duels
from model.page import house_options, house_theme, mount_compose
from model.shelf import Shelf
from model.view import STATIC, head
from survey.clips.stimuli import build
from survey.database import default_url
from survey.office import Office
from survey.page import mount_study
from survey.store import Store, StoreError
from survey.study import study_file

VERSION = "0.1.0"
STUDIES = "default", "published"        # built in this order at first start


@dataclass(frozen=True)
class Settings:
    """Where things are kept and who may see the results; all from the environment."""

    data_dir: Path
    password: str
    library: Path | None
    workers: int | None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises ValueError with one sentence."""
        data, password, folder, workers = (
            environment.get(f"SEGUE_{name}") for name in ("DATA_DIR", "ADMIN_PASSWORD", "LIBRARY", "WORKERS"))
        if data and Path(data).exists() and not Path(data).is_dir():
            raise ValueError(f"SEGUE_DATA_DIR is a folder; {data!r} is none.")
        if workers and not (workers.isdecimal() and 1 <= int(workers) <= 64):
            raise ValueError(f"SEGUE_WORKERS is a number from 1 to 64; received {workers!r}.")
        if folder and not Path(folder, "library.csv").is_file():
            raise ValueError(f"SEGUE_LIBRARY is a folder with a library.csv; there is none in {folder!r}.")
        return cls(Path(data or "data"), password or secrets.token_urlsafe(9),
                   Path(folder) if folder else None, int(workers) if workers else None)


def build_app(settings: Settings, generator: Generator, store: Store) -> FastAPI:
    """The whole site. What it prepares in the background begins and ends with the server."""
    for slug in STUDIES:
        with suppress(StoreError):          # a study file that changed under way: the old one goes on
            store.register(study_file.load(slug))
    shelf = Shelf(settings.data_dir / "takes")
    catalogue = Catalogue(lambda: prompts(settings.data_dir / "library"), shelf)
    works, data_dir, ahead = Works(), settings.data_dir, generator.in_background()
    duels = Duels(data_dir, ahead, lambda: prompts(data_dir / "library"), shelf, wilson)
    office = Office(store, lambda study, progress, stop: build(
        study, store, data_dir, ahead, human_pieces(settings.library, data_dir / "library"),
        progress=progress, stop=stop), generator.systems)

    def prepare() -> None:
        generator.warm()
        catalogue.start().join()
        duels.start()
        for slug in STUDIES:
            works.ask((CLIPS, slug), lambda *how, slug=slug: office.build(slug, *how))

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        threading.Thread(target=prepare, name="prepare", daemon=True).start()
        yield
        works.close()
        duels.close()
        generator.close()
        store.dispose()

    app = FastAPI(title="Segue", lifespan=lifespan, openapi_url=None)

    @app.get("/health")
    def health() -> dict:
        return {"status": "ok", "version": VERSION, "system": generator.system, "prompts": catalogue.done,
                "studies": {study.slug: study.state for study in store.statuses()}}

    @app.get("/research")
    @app.get("/study/{slug}")
    def onwards(request: Request) -> RedirectResponse:      # a mounted page begins behind a slash
        return RedirectResponse(str(request.url.replace(path=f"{request.url.path}/", scheme="", netloc="")))

    app.add_api_route("/favicon.ico", lambda: FileResponse(STATIC / "icon.svg"))
    # with the file that Gradio's pages ask for
    app.mount("/static", Assets(directory=STATIC, packages=[("gradio", "templates/frontend/static")]))
    mount_study(app, store, settings.data_dir, theme=house_theme())
    research = research_page(office, settings.password, works, duels.answered)
    gr.mount_gradio_app(app, research, "/research", max_file_size=1,
                        head=head("segue.css", "research.css", "research.js"), **house_options())
    app.include_router(duels.router())
    mount_compose(app, generator, catalogue, shelf)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until Ctrl-C or SIGTERM. 0: ended as asked; 2: could not start, with a sentence that says why."""
    parser = argparse.ArgumentParser(prog="app.py", description="Starts Segue.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on")
    asked = parser.parse_args(arguments)
    with ExitStack() as stack:
        try:
            door = stack.enter_context(listen(asked.host, asked.port))
            settings = Settings.read(os.environ)
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.data_dir.resolve() / "uploads"))
            generator, store = Generator(workers=settings.workers), Store(default_url(settings.data_dir))
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)
            return 2
        server = Server(build_app(settings, generator, store))
        print(f"Segue is at http://{asked.host}:{asked.port}", flush=True)
        if not os.environ.get("SEGUE_ADMIN_PASSWORD"):
            print(f"The password of /research for this run is {settings.password}", flush=True)
        # uvicorn raises it anew when all is put away
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[door])
    return 0


if __name__ == "__main__":
    leave(main())
