"""The store under strain: two tabs, many participants, a database that is locked, full or wrong."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text
from sqlmodel import SQLModel

from survey import database
from survey.database import engine as database_engine
from survey.store import Busy, Store, StoreError
from survey.web import wording
from survey.web.visit import Visits
from tests.survey.helpers import PAIR, at, listen, make_ready, payload, small_study, take

# --- many at once -----------------------------------------------------------------------------------------


def in_threads(n: int, work: object) -> list[object]:
    """What `work(i)` gives or raises in n threads that begin together."""
    results: list[object] = [None] * n
    start = threading.Barrier(n)

    def run(i: int) -> None:
        start.wait()
        try:
            results[i] = work(i)
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_double_submit_from_two_tabs_is_one_answer(store: Store) -> None:
    token = store.start("small")
    due = store.due(token)
    while not due.finished:
        listen(store, due)
        answer = payload(due, random.Random(0))
        results = in_threads(4, lambda _, due=due, answer=answer: store.answer(token, due.step_id, answer))
        assert sorted(type(result).__name__ for result in results) == ["Due", "NotDue", "NotDue", "NotDue"], (
            results
        )
        due = store.due(token)
    assert store.status("small").answers == {"pairs": 5, "ratings": 3, "open_ratings": 1}


def test_two_tabs_see_the_same_clips(store: Store) -> None:
    token = store.start("small")
    take(store, token, random.Random(0), steps=2)
    results = in_threads(4, lambda _: store.due(token))
    assert len({repr(result) for result in results}) == 1, results


def test_participants_who_start_at_once_get_numbers_of_their_own(store: Store) -> None:
    tokens = in_threads(8, lambda _: store.start("small"))
    assert len(set(tokens)) == 8
    results = in_threads(8, lambda i: take(store, tokens[i], random.Random(i)))
    assert all(result.finished for result in results), results
    orders = Counter()
    for answer in store.dump("small").answers:
        if answer["trial_id"] == "pairs-1":
            orders[answer["condition"]] += 1
    assert orders == {"ai_a": 4, "ai_b": 4}


def test_the_database_itself_refuses_a_second_answer(store: Store, database_url: str) -> None:
    token, due = at(store, "pair")
    store.answer(token, due.step_id, PAIR)
    engine = database.open_engine(database_url)
    copy = (
        "INSERT INTO answer (study_id, answer_id, participant_id, step_id, kind) "
        "SELECT study_id, 'other', participant_id, step_id, kind FROM answer"
    )
    with pytest.raises(Exception, match=r"(?i)unique"), engine.begin() as connection:
        connection.execute(text(copy))
    orphan = (
        "INSERT INTO answer (study_id, answer_id, participant_id, kind) "
        "SELECT study_id, 'orphan', 999999, kind FROM answer"
    )
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(text(orphan))
    engine.dispose()


# --- the database -----------------------------------------------------------------------------------------


def test_migrations_make_the_tables_that_the_code_expects(database_url: str) -> None:
    engine = database.open_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()


def test_opening_again_and_in_many_places_at_once_is_harmless(database_url: str) -> None:
    def opens(_: int) -> str:
        with Store(database_url) as store:
            store.register(small_study())
            return store.status("small").slug

    assert in_threads(6, opens) == ["small"] * 6


def test_sqlite_waits_writes_ahead_and_checks_references(tmp_path: Path) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'deep' / 'segue.db'}")
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous", "secure_delete")
        }
    engine.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 2,
        "secure_delete": 1,
    }


HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def asked(store: Store, token: str, **more: object) -> dict[str, object]:
    """What the page gets."""
    return Visits(store).act("small", {"do": "answer", "token": token, **more})


def times_answered(store: Store, step_id: str) -> int:
    """How many answers to a step are stored."""
    return sum(answer["answer_id"].endswith(f".{step_id}") for answer in store.dump("small").answers)


def test_a_database_that_another_process_locks_gives_a_retry(tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_engine, "BUSY_TIMEOUT_S", 0.1)
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, "pair")
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path / "segue.db"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with holder:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(Busy, match="please try again"):
                store.answer(token, due.step_id, PAIR)
            for _ in range(2):
                refused = asked(store, token, step=due.step_id, answer=PAIR)
                assert refused == {"state": "kept", "notice": wording.say("en", "notice.busy")}
            assert Visits(store).act("small", {"do": "start"})["state"] == "kept"
            assert store.due(token) == due                      # reading goes on
            holder.kill()
        assert asked(store, token, step=due.step_id, answer=PAIR)["state"] == "step"
        again = asked(store, token, step=due.step_id, answer=PAIR)
        assert again["notice"] == wording.say("en", "notice.already")
        assert times_answered(store, due.step_id) == 1


def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, "pair")
        other = sqlite3.connect(tmp_path / "segue.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.close)
        release.start()
        assert store.answer(token, due.step_id, PAIR).step_id == "pairs.2"
        release.join()


def limit_pages(store: Store, pages: int) -> None:
    """Every connection of a store from now on finds the disk full when the database would have more pages."""
    def full(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(store._engine, "connect", full)
    store._engine.dispose()


def test_a_full_disk_gives_a_retry_and_loses_nothing(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        people = [at(store, "comment") for _ in range(6)]
        limit_pages(store, sqlite3.connect(tmp_path / "segue.db").execute("PRAGMA page_count").fetchone()[0])
        long = {"comment": "x" * 2000}
        kept, turned_away = [], []
        for token, due in people:                               # a page holds two such comments
            reply = asked(store, token, step=due.step_id, answer=long)
            (turned_away if reply["state"] == "kept" else kept).append((token, due))
        assert turned_away, "the disk was not full"
        assert reply["notice"] == wording.say("en", "notice.busy")
        assert all(store.due(token) == due for token, due in turned_away)
        assert times_answered(store, due.step_id) == len(kept)
        limit_pages(store, 2**20)                               # somebody has made room
        assert all(asked(store, token, step=due.step_id, answer=long)["state"] == "step"
                   for token, due in turned_away)
        assert times_answered(store, due.step_id) == len(people)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "must look like"),
        ("mysql://x/y", "SQLite or PostgreSQL, not 'mysql'"),
        ("sqlite://", "name a file"),
        ("sqlite:////proc/nope/segue.db", "folder cannot be made"),
        ("postgresql://nobody@127.0.0.1:1/x", "The database cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        Store(url)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "segue.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(f"sqlite:///{tmp_path / 'segue.db'}")


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    Store(url).dispose()
    with sqlite3.connect(tmp_path / "segue.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="another version of this program"):
        Store(url)
