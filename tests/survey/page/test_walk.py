"""A participant's whole way through every kind of step, in a browser."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from survey.export import export
from tests.survey.page.conftest import Prepared
from tests.survey.page.steps import choose, go_on, listen, step_of, strange_if_wide


@pytest.fixture(autouse=True)
def _favicon(watch) -> None:
    watch.expect("favicon.ico")         # app.py serves it, the small server of these tests does not


def test_a_keyboard_a_phone_and_german(new_page: Callable, address: str, tmp_path: Path,
                                       prepared: Prepared) -> None:
    """390 pixels, no mouse: every kind of step, once with the wrong answer and once with a reload."""
    page = new_page(viewport={"width": 390, "height": 844}, locale="en-GB")
    page.goto(address.replace("small", "strict") + "?PROLIFIC_PID=p-99")
    page.get_by_role("button", name="I agree").wait_for()
    keys = page.keyboard
    tab_to(page, "button.language[data-language=de]")
    keys.press("Enter")
    page.get_by_role("button", name="Ich bin einverstanden").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    tab_to(page, ".go")
    keys.press("Enter")

    page.wait_for_selector("form.questions")
    keys.press("Tab")                           # to 'Ja'
    keys.press("Space")
    keys.press("Tab")
    keys.type("44")
    tab_to(page, ".go")
    keys.press("Enter")
    assert page.locator("#study-notice").inner_text() == "Eine Antwort fehlt noch."
    assert page.evaluate("document.activeElement.name") == "q_awake"
    keys.press("Space")
    keys.press("Tab")
    keys.type("1 to 5, Space and Enter\nare only letters here.")
    keys.press("Tab")
    keys.press("Enter")

    page.wait_for_selector("form.sound_check")
    keys.press("3")                             # too early: nothing happens
    assert page.locator(".answers input:checked").count() == 0
    hear(page)
    before, counts = step_of(page), page.locator(".answers input").count()
    for number in range(counts):
        page.evaluate("document.querySelector('#study-notice').textContent = ''")     # of the guess before
        keys.press(page.locator(".answers input").nth(number).get_attribute("value"))
        keys.press("Enter")
        page.wait_for_function(
            "step => document.querySelector('form.step').dataset.step !== step"
            "|| document.querySelector('#study-notice').textContent.includes('richtige Zahl')", arg=before)
        if step_of(page) != before:
            break

    for _ in range(4):                          # a pair to practise on, two more, and a check between them
        page.wait_for_selector("form.pair:not(.ready), form.attention")
        strange_if_wide(page)
        if page.locator("form.attention").count():
            wanted = page.locator(".instruction strong").inner_text()
            keys.press(str(1 + page.locator(".answers .word").all_inner_texts().index(wanted)))
        else:
            assert (step_of(page) == "warm_up.1") == ("Zum Üben" in page.locator("form").inner_text())
            hear(page)
            keys.press("3")
            assert page.locator("input[value=both]").is_checked()
        onwards(page)
    page.wait_for_selector("form.comment")
    tab_to(page, "textarea")
    keys.type("Zu glatt.")
    keys.press("Tab")
    keys.press("Enter")

    page.wait_for_selector("form.preference:not(.ready)")
    assert "Beide gleich" in page.locator(".answers").inner_text()
    page.reload()
    page.wait_for_selector("form.preference:not(.ready)")
    keys.press("Space")
    sounds(page)
    keys.press("Space")                         # a pause: going on is no new start
    hear(page)
    page.locator(".player[data-slot=a] .seek").fill("0")
    page.locator("h1").focus()
    keys.press("a")
    sounds(page)
    keys.press("4")
    onwards(page)
    for _ in range(2):
        page.wait_for_selector("form.rating:not(.ready)")
        told = page.locator(".told").count()
        hear(page)
        keys.press("2")                         # the first question
        assert page.locator(".go").is_disabled(), "one question is still open"
        keys.press("5")                         # the next one
        if told:
            assert "gemacht" in page.locator(".told").inner_text()
        else:
            keys.press("0")
            assert page.locator("input[name=said_ai]").is_checked()
        strange_if_wide(page)
        onwards(page)
    page.wait_for_selector("form.open_rating:not(.ready)")
    hear(page)
    keys.press("1")
    onwards(page)

    page.wait_for_selector("form.thanks")
    shown = page.locator("form.thanks").inner_text()
    assert "hat eine KI gemacht" in shown and "Das stimmte nicht" in shown
    assert page.get_by_label("Ihr Abschlusscode").input_value() == "C0DE"
    strange_if_wide(page)
    tab_to(page, ".replay .play")
    keys.press("Enter")
    page.locator(".replay .player.playing").wait_for()
    export(prepared.store, "strict", tmp_path)
    people, answers = table(tmp_path / "participants.csv"), table(tmp_path / "answers.csv")
    [person] = [one for one in people if one["q_PROLIFIC_PID"] == "p-99"]
    assert (person["language"], person["q_age"]) == ("de", "44")
    assert person["q_words"] == "1 to 5, Space and Enter\nare only letters here."
    answers = [row for row in answers if row["participant_id"] == person["participant_id"]]
    heard = [float(row[f"heard_{slot}_s"]) for row in answers for slot in "ab" if row[f"stimulus_{slot}"]]
    assert len(heard) == 11 and all(1.2 < seconds < 60 for seconds in heard)
    assert all(int(row[f"starts_{slot}"]) >= int(row[f"plays_{slot}"]) >= 1
               for row in answers for slot in "ab" if row[f"stimulus_{slot}"])
    [preferred] = [row for row in answers if row["kind"] == "preference"]
    assert (preferred["starts_a"], preferred["starts_b"]) == ("2", "1")
    [checked] = [row for row in answers if row["kind"] == "attention"]
    assert checked["condition"] == f"expect_{checked['choice']}"


def table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tab_to(page, selector: str) -> None:
    """Presses Tab until the first element of this kind has the focus."""
    for _ in range(80):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no Tab leads to {selector}")


def hear(page) -> None:
    """Listens with the keyboard until one may answer."""
    page.keyboard.press("Space")
    page.locator(".player[data-slot=a].heard").wait_for(timeout=60_000)
    if page.locator(".player").count() == 2:
        page.keyboard.press("b")
        page.locator(".player[data-slot=b].heard").wait_for(timeout=60_000)
        assert page.locator(".player.playing").count() <= 1, "two clips sound at once"
    page.wait_for_selector("form.ready")


def sounds(page) -> None:
    """Waits until clip A is on its way."""
    page.wait_for_function("document.querySelector('.player[data-slot=a] audio').currentTime > 0.5")


def onwards(page) -> None:
    before = step_of(page)
    page.keyboard.press("Enter")
    page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=before)


def test_a_mouse_and_a_wide_window(page, address: str) -> None:
    page.goto(address.replace("small", "strict"))
    page.get_by_role("button", name="I agree").click()
    page.wait_for_selector("form.questions")
    assert page.title() == "About you · Segue"
    assert page.locator(".progress").inner_text().startswith("2 of ")
    page.locator(".go").click()
    assert page.locator("#study-notice").inner_text() == "One answer is still missing."
    choose(page, "Yes")
    choose(page, "6")
    go_on(page)
    assert page.locator(".go").is_disabled() and page.get_by_role("radio", name="3").is_disabled()
    listen(page)
    choose(page, "3")
    assert page.locator(".go").is_enabled()
