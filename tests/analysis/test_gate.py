"""The password of the Research page: right, wrong, too often, too late."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.gate import EVERYBODY_PER_MINUTE, FORGIVEN_AFTER_S, FREE_TRIES, LIFETIME_S, Gate, Refused
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock) -> Gate:
    return Gate("ein schönes Passwort", clock)


def fail(gate: Gate, times: int, client: str = "there") -> str:
    for _ in range(times):
        with pytest.raises(Refused) as refused:
            gate.enter("wrong", client)
    return str(refused.value)


def test_the_right_password_opens(gate):
    token = gate.enter("ein schönes Passwort", "here")
    assert gate.admits(token)
    assert len(token) >= 43  # 256 bits


@pytest.mark.parametrize("word", ["", "wrong", "ein schönes Passwort ", "EIN SCHÖNES PASSWORT", "\ud800"])
def test_a_wrong_one_does_not(gate, word):
    with pytest.raises(Refused, match="not the password"):
        gate.enter(word, "here")


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.text())
)
def test_no_made_up_token_is_admitted(anything):
    gate = Gate("word")
    gate.enter("word", "here")
    assert not gate.admits(anything)
    gate.leave(anything)


def test_tokens_differ_and_end_one_by_one(gate):
    first, second = gate.enter("ein schönes Passwort", "a"), gate.enter("ein schönes Passwort", "a")
    gate.leave(first)
    assert not gate.admits(first)
    assert gate.admits(second)


def test_a_token_expires(gate, clock):
    token = gate.enter("ein schönes Passwort", "here")
    clock.now += LIFETIME_S - 1
    assert gate.admits(token)
    clock.now += 2
    assert not gate.admits(token)


def test_guessing_is_slowed_down_even_for_the_right_word(gate, clock):
    fail(gate, FREE_TRIES)
    with pytest.raises(Refused, match="try again in 2 seconds"):
        gate.enter("ein schönes Passwort", "there")
    clock.now += 2.1
    fail(gate, 1)
    with pytest.raises(Refused, match="try again in 4 seconds"):
        gate.enter("ein schönes Passwort", "there")
    assert gate.enter("ein schönes Passwort", "elsewhere")
    clock.now += 4.1
    assert gate.enter("ein schönes Passwort", "there")


def test_the_wait_is_at_most_a_minute_and_is_forgiven(gate, clock):
    for _ in range(12):
        fail(gate, 1)
        clock.now += 61
    fail(gate, 1)
    assert "60 seconds" in fail(gate, 1)
    clock.now += FORGIVEN_AFTER_S + 1
    assert "not the password" in fail(gate, 1)


def test_a_success_clears_the_slate(gate):
    fail(gate, FREE_TRIES - 1)
    gate.enter("ein schönes Passwort", "there")
    assert "not the password" in fail(gate, FREE_TRIES - 1)


def test_guessing_from_many_addresses_is_slowed_down(gate, clock):
    for number in range(EVERYBODY_PER_MINUTE):
        fail(gate, 1, f"client {number}")
    assert "Too many wrong passwords" in fail(gate, 1, "a new one")
    clock.now += 61
    assert "not the password" in fail(gate, 1, "a new one")


def test_strangers_cannot_fill_the_memory(gate, clock):
    for number in range(5000):
        fail(gate, 1, f"client {number}")
        clock.now += 2
    assert len(gate._wrong) <= FORGIVEN_AFTER_S / 2 + 1


def test_many_threads_share_one_gate(gate):
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda: tokens.append(gate.enter("ein schönes Passwort", "x")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 8
    assert all(gate.admits(token) for token in tokens)


def test_a_page_without_a_password_does_not_open():
    with pytest.raises(ValueError, match="needs a password"):
        Gate("")
