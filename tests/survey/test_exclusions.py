"""Rules of exclusion: whom they name, in which order, and what they make of numbers that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import StoreError
from survey.export.exclusions import RULES, judge, reasons
from survey.values import StudyData

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIMITS = {"unfinished": None, "attention": None, "fast": 2, "repeats": 50}


def person(name: str, **changes: object) -> dict[str, object]:
    return {"participant_id": name, "started_at": NOW - timedelta(minutes=90),
            "finished_at": NOW - timedelta(minutes=70), "excluded": False, **changes}


def answer(who: str, kind: str = "pair", **values: object) -> dict[str, object]:
    return {"participant_id": who, "kind": kind, "condition": None, "choice": None, "trial_id": None,
            "repeat_of": None, "response_ms": None, "answered_at": NOW - timedelta(minutes=75), **values}


def study(people: list[dict], *answers: dict) -> StudyData:
    return StudyData("s", "S", {}, people, [], list(answers))


def named(data: StudyData, **limits: object) -> set[str]:
    verdict, = judge(data, limits, NOW)
    return set(verdict.broken_by)


def test_those_who_left_and_not_those_who_are_still_there():
    people = [person("done"), person("gone", finished_at=None), person("here", finished_at=None),
              person("new", finished_at=None, started_at=NOW - timedelta(minutes=59))]
    data = study(people, answer("gone", answered_at=NOW - timedelta(minutes=61)),
                 answer("here", answered_at=NOW - timedelta(minutes=5)))
    assert named(data, unfinished=None) == {"gone"}


def test_one_attention_check_is_enough():
    data = study([person("good"), person("bad"), person("none")],
                 answer("good", "attention", condition="expect_b", choice="b"),
                 answer("bad", "attention", condition="expect_b", choice="b"),
                 answer("bad", "attention", condition="expect_dont_know", choice="a"),
                 answer("none", "pair", condition="one_ai", choice="a"))
    assert named(data, attention=None) == {"bad"}


def test_the_median_counts_and_only_of_trials_that_are_timed():
    data = study([person("fast"), person("once"), person("check")],
                 *(answer("fast", response_ms=ms) for ms in (500, 1_900, 60_000)),
                 *(answer("once", response_ms=ms) for ms in (500, 2_000, 60_000)),
                 answer("check", "attention", response_ms=1), answer("check", "practice", response_ms=1))
    assert named(data, fast=2) == {"fast"}


def test_a_repeat_agrees_when_it_names_the_same_clip_on_the_other_side():
    first = {"trial_id": "p1", "choice": "a"}, {"trial_id": "p2", "choice": "both"}
    again = {"trial_id": "r1", "repeat_of": "p1"}, {"trial_id": "r2", "repeat_of": "p2"}
    answers = [answer(who, **values) for who in ("same", "half", "other") for values in first]
    for who, choices in (("same", "b both"), ("half", "b neither"), ("other", "a neither")):
        answers += [answer(who, choice=choice, **values)
                    for choice, values in zip(choices.split(), again, strict=True)]
    data = study([person("same"), person("half"), person("other"), person("none")], *answers)
    assert named(data, repeats=50) == {"other"}
    assert named(data, repeats=51) == {"half", "other"}
    assert named(data, repeats=100) == {"half", "other"}


def test_who_breaks_several_rules_is_counted_under_the_first_and_who_is_out_under_none():
    people = [person("a", finished_at=None), person("b"), person("out", excluded=True)]
    data = study(people, *(answer(who, response_ms=1) for who in ("a", "b", "out")))
    unfinished, attention, fast, repeats = judge(data, dict(reversed(LIMITS.items())), NOW)
    assert (unfinished.broken_by, unfinished.excludes) == ({"a"}, {"a"})
    assert (fast.broken_by, fast.excludes) == ({"a", "b"}, {"b"})
    assert not attention.broken_by and not repeats.broken_by


def test_reasons_state_their_numbers():
    assert reasons(LIMITS) == ["did not finish", "failed an attention check", "median response under 2 s",
                               "same answer to under 50% of repeats"]
    assert reasons({}) == []


@pytest.mark.parametrize("limits, sentence", [
    ({"taste": None}, "no rule 'taste'"), ({"fast": None}, "'fast' needs a number over 0"),
    ({"fast": 0}, "not 0"), ({"fast": True}, "not True"), ({"fast": "2"}, "not '2'"),
    ({"fast": float("nan")}, "not nan"), ({"repeats": 101}, "up to 100, not 101")])
def test_a_limit_that_means_nothing_is_refused(limits, sentence):
    with pytest.raises(StoreError, match=sentence):
        judge(study([]), limits, NOW)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["pair", "attention", "rating"]),
                          st.one_of(st.none(), st.integers(0, 5_000)),
                          st.sampled_from(["a", "b", "both", None])), max_size=30),
       st.sets(st.sampled_from(sorted(RULES))))
def test_everybody_is_excluded_at_most_once(rows, chosen):
    data = study([person("a"), person("b", finished_at=None), person("c", excluded=True)], *(
        answer(who, kind, response_ms=ms, choice=choice, condition="expect_a")
        for who, kind, ms, choice in rows))
    verdicts = judge(data, {name: LIMITS[name] for name in chosen}, NOW)
    left_out = [who for verdict in verdicts for who in verdict.excludes]
    assert len(left_out) == len(set(left_out))
    assert set(left_out) == set().union(*(verdict.broken_by for verdict in verdicts)) <= {"a", "b"}
