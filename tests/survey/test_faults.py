"""The store under strain: two tabs, many participants, kill -9, a database that is locked, full or wrong."""

from __future__ import annotations

import random
import signal
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
from survey.store import Busy, Store, StoreError
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


# --- kill -9 ----------------------------------------------------------------------------------------------

PARTICIPANTS = """
import random, sys
from survey.store import Store
from tests.survey.helpers import listen, payload

store, rng = Store(sys.argv[1]), random.Random(int(sys.argv[2]))
while True:
    token = store.start("small")
    due = store.due(token)
    while not due.finished:
        listen(store, due)
        step = due.step_id
        due = store.answer(token, step, payload(due, rng))
        print(token, step, flush=True)
"""


def test_a_killed_process_loses_no_acknowledged_answer(store: Store, database_url: str) -> None:
    root = Path(__file__).parents[2]
    acknowledged: Counter[str] = Counter()
    rng = random.Random(11)
    for kill in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", PARTICIPANTS, database_url, str(kill)],
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(rng.randint(5, 40)):
            acknowledged[process.stdout.readline().split()[0]] += 1
        process.send_signal(signal.SIGKILL)
        # What was printed before the kill but not yet read was acknowledged too; the last line may be cut.
        rest = process.communicate()[0].split("\n")[:-1]
        acknowledged.update(line.split()[0] for line in rest)
    assert sum(acknowledged.values()) >= 25
    for token, answers in acknowledged.items():
        assert store.due(token).done in (answers, answers + 1), "an acknowledged answer is gone"
    _check_no_half_answers(database_url)
    assert take(store, token, random.Random(0)).finished, "who was cut off can go on"


def _check_no_half_answers(database_url: str) -> None:
    """Everybody's position counts their answered visits, and every answered trial has its answer."""
    engine = database.open_engine(database_url)
    with engine.connect() as connection:
        people = connection.execute(text("SELECT id, position FROM participant")).all()
        visits = Counter(
            connection.scalars(text("SELECT participant_id FROM visit WHERE answered_at IS NOT NULL"))
        )
        answers = set(connection.execute(text("SELECT participant_id, step_id FROM answer")).all())
        judged = set(
            connection.execute(
                text(
                    "SELECT participant_id, step_id FROM visit "
                    "WHERE answered_at IS NOT NULL AND step_id LIKE '%.%'"
                )
            ).all()
        )
    engine.dispose()
    assert {person: visits[person] for person, _ in people} == dict(people)
    assert answers == judged


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


def test_a_locked_database_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, "pair")
        other = sqlite3.connect(tmp_path / "segue.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="please try again"):
            store.answer(token, due.step_id, PAIR)
        assert store.due(token) == due  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        assert store.answer(token, due.step_id, PAIR).step_id == "pairs.2"


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, "comment")
        limit = sqlite3.connect(tmp_path / "segue.db").execute("PRAGMA page_count").fetchone()[0]
        event.listen(
            store._engine,
            "connect",
            lambda connection, _: connection.execute(f"PRAGMA max_page_count = {limit}"),
        )
        store._engine.dispose()
        with pytest.raises(Busy):
            for _ in range(200):
                store.start("small")
        assert store.due(token) == due


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
