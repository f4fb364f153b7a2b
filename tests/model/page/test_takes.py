"""The takes of the Compose page in a real browser: switching, naming, going on, undo, reload, links."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator

import pytest
import symusic

from model import take_view
from model.provenance import fingerprint
from model.score import bar_seconds, count_bars, normalise
from tests.axe import violations
from tests.model.page.site import (
    MINUTE,
    PHONE,
    SHEETS,
    Player,
    Site,
    compose_site,
    music,
    opened,
    set_slider,
)

KEY = "segue.takes.1"


@pytest.fixture(scope="module")
def running_site(chromium, tmp_path_factory) -> Iterator[Site]:
    with compose_site(tmp_path_factory.mktemp("takes"), Player(), SHEETS[:3]) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Site:
    running_site.player.__init__(pace=0.05)
    return running_site


def make_takes(page, takes: int = 2, bars: int = 4) -> None:
    """Makes takes of a few bars."""
    set_slider(page, "Takes", takes)
    set_slider(page, "Bars to compose", bars)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.locator(f".take[data-take='{takes}'] .ticket").first.wait_for()
    page.locator("#continue:enabled").wait_for()


def tokens(page) -> list[str]:
    """Of the takes that hang on the page, from the top."""
    return page.evaluate("[...document.querySelectorAll('.take:not([hidden])')].map(t => t.dataset.token)")


def names(page) -> list[str]:
    return page.locator(".ticket:visible .title").all_inner_texts()


def tree(page) -> list[str]:
    """The rows of the tree, as they are read out."""
    return page.evaluate("[...document.querySelectorAll('.tree button')].map(b => b.textContent)")


def position(page) -> str:
    return page.locator(".leaf:visible .roll").get_attribute("aria-valuetext")


def press(page, name: str) -> None:
    page.locator(".leaf:visible, .undo").get_by_role("button", name=name).click()


def link(site: Site, page, number: int = 1) -> str:
    item = page.locator(f".take[data-take='{number}']").first
    return f"{site.url}/#take={item.get_attribute('data-link')}"


def test_takes_are_switched_without_losing_the_place(site, page):
    opened(site, page)
    make_takes(page)
    assert names(page) == ["Take 1", "Take 2"]
    assert page.locator(".ticket .mini svg path").count() >= 2      # what they are like can be seen
    page.locator(".leaf:visible .total").wait_for()
    page.evaluate("document.querySelector('.take.chosen segue-player').sound.pause()")  # it plays by itself
    page.locator(".leaf:visible .roll").focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    here = position(page)
    assert here.endswith("bar 9")
    page.keyboard.press("2")
    page.locator(".take.chosen[data-take='2']").wait_for(state="attached")
    page.wait_for_function("document.activeElement.ariaValueText?.endsWith('bar 9')")   # the focus went along
    assert position(page) == here
    press(page, "Play Take 2")
    page.locator(".take[data-take='2'] segue-player.sounding .now", has_text="0:17").wait_for(timeout=MINUTE)
    page.locator(".ticket").first.click()
    page.locator(".take[data-take='1'] segue-player.sounding").wait_for(timeout=MINUTE)
    page.locator(".take[data-take='2'] segue-player:not(.sounding)").wait_for(state="attached")
    assert re.match(r"0:(1[6-9]|2)", position(page))
    press(page, "Rename")
    page.keyboard.type("2")         # is a name, and no choice
    page.keyboard.press("Escape")
    assert page.locator(".take.chosen").get_attribute("data-take") == "1"


def test_names_stars_and_the_tree_survive_a_reload(site, page):
    opened(site, page)
    make_takes(page)
    press(page, "Rename")
    page.keyboard.type('<b>"Slow"</b>')
    page.keyboard.press("Enter")
    assert page.locator(".leaf h4 input").count() == 0      # nor did Enter press the button once more
    press(page, "Star")
    page.locator(".onwards:visible input").fill("5")
    page.locator(".onwards:visible button").click()
    page.locator(".run").nth(1).wait_for()
    page.locator("#continue:enabled").wait_for()
    prompt, settings, _ = site.player.calls[1]
    assert (settings.prompt_bars, count_bars(prompt)) == (5, 12)
    assert '<b>"Slow"</b> goes on after bar 5' in page.locator(".run h3").first.inner_text()
    rows = ['<b>"Slow"</b>★ from the prompt, to bar 12', 'Take 1 from <b>"Slow"</b>, after bar 5, to bar 9',
            'Take 2 from <b>"Slow"</b>, after bar 5, to bar 9', "Take 2 from the prompt, to bar 12"]
    assert tree(page) == rows
    before = tokens(page)
    page.reload()
    page.locator(".ticket svg").nth(3).wait_for()
    assert (tokens(page), tree(page)) == (before, rows)
    assert page.locator("segue-player").count() <= 2      # the prompt's, the chosen one's: none in vain
    page.locator(".tree button").first.click()
    page.locator(".leaf:visible .total").wait_for()
    assert page.get_by_role("button", name="★ Starred").get_attribute("aria-pressed") == "true"
    assert violations(page) == []


def test_what_grew_and_was_lost_is_taken_down(site, page):
    opened(site, page)
    grew = take_view.growing(0, "t" * 22, music((0,), bars=4), 4.0, 2, 1, "")
    hang = "html => document.querySelector('segue-takes').hang(html)"
    page.evaluate(hang, take_view.run("a", "Lost", [grew]))
    assert names(page) == ["Take 1"]
    assert not page.get_by_role("button", name="Star").is_visible()     # nothing can be done with it yet
    page.evaluate(hang, take_view.run("b", "", []))
    assert names(page) == []
    assert not page.get_by_role("heading", name="Lost").is_visible()


def test_a_run_that_brings_no_take_asks_for_another(site, page):
    opened(site, page)
    hang, empty = "html => document.querySelector('segue-takes').hang(html)", page.locator("#runs .empty")
    page.evaluate(hang, take_view.run("a", "Lost", []))
    assert empty.inner_text() == "The first take will appear here."
    page.evaluate(hang, take_view.run("a", "Lost", [], over=True))
    assert empty.inner_text() == "Press Continue, and the first take appears here."


def test_what_was_done_is_undone(site, page):
    opened(site, page)
    make_takes(page, takes=3)
    press(page, "Rename")
    page.keyboard.type("First")
    page.keyboard.press("Enter")
    press(page, "Star")
    press(page, "Starred")
    press(page, "Remove")
    assert names(page) == ["Take 2", "Take 3"]
    page.get_by_text("First was removed.").wait_for()
    assert page.locator(".take.chosen").get_attribute("data-take") == "2"
    page.reload()
    page.locator(".ticket svg").nth(1).wait_for()
    assert names(page) == ["Take 2", "Take 3"]
    page.keyboard.press("Control+z")
    page.locator(".ticket svg").nth(2).wait_for()
    assert names(page) == ["First", "Take 2", "Take 3"]
    press(page, "Undo")         # it is starred again
    page.locator(".starred", has_text="★").first.wait_for()
    press(page, "Undo")
    press(page, "Undo")         # and has no name any more
    page.locator(".undo button").wait_for(state="detached")
    assert names(page) == ["Take 1", "Take 2", "Take 3"]
    assert page.locator(".starred", has_text="★").count() == 0


def test_a_link_shows_its_take_or_makes_it_anew(site, new_page, watch):
    watch.expect("404")
    page = opened(site, new_page())
    make_takes(page)
    address, token = link(site, page, 2), tokens(page)[1]
    before = fingerprint(normalise(symusic.Score(str(site.shelf.file(token, "take.mid")))))
    guest = new_page(**PHONE)
    guest.goto(address)
    guest.locator(".leaf:visible .total").wait_for(timeout=MINUTE)
    assert tokens(guest) == [token]
    assert len(site.player.calls) == 1
    shutil.rmtree(site.shelf.folder / token)
    other = new_page()
    other.goto(address)
    other.locator(".leaf:visible .total").wait_for(timeout=MINUTE)
    made, = tokens(other)
    assert made != token
    assert fingerprint(normalise(symusic.Score(str(site.shelf.file(made, "take.mid"))))) == before
    assert other.locator(".leaf:visible .note").count() == 0
    page.reload()               # who made it finds that it is gone, and makes it again in its old place
    page.locator(".take.gone").wait_for(state="attached")
    page.keyboard.press("2")
    page.locator(".take.gone .ticket").click()
    press(page, "Make it again")
    page.locator(".take.gone").wait_for(state="detached")
    assert sorted(names(page)) == ["Take 1", "Take 2"]
    assert len(tree(page)) == 2


def test_a_link_of_another_checkpoint_says_so_and_plays_what_it_can(site, new_page, watch):
    watch.expect("404")
    page = opened(site, new_page())
    make_takes(page, takes=1)
    address, token = link(site, page), tokens(page)[0]
    shutil.rmtree(site.shelf.folder / token)
    site.player.checkpoint_sha256 = "cd" * 32
    guest = new_page()
    guest.goto(address)
    guest.get_by_text("This take was made by another checkpoint (test, abababab)").wait_for()
    assert len(site.player.calls) == 1
    guest.get_by_role("button", name="Hear its prompt, continued by test").click()
    guest.locator(".leaf:visible .total").wait_for(timeout=MINUTE)
    assert "notes of its own" in guest.locator(".leaf:visible .note").inner_text()


@pytest.mark.parametrize("fragment", ["x", "x" * 22 + ".AAAA", "<img src=x onerror=alert(1)>", "a" * 20_000])
def test_a_forged_link_gets_one_sentence(site, new_page, watch, fragment):
    watch.expect("404")
    page = new_page()
    page.goto(f"{site.url}/#take={fragment}")
    said = page.locator("#status [role=alert]")
    said.wait_for()
    assert re.fullmatch(r"[A-Z][^\n]+\.", said.inner_text())
    assert site.player.calls == []


DAMAGED = ["{{{", "7", "null", '[1, null, {"id": "x"}]', json.dumps([{"id": "x" * 22, "token": "<b>"}])]


@pytest.mark.parametrize("prepare", [
    *(f"localStorage.setItem('{KEY}', {json.dumps(text)})" for text in DAMAGED[:1] + DAMAGED[3:]),
    "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } })",
], ids=["no JSON", "no attempts", "no token", "full", "private"])
def test_takes_do_without_a_store(site, page, prepare: str):
    page.add_init_script(prepare)
    opened(site, page)
    make_takes(page)
    assert names(page) == ["Take 1", "Take 2"]
    press(page, "Star")
    page.locator(".starred", has_text="★").wait_for()
    said = page.get_by_text("This browser keeps no record of your takes")
    assert said.is_visible() == ("throw" in prepare)


def test_two_tabs_show_the_same_takes(site, page):
    opened(site, page)
    make_takes(page, takes=1)
    other = opened(site, page.context.new_page())
    other.locator(".ticket svg").wait_for()
    make_takes(page, takes=1)
    other.locator(".ticket svg").nth(1).wait_for()
    press(page, "Star")
    other.locator(".starred", has_text="★").wait_for()
    press(page, "Remove")
    other.locator(".run").first.wait_for(state="hidden")
    assert names(other) == names(page) == ["Take 1"]


def test_what_a_take_continues_is_asked_of_the_server_alone(site, page):
    """An origin that the server does not know gets a sentence where the visitor looks, and no run begins."""
    opened(site, page)
    make_takes(page, takes=1)
    shutil.rmtree(site.shelf.folder / tokens(page)[0])
    page.locator(".onwards:visible button").click()
    page.locator(".undo", has_text="That take is no longer kept here.").wait_for()
    assert len(site.player.calls) == 1
    assert len(bar_seconds(site.player.calls[0][0])) == 13      # what was continued was the prompt
