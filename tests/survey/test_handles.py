"""Handles live while their session lasts, and what was streamed is counted once."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from survey.database import catalogue
from survey.store import Due, Store, UnknownClip
from survey.taking.handles import SESSION
from tests.survey.helpers import at, listen, make_ready, payload, small_study, take

SECOND = timedelta(seconds=1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the server's clock, which otherwise stands still, so that a slow machine changes nothing."""
    began, offset = catalogue.now(), timedelta()

    def move(by: timedelta) -> None:
        nonlocal offset
        offset += by

    monkeypatch.setattr(catalogue, "now", lambda: began + offset)
    return move


def alive(store: Store, due: Due) -> list[bool]:
    """Whether each clip of a step can be had."""
    def one(handle: str) -> bool:
        try:
            return bool(store.clip(handle).path)
        except UnknownClip:
            return False

    return [one(clip.handle) for clip in due.clips]


def streamed(store: Store, due: Due) -> list[float]:
    """The seconds noted of each clip of a step."""
    with store._engine.connect() as connection:
        return [connection.execute(text("SELECT served_s FROM handle WHERE handle = :h"),
                                   {"h": clip.handle}).scalar_one() for clip in due.clips]


def test_a_handle_dies_with_the_answer(store: Store) -> None:
    token, due = at(store, "pair")
    assert alive(store, due) == [True, True]
    following = store.answer(token, due.step_id, payload(due, random.Random(0)))
    assert alive(store, due) == [False, False]
    assert alive(store, following) == [True, True]


def test_a_handle_dies_twelve_hours_after_its_step_was_shown(store: Store, later: Callable) -> None:
    token, due = at(store, "pair")
    later(SESSION - SECOND)
    assert alive(store, due) == [True, True] and store.due(token) == due
    later(2 * SECOND)
    assert alive(store, due) == [False, False]


def test_who_comes_back_later_gets_new_handles_and_loses_nothing(store: Store, later: Callable) -> None:
    token, due = at(store, "pair")
    heard = streamed(store, due)
    later(SESSION)
    again = store.due(token)
    assert again.step_id == due.step_id and store.due(token) == again
    assert not {clip.handle for clip in again.clips} & {clip.handle for clip in due.clips}
    assert alive(store, again) == [True, True] and alive(store, due) == [False, False]
    assert [store.clip(clip.handle).path for clip in again.clips]
    assert streamed(store, again) == heard
    later(timedelta(minutes=2))
    assert store.answer(token, again.step_id, payload(again, random.Random(0))).step_id != due.step_id


def test_a_page_that_was_left_open_over_night_can_still_be_answered(store: Store, later: Callable) -> None:
    token, due = at(store, "pair")
    later(2 * SESSION)
    assert store.answer(token, due.step_id, payload(due, random.Random(0))).step_id != due.step_id


def test_handles_die_with_whoever_withdraws(store: Store) -> None:
    token, due = at(store, "pair")
    store.withdraw(token)
    assert alive(store, due) == [False, False]
    with pytest.raises(UnknownClip):
        store.served(due.clips[0].handle, 1.0)


@pytest.mark.parametrize("debrief", [True, False])
def test_everything_can_be_heard_again_only_in_a_debrief(database_url: str, later: Callable,
                                                         debrief: bool) -> None:
    with Store(database_url) as store:
        make_ready(store, small_study(minutes=f"2\ndebrief: {str(debrief).lower()}"))
        token, rng = store.start("small"), random.Random(1)
        due, shown = store.due(token), []
        while not due.finished:
            listen(store, due)
            assert not any(any(alive(store, earlier)) for earlier in shown), "a clip of an earlier step"
            shown.append(due)
            due = store.answer(token, due.step_id, payload(due, rng))
        heard = [step for step in shown if step.clips]
        assert all(all(alive(store, step)) is debrief for step in heard)
        later(SESSION)
        assert not any(any(alive(store, step)) for step in heard)
        store.due(token)
        assert not any(any(alive(store, step)) for step in heard), "an old name came to life again"


def test_seconds_are_added_up_to_the_clips_length(store: Store) -> None:
    due = take(store, store.start("small"), random.Random(0), steps=2)
    first, length = due.clips[0].handle, store.clip(due.clips[0].handle).duration_s
    assert streamed(store, due) == [0, 0]
    store.served(first, 0.25 * length)
    store.served(first, 0.5 * length)
    assert streamed(store, due) == [pytest.approx(0.75 * length), 0]
    store.served(first, 5 * length)
    assert streamed(store, due) == [length, 0]


def test_no_handle_is_ever_given_twice(store: Store, later: Callable) -> None:
    seen: list[str] = []
    for _ in range(3):
        token, _ = at(store, "pair")
        for _ in range(3):
            seen += [clip.handle for clip in store.due(token).clips]
            later(SESSION)
    assert len(set(seen)) == len(seen) == 18
    assert all(len(handle) >= 43 for handle in seen), "fewer than 256 bits"
