"""What a participant does in a browser, with a mouse."""

from __future__ import annotations


def begin(page, address: str) -> None:
    """Opens the small study and agrees."""
    page.goto(address)
    page.get_by_role("button", name="I agree").click()
    page.wait_for_selector("form.questions")


def choose(page, words: str) -> None:
    """Chooses one of several answers."""
    page.get_by_role("radio", name=words, exact=True).check()


def answer_questions(page) -> None:
    """Fills in the small study's page of questions."""
    choose(page, "Yes")
    choose(page, "6")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_selector("form.pair")


def listen(page) -> None:
    """Plays every clip of a trial until it counts."""
    for player in page.locator(".player").all():
        player.locator(".play").click()
        player.locator("xpath=self::*[contains(@class, 'heard')]").wait_for(timeout=60_000)
    page.wait_for_selector("form.ready")


def step_of(page) -> str:
    """The id of the step that is shown."""
    return page.get_attribute("form.step", "data-step")


def go_on(page) -> None:
    """Presses the button, and waits for the next step."""
    before = step_of(page)
    page.locator(".go").click()
    page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=before)


def strange_if_wide(page) -> None:
    """No page scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
