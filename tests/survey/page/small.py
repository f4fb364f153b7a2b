"""A small study with every kind of step, its clips built by a made-up machine, and its page's endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.testclient import TestClient

from survey.clips.stimuli import build
from survey.page import STATIC, mount_study
from survey.store import Store
from survey.study import Study
from survey.study.study_file import parse
from tests.survey.fakes import PIECES, FakeMachine, same

STUDY = (Path(__file__).parent / "small.yaml").read_text(encoding="utf-8")
REPLIES = {"musician": "yes", "awake": 6}
PAIR = {"choice": "b", "plays_a": 1, "plays_b": 1, "heard_a_s": 2.5, "heard_b_s": 2.5, "response_ms": 5000}
RATING = {"rating": 4, "plays_a": 2, "heard_a_s": 2.5, "response_ms": 9000}


def study(slug: str = "small", *, strict: bool = False, silent: bool = False, more: str = "") -> Study:
    """The small study, with more lines at its top. `strict`: one must listen, and pass a sound check.
    `silent`: nothing is heard at all, so that there is nothing to build."""
    text = STUDY.replace("slug: small", f"slug: {slug}\n{more}")
    if silent:
        text = re.sub(r"  - {kind: sound_check.*(?=  - kind: thanks)", "", text, flags=re.DOTALL)
    elif strict:
        text = text.replace("min_plays: 0", "min_plays: 1")
    else:
        text = re.sub(r".*kind: sound_check.*\n", "", text)
    return parse(text, "small.yaml")


def prepare(store: Store, folder: Path, one: Study) -> None:
    """Registers a study and builds its clips."""
    store.register(one)
    assert build(one, store, folder, FakeMachine(), PIECES, round_trip=same)


def application(store: Store, folder: Path) -> FastAPI:
    """What app.py does for the Study page."""
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    mount_study(app, store, folder)
    return app


@dataclass
class Api:
    """The page's one endpoint, called as anybody could."""

    client: TestClient
    slug: str = "small"

    def post(self, request: object, slug: str | None = None):
        return self.client.post(f"/study/{slug or self.slug}/gradio_api/component_server", json={
            "session_hash": "anything", "component_id": 1, "fn_name": "act", "data": request})

    def act(self, do: str, slug: str | None = None, **more: object) -> dict:
        answered = self.post({"do": do, **more}, slug)
        assert answered.status_code == 200, answered.text
        return answered.json()

    def at(self, kind: str, slug: str | None = None, **more: object) -> tuple[str, dict]:
        """A new participant's token, and the first step of a kind."""
        reply = self.act("start", slug, **more)
        token = reply["token"]
        while kind_of(reply) != kind:
            reply = self.act("answer", slug, token=token, step=due_step(reply), answer=fitting(reply))
        return token, reply


def kind_of(reply: dict) -> str:
    """The kind of step that a reply shows."""
    return re.search(r'data-kind="([^"]+)"', reply["html"]).group(1)


def due_step(reply: dict) -> str:
    """The id of the step that a reply shows."""
    return re.search(r'data-step="([^"]+)"', reply["html"]).group(1)


def clip_urls(reply: dict) -> list[str]:
    """Where the clips of a step are."""
    return [src.removeprefix("../..") for src in re.findall(r'<audio[^>]* src="([^"]+)"', reply["html"])]


def fitting(reply: dict) -> dict:
    """An answer to whatever a reply asks."""
    html = reply["html"]
    match kind_of(reply):
        case "questions":
            return {"replies": REPLIES}
        case "pair":
            return PAIR | ({"recognised": False} if 'name="recognised"' in html else {})
        case "preference":
            return PAIR
        case "attention":
            return {"choice": "both", "response_ms": 900}
        case "rating" | "open_rating":
            said = {"said_ai": True} if 'name="said_ai"' in html else {}
            return RATING | said | ({"scales": {"order": 2}} if 'name="scale_order"' in html else {})
        case "comment":
            return {"comment": "No breath."}
    raise AssertionError(f"no answer fits {kind_of(reply)}")
