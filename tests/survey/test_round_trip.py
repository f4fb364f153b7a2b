"""Out and back: whatever the tables can hold, the export files hold too, and give back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.export import export, import_
from survey.export.columns import ANSWERS, FILES
from survey.store import Store
from survey.values import StudyData
from tests.survey.helpers import make_ready, rich_study, take
from tests.survey.test_export import csv_bytes, rows

KINDS = next(column.values for column in ANSWERS if column.name == "kind")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
nasty = texts | st.builds(lambda start, rest: start + rest, st.sampled_from(list("=+-@\t\r'\",;\n ")), texts)
names = st.lists(nasty, min_size=1, max_size=4, unique=True)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """A value, or a missing one."""
    return st.none() | strategy


@st.composite
def study_data(draw: st.DrawFn) -> StudyData:
    """Any data that the tables can hold."""
    questions = draw(st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), max_size=3, unique=True))
    replies = {
        key: st.tuples(nasty, st.just(False)) | st.integers(-99, 99).map(lambda n: (str(n), True))
        for key in questions
    }
    replies |= {
        "musician": st.sampled_from([("yes", False), ("no", False)]),
        "level": st.just(("none", False)),
    }
    number = maybe(st.floats(allow_nan=False, allow_infinity=False))
    seconds = maybe(st.floats(0, 1e6))
    whole, positive = maybe(st.integers(-(10**12), 10**12)), maybe(st.integers(0, 10**6))
    people, clips = draw(names), draw(names)
    truth = maybe(st.booleans())
    participants = [
        draw(
            st.fixed_dictionaries(
                {
                    "participant_id": st.just(name),
                    "started_at": maybe(moments),
                    "finished_at": maybe(moments),
                    "language": maybe(nasty),
                    "excluded": truth,
                    "exclusion_reason": maybe(nasty),
                    "replies": st.fixed_dictionaries({}, optional=replies),
                }
            )
        )
        for name in people
    ]
    stimuli = [
        draw(
            st.fixed_dictionaries(
                {
                    "stimulus_id": st.just(name),
                    "origin": maybe(st.sampled_from(["ai", "human"])),
                    "system": maybe(nasty),
                    "prompt_id": maybe(nasty),
                    "temperature": number,
                    "top_k": positive,
                    "top_p": number,
                    "no_repeat_ngram": positive,
                    "seed": whole,
                    "checkpoint_sha256": maybe(nasty),
                    "title": maybe(nasty),
                    "composer": maybe(nasty),
                    "licence": maybe(nasty),
                    "duration_s": number,
                    "lufs": number,
                    "audio_sha256": maybe(nasty),
                }
            )
        )
        for name in clips
    ]
    answers = [
        draw(
            st.fixed_dictionaries(
                {
                    "answer_id": st.just(name),
                    "participant_id": st.sampled_from(people),
                    "section": maybe(nasty),
                    "trial_id": maybe(nasty),
                    "position": positive,
                    "condition": maybe(nasty),
                    "kind": st.sampled_from(KINDS),
                    "stimulus_a": maybe(st.sampled_from(clips)),
                    "stimulus_b": maybe(st.sampled_from(clips)),
                    "choice": maybe(st.sampled_from(["a", "b", "both", "neither", "dont_know"])),
                    "rating": maybe(st.integers(1, 5)),
                    "said_ai": truth,
                    "recognised": truth,
                    "comment": maybe(nasty),
                    "plays_a": positive,
                    "plays_b": positive,
                    "response_ms": positive,
                    "answered_at": maybe(moments),
                    "heard_a_s": seconds,
                    "heard_b_s": seconds,
                    "label": maybe(st.sampled_from(["ai", "human"])),
                    "repeat_of": maybe(nasty),
                    "starts_a": positive,
                    "starts_b": positive,
                    "scales": maybe(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True),
                                                    st.integers(1, 5), min_size=1, max_size=3)),
                }
            )
        )
        for name in draw(names)
    ]
    asked = [key for key in ("musician", "level") if any(key in person["replies"] for person in participants)]
    return StudyData("s", "s", dict.fromkeys([*asked, *questions]), participants, stimuli, answers)


numbers = count()


@pytest.fixture
def other_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store elsewhere."""
    with Store(f"sqlite:///{tmp_path / 'other.db'}") as opened:
        yield opened


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=study_data())
def test_nothing_is_lost_on_the_way_out_and_back(
    store: Store, other_store: Store, tmp_path: Path, data: StudyData
) -> None:
    slug = f"s{next(numbers)}"
    one, two = tmp_path / f"{slug}-1", tmp_path / f"{slug}-2"
    data = replace(data, slug=slug, title=slug)
    store.load(data)
    assert store.dump(slug) == data
    export(store, slug, one)
    import_(other_store, one)
    export(other_store, slug, two)
    assert csv_bytes(one) == csv_bytes(two)
    assert (one / "codebook.md").read_bytes() == (two / "codebook.md").read_bytes()
    assert plain(other_store.dump(slug)) == plain(data)


def test_a_real_run_of_everything_comes_back(other_store: Store, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'rich.db'}") as store:
        make_ready(store, rich_study())
        take(store, store.start("rich", preview=True), random.Random(9))
        for number, steps in enumerate((None, 9)):
            token = store.start("rich", parameters={"PROLIFIC_PID": f"-{number}"})
            take(store, token, random.Random(number), steps=steps)
        export(store, "rich", tmp_path / "one")
    import_(other_store, tmp_path / "one")
    export(other_store, "rich", tmp_path / "two")
    assert csv_bytes(tmp_path / "one") == csv_bytes(tmp_path / "two")
    people, stimuli, answers = (rows(tmp_path / "one" / name) for name in FILES)
    assert [person["q_PROLIFIC_PID"] for person in people] == ["'-0", "'-1"], "no preview, and no formula"
    assert len(stimuli) == 17 and all(clip["origin"] for clip in stimuli), "a sound check is no stimulus"
    rated = [answer for answer in answers if answer["kind"] == "rating"]
    assert rated and all(answer["s_useful"] in set("12345") for answer in rated)
    assert all(bool(answer["label"]) == (answer["condition"] != "blind") for answer in rated)
    assert all(answer["heard_a_s"] == "0.2" for answer in answers if answer["stimulus_a"])
    assert {answer["kind"] for answer in answers} == set(KINDS) - {"open_rating"}
    book = (tmp_path / "one" / "codebook.md").read_text(encoding="utf-8")
    assert "How useful?" in book and "| `q_PROLIFIC_PID` |" in book


def plain(data: StudyData) -> StudyData:
    """Data whose replies are texts alone: in a file, the number 5 and the text '5' are the same."""
    people = [
        {**person, "replies": {key: value for key, (value, _) in person["replies"].items()}}
        for person in data.participants
    ]
    return replace(data, participants=people)
