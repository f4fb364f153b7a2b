"""Invitations: codes that people can type, good for one participant of one study."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import log2

import pytest
from sqlalchemy import Engine, select

from survey import database
from survey.database import catalogue
from survey.database.tables import InvitationRow
from survey.errors import BadInvitation, StoreError
from survey.store import Store
from survey.taking import invitations
from survey.taking.invitations import ALPHABET, LENGTH, Invited
from tests.survey.helpers import small_study


@pytest.fixture
def engine(store: Store, database_url: str) -> Engine:
    """The database of the small study and of another."""
    store.register(small_study(slug="other"))
    opened = database.open_engine(database_url)
    yield opened
    opened.dispose()


def on(engine: Engine, act: Callable, *more: object, slug: str = "small") -> object:
    """`act(session, row, *more)` in a transaction of its own."""
    with database.transaction(engine, write=True) as session:
        return act(session, catalogue.study_row(session, slug), *more)


def test_codes_can_be_typed_and_not_guessed(engine: Engine) -> None:
    codes = on(engine, invitations.create, 200)
    assert len(set(codes)) == 200
    assert all(len(code.replace("-", "")) == LENGTH and set(code) <= {*ALPHABET, "-"} for code in codes)
    assert LENGTH * log2(len(set(ALPHABET))) >= 60
    assert not set(ALPHABET) & set("ILOU")
    seen = set("".join(codes).replace("-", ""))
    assert seen == set(ALPHABET), "some characters never come"


def test_an_invitation_lets_in_once(engine: Engine) -> None:
    first, second = on(engine, invitations.create, 2)
    assert on(engine, invitations.counts) == Invited(made=2, used=0)
    on(engine, invitations.redeem, first)
    assert on(engine, invitations.counts) == Invited(made=2, used=1)
    with pytest.raises(BadInvitation, match="has been used"):
        on(engine, invitations.redeem, first)
    on(engine, invitations.redeem, second)
    assert on(engine, invitations.counts) == Invited(made=2, used=2)


@pytest.mark.parametrize("typed", [
    str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' - ')}\n",
    lambda code: code.replace("0", "o").replace("1", "l"), lambda code: code.replace("1", "I"),
    lambda code: code.replace("-", "\u2011"),
])
def test_typing_is_forgiven(engine: Engine, typed: Callable[[str], str]) -> None:
    codes = on(engine, invitations.create, 20)
    for code in codes:
        on(engine, invitations.redeem, typed(code))
    assert on(engine, invitations.counts).used == len(codes)


@pytest.mark.parametrize("code", [
    "AAAA-AAAA-AAAA", "A", "x" * 100_000, "AAAA\0AAAAAAAA", "\ud800" * 12, "' OR 1=1 --", "ÅÅÅÅÅÅÅÅÅÅÅÅ",
])
def test_what_is_no_invitation_is_refused(engine: Engine, code: str) -> None:
    on(engine, invitations.create, 1)
    with pytest.raises(BadInvitation, match="not known"):
        on(engine, invitations.redeem, code)


@pytest.mark.parametrize("code", [None, ""])
def test_a_missing_invitation_is_asked_for(engine: Engine, code: str | None) -> None:
    with pytest.raises(BadInvitation, match="by invitation"):
        on(engine, invitations.redeem, code)


def test_an_invitation_is_good_for_its_own_study_only(engine: Engine) -> None:
    [code] = on(engine, invitations.create, 1)
    with pytest.raises(BadInvitation, match="not known"):
        on(engine, invitations.redeem, code, slug="other")
    on(engine, invitations.redeem, code)


def test_an_invitation_is_not_used_up_by_a_start_that_fails(engine: Engine) -> None:
    [code] = on(engine, invitations.create, 1)

    def fails(session: object, row: object) -> None:
        invitations.redeem(session, row, code)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        on(engine, fails)
    on(engine, invitations.redeem, code)


def test_of_many_who_try_one_code_at_once_one_gets_in(engine: Engine) -> None:
    [code] = on(engine, invitations.create, 1)
    outcomes: list[str] = []
    together = threading.Barrier(6)

    def tries() -> None:
        together.wait()
        try:
            on(engine, invitations.redeem, code)
            outcomes.append("in")
        except BadInvitation:
            outcomes.append("refused")

    threads = [threading.Thread(target=tries) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", *["refused"] * 5]


def test_nothing_stored_leads_to_the_code_or_to_whom_it_let_in(engine: Engine) -> None:
    [code] = on(engine, invitations.create, 1)
    on(engine, invitations.redeem, code)
    with database.transaction(engine, write=False) as session:
        row = session.scalar(select(InvitationRow))
    assert code not in str(row) and code.replace("-", "") not in str(row)
    assert (row.used_at.hour, row.used_at.minute, row.used_at.second) == (0, 0, 0)
    assert row.used_at.date() == datetime.now(UTC).date()


def test_used_invitations_are_purged_and_stay_unusable(engine: Engine) -> None:
    used, open_ = on(engine, invitations.create, 2)
    on(engine, invitations.redeem, used)
    on(engine, invitations.purge, datetime.now(UTC) - timedelta(days=2))
    assert on(engine, invitations.counts) == Invited(2, 1)
    on(engine, invitations.purge, datetime.now(UTC) + timedelta(days=1))
    assert on(engine, invitations.counts) == Invited(1, 0)
    with pytest.raises(BadInvitation):
        on(engine, invitations.redeem, used)
    on(engine, invitations.redeem, open_)


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_wrong_number_of_invitations_is_refused(engine: Engine, count: int) -> None:
    with pytest.raises(StoreError, match=f"but {count} were"):
        on(engine, invitations.create, count)
