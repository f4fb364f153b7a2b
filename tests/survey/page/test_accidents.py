"""What happens to participants in a browser: reloads, two tabs, lost connections, second thoughts."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from survey.clips.stimuli import build
from survey.store import Store
from survey.web import wording
from tests.survey.fakes import PIECES, FakeMachine, same
from tests.survey.page.conftest import Prepared
from tests.survey.page.served import served
from tests.survey.page.small import application, prepare, study
from tests.survey.page.steps import answer_questions, begin, choose, step_of


@pytest.fixture(autouse=True)
def _favicon(watch) -> None:
    watch.expect("favicon.ico")         # app.py serves it, the small server of these tests does not


def test_reload_and_private_link_resume_where_one_was(new_page: Callable, address: str) -> None:
    page = new_page()
    begin(page, address)
    answer_questions(page)
    step, clips = step_of(page), page.locator("audio").evaluate_all("all => all.map(one => one.src)")
    page.reload()
    page.wait_for_selector("form.pair")
    assert step_of(page) == step
    assert page.locator("audio").evaluate_all("all => all.map(one => one.src)") == clips
    page.get_by_text("Finish later").click()
    link = page.get_by_label("Your private link").input_value()
    assert link.startswith(address)
    elsewhere = new_page(locale="de-DE")
    elsewhere.goto(link)
    elsewhere.wait_for_selector("form.pair")
    assert step_of(elsewhere) == step
    assert "resume" not in elsewhere.url, "the private link stays in the address bar"
    assert elsewhere.evaluate("document.documentElement.lang") == "en", "not the participant's"


def test_a_preview_is_marked_on_every_page(new_page: Callable, address: str, prepared: Prepared) -> None:
    page = new_page()
    page.goto(f"{address}#preview={prepared.store.start('small', preview=True)}")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_selector("form.questions")
    assert page.locator(".ribbon").inner_text() == "Preview: nothing counts"
    assert "preview" not in page.url


def test_the_address_names_the_language_and_keeps_a_choice(new_page: Callable, address: str) -> None:
    page = new_page(locale="en-GB")
    page.goto(f"{address}?lang=de&PROLIFIC_PID=7")
    page.get_by_role("button", name="Ich bin einverstanden").wait_for()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="I agree").wait_for()
    page.reload()
    page.get_by_role("button", name="I agree").wait_for()
    assert "PROLIFIC_PID=7" in page.url


def test_double_click_two_tabs_and_back_do_no_harm(new_page: Callable, address: str,
                                                   prepared: Prepared) -> None:
    page = new_page()
    started = prepared.store.status("small").started
    page.goto(address)
    page.get_by_role("button", name="I agree").dblclick()
    page.wait_for_selector("form.questions")
    assert prepared.store.status("small").started == started + 1
    answer_questions(page)
    second = page.context.new_page()
    second.goto(address)
    second.wait_for_selector("form.pair")
    answers = prepared.store.status("small").answers.get("warm_up", 0)
    for tab in (page, second):
        choose(tab, "Both")
    first = step_of(page)
    page.locator(".go").dblclick()
    page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=first)
    after = step_of(page)
    second.locator(".go").click()
    second.get_by_text(wording.say("en", "notice.already")).wait_for()
    assert step_of(second) == after
    assert prepared.store.status("small").answers["warm_up"] == answers + 1
    page.goto("about:blank")
    page.go_back()
    page.wait_for_selector("form.pair")
    assert step_of(page) == after


def test_an_answer_outlives_a_lost_connection(new_page: Callable, address: str, watch) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    watch.expect("ERR_FAILED")
    page = new_page()
    begin(page, address)
    answer_questions(page)
    choose(page, "Both")
    before = step_of(page)
    page.context.set_offline(True)
    page.locator(".go").click()
    page.get_by_text("Nothing is lost").wait_for()
    assert page.locator("input[value=both]").is_checked()
    page.context.set_offline(False)             # the page tries again by itself
    page.wait_for_function("step => document.querySelector('form.step').dataset.step !== step", arg=before)


def test_a_start_whose_answer_is_lost_is_sent_again(new_page: Callable, address: str, watch,
                                                    prepared: Prepared) -> None:
    watch.expect("ERR_FAILED")
    page, before = new_page(), prepared.store.status("small").started
    page.goto(address)
    page.get_by_role("button", name="I agree").wait_for()
    lost = []

    def lose_one(route) -> None:
        if lost or '"start"' not in (route.request.post_data or ""):
            return route.continue_()
        lost.append(route.fetch().status)           # the server has done it
        return route.abort()

    page.route(re.compile("/component_server"), lose_one)
    page.get_by_role("button", name="I agree").click()
    page.get_by_text("Nothing is lost").wait_for()
    page.reload()
    page.get_by_role("button", name="I agree").click()
    page.locator("form.questions").wait_for()
    assert lost == [200] and prepared.store.status("small").started == before + 1


def test_leaving_deletes(new_page: Callable, address: str, prepared: Prepared) -> None:
    before = prepared.store.status("small").started
    page = new_page()
    begin(page, address)
    page.get_by_text("Leave and delete my answers").click()
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_role("heading", name="Your answers are deleted").wait_for()
    assert prepared.store.status("small").started == before
    page.reload()
    page.get_by_role("button", name="I agree").wait_for()


def test_an_invitation_is_typed_and_opens_once(new_page: Callable, address: str, prepared: Prepared) -> None:
    [code] = prepared.store.invite("invited", 1)
    page = new_page()
    page.goto(address.replace("small", "invited"))
    page.get_by_label("Your invitation code").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="I agree").click()
    page.wait_for_selector("form.questions")
    again = new_page()
    again.goto(f"{address.replace('small', 'invited')}?invitation={code}")
    again.get_by_role("button", name="I agree").click()
    again.get_by_role("alert").wait_for()
    assert "somebody has used it already" in again.get_by_role("alert").inner_text()


def test_a_study_begins_by_itself_when_it_is_built(new_page: Callable, tmp_path: Path, chromium: str) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store, served(application(store, tmp_path)) as url:
        store.register(study())
        page = new_page()
        page.goto(f"{url}/study/small")
        page.get_by_text("It has just begun.").wait_for()
        half = threading.Event()
        build(study(), store, tmp_path, FakeMachine(), PIECES, round_trip=same, stop=half,
              progress=lambda built, needed: built == 2 and half.set())
        page.get_by_text(re.compile(r"2 of \d+ are ready\.")).wait_for(timeout=60_000)
        prepare(store, tmp_path, study())
        page.get_by_role("button", name="I agree").wait_for(timeout=60_000)


def test_the_page_of_an_unknown_study_needs_no_script(new_page: Callable, address: str, watch) -> None:
    watch.expect("404")
    page = new_page(java_script_enabled=False, locale="es-MX")
    page.goto(address.replace("small", "nonsuch"))
    assert page.get_by_role("heading").inner_text() == wording.say("es", "unknown.title")
