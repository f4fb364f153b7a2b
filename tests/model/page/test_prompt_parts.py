"""What is used of the prompt, what the model hears of it, and how long the new music is to be."""

import re

from model.score import count_bars
from tests.model.page.site import MINUTE, go_on, more, opened, set_slider, upload
from tests.model.page.site import music as piece

SPIN = "document.querySelector('[aria-label=\"number input for %s\"]').value"


def bars(page) -> list[str]:
    """First bar and number of bars, as the sliders have them."""
    return [page.evaluate(SPIN % name) for name in ("From bar", "Bars of the prompt")]


def test_bars_are_chosen_by_dragging_on_the_roll_and_used(compose, site):
    compose.locator("#stage canvas").scroll_into_view_if_needed()
    box = compose.locator("#stage canvas").bounding_box()

    def at(bar: float) -> float:
        return box["x"] + compose.evaluate(
            "bar => (roll => roll.x(2 * bar))(document.querySelector('#stage segue-player').roll)", bar)

    compose.keyboard.down("Shift")
    compose.mouse.move(at(2.5), box["y"] + 120)
    compose.mouse.down()
    compose.mouse.move(at(6.5), box["y"] + 120, steps=5)
    compose.mouse.up()
    compose.keyboard.up("Shift")
    compose.locator("#stage segue-player[region='2-7']").wait_for()
    compose.wait_for_function(f"{SPIN % 'From bar'} === '3' && {SPIN % 'Bars of the prompt'} === '5'")
    go_on(compose)
    compose.locator(".take").wait_for()
    prompt, settings, _ = site.player.calls[0]
    assert settings.prompt_bars == 5 and count_bars(prompt) == 10      # from the third bar of twelve
    assert "from bar 3" in compose.locator(".run h3").inner_text()


def test_bars_are_chosen_with_the_keyboard(compose):
    handles = compose.locator("#stage .handle")
    handles.nth(1).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        compose.keyboard.press(key)
    compose.locator("#stage segue-player[region='0-7']").wait_for()
    handles.nth(0).focus()
    compose.keyboard.press("PageUp")
    compose.locator("#stage segue-player[region='4-7']").wait_for()
    assert handles.nth(0).get_attribute("aria-valuetext") == "Bar 5"
    compose.wait_for_function(f"{SPIN % 'From bar'} === '5' && {SPIN % 'Bars of the prompt'} === '3'")
    set_slider(compose, "Bars of the prompt", 6)        # and the other way round
    compose.locator("#stage segue-player[region='4-10']").wait_for()


def test_the_health_of_the_bars_that_are_used_is_told_and_heard(compose):
    health = compose.locator("#health details.health")
    health.locator("summary").click()
    assert "the model sees all 8 bars" in health.locator(".glance").inner_text()
    assert re.search(r"8 bars, 0:16, 32 notes: Grand Piano \(32\)", health.inner_text())
    health.get_by_role("button", name="Hear it beside the original").click()
    both = compose.locator("#compared segue-player")
    both.nth(1).locator(".total").wait_for()
    assert compose.locator("#compared h4").all_inner_texts() == ["As it is", "As the model hears it"]
    assert both.nth(0).locator(".total").inner_text() == "/ 0:16"
    both.nth(1).get_by_role("button", name=re.compile("^Play")).click()
    both.nth(1).locator(".now", has_text="0:01").wait_for(timeout=MINUTE)
    set_slider(compose, "Bars of the prompt", 3)        # what is heard no longer is what is used
    both.first.wait_for(state="detached")
    compose.locator("#health", has_text="the model sees all 3 bars").wait_for()


def test_what_cannot_be_held_is_said(site, page):
    upload(opened(site, page), "odd.mid", _odd())
    page.locator("#stage h3", has_text="odd").wait_for()
    lost = page.locator("#health ul li", has_text=re.compile(r"\d+ of 20 notes")).first
    lost.wait_for(state="attached")         # what was said of the piece before has gone
    page.locator("#health summary").click()
    lost.wait_for()


def _odd() -> bytes:
    """Notes between the places that the model knows."""
    score = piece(bars=5)
    for track in score.tracks:
        for note in track.notes:
            note.time += 37
    return score.dumps_midi()


def test_a_length_in_seconds_becomes_bars_in_the_tempo_of_the_prompt(compose, site):
    more(compose)
    compose.get_by_role("radio", name="seconds").check()
    compose.get_by_role("spinbutton", name="Seconds to compose").wait_for()
    set_slider(compose, "Seconds to compose", 12)
    go_on(compose)
    compose.locator(".take").wait_for()
    assert site.player.calls[0][1].bars == 6        # of two seconds each
    compose.get_by_role("radio", name="bars", exact=True).check()
    compose.get_by_role("spinbutton", name="Bars to compose").wait_for()
    set_slider(compose, "Bars to compose", 5)
    go_on(compose)
    compose.locator(".run").nth(1).wait_for()
    assert site.player.calls[1][1].bars == 5
