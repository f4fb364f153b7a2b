"""The Compose page over HTTP: takes hang as they grow, and a run ends with its visitor."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from model.catalogue import Catalogue
from model.compound import Compound
from model.generator import GenerationError, Progress, Take
from model.growing import Growing
from model.hanging import LEAD_S, lead_in
from model.page import mount_compose
from model.pool import Place
from model.score import bar_seconds, cut_bars, normalise
from model.shelf import Shelf
from model.view import STATIC
from tests.model.takes import until
from tests.model.visitor import Visitor, player
from tests.survey.page.served import served


@dataclass
class Player:
    """Stands in for the generator: repeats the prompt bar by bar, each when the test lets it."""

    script: list = field(default_factory=list)      # what comes: "wait", "bar", "again", "take", an exception
    gate: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    prepared: list = field(default_factory=list)
    workers: int = 1
    system: str = "test"
    systems: tuple[str, ...] = ("test",)
    controls: frozenset[str] = frozenset()
    layout: Compound = field(default_factory=Compound)
    checkpoint_sha256: str = "ab" * 32

    def of(self, system: str | None) -> "Player":
        return self

    def prepare(self, prompt, settings) -> None:
        self.prepared.append(settings.prompt_bars)

    def stream(self, prompt, settings, takes=1, stop=None, growing=False, **how) -> Iterator:
        used, bars, attempt = settings.prompt_bars, 0, 0
        seam = float(bar_seconds(prompt, used)[-1])
        try:
            for what in self.script:
                if what == "wait":
                    while not (self.gate.wait(0.02) or stop.is_set()):
                        yield Progress(0, takes, 0, 0.0, None, Place(3, 9.7))
                elif what in ("bar", "again"):
                    bars, attempt = (0, attempt + 1) if what == "again" else (bars + 1, attempt)
                    so_far, seconds = cut_bars(prompt, 0, used + bars), bar_seconds(prompt, used + bars)[-1]
                    yield Growing(0, so_far, bars, float(seconds), 24.0, seam, used, attempt)
                elif what == "take":
                    whole = cut_bars(prompt, 0, used + bars)
                    yield Take(0, whole, seam, used, settings, (), attempt > 0, not stop.is_set(), "test",
                               self.checkpoint_sha256, 9, 9, 1.0)
                else:
                    raise what
        finally:
            self.ended.set()


@pytest.fixture(scope="module")
def site(music, tmp_path_factory):
    """(address, player, shelf) of the page over a made-up generator and one piece of twelve bars."""
    piece = normalise(music(bars=12))
    sheet = SimpleNamespace(id="piece", title="A piece", composer="", ensemble="", score=lambda: piece)
    app, machine, shelf = FastAPI(), Player(), Shelf(tmp_path_factory.mktemp("takes"))
    catalogue = Catalogue(lambda: [sheet], shelf)
    catalogue.start().join()
    app.mount("/static", StaticFiles(directory=STATIC, packages=[("gradio", "templates/frontend/static")]))
    mount_compose(app, machine, catalogue, shelf)
    with served(app) as url:
        yield url, machine, shelf


@pytest.fixture
def ask(site):
    """ask(*script): a visitor before whom the generator follows the script, and what Continue gives."""
    url, machine, _ = site
    machine.__init__()

    def go_on(*script) -> tuple[Visitor, list]:
        machine.script = list(script)
        visitor = Visitor(url)
        return visitor, visitor.go_on("piece", takes=1, bars_to_compose=4)

    yield go_on
    machine.gate.set()


def over(visitor: Visitor) -> list:
    assert until(lambda: not visitor.ask("watch")[4]["active"])
    return visitor.ask("watch")


def test_a_take_hangs_in_the_answer_to_the_click_and_plays_by_itself(site, ask):
    visitor, said = ask("bar", "wait", "bar", "take")
    found = player(said)
    token = found["src"].split("/")[2]
    assert found["live"] == f"/takes/{token}/live.mp3" and found["seam"] == "16.0"
    assert float(found["autoplay-from"]) == 14.0, "a bar before the seam"
    assert 'data-growing="true"' in said[1] and "1 new bar so far" in said[1]
    assert b'"open": true' in visitor.fetch(f"/takes/{token}/roll.json")[1]
    site[1].gate.set()
    said = over(visitor)
    assert player(said)["src"] == found["src"], "the piece stays the same"
    assert "data-growing" not in said[1] and b"open" not in visitor.fetch(f"/takes/{token}/roll.json")[1]


def test_a_take_that_was_finished_at_once_begins_in_the_same_way(site, ask):
    visitor, _ = ask("bar", "bar", "take")
    found = player(over(visitor))
    assert found["autoplay-from"] == "14.0" and len(visitor.fetch(found["live"] + "?from=14")[1]) > 100_000
    kept = visitor.fetch(found["src"].replace("roll", "take"))[1]
    assert b"segue-player" in kept and b"autoplay" not in kept, "but not after a reload"


def test_the_best_of_several_plays_by_itself_before_it_is_rendered(site, ask):
    """It did not grow, for nobody knew that it would be the best."""
    visitor, _ = ask("take")
    found = player(over(visitor))
    assert found["autoplay-from"] == "14.0" and "data-growing" not in visitor.ask("watch")[1]
    assert len(visitor.fetch(found["live"] + "?from=14")[1]) > 50_000


def test_who_waits_is_told_where_and_how_long(ask):
    visitor, said = ask("wait", "bar", "take")
    assert "3rd in line, about 10 seconds" in said[0] and player(said) == {}
    assert "3rd in line, about 10 seconds" in visitor.ask("watch")[0]


def test_a_take_that_is_made_once_more_says_so_and_keeps_its_piece(site, ask):
    visitor, said = ask("bar", "bar", "again", "bar", "wait", "bar", "take")
    assert until(lambda: "made once more" in visitor.ask("watch")[1])
    again = visitor.ask("watch")
    assert player(again)["src"] == player(said)["src"]
    assert b'"attempt": 1' in visitor.fetch(player(said)["src"])[1]
    site[1].gate.set()
    assert "made once more" not in over(visitor)[1]


def test_what_grew_and_failed_is_taken_down_with_a_sentence(site, ask):
    visitor, said = ask("bar", "wait", GenerationError("The player stopped unexpectedly twice."))
    source = player(said)["src"]
    assert visitor.fetch(source)[0] == 200
    site[1].gate.set()
    said = over(visitor)
    assert "The player stopped unexpectedly twice." in said[0] and player(said) == {}
    assert visitor.fetch(source)[0] == 404


def test_a_closed_tab_ends_its_run_after_a_while_and_what_was_made_is_kept(site, ask, monkeypatch):
    monkeypatch.setattr("model.runs.CLOSED_S", 0.3)
    visitor, said = ask("bar", "wait", "take")
    run = re.search('data-run="([^"]+)"', said[1])[1]
    with tab(visitor):
        pass
    assert site[1].ended.wait(20), "the run goes on though nobody is there"
    later = Visitor(site[0])
    found = later.ask("resume", json.dumps({"run": run, "mine": False}))[1]
    assert player([None, found])["src"] == player(said)["src"]
    assert "Nobody was here any more" in found and "data-over" in found


def test_after_a_reload_the_run_goes_on_and_can_be_stopped(site, ask, monkeypatch):
    monkeypatch.setattr("model.runs.CLOSED_S", 5.0)
    before, said = ask("bar", "wait", "take")
    wish = json.dumps({"run": re.search('data-run="([^"]+)"', said[1])[1], "mine": True})
    with tab(before):
        pass
    after = Visitor(site[0])
    with tab(after):
        again = after.ask("resume", wish)
        assert player(again)["src"] == player(said)["src"] and again[4]["active"], "and it is asked after"
        after.ask("halt")
        assert "You stopped it here" in over(after)[1]


@pytest.mark.parametrize("wish", [
    "", "{", "null", "[]", "7", '{"run": 1, "mine": true}', '{"run": "%s"}' % ("x" * 22), "[" * 100_000])
def test_a_run_that_cannot_be_meant_changes_nothing(site, wish):
    said = Visitor(site[0]).ask("resume", wish)
    assert "value" not in json.dumps(said)


def test_a_run_that_is_no_longer_known_is_told_to_be_over(site):
    said = Visitor(site[0]).ask("resume", json.dumps({"run": "x" * 22, "mine": True}))
    assert 'data-over' in said[1] and "class=\"take\"" not in said[1]


@contextmanager
def tab(visitor: Visitor) -> Iterator[None]:
    """The connection that Gradio's page keeps open as long as its tab is."""
    beat = visitor.get(f"/gradio_api/heartbeat/{visitor.session}")
    beat.read1(1)
    yield
    beat.close()


