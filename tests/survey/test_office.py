"""The researcher's side of the store: the life of a study, counts that agree with what participants did, and
two researchers who do each other no harm."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import fields
from pathlib import Path

import pytest

from analysis.board import StudyStatus
from survey.clips import stimuli
from survey.errors import Closed, Conflict, NotReady, StoreError, UnknownStudy
from survey.office import Office, Progress, StudyOverview
from survey.store import Store
from survey.study import Study
from survey.study.study_file import StudyError
from tests.survey.fakes import PIECES, TONES, FakeMachine, same
from tests.survey.helpers import SMALL, at, built, listen, payload, take

SECOND = TONES.replace("title: Tones", "title: Other tones")


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    def build(study: Study, progress: Progress, stop: threading.Event) -> None:
        stimuli.build(study, store, tmp_path, FakeMachine(), PIECES, progress=progress, stop=stop,
                      round_trip=same)

    return Office(store, build)


def seen(office: Office, slug: str = "small") -> StudyOverview:
    return next(study for study in office.studies() if study.slug == slug)


def nothing(*_: int) -> None:
    """Progress that nobody watches."""


def test_the_page_gets_what_it_asks_for():
    assert [field.name for field in fields(StudyOverview)] == [field.name for field in fields(StudyStatus)]


def fill(store: Store) -> None:
    """The clips of the study 'tones', as if they were built."""
    for spec in store.missing_clips("tones"):
        store.add_clip("tones", spec, built(spec))


# What is watched


def test_a_study_that_nobody_has_begun(office: Office):
    study = seen(office)
    assert (study.title, study.minutes, study.state) == ("A small study", 2, "open")
    assert study.clips_built == study.clips_total > 0
    assert (study.started, study.finished, study.answers, study.last_answer_at) == (0, 0, 0, None)
    assert {count for _, count in study.by_step} == {0}
    assert dict(study.outline)["Pairs"] == "4 pairs, 1 comment"


def test_everybody_counts_at_every_step_that_they_reached(office: Office, store: Store):
    rng = random.Random(1)
    for answered in (None, 1, 3):           # one goes to the end, two stop on the way
        take(store, store.start("small"), rng, answered)
    study = seen(office)
    assert (study.started, study.finished) == (3, 1)
    reached = [count for _, count in study.by_step]
    assert reached == sorted(reached, reverse=True)
    assert (reached[0], reached[-1]) == (3, 1)
    assert reached[:5] == [3, 3, 2, 2, 1]
    assert study.by_step[0][0] == "consent"
    assert study.median_minutes >= 0


def test_the_last_answer_moves_with_the_answers(office: Office, store: Store):
    rng = random.Random(1)
    take(store, store.start("small"), rng)
    first = seen(office)
    assert first.answers > 0
    assert first.last_answer_at == max(row["answered_at"] for row in store.dump("small").answers)
    take(store, store.start("small"), rng)
    assert seen(office).last_answer_at > first.last_answer_at


def test_a_preview_is_counted_nowhere(office: Office, store: Store):
    path, _, token = office.preview("small").partition("#resume=")
    assert path == "/study/small/"
    assert take(store, token, random.Random(1)).finished
    study = seen(office)
    assert (study.started, study.finished, study.answers) == (0, 0, 0)
    assert store.dump("small").participants == []


def test_the_files_are_those_of_the_export(office: Office, tmp_path: Path):
    office.export("small", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "participants.csv", "stimuli.csv", "answers.csv", "codebook.md", "study.json"}


# A study and its file


def test_a_study_is_kept_once_and_its_file_comes_back(office: Office):
    assert office.save(TONES) == "tones"
    assert seen(office, "tones").state == "draft"
    assert "slug: tones" in office.text("tones")
    with pytest.raises(Conflict, match="There is a study 'tones' already"):
        office.save(SECOND)
    text = office.text("tones")
    assert office.save(text.replace("slug: tones", "slug: copy"), text) == "copy"


def test_mistakes_are_told_with_their_lines_before_anything_is_kept(office: Office):
    wrong = TONES.replace("minutes: 1", "minutes: none").replace("kind: pairs", "kind: pears")
    assert "line 5: minutes must" in office.mistakes(wrong)
    assert len(office.mistakes(wrong).splitlines()) == 2
    with pytest.raises(StudyError, match="line 5"):
        office.save(wrong)
    assert office.mistakes(TONES) == ""
    assert [study.slug for study in office.studies()] == ["small"]


def test_the_outline_calls_an_attention_check_by_its_name(office: Office):
    office.save(TONES.replace("both_human: 1}", "both_human: 1, attention: 2}"))
    assert set(dict(seen(office, "tones").outline)["Pairs"].split(", ")) == {"3 pairs", "2 attention checks"}


def test_of_two_who_change_one_file_the_second_is_told(office: Office):
    office.save(TONES)
    read = office.text("tones")             # both have it before them
    office.save(read.replace("title: Tones", "title: First"), read)
    with pytest.raises(Conflict, match="changed by somebody else"):
        office.save(read.replace("title: Tones", "title: Second"), read)
    assert seen(office, "tones").title == "First"


def test_a_study_with_participants_keeps_its_file(office: Office, store: Store):
    store.start("small")
    with pytest.raises(Conflict, match="has participants"):
        office.save(SMALL.replace("minutes: 2", "minutes: 3"), office.text("small"))


def test_a_new_study_is_not_open_until_it_is_opened(office: Office, store: Store):
    office.save(TONES)
    with pytest.raises(NotReady):
        store.start("tones")
    fill(store)
    assert seen(office, "tones").state == "ready"
    with pytest.raises(Closed):
        store.start("tones")
    office.open("tones")
    assert seen(office, "tones").state == "open"
    store.start("tones")
    office.close("tones")
    assert seen(office, "tones").state == "closed"
    with pytest.raises(Closed):
        store.start("tones")


def test_building_tells_how_far_it_is_and_loses_nothing_when_it_stops(office: Office):
    office.save(TONES)
    stop, told = threading.Event(), []

    def watch(built: int, needed: int) -> None:
        told.append((built, needed))
        if built == 2:
            stop.set()

    office.build("tones", watch, stop)
    needed = seen(office, "tones").clips_total
    assert told == [(0, needed), (1, needed), (2, needed)]
    assert seen(office, "tones").clips_built == 2
    office.build("tones", lambda *progress: told.append(progress), threading.Event())
    assert told[3:][0] == (2, needed)
    assert told[-1] == (needed, needed)


def test_the_audit_is_kept_with_the_study_until_it_changes(office: Office):
    office.save(TONES)
    office.build("tones", nothing, threading.Event())
    assert seen(office, "tones").audit is None
    office.audit("tones", nothing, threading.Event())
    audited = seen(office, "tones").audit
    assert audited["verdict"]
    assert {name for name, _ in audited["cues"]}
    read = office.text("tones")
    office.save(read.replace("title: Tones", "title: Changed"), read)
    assert seen(office, "tones").audit is None


# The plan


def plan(office: Office, slug: str = "small") -> str:
    return json.dumps({"study_file_sha256": office.design(slug)["definition_sha256"]})


def test_a_plan_is_frozen_once_and_before_the_first_participant(office: Office, store: Store):
    office.keep_plan("small", plan(office))
    assert len(seen(office).plan_sha256) == 64
    with pytest.raises(Conflict, match="frozen already"):
        office.keep_plan("small", plan(office))
    office.save(TONES)
    with pytest.raises(Conflict, match="another study file"):
        office.keep_plan("tones", plan(office))
    assert seen(office, "tones").plan_sha256 is None


def test_a_plan_comes_too_late_after_the_first_participant(office: Office, store: Store):
    store.start("small")
    with pytest.raises(Conflict, match="before the first participant"):
        office.keep_plan("small", plan(office))


def test_a_changed_study_has_no_plan_any_more(office: Office):
    office.keep_plan("small", plan(office))
    office.save(SMALL.replace("minutes: 2", "minutes: 3"), office.text("small"))
    assert seen(office).plan_sha256 is None


# Who is left out


def test_exclusions_are_counted_by_reason_and_can_be_undone(office: Office, store: Store):
    rng = random.Random(1)
    for _ in range(3):
        take(store, store.start("small"), rng)
    first, = office.rules("small", {"fast": 600})
    assert (first.sentence, first.broken_by, first.excludes) == ("median response under 600 s", 3, 3)
    assert office.exclude("small", {"fast": 600}) == 3
    assert seen(office).excluded == {"median response under 600 s": 3}
    assert {person["exclusion_reason"] for person in store.dump("small").participants} == {
        "median response under 600 s"}
    assert office.exclude("small", {"fast": 600}) == 0        # and nobody twice
    assert office.readmit("small", "median response under 600 s") == 3
    assert office.readmit("small", "median response under 600 s") == 0
    assert seen(office).excluded == {}


def test_excluding_by_no_rule_excludes_nobody_and_a_strange_rule_is_refused(office: Office, store: Store):
    take(store, store.start("small"), random.Random(1))
    assert office.exclude("small", {}) == 0
    with pytest.raises(StoreError, match="no rule"):
        office.exclude("small", {"taste": None})
    assert seen(office).excluded == {}


def test_two_who_exclude_at_once_exclude_everybody_once(office: Office, store: Store):
    rng = random.Random(1)
    for _ in range(6):
        take(store, store.start("small"), rng)
    counts, begin = [], threading.Barrier(2)

    def exclude() -> None:
        begin.wait()
        counts.append(office.exclude("small", {"fast": 600}))

    threads = [threading.Thread(target=exclude) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 6
    assert seen(office).excluded == {"median response under 600 s": 6}


# Invitations


def test_invitations_are_made_counted_and_let_one_in_each(office: Office, store: Store):
    office.save(TONES.replace("seed: 11", "seed: 11\naccess: invitation"))
    fill(store)
    office.open("tones")
    codes = office.invite("tones", 3)
    assert len(set(codes)) == 3
    store.start("tones", invitation=codes[0])
    study = seen(office, "tones")
    assert (study.by_invitation, study.invited, study.invitations_used) == (True, 3, 1)
    with pytest.raises(StoreError, match="1 to 10,000"):
        office.invite("tones", 0)


def test_an_unknown_study_is_told_whatever_is_asked(office: Office):
    for act in (office.text, office.preview, office.open, office.close, office.design,
                lambda slug: office.build(slug, nothing, threading.Event()),
                lambda slug: office.audit(slug, nothing, threading.Event()),
                lambda slug: office.invite(slug, 1), lambda slug: office.exclude(slug, {"fast": 1}),
                lambda slug: office.readmit(slug, "x"), lambda slug: office.keep_plan(slug, "{}")):
        with pytest.raises(UnknownStudy):
            act("none")


def test_who_is_still_answering_is_not_excluded_for_leaving(office: Office, store: Store):
    token, due = at(store, "pair")
    assert office.exclude("small", {"unfinished": None}) == 0
    listen(store, due)
    store.answer(token, due.step_id, payload(due, random.Random(2)))
