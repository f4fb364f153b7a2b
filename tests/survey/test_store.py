"""The store: what is due, what is refused, what is kept, and what is gone."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from survey import database, design
from survey.store import InvalidAnswer, NotDue, Store, UnknownClip, UnknownParticipant
from tests.survey.helpers import PAIR, at, listen, make_ready, payload, small_study, take

KINDS = ["consent", "questions", *["pair"] * 4, "comment", *["rating"] * 3, "open_rating"]


# --- the way through --------------------------------------------------------------------------------------


def test_a_whole_participant(store: Store) -> None:
    token, rng = store.start("small"), random.Random(0)
    due, kinds = store.due(token), []
    while not due.finished:
        kinds.append(due.kind)
        assert (due.done, due.total) == (len(kinds) - 1, len(KINDS))
        listen(store, due)
        due = store.answer(token, due.step_id, payload(due, rng))
    assert kinds == KINDS
    status = store.status("small")
    assert (status.started, status.finished, status.state) == (1, 1, "ready")
    assert status.answers == {"pairs": 5, "ratings": 3, "open_ratings": 1}
    assert status.stopped_at == {}
    data = store.dump("small")
    [person] = data.participants
    assert person["replies"]["age"] == ("-3", True)
    assert person["replies"]["hobby"] == ("=1+1", False)
    assert datetime.now(UTC) - timedelta(minutes=1) < person["started_at"] <= person["finished_at"]
    heard = {(step.trial_id, step.position): step for step in design.steps(small_study(), 0) if step.trial_id}
    for answer in data.answers:
        if answer["kind"] == "comment":
            assert answer["stimulus_a"] is None and answer["position"] is None
            continue
        step = heard.pop((answer["trial_id"], answer["position"]))
        assert answer["condition"] == step.condition
        assert (answer["stimulus_a"], answer["stimulus_b"])[: len(step.clips)] == step.clips
        assert 1 <= answer["plays_a"] <= answer["starts_a"] <= answer["plays_a"] + 1
        assert answer["response_ms"] >= 0 and answer["answered_at"].tzinfo is UTC
    assert heard == {}


def test_reload_shows_the_same_step_and_the_same_clips(store: Store, database_url: str) -> None:
    token, due = at(store, "pair")
    assert store.due(token) == due
    with Store(database_url) as elsewhere:
        assert elsewhere.due(token) == due


def test_participants_get_the_design_of_their_number(store: Store) -> None:
    for ordinal in range(3):
        take(store, store.start("small"), random.Random(ordinal))
    answers = store.dump("small").answers
    people = [person["participant_id"] for person in store.dump("small").participants]
    for ordinal, person in enumerate(people):
        trials = [answer["trial_id"] for answer in answers if answer["participant_id"] == person]
        expected = [
            step.trial_id
            for step in design.steps(small_study(), ordinal)
            if step.trial_id or step.kind == "comment"
        ]
        assert trials == expected


# --- blind ------------------------------------------------------------------------------------------------


def test_nothing_that_is_due_tells_who_made_a_clip(store: Store) -> None:
    ids = [clip.id for clip in design.clips(small_study())]
    token, rng = store.start("small"), random.Random(0)
    due = store.due(token)
    while not due.finished:
        shown = asdict(due)
        text = json.dumps(shown, default=repr)
        assert not any(clip_id in text for clip_id in ids)
        assert not any(
            word in text for word in ("human", "one_ai", "ai_a", "ai_b", "both_ai", "temperature", ".ogg")
        )
        listen(store, due)
        due = store.answer(token, due.step_id, payload(due, rng))


def test_handles_are_long_and_nobody_elses(store: Store) -> None:
    seen: Counter[str] = Counter()
    for _ in range(3):
        token, rng = store.start("small"), random.Random(0)
        due = store.due(token)
        while not due.finished:
            seen.update(clip.handle for clip in due.clips)
            listen(store, due)
            due = store.answer(token, due.step_id, payload(due, rng))
    assert len(seen) == 3 * 12
    assert set(seen.values()) == {1}
    assert all(len(handle) >= 40 for handle in seen)


def test_a_handle_leads_to_its_clip_and_another_to_none(store: Store) -> None:
    _, due = at(store, "pair")
    step = next(step for step in design.steps(small_study(), 0) if step.kind == "pair")
    assert [store.clip(clip.handle).path for clip in due.clips] == [
        f"clips/small/{clip}.ogg" for clip in step.clips
    ]
    for wrong in (
        "",
        "x",
        due.clips[0].handle[:-1],
        "pairs-1-ai",
        "' OR 1=1 --",
        "\x00",
        "\ud800",
        "é" * 999,
    ):
        with pytest.raises(UnknownClip):
            store.clip(wrong)


def test_the_token_itself_is_not_stored(store: Store, database_url: str) -> None:
    token = store.start("small")
    engine = database.open_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM participant")).all()
    engine.dispose()
    assert rows and token not in repr(rows)


# --- what is refused --------------------------------------------------------------------------------------


def test_an_answer_cannot_be_given_twice(store: Store) -> None:
    token, due = at(store, "pair")
    answer = payload(due, random.Random(0))
    following = store.answer(token, due.step_id, answer)
    with pytest.raises(NotDue, match="answered already"):
        store.answer(token, due.step_id, answer)
    assert store.due(token) == following
    assert store.status("small").answers == {"pairs": 1}


def test_an_answer_ahead_of_its_time_is_refused(store: Store) -> None:
    token, due = at(store, "pair")
    for step_id in ("pairs.2", "ratings.1", "pairs.comment", "thanks", "nonsense", ""):
        with pytest.raises(NotDue, match="not due"):
            store.answer(token, step_id, payload(due, random.Random(0)))
    assert store.due(token) == due


def test_nothing_can_be_answered_after_the_end(store: Store) -> None:
    token = store.start("small")
    assert take(store, token, random.Random(0)).finished
    for step_id in ("thanks", "pairs.1", "open_ratings.1"):
        with pytest.raises(NotDue, match="Everything is answered"):
            store.answer(token, step_id, {"rating": 3, "plays_a": 1})


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "' OR 1=1 --", "\x00", "\ud800"])
def test_a_forged_token_belongs_to_nobody(store: Store, token: str) -> None:
    store.start("small")
    for call in (store.due, store.withdraw, lambda t: store.answer(t, "consent", {"agree": True})):
        with pytest.raises(UnknownParticipant):
            call(token)
    assert store.status("small").stopped_at == {"consent": 1}


RATING = {"rating": 3, "said_ai": True, "plays_a": 1}
INVALID = {
    "no consent": ("consent", {"agree": False}, "consent"),
    "consent of another kind": ("consent", {"agree": "yes"}, "'agree' must be a valid boolean"),
    "required question": ("questions", {"replies": {}}, "'Do you make music?' needs an answer"),
    "blank reply": ("questions", {"replies": {"musician": "  "}}, "needs an answer"),
    "unknown option": ("questions", {"replies": {"musician": "maybe"}}, "one of yes, no"),
    "unknown question": ("questions", {"replies": {"musician": "no", "iq": 200}}, "no question 'iq'"),
    "number too large": ("questions", {"replies": {"musician": "no", "age": 121}}, "from -5 to 120"),
    "not a number": ("questions", {"replies": {"musician": "no", "age": float("nan")}}, "from -5 to 120"),
    "text for a number": ("questions", {"replies": {"musician": "no", "age": "30"}}, "from -5 to 120"),
    "scale": ("questions", {"replies": {"musician": "no", "trust": 8}}, "from 1 to 7"),
    "half a point": ("questions", {"replies": {"musician": "no", "trust": 2.5}}, "from 1 to 7"),
    "true as a number": ("questions", {"replies": {"musician": "no", "trust": True}}, "trust"),
    "long text": (
        "questions",
        {"replies": {"musician": "no", "hobby": "x" * 2001}},
        "at most 2,000 characters",
    ),
    "list": ("questions", {"replies": []}, "'replies' must be a valid dictionary"),
    "unknown choice": (
        "pair",
        {**PAIR, "choice": "c"},
        "'choice' must be 'a', 'b', 'both', 'neither' or 'dont_know'",
    ),
    "no choice": ("pair", {"plays_a": 1, "plays_b": 1}, "'choice' is missing"),
    "rating for a pair": ("pair", {**PAIR, "rating": 3}, "'rating' is not a known field"),
    "never played": ("pair", {**PAIR, "plays_b": 0}, "clip B was played 0 times"),
    "played minus once": ("pair", {**PAIR, "plays_a": -1}, "'plays_a' must be greater than or equal to 0"),
    "started minus once": ("pair", {**PAIR, "starts_a": -1}, "'starts_a' must be greater than or equal to 0"),
    "started too often": ("rating", {**RATING, "starts_a": 10_001}, "'starts_a' must be less than or equal"),
    "played without a start": ("pair", {**PAIR, "starts_b": 0}, "starts_b must be at least 1, but is 0"),
    "recognised where not asked": ("pair", {**PAIR, "recognised": True}, "recognised must be empty"),
    "time running backwards": ("pair", {**PAIR, "response_ms": -5}, "'response_ms' must be greater than"),
    "rating 6": ("rating", {**RATING, "rating": 6}, "'rating' must be less than or equal to 5, but is 6"),
    "rating 0": ("rating", {**RATING, "rating": 0}, "'rating' must be greater than or equal to 1"),
    "rating 3.5": ("rating", {**RATING, "rating": 3.5}, "'rating' must be a valid integer"),
    "rating in words": ("rating", {**RATING, "rating": "3"}, "'rating' must be a valid integer"),
    "rating true": ("rating", {**RATING, "rating": True}, "'rating' must be a valid integer"),
    "no AI tick": ("rating", {"rating": 3, "plays_a": 1}, "said_ai must be true or false"),
    "choice for a rating": ("rating", {**RATING, "choice": "a"}, "'choice' is not a known field"),
    "AI tick where not asked": (
        "open_rating",
        {"rating": 3, "plays_a": 0, "said_ai": True},
        "not a known field",
    ),
    "long comment": ("comment", {"comment": "x" * 2001}, "at most 2000 characters"),
    "not a mapping": ("comment", ["hello"], "must be a mapping"),
    "nothing": ("comment", None, "must be a mapping"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_answer_is_refused_in_one_sentence_and_the_step_stays_due(
    name: str, tmp_path: Path
) -> None:
    kind, wrong, sentence = INVALID[name]
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, kind)
        before = store.dump("small")
        with pytest.raises(InvalidAnswer) as caught:
            store.answer(token, due.step_id, wrong)
        assert sentence in str(caught.value) and "\n" not in str(caught.value)
        assert store.due(token) == due
        assert store.dump("small") == before
        store.answer(token, due.step_id, payload(due, random.Random(0)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


near_misses = st.sampled_from(
    [1, 2, 5, True, "a", "both", {"musician": "no"}, {"musician": "no", "hobby": "x"}]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["consent", "questions", "pair", "rating"]),
    fields=st.dictionaries(
        st.sampled_from(
            ["agree", "replies", "choice", "rating", "said_ai", "plays_a", "plays_b", "comment", "x"]
        ),
        near_misses | json_values,
    ),
)
def test_no_payload_breaks_the_store(store: Store, kind: str, fields: dict[str, object]) -> None:
    token, due = at(store, kind)
    try:
        assert store.answer(token, due.step_id, fields).step_id != due.step_id
    except InvalidAnswer as error:
        assert str(error)
        assert store.due(token) == due


def test_a_clip_that_was_never_fetched_cannot_be_judged(store: Store) -> None:
    token = store.start("small")
    due = take(store, token, random.Random(0), steps=2)
    assert due.kind == "pair"
    for _ in range(2):
        with pytest.raises(InvalidAnswer, match=r"clip [AB] has not been played"):
            store.answer(token, due.step_id, PAIR)
    store.served(due.clips[0].handle, 10.0)
    with pytest.raises(InvalidAnswer, match="clip B has not been played"):
        store.answer(token, due.step_id, PAIR)
    store.served(due.clips[1].handle, 10.0)
    store.answer(token, due.step_id, PAIR)


def test_response_time_is_never_longer_than_the_servers(store: Store) -> None:
    token, due = at(store, "pair")
    store.answer(token, due.step_id, {**PAIR, "response_ms": 80_000_000})
    [answer] = store.dump("small").answers
    assert 0 <= answer["response_ms"] < 60_000


def test_comments_keep_their_words_and_lose_control_characters(store: Store) -> None:
    token, due = at(store, "comment")
    store.answer(token, due.step_id, {"comment": ' \tÄ "b"\r\n\x00\x07c\ud800 🎵\r '})
    comment = store.dump("small").answers[-1]["comment"]
    assert comment == 'Ä "b"\nc 🎵'
