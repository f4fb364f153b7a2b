"""Who may start, and who counts: opening, ends, quotas, invitations, previews, exclusions."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from survey import design
from survey.database import catalogue
from survey.database.roster import HELD
from survey.store import (
    BadInvitation,
    Closed,
    Conflict,
    InvalidAnswer,
    NotReady,
    Store,
    StoreError,
    UnknownParticipant,
    UnknownStudy,
)
from survey.study import Study
from tests.survey.helpers import PAIR, listen, make_ready, payload, rich_study, small_study, take


def with_(**changes: object) -> Study:
    """The small study with other fields."""
    return Study.model_validate({**small_study().model_dump(), **changes})


def ready(tmp_path: Path, **changes: object) -> Store:
    return make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), with_(**changes))


def refusal(store: Store, **how: object) -> str:
    with pytest.raises(Closed) as caught:
        store.start("small", **how)
    assert store.welcome("small").shut == store.status("small").shut == caught.value.code
    return caught.value.code


def finish(store: Store, token: str, musician: str = "yes") -> None:
    """Takes the whole study, as a musician or not."""
    rng, due = random.Random(0), store.due(token)
    while not due.finished:
        listen(store, due)
        answer = {"replies": {"musician": musician}} if due.kind == "questions" else payload(due, rng)
        due = store.answer(token, due.step_id, answer)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    real = catalogue.now
    monkeypatch.setattr(catalogue, "now", lambda: real() + by)


def test_a_study_is_opened_closed_and_opened_again(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        store.register(small_study(), opened=False)
        with pytest.raises(NotReady):
            store.start("small")
        make_ready(store, small_study())
        assert refusal(store) == "not_opened", "registering it again does not open it"
        store.open("small")
        token = store.start("small")
        opened = store.status("small").opened_at
        store.close("small")
        assert refusal(store) == "closed"
        assert take(store, token, random.Random(0)).finished, "whoever has started may go on"
        store.open("small")
        assert store.start("small") and store.status("small").opened_at == opened
        for act in (store.open, store.close):
            with pytest.raises(UnknownStudy):
                act("nope")


def test_a_last_day_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    today = catalogue.now().date()
    with ready(tmp_path, stop={"date": today.isoformat()}) as store:
        assert store.start("small")
        later(monkeypatch, timedelta(days=1))
        assert refusal(store) == "date"


def test_a_number_is_reached_and_places_of_those_who_left_come_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ready(tmp_path, stop={"participants": 2}) as store:
        finish(store, store.start("small"))
        store.start("small")
        assert refusal(store) == "number"
        store.start("small", preview=True)
        later(monkeypatch, HELD)
        finish(store, store.start("small"))
        assert refusal(store) == "number"
        [one, *_] = [person["participant_id"] for person in store.dump("small").participants]
        assert store.exclude("small", [one], "did not listen") == 1
        assert refusal(store) == "closed", "a study that was full opens again when somebody says so"
        store.open("small")
        assert store.start("small"), "nor does an excluded participant hold a place"


def test_excluding_somebody_closes_no_study_that_still_wants_people(tmp_path: Path) -> None:
    with ready(tmp_path, stop={"participants": 3}) as store:
        finish(store, store.start("small"))
        [one] = [person["participant_id"] for person in store.dump("small").participants]
        store.exclude("small", [one], "did not listen")
        assert store.start("small")
        assert store.status("small").closed_at is None


def test_a_full_quota_sends_people_to_the_end_at_once(tmp_path: Path) -> None:
    completion = {"code": "X1", "url": None}
    quotas = {"musician": {"yes": 1, "no": 1}}
    with ready(tmp_path, quotas=quotas, completion=completion, debrief=True) as store:
        first, second = store.start("small"), store.start("small")
        for token in (first, second):
            store.answer(token, "consent", {"agree": True})
        assert store.answer(first, "about_you", {"replies": {"musician": "yes"}}).kind == "pair"
        turned_away = store.answer(second, "about_you", {"replies": {"musician": "yes"}})
        assert turned_away.finished and turned_away.quota_full
        assert turned_away.completion_code == "" and turned_away.debrief is None
        assert store.due(second) == turned_away
        assert store.status("small").quotas == (("musician", "yes", 1, 1), ("musician", "no", 0, 1))
        assert store.status("small").excluded == {"quota full": 1}
        assert store.status("small").stopped_at == {"pairs.1": 1}
        [_, person] = store.dump("small").participants
        assert person["excluded"] and person["exclusion_reason"] == "quota full"
        assert person["finished_at"] is None
        finish(store, store.start("small"), musician="no")
        second = [step.trial_id for step in design.steps(small_study(), 1) if step.trial_id]
        answers = [one["trial_id"] for one in store.dump("small").answers if one["trial_id"]]
        assert answers == second, "whoever is turned away leaves no gap in the counterbalancing"
        assert refusal(store) == "quota"
        with pytest.raises(StoreError, match="turned away"):
            store.readmit("small", "quota full")


def test_an_invitation_lets_one_in_once(tmp_path: Path) -> None:
    with ready(tmp_path, access="invitation") as store:
        assert store.welcome("small").invitation
        [code, other] = store.invite("small", 2)
        for wrong in (None, "", "nonsense", "0000-0000-0000"):
            with pytest.raises(BadInvitation):
                store.start("small", invitation=wrong)
        assert store.start("small", invitation=code.lower())
        with pytest.raises(BadInvitation, match="has been used"):
            store.start("small", invitation=code)
        store.close("small")
        assert refusal(store, invitation=other) == "closed"
        store.open("small")
        assert store.start("small", invitation=other), "a refusal uses nothing up"
        assert store.status("small").invited.used == 2 and store.status("small").started == 2


def test_a_preview_is_nowhere_and_disturbs_nobody(tmp_path: Path) -> None:
    with ready(tmp_path, access="invitation", stop={"participants": 1}) as store:
        store.close("small")
        previews = [store.start("small", preview=True) for _ in range(3)]
        assert store.due(previews[0]).preview
        for token in previews:
            finish(store, token)
        data, status = store.dump("small"), store.status("small")
        assert data.participants == data.answers == []
        assert (status.started, status.finished, status.answers, status.previews) == (0, 0, {}, 3)
        assert status.median_minutes is None and status.stopped_at == {}
        store.open("small")
        [code] = store.invite("small", 1)
        token = store.start("small", invitation=code)
        finish(store, token)
        first = [step.trial_id for step in design.steps(small_study(), 0) if step.trial_id]
        assert [one["trial_id"] for one in store.dump("small").answers if one["trial_id"]] == first
        with pytest.raises(UnknownParticipant):
            store.exclude("small", ["nobody"], "why not")


def test_a_changed_file_replaces_one_that_was_only_previewed(tmp_path: Path) -> None:
    with ready(tmp_path) as store:
        token = store.start("small", preview=True)
        take(store, token, random.Random(0))
        store.register(small_study(minutes="3"))
        assert store.study("small").minutes == 3
        with pytest.raises(UnknownParticipant):
            store.due(token)


def test_two_researchers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    with ready(tmp_path) as store:
        mine, theirs = small_study(minutes="3"), small_study(minutes="4")
        store.register(theirs, instead_of=small_study())
        with pytest.raises(Conflict, match="changed by somebody else"):
            store.register(mine, instead_of=small_study())
        with pytest.raises(Conflict, match="already"):
            store.register(mine, new=True)
        assert store.study("small") == theirs


def test_parameters_of_the_link_are_kept_if_the_study_names_them(tmp_path: Path) -> None:
    with make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), rich_study()) as store:
        assert store.welcome("rich").parameters == ("PROLIFIC_PID",)
        store.start("rich", parameters={"PROLIFIC_PID": " 5f\x00\ud800 " + "x" * 999, "utm": "ad"})
        store.start("rich")
        one, two = store.dump("rich").participants
        value, is_number = one["replies"]["PROLIFIC_PID"]
        assert value.startswith("5f") and len(value) <= 200 and "x" in value and not is_number
        assert one["replies"].keys() == {"PROLIFIC_PID"} and two["replies"] == {}
        assert "PROLIFIC_PID" in store.dump("rich").questions


def test_exclusions_have_a_reason_and_can_be_taken_back(store: Store) -> None:
    for _ in range(3):
        take(store, store.start("small"), random.Random(0), steps=3)
    people = [person["participant_id"] for person in store.dump("small").participants]
    assert store.exclude("small", people[:2], "too fast") == 2
    assert store.exclude("small", people, "failed a check") == 1, "the first reason stays"
    assert store.status("small").excluded == {"failed a check": 1, "too fast": 2}
    with pytest.raises(UnknownParticipant, match="no participant 'x'"):
        store.exclude("small", [people[0], "x"], "odd")
    for reason in ("", "x" * 501, "\0"):
        with pytest.raises(StoreError, match="1 to 500 characters"):
            store.exclude("small", people, reason)
    assert store.readmit("small", "too fast") == 2
    assert [person["excluded"] for person in store.dump("small").participants] == [False, False, True]
    assert store.status("small").excluded == {"failed a check": 1}


def test_the_language_follows_the_participant(tmp_path: Path) -> None:
    with make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), rich_study()) as store:
        german = store.welcome("rich", "de-AT")
        assert (german.language, german.title, german.languages) == ("de", "Alles", ("en", "de"))
        assert store.welcome("rich", "fr").title == "Everything"
        token = store.start("rich", "de-CH")
        due = take(store, token, random.Random(0), steps=0)
        while due.kind != "questions":
            due = take(store, token, random.Random(), steps=1)
        assert due.language == "de" and due.questions[0].text.startswith("Ich bin")
        with pytest.raises(InvalidAnswer) as caught:
            store.answer(token, due.step_id, {"replies": {}})
        assert caught.value.code == "missing" and caught.value.values["question"].startswith("Ich bin")
        store.set_language(token, "en-GB")
        assert store.due(token).questions[0].text.startswith("People have praised me")
        with pytest.raises(InvalidAnswer):
            store.set_language(token, "not a tag")
        assert store.dump("rich").participants[0]["language"] == "en"


def test_a_payload_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Every kind of step takes its own fields and no others."""
    with make_ready(Store(f"sqlite:///{tmp_path / 'segue.db'}"), rich_study()) as store:
        token, rng, seen = store.start("rich"), random.Random(5), {}
        due = store.due(token)
        while not due.finished:
            listen(store, due)
            wrong = {"attention": PAIR, "rating": {**payload(due, rng), "scales": {}},
                     "comment": {"rating": 3}}.get(due.kind, {"rating": 3, "plays_a": 1, "nonsense": 1})
            with pytest.raises(InvalidAnswer) as caught:
                store.answer(token, due.step_id, wrong)
            seen[due.kind] = str(caught.value)
            if due.label is not None:
                with pytest.raises(InvalidAnswer, match="does not ask who made a clip"):
                    store.answer(token, due.step_id, {**payload(due, rng), "said_ai": True})
            due = take(store, token, rng, steps=1)
        assert "'How useful?' needs an answer" in seen["rating"]
        assert seen.keys() == {"sound_check", "questions", "practice_pair", "pair", "preference", "attention",
                               "rating", "comment"}


def test_whoever_withdraws_leaves_no_gap(store: Store) -> None:
    tokens = [store.start("small") for _ in range(4)]
    for token in (tokens[0], tokens[2]):
        store.withdraw(token)
    for ordinal in (0, 2, 4):
        due = take(store, store.start("small"), random.Random(0), steps=3)
        assert due.step_id == "pairs.2"
        step = next(step for step in design.steps(small_study(), ordinal) if step.kind == "pair")
        assert store.dump("small").answers[-1]["trial_id"] == step.trial_id
