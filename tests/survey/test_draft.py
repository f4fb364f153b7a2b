"""From a form to a study file that the check understands, and from a study to a file that says the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.study.draft import PARTS, draft, slug_of, written
from survey.study.study_file import StudyError, load, parse, shipped

FULL = {"title": "Human or machine?", "summary": "Short.", "minutes": 12.0, "seconds": 15.5,
        "prompt_bars": 4.0, "parts": list(PARTS), "one_ai": 6.0, "both_ai": 1, "both_human": 0,
        "prefer": 2, "repeats": 1, "attention": 1, "prompts": "same",
        "temperature": "0.7, 1", "top_k": "0; 12", "top_p": "0.95",
        "no_repeat_ngram": "", "participants": 40, "until": "2027-01-31", "invited": True}


def test_a_full_form_makes_a_study_with_everything_in_it():
    study = parse(draft(FULL, 5))
    assert [section.kind for section in study.sections] == [
        "consent", "questions", "questions", "sound_check", "pairs", "pairs", "ratings", "open_ratings",
        "thanks"]
    practice, pairs = (section for section in study.sections if section.kind == "pairs")
    assert practice.practice and not pairs.practice
    assert (pairs.pairs.one_ai, pairs.pairs.both_human, pairs.pairs.repeats) == (6, 0, 1)
    assert [grid.temperature for grid in pairs.settings] == [[0.7], [1.0]]
    assert study.section("ratings").settings[0].top_k == [0, 12]
    assert study.debrief
    assert (study.seed, study.access, study.stop.participants) == (5, "invitation", 40)
    assert str(study.stop.date) == "2027-01-31"


def test_what_is_left_empty_is_left_to_the_defaults():
    study = parse(draft({"title": "T", "summary": "S", "minutes": 5, "seconds": 10, "prompt_bars": 4,
                         "parts": ["pairs"], "one_ai": 2, "temperature": "0.7"}, 0))
    assert [section.kind for section in study.sections] == ["consent", "pairs", "thanks"]
    assert (study.access, study.stop.participants, study.section("pairs").prompts) == ("open", None, "same")


@pytest.mark.parametrize("change, place", [
    ({"title": ""}, "title"), ({"minutes": None}, "minutes"), ({"seconds": 500}, "clips.seconds"),
    ({"one_ai": -1}, "pairs.one_ai"), ({"temperature": "warm"}, "temperature"),
    ({"until": "soon"}, "stop.date"), ({"prefer": 1, "temperature": "1"}, "prefer"),
    ({"summary": None}, "summary")])
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


@settings(max_examples=40)
@given(st.text(max_size=100))
def test_every_title_makes_a_slug_and_a_file(title):
    parsed = parse(draft({**FULL, "title": title or "T"}, 5)) if title.strip() else None
    assert slug_of(title)
    assert parsed is None or parsed.slug == slug_of(title)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(FULL)),
                       st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9),
                                 st.lists(st.text(max_size=9), max_size=2))))
def test_whatever_a_browser_sends_becomes_a_file_or_mistakes(wishes):
    try:
        parse(draft({**FULL, **wishes}, 5))
    except StudyError as error:
        assert str(error)
