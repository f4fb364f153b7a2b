"""Choosing what is to be continued: a card, a file, nothing; how the page keeps up with a hasty visitor."""

import re

from model.score import bar_seconds, write
from model.settings import Start
from tests.model.page.site import MINUTE, choose, go_on, more, music, set_slider, upload


def slow_down(page) -> None:
    """Puts 600 ms between the page and its server."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 600, "downloadThroughput": -1, "uploadThroughput": -1})


def test_every_piece_has_a_card_and_the_first_is_on_stage(compose):
    cards = compose.locator(".card")
    assert cards.count() == 16
    assert cards.nth(3).locator(".title").inner_text() == "Étude <3> & fugue {{n}}"
    assert re.search(r"trio · 12 bars · 0:24", cards.nth(3).inner_text())
    assert compose.locator("#stage h3").inner_text() == "Étude <0> & fugue {{n}}"
    assert [card.locator("svg path").count() for card in cards.all()[:3]] == [1, 2, 3]


def test_arrow_keys_walk_through_the_cards(compose):
    compose.get_by_role("radio").first.focus()
    for _ in range(2):
        compose.keyboard.press("ArrowRight")
    compose.locator("#stage h3", has_text="Étude <2>").wait_for()
    assert compose.locator(".card:has(:checked) .title").inner_text() == "Étude <2> & fugue {{n}}"
    compose.locator("#stage .legend li").nth(3).wait_for()
    names = compose.locator("#stage .legend li").all_inner_texts()
    assert names == ["Grand Piano", "Violin", "Trumpet", "Drums"]


def test_of_cards_chosen_in_haste_the_last_one_counts(compose, site):
    slow_down(compose)
    compose.locator(".card").nth(4).click()
    compose.wait_for_timeout(400)       # the server is being asked for it
    compose.locator(".card").nth(7).click()
    compose.locator("#stage h3", has_text="Étude <7>").wait_for()
    compose.locator(".card").nth(9).click()
    go_on(compose)
    compose.locator(".run h3", has_text="Étude <9>").wait_for()
    assert len(site.player.calls) == 1


def test_the_bars_used_are_marked_on_the_prompt(compose):
    set_slider(compose, "Bars of the prompt", 3)
    compose.locator("#stage segue-player[region='0-3']").wait_for()


def test_a_picture_named_mid_gets_one_sentence(compose, site):
    upload(compose, "photo.mid", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    said = compose.locator("#file-note [role=alert]")
    said.wait_for()
    assert re.fullmatch(r"photo\.mid: [A-Z][^\n]+\.", said.inner_text())
    assert "Traceback" not in compose.content()
    assert compose.locator("#stage h3").is_hidden()     # there is no file to show yet
    go_on(compose)
    compose.get_by_text("Please choose a MIDI file first.").wait_for()
    assert site.player.calls == []


def test_a_file_that_is_too_large_gets_one_sentence(compose):
    upload(compose, "large.mid", b"MThd" + bytes(20_000_000))
    said = compose.locator("#file-note [role=alert]")
    said.wait_for(timeout=MINUTE)
    assert re.fullmatch(r"large\.mid: A MIDI file may have at most 5[^\n]+\.", said.inner_text())


def test_an_own_file_is_shown_and_continued(compose, site):
    upload(compose, "my <b>song.mid", write(music((40,), bars=5)))
    compose.locator("#stage h3", has_text="song").wait_for()
    assert "5 bars" in compose.locator("#stage").inner_text()
    go_on(compose)
    compose.locator(".take").wait_for()
    (prompt, settings, _), = site.player.calls
    assert len(bar_seconds(prompt)) - 1 == 5
    assert settings.prompt_bars == 5


def test_from_nothing_with_chosen_instruments(compose, site):
    compose.get_by_role("tab", name="From nothing").click()
    compose.locator("#stage").wait_for(state="hidden")
    compose.get_by_label("Instruments").fill("Cello")
    compose.keyboard.press("Enter")
    set_slider(compose, "Beats a minute", 72)
    go_on(compose)
    compose.locator(".take", has_text="from nothing").wait_for()
    assert site.player.calls[0][0] == Start((0, 42), 72.0)


def test_wishes_are_offered_where_they_are_obeyed(compose, site):
    more(compose)
    style = compose.get_by_role("combobox", name="Style")
    compose.get_by_role("combobox", name="System").wait_for()
    assert style.count() == 0
    choose(compose, "System", "obedient")
    style.wait_for()
    choose(compose, "Style", "March")
    set_slider(compose, "Notes a bar", 12)
    go_on(compose)
    compose.locator(".take").wait_for()
    assert "march · 12 notes a bar" in compose.locator(".take .settings").inner_text()
    settings = site.player.calls[0][1]
    assert (settings.style, settings.density) == ("march", 12)
    choose(compose, "System", "test (the default)")     # takes the wishes away with it
    style.wait_for(state="detached")
    go_on(compose)
    compose.locator(".run").nth(1).wait_for()
    assert (site.player.calls[1][1].style, site.player.calls[1][1].density) == ("", 0)
