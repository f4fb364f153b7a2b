"""Duels are given once and answered once, whatever happens at the same time."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.__main__ import app
from model.blind.hearing import NotHeard
from model.duels.store import OPEN_S, PASSED_S, REVEAL_S, Answered, DuelStore, NoDuel, Unknown, digest
from model.duels.tables import Base, DuelRow
from tests.model.duels.stocked import HEARD, Moments, row, stocked


@pytest.fixture
def clock() -> Moments:
    return Moments()


@pytest.fixture
def store(tmp_path: Path, clock: Moments) -> DuelStore:
    return DuelStore(tmp_path / "duels.db", clock, random.Random(1))


def listened(store: DuelStore, duel: DuelRow, clock: Moments, seconds: float = 20.0) -> None:
    for side in ("a", "b"):
        store.served(duel.handle, side, seconds)
    clock.wait(40)


def test_a_duel_goes_to_one_visitor_and_is_answered_once(store, clock):
    stocked(store, 2)
    mine, yours = store.give("mine"), store.give("yours")
    assert mine.id != yours.id and mine.handle != yours.handle and len(mine.handle) >= 43
    with pytest.raises(NoDuel, match=r"^The next duel is being prepared"):
        store.give("theirs")
    listened(store, mine, clock)
    assert store.answer(mine.handle, HEARD).guess == "a"
    for said in (HEARD, replace(HEARD, guess="b")):
        with pytest.raises(Answered, match=r"an answer is given once\.$"):
            store.answer(mine.handle, said)
    with pytest.raises(Answered):
        store.clip(mine.handle, "a")
    [kept] = store.answered()
    assert (kept["guess"], kept["heard_a_s"]) == ("a", 15.0)
    assert kept["answered_at"].startswith("2026-11-21T12:00:40")
    assert not {"handle", "human", "machine", "visitor_sha256"} & kept.keys()


def test_of_twenty_answers_at_once_one_is_written(store, clock):
    stocked(store, 1)
    duel = store.give("me")
    listened(store, duel, clock)
    outcome: Counter[str] = Counter()

    def answer(number: int) -> None:
        try:
            store.answer(duel.handle, replace(HEARD, guess="ab"[number % 2]))
            outcome["written"] += 1
        except Answered:
            outcome["refused"] += 1

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome == {"written": 1, "refused": 19}
    assert sum(vars(store.score(digest("me"))).values()) == 1


@pytest.mark.parametrize(("seconds", "said", "wait", "why"), [
    (0.0, HEARD, 60, "clip A has not been played"),
    (20.0, replace(HEARD, plays={"a": 1, "b": 0}), 60, "clip B was played 0 times"),
    (9.0, HEARD, 60, "clip A was fetched for 9.0 seconds only"),
    (20.0, HEARD, 12, "clip B was heard for 0.0 seconds|clip A was heard|clip B was heard"),
    (20.0, replace(HEARD, heard_s={"a": 15.0, "b": 4.0}), 60, "clip B was heard for 4.0 seconds"),
])
def test_an_answer_before_hearing_is_refused(store, clock, seconds, said, wait, why):
    stocked(store, 1)
    duel = store.give("me")
    for side in ("a", "b"):
        if seconds:
            store.served(duel.handle, side, seconds)
    clock.wait(wait)
    with pytest.raises(NotHeard, match=why):
        store.answer(duel.handle, said)
    assert store.answered() == []
    clock.wait(60)
    for side in ("a", "b"):
        store.served(duel.handle, side, 20.0)
    store.answer(duel.handle, HEARD)        # it stays open


def test_whoever_begins_another_leaves_the_first_for_good(store, clock):
    stocked(store, 2)
    first, second = store.give("me"), store.give("me")
    listened(store, second, clock)
    for act in (lambda: store.clip(first.handle, "a"), lambda: store.answer(first.handle, HEARD),
                lambda: store.served(first.handle, "a", 1.0)):
        with pytest.raises(Unknown, match=r"put away without an answer; please begin another one\.$"):
            act()
    store.answer(second.handle, HEARD)
    with pytest.raises(NoDuel):             # what was passed over is given to nobody else
        store.give("you")


@pytest.mark.parametrize("handle", ["", "x", "é" * 43, "' OR 1=1 --", "A" * 43])
def test_a_forged_name_is_unknown(store, handle):
    stocked(store, 1)
    store.give("me")
    with pytest.raises(Unknown, match=r"^There is no such duel\.$"):
        store.answer(handle, HEARD)


def test_no_passage_comes_twice_and_a_piece_only_if_there_is_no_other(store):
    for one in (row("x", 0), row("x", 0), row("x", 4), row("y", 0)):
        store.add(one)
    given = [(duel.piece_id, duel.first_bar) for duel in (store.give("me") for _ in range(3))]
    assert {piece for piece, _ in given[:2]} == {"x", "y"} and len(set(given)) == 3
    with pytest.raises(NoDuel):
        store.give("me")
    assert store.give("you").piece_id == "x"


def test_sides_are_drawn_and_fair(store):
    stocked(store, 40)
    sides = Counter(store.give(f"v{number}").machine_side for number in range(40))
    assert sides["a"] + sides["b"] == 40 and 10 <= sides["a"] <= 30


def test_each_side_is_its_own_file(store):
    stocked(store, 1)
    duel = store.give("me")
    names = {side: store.clip(duel.handle, side)[0] for side in ("a", "b")}
    assert names == {duel.machine_side: duel.machine, "b" if duel.machine_side == "a" else "a": duel.human}


def test_what_is_open_is_bounded(store, clock, monkeypatch):
    monkeypatch.setattr("model.duels.store.OPEN_MOST", 3)
    stocked(store, 5)
    duels = []
    for number in range(5):
        duels.append(store.give(f"v{number}"))
        clock.wait(1)
    for gone in duels[:2]:
        with pytest.raises(Unknown):
            store.clip(gone.handle, "a")
    store.clip(duels[2].handle, "a")


def test_tidying_keeps_what_is_needed(store, clock):
    stocked(store, 3)
    waits, answered = store.give("slow"), store.give("quick")
    listened(store, answered, clock)
    store.answer(answered.handle, HEARD)
    assert len(store.tidy()) == 6           # the answered one's music is just being shown
    clock.wait(REVEAL_S + 1)
    assert {waits.human, waits.machine} <= (needed := store.tidy()) and answered.human not in needed
    clock.wait(OPEN_S)
    assert len(store.tidy()) == 2
    with pytest.raises(Unknown, match="put away"):
        store.answer(waits.handle, HEARD)
    clock.wait(PASSED_S + 1)
    store.tidy()
    with pytest.raises(Unknown, match="no such duel"):
        store.answer(waits.handle, HEARD)
    assert len(store.answered()) == 1


def test_scores_are_the_visitors_own(store, clock):
    stocked(store, 4)
    for guess in ("right", "wrong", "unsure", "right"):
        duel = store.give("me")
        listened(store, duel, clock)
        other = "b" if duel.machine_side == "a" else "a"
        said = {"right": duel.machine_side, "wrong": other}.get(guess, guess)
        store.answer(duel.handle, replace(HEARD, guess=said))
    assert vars(store.score(digest("me"))) == {"right": 2, "wrong": 1, "unsure": 1}
    assert not any(vars(store.score(digest("you"))).values())


def test_forgetting_deletes_what_is_older_for_good(store, clock, tmp_path):
    stocked(store, 3)
    for visitor in ("old", "new"):
        duel = store.give(visitor)
        listened(store, duel, clock)
        store.answer(duel.handle, HEARD)
        clock.wait(86_400)
    assert store.forget(clock.now - timedelta(days=1, hours=1)) == 1
    assert len(store.answered()) == 1 and store.ready() == 1
    assert digest("old").encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("duels.db*"))
    assert not any(vars(store.score(digest("old"))).values())


def test_no_column_could_hold_a_name_or_an_address():
    [table] = Base.metadata.tables.values()
    telling = "ip", "address", "name", "agent"
    assert not [column.name for column in table.c if any(word in column.name for word in telling)]
    assert "token" not in table.c


def test_the_command_line_forgets_or_says_why_not(store, clock, tmp_path):
    stocked(store, 1)
    duel = store.give("me")
    listened(store, duel, clock)
    store.answer(duel.handle, HEARD)
    command = ["forget", "--before", "2026-11-22", "--data", str(tmp_path)]
    assert CliRunner().invoke(app, command, input="n").exit_code == 1 and len(store.answered()) == 1
    told = CliRunner().invoke(app, [*command, "--yes"])
    assert told.exit_code == 0 and told.stdout == "1 answers deleted.\n" and store.answered() == []
    refused = CliRunner().invoke(app, [*command[:3], "--data", str(tmp_path / "nowhere"), "--yes"])
    assert "there is none in" in str(refused.exception)
