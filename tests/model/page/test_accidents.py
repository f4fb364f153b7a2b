"""What visitors do besides: press twice, lose an answer, come in twos, wait for many sounds."""

import re
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.model.page.site import MINUTE, go_on, opened, set_slider


def test_a_double_click_composes_once(compose, site):
    compose.get_by_role("button", name="Continue", exact=True).dblclick()
    compose.locator(".take").wait_for()
    compose.wait_for_timeout(500)
    assert len(site.player.calls) == 1


def test_no_event_waits_in_gradios_queue(site, new_page):
    """Its one connection a visitor is closed after every answer, and what is sent just then is lost."""
    page, asked = new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    opened(site, page)
    page.locator(".card").nth(5).click()
    page.locator("#stage h3", has_text="Étude <5>").wait_for()
    go_on(page)
    page.locator(".take").wait_for()
    assert any("/run/" in url for url in asked)
    assert not any("/queue/" in url for url in asked)


def test_a_press_whose_answer_was_lost_finds_its_run_again(compose, site, watch):
    watch.expect("500")
    site.player.pace = 60
    answers = []

    def swallow(route) -> None:
        """The server hears the first press; the page does not hear the server."""
        if answers or len(route.request.post_data_json["data"]) < 10:       # Continue sends all the settings
            return route.continue_()
        answers.append(route.fetch())
        route.fulfill(status=500, json={"error": "lost"})

    compose.route("**/run/predict*", swallow)
    go_on(compose)
    compose.get_by_role("alert").filter(has_text="That did not go through.").wait_for()
    go_on(compose)
    compose.get_by_text("notes so far").wait_for()
    site.player.pace = 0.1
    compose.locator(".take").wait_for()
    assert len(answers) == len(site.player.calls) == 1


def test_two_visitors_compose_at_once_each_for_themselves(site, new_page):
    site.player.pace = 1.5
    one, two = opened(site, new_page()), opened(site, new_page())
    two.locator(".card").nth(5).click()
    two.locator("#stage h3", has_text="Étude <5>").wait_for()
    go_on(one)
    go_on(two)
    for page, title in ((one, "Étude <0>"), (two, "Étude <5>")):
        page.locator(".take").wait_for()
        assert title in page.locator(".run h3").inner_text()
        assert page.locator(".take").count() == 1


def test_a_page_that_waits_for_sounds_still_hears_its_visitor(compose, site, monkeypatch):
    """A browser has six connections to a server; sounds that are being rendered must not take them all."""
    rendered, file = threading.Event(), site.shelf.file
    sound = file(compose.locator("#stage segue-player").get_attribute("src").split("/")[2], "take.mp3")

    def render(token: str, kind: str) -> Path:
        if kind != "take.mp3":
            return file(token, kind)
        rendered.wait(MINUTE / 1000)
        return sound

    monkeypatch.setattr(site.shelf, "file", render)
    try:
        for number in range(1, 8):
            compose.locator(".card").nth(number).click()
            compose.locator("#stage h3", has_text=f"Étude <{number}>").wait_for()
        set_slider(compose, "Takes", 4)
        go_on(compose)
        compose.locator(".take[data-take='4'] .ticket").wait_for()
        compose.locator("#continue:enabled").wait_for()
        compose.keyboard.press("4")         # the first take plays by itself, so this one plays, too
        compose.locator(".take[data-take='4']").get_by_text("Tuning up").wait_for()
        assert not rendered.is_set()
    finally:
        rendered.set()
    compose.locator(".take[data-take='4'] .now", has_text=re.compile("0:1[5-9]")).wait_for(timeout=MINUTE)


def test_what_gradio_fetches_for_others_is_closed(site):
    for path in ("file=https://example.org/", "proxy=https://a.hf.space/", "info", "openapi.json"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{site.url}/gradio_api/{path}")
        assert refused.value.code == 404
        refused.value.close()
