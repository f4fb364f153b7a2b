"""A page that is reloaded or closed while takes are made: what was made comes back, and Stop still works."""

import pytest

from tests.model.page.site import MINUTE, choose, go_on, more, opened, set_slider
from tests.model.takes import until

LEAVES = "AbortError|Connection errored out"        # Gradio's own words when a page goes


@pytest.fixture
def composing(site, page, watch):
    """The page, while a take is made that would take a minute."""
    watch.expect(LEAVES)
    site.player.pace = 60
    go_on(opened(site, page))
    page.get_by_text("notes so far").wait_for()
    return page


def stop(page) -> None:
    page.get_by_role("button", name="Stop and keep").click()
    page.locator("#continue:enabled").wait_for()


def test_after_a_reload_the_run_goes_on_and_its_takes_appear(site, page, watch):
    watch.expect(LEAVES)
    site.player.pace = 60
    set_slider(opened(site, page), "Takes", 2)
    go_on(page)
    page.get_by_text("notes so far").wait_for()
    page.reload()
    page.get_by_text("2 takes · ").wait_for()
    assert page.locator("#continue").is_disabled()
    site.player.pace = 0.1
    page.locator(".take[data-take='2'] .ticket").wait_for(timeout=MINUTE)
    page.locator("#continue:enabled").wait_for()
    assert site.player.ends == ["done"] and len(site.player.calls) == 1
    page.reload()
    page.locator(".ticket svg").nth(1).wait_for()
    assert page.locator(".take").count() == 2, "and are not hung twice"
    assert page.locator("#continue").is_enabled()


def test_after_a_reload_stop_keeps_what_was_made(site, composing):
    composing.reload()
    composing.get_by_text("notes so far").wait_for()
    stop(composing)
    composing.locator(".take").get_by_text("You stopped it here").wait_for()
    assert site.player.ends == ["cut short"]


def test_a_closed_tab_ends_the_work_and_what_was_made_appears_in_the_next(site, composing, monkeypatch):
    monkeypatch.setattr("model.runs.CLOSED_S", 0.5)
    context = composing.context
    composing.close()
    assert until(lambda: site.player.ends) and site.player.ends == ["cut short"]
    later = opened(site, context.new_page())
    later.locator(".take").get_by_text("Nobody was here any more").wait_for()
    assert later.locator("#continue").is_enabled()


def test_another_tab_leaves_the_run_to_the_first_and_composes_its_own(site, composing):
    other = opened(site, composing.context.new_page())
    other.wait_for_timeout(500)
    assert other.locator("#continue").is_enabled() and other.locator(".take").count() == 0
    go_on(other)
    other.get_by_text("notes so far").wait_for()
    stop(other)
    assert site.player.ends == ["cut short"] and composing.locator("#continue").is_disabled()
    other.close()
    stop(composing)
    composing.locator(".ticket svg").nth(1).wait_for()      # its own, and the other tab's
    assert composing.locator(".take").count() == 2


def test_a_run_that_the_server_has_forgotten_is_not_waited_for(site, page):
    """The server was started anew meanwhile."""
    page.add_init_script("""localStorage.setItem(
        'segue.runs.1', JSON.stringify([{ id: 'x'.repeat(22), at: Date.now() }]))""")
    opened(site, page)
    page.wait_for_function("localStorage.getItem('segue.runs.1') === '[]'")
    assert page.locator("#continue").is_enabled() and not page.locator("#status [role=alert]").count()


def numbers(page) -> dict[str, str]:
    """What stands in the settings, by label."""
    return page.evaluate("""Object.fromEntries(
        [...document.querySelectorAll(':is(#settings, #more) :is(input[type=number], [role=combobox])')]
            .map(field => [field.getAttribute('aria-label'), field.value]))""")


def reload(page, kept: str) -> None:
    """Reloads the page once its tab has kept certain settings."""
    page.wait_for_function("kept => sessionStorage.getItem('segue.settings.1')?.includes(kept)", arg=kept)
    page.reload()
    more(page)


def test_after_a_reload_the_settings_are_as_they_were(site, page):
    more(opened(site, page))
    page.get_by_role("radio", name="seconds").check()
    page.get_by_label("Seconds to compose").first.wait_for()
    for label, value in (("Seconds to compose", 90), ("Takes", 3), ("Top-k", 7), ("Best of", 2)):
        set_slider(page, label, value)
    page.get_by_role("checkbox", name="End the piece").check()
    choose(page, "System", "obedient")
    page.get_by_label("Style").wait_for()
    choose(page, "Style", "March")
    set_slider(page, "Notes a bar", 12)
    before = numbers(page)
    assert before["Style"] == "March" and before["Character"] == "My own"
    reload(page, '"march",12')
    page.get_by_label("Style").wait_for()
    assert until(lambda: numbers(page) == before), numbers(page)
    assert page.get_by_role("checkbox", name="End the piece").is_checked()
    assert page.get_by_role("radio", name="seconds").is_checked()
    go_on(page)
    page.locator(".take").nth(2).wait_for(timeout=MINUTE)
    _, settings, takes = site.player.calls[0]
    assert (takes, settings.top_k, settings.best_of, settings.ending) == (3, 7, 2, True)
    assert (settings.style, settings.density, settings.bars) == ("march", 12, 45)


def test_after_a_reload_a_preset_is_the_same_preset(site, page):
    more(opened(site, page))
    choose(page, "Character", "Adventurous · 0.9 · 30 · 12")
    heat = "document.querySelector('[aria-label=\"number input for Temperature\"]').value === '0.9'"
    page.wait_for_function(heat)
    reload(page, "0.9,30,1,12,0,")
    page.wait_for_function(heat)
    assert numbers(page)["Character"] == "Adventurous · 0.9 · 30 · 12"


@pytest.mark.parametrize("kept", ["{{{", "[]", '[16, "bars", 99]'])
def test_settings_that_no_visitor_could_have_kept_are_left_aside(site, page, kept: str):
    page.add_init_script(f"sessionStorage.setItem('segue.settings.1', {kept!r})")
    opened(site, page)
    go_on(page)
    page.locator(".take").first.wait_for()
    assert site.player.calls[0][1].temperature == 1
