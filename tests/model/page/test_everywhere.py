"""Every part of the page on a phone, in the dark, with the keyboard alone, and to axe-core."""

import pytest

from tests.axe import violations
from tests.model.page.site import MINUTE, PHONE, go_on, more, opened, set_slider, tab_to


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_whole_page(site, new_page, scheme: str):
    page = opened(site, new_page(**PHONE, color_scheme=scheme))
    more(page)
    go_on(page)
    page.locator(".take .total").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = page.evaluate("""[...document.querySelectorAll('button, a, label.card')]
        .filter(e => e.checkVisibility())
        .filter(e => !e.closest('[aria-hidden=true]') && e.getBoundingClientRect().height < 24)
        .map(e => `${e.tagName} ${e.innerText || e.ariaLabel}`)""")
    assert small == []


@pytest.mark.parametrize("scheme, screen", [("dark", PHONE), ("light", PHONE), ("dark", {})])
def test_axe_finds_nothing_grave_in_any_part(site, new_page, scheme: str, screen: dict):
    page = opened(site, new_page(**screen, color_scheme=scheme, reduced_motion="reduce"))
    more(page)
    page.locator("#health summary").click()
    page.get_by_role("button", name="Hear it beside the original").click()
    page.locator("#compared .total").nth(1).wait_for()
    set_slider(page, "Takes", 2)
    go_on(page)
    page.locator(".tree button").nth(1).wait_for()
    page.locator("#continue:enabled").wait_for()
    for folded in page.locator(".leaf:visible details > summary").all():
        folded.click()
    assert violations(page) == []
    for name in ("Your own file", "From nothing"):
        page.get_by_role("tab", name=name).click()
        page.locator("#stage").wait_for(state="hidden")
        assert violations(page) == [], name


def test_the_keyboard_alone_leads_from_the_prompt_to_a_star(compose, site):
    tab_to(compose, ".card input")
    compose.keyboard.press("ArrowDown")
    compose.locator("#stage h3", has_text="Étude <1>").wait_for()
    tab_to(compose, "#stage .handle.to")
    compose.keyboard.press("ArrowLeft")
    compose.locator("#stage segue-player[region='0-7']").wait_for()
    tab_to(compose, "#continue")
    compose.keyboard.press("Enter")
    compose.get_by_role("button", name="Pause Take 1").wait_for(timeout=MINUTE)
    tab_to(compose, ".take .leaf [data-do=star]")
    compose.keyboard.press("Enter")
    compose.locator(".starred", has_text="★").wait_for()
    tab_to(compose, ".take .play")
    compose.keyboard.press(" ")
    compose.get_by_role("button", name="Play Take 1").wait_for()
    assert site.player.calls[0][1].prompt_bars == 7
