"""The Compose page for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.model.page.site import Player, Site, compose_site, opened


@pytest.fixture(scope="module")
def running_site(chromium, tmp_path_factory) -> Iterator[Site]:
    with compose_site(tmp_path_factory.mktemp("takes"), Player()) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Site:
    """The page with a fresh record of what was asked of the generator."""
    running_site.player.__init__()
    return running_site


@pytest.fixture
def compose(site: Site, page):
    """The page, opened and ready."""
    return opened(site, page)
