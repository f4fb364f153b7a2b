"""The prompt's player on the page: sought, played, its instruments pointed out."""

import pytest

from tests.model.page.site import MINUTE, PHONE, opened


def test_the_roll_is_sought_with_keys_and_pointer(compose):
    slider = compose.get_by_role("slider", name="Position in Étude <0>")
    slider.focus()
    for key, bar in (("ArrowRight", 2), ("ArrowRight", 3), ("PageUp", 7), ("ArrowLeft", 6), ("Home", 1)):
        compose.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext").endswith(f"of 0:24, bar {bar}"), key
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.5, "y": 100})
    assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(12, abs=0.5)
    compose.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    compose.mouse.down()
    compose.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 100, steps=4)
    compose.mouse.up()
    assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(18, abs=0.7)


def test_space_plays_and_the_playhead_follows_the_sound(compose):
    slider = compose.get_by_role("slider", name="Position in Étude <0>")
    slider.focus()
    before = slider.screenshot()
    compose.keyboard.press(" ")
    compose.locator("#stage .now", has_text="0:02").wait_for(timeout=MINUTE)
    compose.keyboard.press(" ")
    compose.get_by_role("button", name="Play Étude <0>").wait_for(timeout=MINUTE)
    assert slider.screenshot() != before


def test_an_instrument_can_be_pointed_out(compose):
    compose.locator(".card").nth(2).click()
    violin = compose.locator("#stage .legend").get_by_role("button", name="Hear only Violin")
    violin.wait_for()
    roll = compose.locator("#stage canvas")
    before = roll.screenshot()
    violin.click()
    assert violin.get_attribute("aria-pressed") == "true"
    assert roll.screenshot() != before


def test_the_canvas_is_sharp(site, new_page):
    page = opened(site, new_page(**PHONE, device_scale_factor=3))
    assert page.evaluate("(c => c.width / c.clientWidth)(document.querySelector('#stage canvas'))") == 3


def test_music_that_is_gone_says_so(site, new_page, watch):
    watch.expect("404")
    page = opened(site, new_page())
    page.evaluate("""document.querySelector('#stage').insertAdjacentHTML('beforeend',
        '<segue-player id="gone" src="/takes/no/roll.json" audio="/takes/no/take.mp3"></segue-player>')""")
    page.locator("#gone").get_by_text("This music is no longer kept here.").wait_for()
