"""The debrief: the truth for whoever has answered everything, and for nobody before."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from survey import design
from survey.store import NotDue, Store, UnknownClip
from survey.taking import debrief
from tests.survey.helpers import listen, make_ready, payload, rich_study, small_study, take

TELLING = ("human", "one_ai", "ai_a", "ai_b", "both_ai", "both_human", "prefer\"", "label_", "expect_",
           "again", "temperature", ".ogg", "Air", "Bach", "C0FFEE")


@pytest.fixture
def rich(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        yield make_ready(store, rich_study())


def test_nothing_tells_the_truth_before_the_end(rich: Store) -> None:
    """All that a browser may get to know, but for what the participant is told on purpose."""
    ids = [clip.id for clip in design.clips(rich_study())]
    told = set()
    for seed in range(3):
        token, rng = rich.start("rich"), random.Random(seed)
        due = rich.due(token)
        while not due.finished:
            shown = asdict(due)
            told.add(shown.pop("label"))
            assert all(clip.keys() == {"slot", "handle"} for clip in shown.pop("clips"))    # random names
            text = json.dumps(shown, default=repr)
            assert due.debrief is None and not any(clip_id in text for clip_id in ids)
            assert [word for word in TELLING if word in text] == []
            due = take(rich, token, rng, steps=1)
    assert told == {None, "ai", "human"}


def test_what_is_told_of_a_clip_is_true_where_the_condition_says_so(rich: Store) -> None:
    for seed in range(3):
        take(rich, rich.start("rich"), random.Random(seed))
    data = rich.dump("rich")
    origin = {clip["stimulus_id"]: clip["origin"] for clip in data.stimuli}
    labelled = [answer for answer in data.answers if answer["kind"] == "rating"]
    assert len(labelled) == 9
    for answer in labelled:
        told, truth = answer["label"], origin[answer["stimulus_a"]]
        assert {"blind": told is None, "label_true": told == truth,
                "label_false": told not in (None, truth)}[answer["condition"]]
        assert (answer["said_ai"] is None) == (told is not None)


def test_the_debrief_is_the_truth_as_heard(rich: Store) -> None:
    token, rng = rich.start("rich"), random.Random(1)
    due, heard = rich.due(token), []
    while not due.finished:
        if due.kind in ("pair", "preference", "rating"):
            heard.append([clip.handle for clip in due.clips])
        due = take(rich, token, rng, steps=1)
    of = due.debrief
    origin = {clip["stimulus_id"]: clip["origin"] for clip in rich.dump("rich").stimuli}
    answers = [answer for answer in rich.dump("rich").answers
               if answer["kind"] in ("pair", "preference", "rating") and answer["repeat_of"] is None]
    assert len(of.trials) == len(answers) == 9 and len(heard) == 11
    for trial, answer in zip(of.trials, answers, strict=True):
        assert [clip.handle for clip in trial.clips] in heard
        truth = [origin[answer[name]] for name in ("stimulus_a", "stimulus_b") if answer[name]]
        assert [clip.origin for clip in trial.clips] == truth
        assert (trial.choice, trial.rating) == (answer["choice"], answer["rating"])
        assert trial.label == answer["label"]
        if answer["kind"] != "pair" or answer["choice"] == "dont_know":
            assert trial.correct is None
        else:
            right = {("ai", "human"): "a", ("human", "ai"): "b", ("human", "human"): "neither"}[tuple(truth)]
            assert trial.correct == (answer["choice"] == right)
        assert rich.clip(trial.clips[0].handle).path, "clips can be heard again"
    with pytest.raises(NotDue):
        rich.answer(token, "pairs.1", {"choice": "a"})


def test_no_debrief_and_no_clips_afterwards_unless_the_study_says_so(store: Store) -> None:
    token = store.start("small")
    due = take(store, token, random.Random(0), steps=2)
    handle = due.clips[0].handle
    end = take(store, token, random.Random(0))
    assert end.finished and end.debrief is None and end.completion_code == ""
    with pytest.raises(UnknownClip):
        store.clip(handle)


def test_the_crowd_is_everybody_else_who_counts(tmp_path: Path) -> None:
    study = small_study().model_copy(update={"debrief": True})
    with make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), study) as store:
        first = store.start("small")
        own = take(store, first, random.Random(0)).debrief.own
        for seed in range(1, 5):
            take(store, store.start("small"), random.Random(seed))
        take(store, store.start("small", preview=True), random.Random(9))
        take(store, store.start("small"), random.Random(9), steps=4)
        assert store.due(first).debrief.crowd is None, "four others are too few"
        take(store, store.start("small"), random.Random(5))
        crowd, me = store.due(first).debrief.crowd, store.due(first).debrief.own
        assert me == own
        data = store.dump("small")
        origin = {clip["stimulus_id"]: clip["origin"] for clip in data.stimuli}
        done = [one["participant_id"] for one in data.participants if one["finished_at"]][1:]
        judged = [answer for answer in data.answers if answer["participant_id"] in done
                  and answer["kind"] == "pair" and answer["choice"] != "dont_know"]
        truth = {("ai", "human"): "a", ("human", "ai"): "b", ("ai", "ai"): "both",
                 ("human", "human"): "neither"}
        right = [answer["choice"] == truth[origin[answer["stimulus_a"]], origin[answer["stimulus_b"]]]
                 for answer in judged]
        assert (crowd.correct, crowd.of) == (sum(right), len(right))
        assert 0 <= crowd.low <= crowd.correct / crowd.of <= crowd.high <= 1
        store.exclude("small", [done[0]], "odd")
        assert store.due(first).debrief.crowd is None


def test_wilson_is_scipys() -> None:
    for right, n in ((0, 5), (3, 5), (17, 40), (40, 40)):
        expected = binomtest(right, n).proportion_ci(0.95, "wilson")
        assert debrief.wilson(right / n, n) == pytest.approx((expected.low, expected.high))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
                min_size=5, max_size=30))
def test_alike_answers_of_one_person_never_narrow_the_interval(people: list[tuple[int, int]]) -> None:
    score = debrief.crowd_score(people)
    low, high = debrief.wilson(score.correct / score.of, score.of)
    assert score.high - score.low >= high - low - 1e-12
    assert 0 <= score.low <= score.high <= 1


def test_the_interval_holds_what_it_promises_for_people_who_differ() -> None:
    """300 crowds of 40 with beta-distributed skill around 0.6: about 95% of the intervals hold it. Plain
    Wilson's hold it far less often."""
    rng = np.random.default_rng(4)
    honest = plain = 0
    for _ in range(300):
        skill = rng.beta(1.8, 1.2, size=40)
        people = [(int(rng.binomial(8, one)), 8) for one in skill]
        score = debrief.crowd_score(people)
        low, high = debrief.wilson(score.correct / score.of, score.of)
        honest += score.low <= 0.6 <= score.high
        plain += low <= 0.6 <= high
    assert honest / 300 > 0.91 > plain / 300


def test_a_step_that_was_answered_cannot_be_answered_after_the_reveal(rich: Store) -> None:
    token, rng = rich.start("rich"), random.Random(2)
    given = {}
    due = rich.due(token)
    while not due.finished:
        listen(rich, due)
        given[due.step_id] = payload(due, rng)
        due = take(rich, token, rng, steps=1)
    before = rich.dump("rich")
    for step_id, answer in given.items():
        with pytest.raises(NotDue, match="Everything is answered"):
            rich.answer(token, step_id, answer)
    assert rich.dump("rich") == before
