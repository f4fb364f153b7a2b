"""How often one client may ask, and that nobody's address is kept."""

from __future__ import annotations

import pytest

from survey.web.limits import RATES, Limits
from survey.web.wording import say
from tests.clock import Clock

MINUTE = 60.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock)


def drain(limits: Limits, what: str = "start", client: str = "192.0.2.1") -> float:
    """Asks until it is refused; returns the seconds to wait."""
    for _ in range(10_000):
        wait = limits.wait(what, client)
        if wait:
            return wait
    raise AssertionError("never refused")


@pytest.mark.parametrize("what", RATES)
def test_who_asks_too_often_waits_and_then_may_again(limits: Limits, clock: Clock, what: str) -> None:
    wait = drain(limits, what)
    assert 0 < wait <= 1 / RATES[what].per_second
    assert limits.wait(what, "192.0.2.2") == 0, "somebody else is kept waiting"
    clock.now += wait * 0.5
    assert limits.wait(what, "192.0.2.1") > 0, "the wait was too short"
    clock.now += wait
    assert limits.wait(what, "192.0.2.1") == 0
    assert limits.wait(what, "192.0.2.1") > 0


def test_waiting_is_not_made_longer_by_asking(limits: Limits) -> None:
    first = drain(limits)
    assert all(limits.wait("start", "192.0.2.1") == first for _ in range(50))


def test_kinds_of_request_do_not_use_up_each_other(limits: Limits) -> None:
    drain(limits, "start")
    assert limits.wait("act", "192.0.2.1") == 0 and limits.wait("clip", "192.0.2.1") == 0


def test_a_classroom_of_forty_behind_one_address_is_never_refused(limits: Limits, clock: Clock) -> None:
    """All load the page and begin in the same minute; then each answers a trial of two clips every 15 s, in
    step with all others, and fetches each clip in ten ranges."""
    for _ in range(40):
        assert limits.wait("act", "192.0.2.1") == 0         # the page
        assert limits.wait("act", "192.0.2.1") == 0         # where am I?
        assert limits.wait("start", "192.0.2.1") == 0
        clock.now += 1.0
    for _ in range(60):
        for _ in range(40):
            assert limits.wait("act", "192.0.2.1") == 0
            assert not any(limits.wait("clip", "192.0.2.1") for _ in range(2 * 10))
        clock.now += 15.0
        assert limits.wait("start", "192.0.2.1") == 0       # somebody late


def test_no_address_is_kept_and_hashes_are_forgotten_within_minutes(limits: Limits, clock: Clock) -> None:
    for number in range(100, 120):
        for what in RATES:
            limits.wait(what, f"192.0.2.{number}")
    drain(limits, client="192.0.2.120")
    assert "192.0" not in repr(vars(limits))
    assert len(limits) == 20 * len(RATES) + 1
    clock.now += 5 * MINUTE
    limits.wait("act", "198.51.100.1")
    assert len(limits) == 1, "somebody is remembered"


def test_two_processes_hash_an_address_differently(clock: Clock) -> None:
    first, second = Limits(clock), Limits(clock)
    first.wait("act", "192.0.2.1"), second.wait("act", "192.0.2.1")
    assert not first._buckets.keys() & second._buckets.keys()


def test_forgetting_forgives_nobody_early(limits: Limits, clock: Clock) -> None:
    drain(limits)
    clock.now += MINUTE + 1                                 # sweeps
    refilled = int((MINUTE + 1) * RATES["start"].per_second)
    assert sum(limits.wait("start", "192.0.2.1") == 0 for _ in range(200)) in (refilled, refilled + 1)


@pytest.mark.parametrize("one, other, same", [
    ("2001:db8::1", "2001:db8::ffff:2", True), ("2001:db8::1", "2001:db8:0:1::1", False),
    ("::ffff:192.0.2.1", "192.0.2.1", True), ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ("fe80::1%eth0", "fe80::2%eth1", True), ("", "192.0.2.1", False), ("a.sock", "b.sock", False),
])
def test_an_ipv6_household_is_one_client(limits: Limits, one: str, other: str, same: bool) -> None:
    drain(limits, client=one)
    assert (limits.wait("start", other) > 0) is same


def test_a_refusal_says_when_to_try_again(limits: Limits) -> None:
    scope = {"client": ("192.0.2.1", 1234)}
    assert limits.refusal("start", scope) is None
    drain(limits)
    refused = limits.refusal("start", scope)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert b"try again" in refused.body
    spanish = limits.refusal("start", {**scope, "headers": [(b"accept-language", b"es-MX,en;q=0.5")]})
    assert spanish.body.decode() == say("es", "http.too_often")
    chosen = limits.refusal("start", {**scope, "query_string": b"lang=zh&x=1"})
    assert chosen.body.decode() == say("zh", "http.too_often")
    assert limits.refusal("start", {"client": None}) is None
