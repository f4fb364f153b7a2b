"""The Study page's replies: what it tells, when, and to whom."""

from __future__ import annotations

import csv
import secrets
from pathlib import Path

import pytest

from survey.export import export
from survey.store import Busy, Due, InvalidAnswer, Store
from survey.study import NumberQuestion, QuestionsSection
from survey.taking import replies
from survey.web import markup, wording
from tests.survey.page.conftest import Prepared
from tests.survey.page.small import Api, clip_urls, due_step, fitting, kind_of, study


def test_welcome_shows_text_as_text(api: Api) -> None:
    shown = api.act("open")["html"]
    assert "Is &lt;it&gt; human?" in shown and "<it>" not in shown
    assert "your answers &amp; nothing else" in shown
    assert shown.count("<p>That is all.</p>") == 1


def test_the_door_speaks_the_readers_language(api: Api) -> None:
    reply = api.act("open", languages=["fr", "de-CH", "en"])
    assert reply["language"] == "de" and "Ist &lt;es&gt; ein Mensch?" in reply["html"]
    assert reply["words"]["missing"] == "Eine Antwort fehlt noch."
    assert api.act("open", languages=["fr"])["language"] == "en"
    assert api.act("open", languages=[None, 5, "x" * 900, "de"])["language"] == "de"
    assert api.act("open", languages="de")["language"] == "en"


def test_whose_language_is_not_there_reads_the_studys_own(api: Api, prepared: Prepared) -> None:
    own = study("own", silent=True).model_copy(update={"language": "de"})
    prepared.store.register(own)
    assert own.languages[0] == "en"
    assert api.act("open", "own", languages=["fr"])["language"] == "de"
    token = api.act("start", "own", languages=["en"])["token"]
    assert api.act("language", "own", token=token, languages=["fr"])["language"] == "en"


def test_long_numbers_keep_all_their_digits() -> None:
    asked = NumberQuestion(id="badge", kind="number", text="Badge?", minimum=1_234_567, maximum=9_999_999)
    page = QuestionsSection(kind="questions", id="about", title="About you", questions=[asked])
    due = Due("small", "about", "questions", "About you", "", done=0, total=2, questions=(asked,))
    assert 'min="1234567" max="9999999"' in markup.step(due)
    with pytest.raises(InvalidAnswer, match="from 1234567 to 9999999") as refused:
        replies.questions({"replies": {"badge": 3}}, page)
    assert refused.value.values["maximum"] == "9999999"


def test_a_participant_keeps_their_language(api: Api) -> None:
    token, reply = api.at("questions", languages=["de"])
    assert reply["language"] == "de" and "Machen Sie Musik?" in reply["html"]
    assert api.act("open", token=token, languages=["en"])["language"] == "de"
    changed = api.act("language", token=token, languages=["en"])
    assert changed["language"] == "en" and "Do you make music?" in changed["html"]
    assert api.act("open", token=token, languages=["de"])["language"] == "en"


def test_refusals_are_said_in_the_participants_language(api: Api) -> None:
    token, reply = api.at("questions", languages=["de"])
    refused = api.act("answer", token=token, step=due_step(reply), answer={"replies": {"awake": 6}},
                      languages=["en"])
    assert refused == {"state": "kept", "notice": "Diese Frage braucht eine Antwort: Machen Sie Musik?"}
    forged = api.act("answer", token=token, step=due_step(reply), answer={"nonsense": 1}, languages=["en"])
    assert forged["notice"] == wording.say("de", "notice.invalid")


def test_nobody_is_stored_before_they_agree(api: Api, prepared: Prepared) -> None:
    before = prepared.store.status("small").started
    api.act("open")
    assert prepared.store.status("small").started == before
    api.act("start")
    assert prepared.store.status("small").started == before + 1