def test_a_tab_that_stays_open_keeps_its_run(site, ask):
    visitor, _ = ask("bar", "wait", "bar", "take")
    with tab(visitor):
        assert not site[1].ended.wait(1)


def test_the_prompt_is_read_when_it_is_chosen(site, ask):
    Visitor(site[0]).choose("piece", bars_of_the_prompt=5)
    assert site[1].prepared == [5]


def test_a_bar_that_the_prompt_has_not_is_no_error_yet(site, ask):
    Visitor(site[0]).ask("prepare", from_bar=60)
    assert site[1].prepared == []


@pytest.mark.parametrize("tempo, seam_bar, begins", [
    (120, 8, 14.0), (240, 8, 6.0), (60, 4, 12.0), (120, 1, 0.0)])
def test_the_lead_in_is_a_bar_or_as_many_as_it_takes(music, tempo: float, seam_bar: int, begins: float):
    score = normalise(music(bars=8, tempo=tempo))
    seam = float(bar_seconds(score, seam_bar)[-1])
    start = lead_in(Growing(0, score, 0, seam, seam, seam, seam_bar, 0))
    assert start == pytest.approx(begins, abs=1e-3) and (seam - start >= LEAD_S or seam_bar == 1)


# In a browser

_HEAR = """const Plain = window.Audio;
window.sounds = [];
window.Audio = function () { const made = new Plain(); window.sounds.push(made); return made; };"""
_LIVE = """() => Math.max(0, ...window.sounds
  .filter(one => one.currentSrc.includes('/live.mp3') && !one.paused)
  .map(one => one.currentTime))"""


