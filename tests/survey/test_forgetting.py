"""What is deleted is gone from the files of the database too: log, free pages and all."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from survey.store import Store
from tests.survey.helpers import listen, make_ready, payload, small_study

WORDS = "my-secret-words"
PANEL = "panel-member-0815"


def present(folder: Path, traces: list[str]) -> list[str]:
    """Which of these texts stand anywhere in the database's files, whatever SQLite thinks of the page."""
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    return [trace for trace in traces if trace.encode() in everything]


def talkative(store: Store, **start: object) -> tuple[str, list[str]]:
    """A participant who writes WORDS wherever they can: token, and all that only they have in the
    database."""
    token, rng = store.start("small", **start), random.Random(0)
    due, handles = store.due(token), []
    while not due.finished:
        listen(store, due)
        handles += [clip.handle for clip in due.clips]
        answer = payload(due, rng)
        if due.kind == "questions":
            answer["replies"]["hobby"] = WORDS
        if due.kind == "comment":
            answer = {"comment": WORDS}
        due = store.answer(token, due.step_id, answer)
    return token, [WORDS, PANEL, sha256(token.encode()).hexdigest(), *handles]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    with Store(f"sqlite:///{folder / 'segue.db'}") as opened:
        yield make_ready(opened, small_study(minutes="2\nparameters: [PANEL]\naccess: invitation"))


def withdraws(store: Store, token: str) -> None:
    store.withdraw(token)


def is_purged(store: Store, _: str) -> None:
    assert store.purge("small", datetime.now(UTC) + timedelta(days=2)) == 1


@pytest.mark.parametrize("goes", [withdraws, is_purged])
@pytest.mark.parametrize("preview", [False, True])
def test_nothing_is_left_of_who_goes(store: Store, folder: Path, goes: Callable, preview: bool) -> None:
    admission = {"preview": True} if preview else {"invitation": store.invite("small", 1)[0]}
    token, traces = talkative(store, parameters={"PANEL": PANEL}, **admission)
    assert set(present(folder, traces)) == set(traces)
    goes(store, token)
    assert present(folder, traces) == []


def test_a_purge_forgets_used_invitations_and_keeps_open_ones(store: Store, folder: Path) -> None:
    used, unused = store.invite("small", 2)
    talkative(store, invitation=used)
    hashes = [sha256(code.replace("-", "").encode()).hexdigest() for code in (used, unused)]
    assert present(folder, hashes) == hashes
    store.purge("small", datetime.now(UTC) + timedelta(days=2))
    assert present(folder, hashes) == hashes[1:]
    assert store.start("small", invitation=unused)


def test_a_reader_delays_forgetting_but_does_not_prevent_it(store: Store, folder: Path) -> None:
    """While somebody reads an older state, the log that holds it must stay: it is emptied when they are
    done."""
    token, traces = talkative(store, invitation=store.invite("small", 1)[0])
    reader = sqlite3.connect(folder / "segue.db", isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM answer").fetchone()
    done = threading.Timer(0.3, reader.close)
    done.start()
    store.withdraw(token)
    done.join()
    assert present(folder, [trace for trace in traces if trace != PANEL]) == []
