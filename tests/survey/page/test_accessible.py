"""Nobody is kept out: axe-core on every view of the Study page, and on the pages around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.axe import violations
from tests.survey.page.gallery import VIEWS, gallery
from tests.survey.page.served import served
from tests.survey.page.steps import answer_questions

UNLOCK = "document.querySelectorAll('fieldset, .go').forEach((one) => { one.disabled = false; })"

DISTINCT = ("wrong_invitation", "questions", "rating", "attention", "open_rating", "completion", "thanks")


@pytest.fixture(scope="module")
def views(chromium: str) -> Iterator[str]:
    with served(gallery()) as url:
        yield f"{url}/study"


@pytest.mark.parametrize("names, dark, locked", [
    (VIEWS, False, False), (DISTINCT, True, False), (("pair", "rating"), False, True),
], ids=["light", "dark", "locked"])
def test_axe_finds_nothing_grave(new_page: Callable, views: str, names: tuple[str, ...], dark: bool,
                                 locked: bool) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    found = {}
    for name in names:
        page.goto(f"{views}/{name}.de/?dark={dark}")
        page.wait_for_selector(".step")
        if not locked:
            page.evaluate(UNLOCK)
        found[name] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_axe_finds_nothing_grave_in_the_real_page(new_page: Callable, address: str, watch) -> None:
    watch.expect("favicon.ico")
    page = new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(address)
    page.get_by_role("button", name="I agree").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="I agree").click()
    answer_questions(page)
    assert violations(page) == []
