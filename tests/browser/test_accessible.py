"""axe-core on the pages of the real program, as a visitor first meets them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.axe import violations
from tests.conftest import Server

PAGES = {"/": "h1, .masthead", "/study/default/": ".step", "/research/": "input[type=password]"}


@pytest.fixture(scope="module")
def server(chromium: str, serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_grave(new_page: Callable, server: Server, path: str) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto(server.url + path)
    page.wait_for_selector(PAGES[path])
    assert violations(page) == []


@pytest.mark.slow
def test_axe_finds_nothing_grave_where_researchers_work(new_page: Callable, server: Server) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto(f"{server.url}/research/")
    page.get_by_label("Password").fill(server.password)
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("tab", name="Plan").wait_for()
    for name in ("Plan", "Clips", "Check", "Open", "Watch", "Results"):
        page.get_by_role("tab", name=name).click()
        assert violations(page) == [], name
    page.get_by_role("button", name="New study").click()
    page.get_by_label("Title in English").wait_for()
    assert violations(page) == [], "the form"
