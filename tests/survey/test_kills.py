"""kill -9, two hundred times: no acknowledged answer is lost, none is there twice, and participants go on.

One process is warmed up and forked for every kill, so that a kill costs milliseconds. A child acknowledges an
answer by writing to a pipe after the store has returned, as the server does by replying; such a line is
written whole or not at all (POSIX: fewer than PIPE_BUF bytes). It is killed after a random time, wherever it
is then: before, in or after a transaction. The times follow the machine's own pace.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from survey.store import Store
from tests.survey.helpers import take

ROOT = Path(__file__).parents[2]
KILLS = 200
STEPS = 11                  # of a participant of the small study
UNSAID = "?"

NURSERY = """
import os, random, sys
from survey.store import Store
from tests.survey.helpers import listen, payload, take

store = Store(sys.argv[1])
token = store.start("small")
take(store, token, random.Random(0))    # whoever takes it again finds all imported, parsed and compiled
store.withdraw(token)
store.dispose()                           # a connection must not be shared with a child

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def answer(token, rng):
    while True:
        token = token or store.start("small")
        due = store.due(token)
        say("at", token, due.done)
        while not due.finished:
            listen(store, due)
            step = due.step_id
            due = store.answer(token, step, payload(due, rng))
            say("kept", token, step)
        token = None

for line in sys.stdin:
    seed, token = line.split(",")
    child = os.fork()
    if not child:
        answer(token.strip(), random.Random(int(seed)))
    say("born", child)
    os.waitpid(child, 0)
    say("dead")
"""


@dataclass
class Ward:
    """The nursery, and what its children have said.

    `kept` holds the steps that were acknowledged, by participant; UNSAID is one whose process was killed
    before it could say so.
    """

    process: subprocess.Popen
    kept: dict[str, list[str]] = field(default_factory=dict)

    def kill_one(self, seed: int, token: str, words: int, after_s: float) -> str:
        """Has a child answer for a participant (a new one if empty), lets it say so many words and a little
        more, kills it, and returns whom it was busy with."""
        print(f"{seed},{token}", file=self.process.stdin, flush=True)
        child = None
        while child is None or words > 0:
            said = self._said()
            if said[0] == "born":
                child = int(said[1])
            else:
                token, words = self._heard(said), words - 1
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)          # it lives: it never ends by itself, and only then is reaped
        while (said := self._said()) != ["dead"]:
            token = self._heard(said)
        return token

    def _said(self) -> list[str]:
        line = self.process.stdout.readline()
        assert line, "the nursery died"
        return line.split()

    def _heard(self, said: list[str]) -> str:
        what, token, step = said
        kept = self.kept.setdefault(token, [])
        if what == "kept":
            kept.append(step)
        elif int(step) == len(kept) + 1:
            kept.append(UNSAID)
        else:
            assert int(step) == len(kept), "a participant does not go on where they were"
        return token


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database in memory where the system has files there: a process that is killed takes no disk with it,
    so nothing is tested less, and two hundred openings are quick on a busy disk."""
    with TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        yield f"sqlite:///{folder}/segue.db"


@pytest.fixture
def ward(store: Store, database_url: str) -> Iterator[Ward]:
    process = subprocess.Popen([sys.executable, "-c", NURSERY, database_url], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    with process:
        yield Ward(process)
        os.killpg(process.pid, signal.SIGKILL)      # the last child too, if the test failed before its death


def test_two_hundred_kills_lose_no_acknowledged_answer(ward: Ward, store: Store, database_url: str) -> None:
    rng = random.Random(11)
    store.dispose()                               # the database is opened anew after every kill
    began = time.monotonic()
    token = ward.kill_one(0, "", words=STEPS, after_s=0)
    pace = (time.monotonic() - began) / STEPS
    for kill in range(KILLS):
        token = ward.kill_one(kill, token, words=rng.randint(0, 1), after_s=rng.uniform(0, pace))
        check(database_url, ward.kept)
        if rng.random() < 0.1:
            token = ""                          # somebody new, while this one is away
    for token, steps in ward.kept.items():
        assert store.due(token).done >= len(steps)
        assert take(store, token, rng).finished, "who was cut off can go on"
    assert store.status("small").answers == {
        section: n * len(ward.kept) for section, n in {"pairs": 5, "ratings": 3, "open_ratings": 1}.items()}


def check(url: str, kept: dict[str, list[str]]) -> None:
    """Every acknowledged answer is there once; at most the one that nobody could acknowledge is there beside;
    and nothing is there by half."""
    engine = create_engine(url)
    with engine.connect() as connection:
        people = connection.execute(text("SELECT token_sha256, id, position FROM participant")).all()
        visits = connection.execute(text(
            "SELECT participant_id, step_id FROM visit WHERE answered_at IS NOT NULL")).all()
        answers = connection.execute(text("SELECT participant_id, step_id FROM answer")).all()
    engine.dispose()
    answered = Counter(person for person, _ in visits)
    assert {person: answered[person] for _, person, _ in people} == {
        person: position for _, person, position in people}
    assert Counter(answers) == Counter(visit for visit in visits if "." in visit[1]), "half an answer"
    numbers = {token: (person, position) for token, person, position in people}
    for token, steps in kept.items():
        person, position = numbers[sha256(token.encode()).hexdigest()]
        assert position in (len(steps), len(steps) + 1), "an acknowledged answer is gone"
        assert {(person, step) for step in steps if step != UNSAID} <= set(visits)
