"""From a form to a study file that the check understands, and from a study to a file that says the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.study.draft import PARTS, draft, slug_of, texts
from survey.study.study_file import StudyError, load, parse, shipped
from survey.study.written import written
from survey.web.wording import LANGUAGES

FULL = {"languages": ["en"], "title_en": "Human or machine?", "summary_en": "Short.", "minutes": 12.0,
        "seconds": 15.5, "prompt_bars": 4.0, "parts": list(PARTS), "one_ai": 6.0, "both_ai": 1,
        "both_human": 0, "prefer": 2, "repeats": 1, "attention": 1, "prompts": "same",
        "systems": ["segue-base", "segue-small"], "temperature": "0.7, 1",
        "top_k": "0; 12", "top_p": "0.95", "no_repeat_ngram": "", "labels": True,
        "participants": 40, "until": "2027-01-31", "invited": True, "quota_musician_yes": 20.0,
        "quota_level_none": 5, "parameters": "PROLIFIC_PID, STUDY_ID", "completion_code": "C1",
        "completion_url": "https://example.org/?cc=C1"}


def test_a_full_form_makes_a_study_with_everything_in_it():
    study = parse(draft(FULL, 5))
    assert [section.kind for section in study.sections] == [
        "consent", "questions", "questions", "sound_check", "pairs", "pairs", "ratings", "open_ratings",
        "thanks"]
    practice, pairs = (section for section in study.sections if section.kind == "pairs")
    assert practice.practice and not pairs.practice
    assert (pairs.pairs.one_ai, pairs.pairs.both_human, pairs.pairs.repeats) == (6, 0, 1)
    [grid] = pairs.settings
    assert (grid.system, grid.temperature, grid.top_k) == (["segue-base", "segue-small"], [0.7, 1.0], [0])
    ratings = study.section("ratings")
    assert len(ratings.settings[0].combinations()) == 8, "ratings hear every combination"
    assert ratings.labels == ["blind", "true", "false"]
    assert study.debrief
    assert (study.seed, study.access, study.stop.participants) == (5, "invitation", 40)
    assert str(study.stop.date) == "2027-01-31"
    assert study.quotas == {"musician": {"yes": 20}, "level": {"none": 5}}
    assert study.parameters == ["PROLIFIC_PID", "STUDY_ID"]
    assert (study.completion.code, study.completion.url) == ("C1", "https://example.org/?cc=C1")


def test_every_text_is_in_every_language_of_the_study():
    spoken = {f"{name}_{one}": f"{name} {one}" for name in ("title", "summary") for one in LANGUAGES}
    study = parse(draft({**FULL, **spoken, "languages": ["de", "zh", "es", "en"]}, 5))
    assert (study.language, study.languages) == ("de", ["de", "zh", "es", "en"])
    assert (study.slug, study.title.root["es"]) == ("title-de", "title es")
    own = study.in_language("zh").section("consent").text
    assert own == texts()["consent"]["zh"] != study.in_language("en").section("consent").text
    assert all(set(text) == set(LANGUAGES) for text in texts().values())


def test_the_label_experiment_needs_one_switch():
    study = parse(draft({**FULL, "parts": ["experience", "pairs"], "labels": True}, 5))
    assert study.section("ratings").labels == ["blind", "true", "false"]
    plain = parse(draft({**FULL, "labels": False}, 5))
    assert not plain.section("ratings").labels


def test_pairs_that_compare_settings_alone_ask_which_is_better():
    parts = ["experience", "practice", "pairs"]
    wishes = {**FULL, "one_ai": 0, "both_ai": 0, "repeats": 0, "attention": 0, "parts": parts}
    practice, pairs = parse(draft({**wishes, "labels": False}, 5)).sections[2:4]
    assert pairs.question == practice.question == texts()["prefer_question"]["en"]
    assert pairs.prefer_question is None and "AI" not in pairs.title


def test_the_file_is_what_a_careful_person_would_write():
    text = draft({**FULL, "languages": ["en", "de"], "title_de": "Mensch?", "summary_de": "Kurz."}, 5)
    for line in ("slug: human-or-machine\ntitle:\n  en: Human or machine?\n  de: Mensch?\n",
                 "languages: [en, de]\n", "stop: {participants: 40, date: 2027-01-31}\n",
                 "quotas:\n  musician: {yes: 20}\n  level: {none: 5}\n", "labels: [blind, true, false]\n",
                 "\n\n  - kind: pairs\n    id: practice\n",
                 "title: {en: A first try, de: Ein erster Versuch}\n"):
        assert line in text
    assert max(map(len, text.splitlines())) <= 110


def test_what_is_left_empty_is_left_to_the_defaults():
    study = parse(draft({"languages": ["en"], "title_en": "T", "summary_en": "S", "minutes": 5,
                         "seconds": 10, "prompt_bars": 4, "parts": ["pairs"], "one_ai": 2,
                         "temperature": "0.7"}, 0))
    assert [section.kind for section in study.sections] == ["consent", "pairs", "thanks"]
    assert (study.access, study.stop.participants, study.section("pairs").prompts) == ("open", None, "same")


@pytest.mark.parametrize("change, place", [
    ({"title_en": ""}, "title"), ({"minutes": None}, "minutes"), ({"seconds": 500}, "clips.seconds"),
    ({"one_ai": -1}, "pairs.one_ai"), ({"temperature": "warm"}, "temperature"),
    ({"until": "soon"}, "stop.date"), ({"prefer": 1, "temperature": "1", "systems": []}, "prefer"),
    ({"summary_en": None}, "summary"),
    ({"languages": []}, "languages"), ({"languages": ["en", "de"]}, "title.de"),
    ({"languages": ["en", "xx"], "title_xx": "T", "summary_xx": "S"}, r"has no text in 'xx'"),
    ({"quota_musician_no": -1}, "quotas.musician.no"), ({"parts": ["pairs"]}, "quotas.musician"),
    ({"parameters": "a b-c"}, "parameters"), ({"completion_code": "", "completion_url": "x"}, "completion"),
    ({"systems": [""]}, "system")])
def test_a_mistake_in_the_form_is_a_mistake_with_its_line(change, place):
    with pytest.raises(StudyError, match=rf"line \d+: .*{place}"):
        parse(draft({**FULL, **change}, 5))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_study_that_ships_says_the_same_when_it_is_written_out(path):
    study = load(str(path))
    text = written(study)
    assert parse(text) == study
    assert written(parse(text)) == text


def test_a_drafted_study_says_the_same_when_it_is_written_out():
    study = parse(draft(FULL, 5))
    assert parse(written(study)) == study
    assert "- kind: pairs\n    id: practice" in written(study)


def test_whatever_a_text_looks_like_it_is_read_as_the_text_that_it_was():
    for text in ("yes", "null", "1", "2027-01-31", "- kind: pairs " * 20, " # a", "a: b", "é\u2028x"):
        assert parse(written(parse(draft({**FULL, "summary_en": text}, 5)))).summary == text


@settings(max_examples=40)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=100))
def test_every_title_makes_a_slug_and_a_file(title):
    parsed = parse(draft({**FULL, "title_en": title or "T"}, 5)) if title.strip() else None
    assert parsed is None or parsed.slug == (slug_of(title) or "study")


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(FULL)),
                       st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
                                 st.lists(st.text(max_size=9), max_size=2))))
def test_whatever_a_browser_sends_becomes_a_file_or_mistakes(wishes):
    try:
        parse(draft({**FULL, **wishes}, 5))
    except StudyError as error:
        assert str(error)
