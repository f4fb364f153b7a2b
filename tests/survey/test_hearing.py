"""Forced listening: what a page reports is believed as far as the server can know it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.blind import hearing
from model.blind.hearing import Listened, NotHeard
from survey.store import InvalidAnswer, Store
from tests.survey.helpers import PAIR, hurry, make_ready, payload, rich_study, small_study, take

seconds = st.floats(0, 1000)


def clip(slot: str = "a", plays: int = 1, reported: float | None = 10.0, served: float = 10.0) -> Listened:
    return Listened(slot, f"clip {slot.upper()}", f"listen_{slot}", plays, reported, served > 0, served, 10.0)


def test_two_whole_clips() -> None:
    assert hearing.heard([clip("a"), clip("b")], 30, 1) == {"a": 10.0, "b": 10.0}


@pytest.mark.parametrize(("listened", "elapsed", "plays", "why"), [
    (clip(served=0), 60, 1, "has not been played"),
    (clip(plays=0), 60, 1, "was played 0 times, but must be played at least 1"),
    (clip(plays=1, reported=20), 60, 2, "was played 1 times, but must be played at least 2"),
    (clip(served=3), 60, 1, "was fetched for 3.0 seconds only, but at least 5.0"),
    (clip(plays=50, served=1), 60, 1, "was fetched for 1.0 seconds only"),
    (clip(reported=None), 60, 1, "how long it was is missing"),
    (clip(reported=4), 60, 1, "was heard for 4.0 seconds, but 5.0 are needed"),
    (clip(reported=500), 2, 1, "was heard for 2.2 seconds, but 5.0 are needed"),
    (clip(plays=2, reported=9), 60, 2, "was heard for 9.0 seconds, but 10.0 are needed"),
])
def test_too_little_is_refused(listened: Listened, elapsed: float, plays: int, why: str) -> None:
    with pytest.raises(NotHeard) as caught:
        hearing.heard([listened], elapsed, plays)
    assert why in str(caught.value) and str(caught.value).startswith("Please listen first: clip A ")
    assert caught.value.code == "listen_a"


def test_two_clips_cannot_sound_at_once() -> None:
    with pytest.raises(NotHeard, match="clip B was heard for"):
        hearing.heard([clip("a"), clip("b")], 11, 1)


def test_where_nothing_must_be_heard_nothing_is_refused() -> None:
    assert hearing.heard([clip(plays=0, reported=None, served=0)], 0, 0) == {"a": None}
    assert hearing.heard([clip(plays=0, reported=9, served=0)], 60, 0) == {"a": 0.0}


@settings(max_examples=100, deadline=None)
@given(seconds, seconds, st.floats(0, 10), st.floats(0, 10), st.integers(0, 5), seconds)
def test_no_report_makes_more_than_was_possible(one: float, two: float, served_a: float, served_b: float,
                                                plays: int, elapsed: float) -> None:
    found = hearing.heard([clip("a", plays, one, served_a), clip("b", plays, two, served_b)], elapsed, 0)
    assert found["a"] + found["b"] <= elapsed + 0.26
    assert found["a"] <= min(one, (plays + 1) * served_a) + 1e-3
    assert found["b"] <= min(two, (plays + 1) * served_b) + 1e-3


# --- in the store -----------------------------------------------------------------------------------------


def at_a_pair(tmp_path: Path) -> tuple[Store, str, object]:
    store = make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), small_study(), seconds=10.0)
    token = store.start("small")
    due = take(store, token, random.Random(0), steps=2)
    for one in due.clips:
        store.served(one.handle, 10.0)
    return store, token, due


def test_time_must_pass_whatever_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, token, due = at_a_pair(tmp_path)
    forged = {**PAIR, "heard_a_s": 10.0, "heard_b_s": 10.0}
    with pytest.raises(InvalidAnswer, match="clip A was heard for"):
        store.answer(token, due.step_id, forged)
    hurry(monkeypatch, 30)
    store.due(token)
    store.answer(token, due.step_id, {**forged, "heard_a_s": 12.5})
    [answer] = store.dump("small").answers
    assert (answer["heard_a_s"], answer["heard_b_s"]) == (12.5, 10.0)


def test_half_a_clip_that_was_never_streamed_cannot_have_been_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), small_study(), seconds=10.0)
    token = store.start("small")
    due = take(store, token, random.Random(0), steps=2)
    hurry(monkeypatch, 30)
    for one in due.clips:
        store.served(one.handle, 2.0)
    with pytest.raises(InvalidAnswer, match=r"fetched for 2\.0 seconds only"):
        store.answer(token, due.step_id, {**PAIR, "heard_a_s": 10.0, "heard_b_s": 10.0})
    for one in due.clips:
        store.served(one.handle, 8.0)
    store.answer(token, due.step_id, {**PAIR, "heard_a_s": 10.0, "heard_b_s": 10.0})


def test_a_report_is_needed_where_clips_must_be_heard(store: Store) -> None:
    token = store.start("small")
    due = take(store, token, random.Random(0), steps=2)
    for one in due.clips:
        store.served(one.handle, 10.0)
    with pytest.raises(InvalidAnswer, match="how long it was is missing"):
        store.answer(token, due.step_id, {"choice": "a", "plays_a": 1, "plays_b": 1})


def test_a_sound_check_goes_on_with_the_right_count_alone(tmp_path: Path) -> None:
    store = make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), rich_study())
    token = store.start("rich")
    due = store.due(token)
    assert due.kind == "sound_check" and due.counts == (2, 3, 4, 5) and len(due.clips) == 1
    refused = {}
    for count in due.counts:
        with pytest.raises(InvalidAnswer) as caught:        # nothing was played yet
            store.answer(token, due.step_id, {**payload(due, random.Random(0)), "count": count})
        refused[caught.value.code] = count
    assert refused.keys() == {"count", "listen"}
    store.served(due.clips[0].handle, 1.0)
    answer = {**payload(due, random.Random(0)), "count": refused["listen"]}
    assert store.answer(token, due.step_id, answer).step_id == "training"
    assert store.dump("rich").answers == []
    assert all(clip["origin"] for clip in store.dump("rich").stimuli)
