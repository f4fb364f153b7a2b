"""The duel in a real browser: heard, guessed and told, by keyboard alone, on a phone, and when refused."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from model import clip_audio, encode
from model.duels.routes import Duels
from model.shelf import Shelf
from model.view import STATIC, head
from tests.axe import violations
from tests.model.duels.stocked import Idle, row, write
from tests.survey.fakes import melody

SECONDS, MINUTE = 2.0, 60_000
FOCUSED = "(at => at?.getAttribute('aria-label') ?? at?.innerText)(document.activeElement)"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PAGE = ('<!doctype html><html lang="en"><title>Duel</title>'
        '<meta name="viewport" content="width=device-width">'
        f'{head("segue.css", "compose.css", "player.css", "duel.css", "player.js", "duel.js")}'
        '<body class="gradio-container"><main class="prose"><h1>Segue</h1><h2>Can you tell?</h2>'
        "<segue-duel></segue-duel></main>")


@dataclass
class Site:
    url: str
    duels: Duels


@pytest.fixture(scope="module")
def site(chromium, tmp_path_factory) -> Iterator[Site]:
    """A page with nothing but the element, over real routes and duels of two seconds."""
    folder: Path = tmp_path_factory.mktemp("duels")
    shelf = Shelf(folder / "takes")
    duels = Duels(folder, Idle(), list, shelf, lambda right, of: (0.25, 0.75))
    music = [melody(seed, 4, tempo=240) for seed in (1, 2)]
    sounds = [encode(clip_audio(one, SECONDS), "mp3") for one in music]
    for _ in range(10):
        duel = row()
        duel.duration_s, duel.seam_s = SECONDS, 0.5
        for name, sound, score in zip((duel.human, duel.machine), sounds, music, strict=True):
            (duels.stock.folder / f"{name}.mp3").write_bytes(sound)
            (duels.stock.folder / f"{name}.mid").write_bytes(write(score))
        duels.store.add(duel)
    app = FastAPI()
    app.get("/")(lambda: HTMLResponse(PAGE))
    app.mount("/static", StaticFiles(directory=STATIC))
    app.include_router(duels.router())
    app.include_router(shelf.router())
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    yield Site(f"http://127.0.0.1:{door.getsockname()[1]}", duels)
    server.should_exit = True
    thread.join(20)
    duels.close()


def tab_to(page, name: str) -> None:
    for _ in range(30):
        if page.evaluate(FOCUSED) == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} is not reached")


def hear(page, letter: str) -> None:
    page.locator(f".player[data-slot={letter.lower()}] .state", has_text="Heard").wait_for(timeout=MINUTE)


def test_the_keyboard_alone_plays_a_duel_and_keeps_the_score(site, page):
    page.goto(site.url)
    tab_to(page, "Play a duel")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Play A", exact=True).wait_for()
    assert page.get_by_role("button", name="A", exact=True).is_disabled()
    html = page.locator("segue-duel").inner_html()
    assert not re.search("machine(?!’s)|human|Anon|Air|segue-test", html)       # nothing tells
    tab_to(page, "Play A")
    page.keyboard.press("Enter")
    hear(page, "A")
    assert page.get_by_role("button", name="A", exact=True).is_disabled()       # one alone is not enough
    tab_to(page, "Play B")
    page.keyboard.press("Enter")
    hear(page, "B")
    assert violations(page) == []
    tab_to(page, "A")
    page.keyboard.press("Enter")
    verdict = page.locator(".duel-verdict")
    verdict.wait_for()
    machine = site.duels.answered()[-1]["machine_side"]
    assert verdict.inner_text() == (
        "Right: A was the machine’s." if machine == "a" else "Not this time: B was the machine’s.")
    assert page.evaluate("document.activeElement.className") == "duel-verdict"
    page.locator("segue-duel segue-player .legend li").nth(1).wait_for()
    assert "Air <b>&" in page.locator(".duel-piece").inner_text()
    assert f"{machine.upper()}: the machine" in page.locator(".side.machine h4").inner_text()
    assert page.locator(".duel-score").inner_text() == f"{int(machine == 'a')} of 1 right so far."
    assert violations(page) == []
    page.reload()
    page.get_by_role("button", name="Play a duel").click()
    page.get_by_role("button", name="Play A", exact=True).wait_for()
    assert len({one["visitor"] for one in site.duels.answered()}) == 1


def test_a_phone_shows_it_whole_and_another_piece_may_be_asked_for(site, new_page):
    page = new_page(**PHONE, color_scheme="dark", reduced_motion="reduce")
    page.goto(site.url)
    page.get_by_role("button", name="Play a duel").click()
    source = page.locator("audio").first.get_attribute("src")
    page.get_by_role("button", name="Another piece").click()
    page.locator(f'audio:not([src="{source}"])').first.wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(page) == []


def test_a_refusal_is_said_and_nothing_is_lost(site, new_page, watch):
    watch.expect("503|422")
    page = new_page()
    page.goto(site.url)
    page.route("**/duel", lambda route: route.fulfill(status=503, body="The next duel is being prepared."))
    page.get_by_role("button", name="Play a duel").click()
    page.locator(".duel-said", has_text="is being prepared").wait_for()
    page.unroute("**/duel")
    page.get_by_role("button", name="Play A", exact=True).wait_for()        # it has asked again by itself
    page.evaluate("document.querySelector('.duel-guesses').disabled = false")
    page.get_by_role("button", name="I can’t tell").click()
    page.locator(".duel-said", has_text="Please listen first: clip A was played 0 times").wait_for()
    assert page.get_by_role("button", name="I can’t tell").is_enabled()
