"""Studies whose clips are built, and the page that serves them: once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from survey.store import Store
from tests.survey.page.served import served
from tests.survey.page.small import Api, application, prepare, study


@dataclass(frozen=True)
class Prepared:
    """A store, and the data folder with its clips."""

    store: Store
    folder: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A store with `small` and `strict` (one must listen), their clips built; `other`, `invited` and `few`,
    in which nothing is heard; and `waiting`, without its clips."""
    folder = tmp_path_factory.mktemp("study")
    with Store(f"sqlite:///{folder / 'segue.db'}") as store:
        for one in (study(), study("strict", strict=True)):
            prepare(store, folder, one)
        store.register(study("other", silent=True))
        store.register(study("invited", silent=True, more="access: invitation"))
        few = "stop: {participants: 2}\nquotas: {musician: {yes: 1}}"
        store.register(study("few", silent=True, more=few))
        store.register(study("waiting"))
        yield Prepared(store, folder)


@pytest.fixture(scope="module")
def client(prepared: Prepared) -> Iterator[TestClient]:
    with TestClient(application(prepared.store, prepared.folder), follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def api(client: TestClient) -> Api:
    return Api(client)


@pytest.fixture(scope="module")
def address(chromium: str, prepared: Prepared) -> Iterator[str]:
    """Where the small study is, on a real server; its neighbours are beside it."""
    with served(application(prepared.store, prepared.folder)) as url:
        yield f"{url}/study/small"