@pytest.mark.parametrize("screen", [
    {"viewport": {"width": 1280, "height": 800}},
    {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}])
def test_continue_leads_to_sound_that_goes_on_while_bars_are_made(site, ask, new_page, screen):
    url, machine, _ = site
    machine.script = ["bar", "wait", "bar", "bar", "take"]
    page = new_page(**screen)
    page.add_init_script(_HEAR)
    page.goto(url)
    page.locator("#stage .legend li").first.wait_for()
    page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_function(f"({_LIVE})() > 0.3", timeout=60_000)
    page.get_by_role("button", name="Pause Take 1").wait_for()
    assert page.locator(".take[data-growing]").count() == 1
    machine.gate.set()
    page.locator(".take:not([data-growing])").wait_for()
    heard = page.evaluate(_LIVE)
    page.wait_for_function(f"({_LIVE})() > {heard} + 0.3", timeout=60_000)      # live sound plays on
    assert page.locator(".take segue-player").count() == 1


def test_a_page_that_outlived_the_server_is_told_so_and_hangs_up_nothing(site):
    said = Visitor(site[0]).ask("watch")
    assert "no longer here" in said[0] and 'class="run"' in said[1] and 'class="take"' not in said[1]
    assert said[2]["interactive"] and not said[4]["active"]