def test_the_links_parameters_are_kept_and_no_others(api: Api, prepared: Prepared, tmp_path: Path) -> None:
    api.act("start", parameters={"PROLIFIC_PID": "p-17", "utm_source": "x", "musician": "no", "age": 5})
    export(prepared.store, "small", tmp_path)
    with (tmp_path / "participants.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert "p-17" in [person["q_PROLIFIC_PID"] for person in people]
    assert not any("utm" in column for column in people[0])


def test_nothing_before_the_end_tells_who_made_a_clip(api: Api, prepared: Prepared) -> None:
    """Every byte that the page, its endpoint and the clips' headers send to two participants."""
    built = prepared.store.built_clips("small")
    secret = [*built, *built.values(), "piece-", "fake", "c0ffee", "Anon", "ai_a", "ai_b", "one_ai", "blind",
              "known_ai", "human_", "expect"]
    headers = set()
    for _ in range(2):
        token, reply = api.at("questions")
        while kind_of(reply) != "thanks":
            assert [word for word in secret if word in str(reply)] == []
            for url in clip_urls(reply):
                heard = api.client.get(url)
                assert heard.status_code == 200
                headers.add(tuple(sorted((k, v) for k, v in heard.headers.items() if k != "date")))
            reply = api.act("answer", token=token, step=due_step(reply), answer=fitting(reply))
    assert len(headers) == 1, "the headers of a clip tell"
    page = api.client.get("/study/small/").text
    assert [word for word in secret if word in page] == []


def test_two_participants_hear_a_clip_under_different_names(api: Api) -> None:
    first, second = clip_urls(api.at("pair")[1]), clip_urls(api.at("pair")[1])
    assert len({*first, *second}) == 4
    assert all(len(url) >= len("/clips/") + 40 for url in first + second)


def test_the_way_ends_in_the_debrief_and_the_export(api: Api, prepared: Prepared, tmp_path: Path) -> None:
    token, reply = api.at("questions")
    kinds = []
    while kind_of(reply) != "thanks":
        kinds.append(kind_of(reply))
        reply = api.act("answer", token=token, step=due_step(reply), answer=fitting(reply))
    assert kinds[:2] == ["questions", "pair"] and {"attention", "preference", "rating"} < set(kinds)
    shown = reply["html"]
    assert "That was all." in shown and "C0DE" in shown
    assert "was made by an AI" in shown and "was made by a human" in shown
    assert "That was not true" in shown, "a false label is not put right"
    assert api.act("open", token=token)["html"] == shown
    for url in clip_urls(reply):
        assert api.client.get(url).status_code == 200, "a clip of the debrief does not play"
    export(prepared.store, "small", tmp_path)
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as file:
        answers = list(csv.DictReader(file))
    assert "No breath." in [row["comment"] for row in answers]
    assert "2" in [row["s_order"] for row in answers]


def test_practice_and_preview_are_marked(api: Api, prepared: Prepared) -> None:
    assert "Practice, this does not count" in api.at("pair")[1]["html"]
    token = prepared.store.start("small", preview=True)
    assert "Preview: nothing counts" in api.act("open", token=token)["html"]
    assert "Preview" not in api.at("questions")[1]["html"]


def test_a_study_in_preparation_says_how_far_it_is(api: Api) -> None:
    reply = api.act("open", "waiting")
    assert reply["state"] == "building"
    assert 'data-built="0"' in reply["html"] and "being prepared" in reply["html"]
    assert api.act("start", "waiting")["state"] == "building"


def test_an_invitation_opens_the_door_once(api: Api) -> None:
    assert api.act("open", "invited")["state"] == "invitation"
    assert api.act("open", "invited", invitation="nonsense")["state"] == "welcome"
    wrong = api.act("start", "invited", invitation="nonsense", languages=["de"])
    assert wrong["state"] == "invitation" and "Diesen Code kennen wir nicht" in wrong["html"]


def test_enough_people_are_told_so_kindly(api: Api) -> None:
    """One who plays and one who does not are wanted: a second player ends early, a fourth person is late."""
    ends = []
    for musician in ("yes", "yes", "no"):
        token, due = api.at("questions", slug="few", languages=["de"])
        ends.append(api.act("answer", "few", token=token, step=due_step(due),
                            answer={"replies": {"musician": musician, "awake": 2}})["html"])
    assert ["Danke, das war schon alles" in end for end in ends] == [False, True, False]
    assert "Das war alles." in ends[0] and 'class="keep"' in ends[0]
    full = api.act("open", "few", languages=["de"])
    assert full["state"] == "closed" and "Dieser Hörtest ist voll" in full["html"]


def test_a_closed_study_lets_its_participants_finish(api: Api, prepared: Prepared) -> None:
    token, reply = api.at("questions", slug="other")
    prepared.store.close("other")
    try:
        shut = api.act("open", "other", languages=["de"])
        assert shut["state"] == "closed" and "geschlossen" in shut["html"]
        assert api.act("start", "other")["state"] == "closed"
        answered = api.act("answer", "other", token=token, step=due_step(reply), answer=fitting(reply))
        assert answered["state"] == "step" and "notice" not in answered
    finally:
        prepared.store.open("other")


@pytest.mark.parametrize("kind", ["questions", "pair"])
def test_a_step_that_is_shown_again_is_the_same(api: Api, kind: str) -> None:
    token, reply = api.at(kind)
    assert api.act("open", token=token)["html"] == reply["html"]


def test_the_frame_says_that_something_is_coming() -> None:
    shown = markup.frame()
    assert 'role="status"' in shown
    assert all(wording.say(language, "page.opening") in shown for language in wording.LANGUAGES)


def test_withdrawing_deletes_and_the_token_is_forgotten(api: Api, prepared: Prepared) -> None:
    before = prepared.store.status("small")
    token, reply = api.at("pair", languages=["de"])
    gone = api.act("withdraw", token=token)
    assert gone["state"] == "withdrawn" and gone["token"] is None and gone["language"] == "de"
    assert api.client.get(clip_urls(reply)[0]).status_code == 404
    assert prepared.store.status("small") == before
    assert api.act("open", token=token)["state"] == "welcome"
    assert api.act("withdraw", token=token)["state"] == "withdrawn", "twice is no mistake"


@pytest.mark.parametrize("step", ["due", "answer"])
def test_a_database_that_is_busy_after_the_start_costs_nobody_their_invitation(
        api: Api, prepared: Prepared, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    [code] = prepared.store.invite("invited", 1)

    def busy(*_: object) -> None:
        raise Busy("The answer store is busy just now; nothing was lost, please try again.")

    with monkeypatch.context() as patch:
        patch.setattr(Store, step, busy)
        kept = api.act("start", "invited", invitation=code)
    assert kept["state"] == "kept" and kept["notice"] == wording.say("en", "notice.busy")
    assert api.act("open", "invited", token=kept["token"])["state"] == "step"


def test_a_start_whose_answer_was_lost_begins_nothing_twice(api: Api, prepared: Prepared) -> None:
    [code] = prepared.store.invite("invited", 1)
    token, before = secrets.token_urlsafe(32), prepared.store.status("invited").started
    first, again = (api.act("start", "invited", invitation=code, token=token) for _ in range(2))
    assert first["state"] == again["state"] == "step" and first["token"] == again["token"] == token
    assert due_step(first) == due_step(again)
    assert prepared.store.status("invited").started == before + 1
    other = api.act("start", "invited", invitation=code, token=secrets.token_urlsafe(32))
    assert other["state"] == "invitation", "the invitation is used"


@pytest.mark.parametrize("proposed", ["short", "x" * 42, "x" * 44, "ä" * 43, "x" * 42 + "="])
def test_a_token_that_could_be_guessed_is_not_taken(api: Api, proposed: str) -> None:
    token = api.act("start", token=proposed)["token"]
    assert token != proposed and len(token) == 43


def test_a_token_of_another_study_begins_nothing(api: Api, prepared: Prepared) -> None:
    token, before = api.act("start")["token"], prepared.store.status("strict").started
    assert api.act("start", "strict", token=token)["state"] == "kept"
    assert prepared.store.status("strict").started == before


def test_a_busy_database_loses_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token, reply = api.at("pair")

    def busy(*_: object) -> None:
        raise Busy("The answer store is busy just now; nothing was lost, please try again.")

    request = {"token": token, "step": due_step(reply), "answer": fitting(reply)}
    with monkeypatch.context() as patch:
        patch.setattr(Store, "answer", busy)
        kept = api.act("answer", languages=["es"], **request)
    assert kept == {"state": "kept", "notice": wording.say("es", "notice.busy")}
    assert due_step(api.act("answer", **request)) != request["step"]
