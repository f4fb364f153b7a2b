"""What a study file may say beyond pairs and ratings: languages, blocks, labels, preferences, quotas."""

from __future__ import annotations

from datetime import date

import pytest

from survey.study import QuestionsSection, Study, questions, say
from survey.study.study_file import StudyError, parse
from tests.survey.helpers import RICH, SMALL, rich_study, small_study


def test_a_study_comes_back_from_its_json() -> None:
    for study in (rich_study(), small_study()):
        assert Study.model_validate_json(study.model_dump_json()) == study


def test_old_files_keep_their_meaning() -> None:
    study = small_study()
    assert study.languages == ["en"] and study.access == "open" and not study.debrief
    assert study.stop.participants is None and study.quotas == {} and study.completion is None
    assert study.section("ratings").labels == [] and study.section("pairs").per_participant is None


def test_texts_are_said_in_the_language_asked_for() -> None:
    study = rich_study()
    german = study.in_language("de")
    assert (study.in_language("en").title, german.title) == ("Everything", "Alles")
    assert german.section("pairs").question == "Welches?"
    assert german.section("ratings").question == "How good?"
    assert [say(study.title, tag) for tag in ("de", "fr")] == ["Alles", "Everything"]
    assert say("x", "de") == "x"
    german_options = german.questions()[2].options
    assert german_options["1"] == "Keines" and german_options["2"] == "1"
    assert all(isinstance(question.text, str) for question in german.questions())


def test_the_nearest_language_is_offered() -> None:
    study = rich_study()
    wanted = {"de": "de", "DE": "de", "de-AT": "de", "pt": "pt-BR", "pt-BR": "pt-BR", "fr": "en", None: "en"}
    study = study.model_copy(update={"languages": ["en", "de", "pt-BR"]})
    assert {tag: study.offered(tag) for tag in wanted} == wanted


def test_blocks_speak_every_language_of_the_program_and_hold_seven_points() -> None:
    assert questions.blocks() == ("musical_training",)
    section = QuestionsSection.model_validate(
        {"kind": "questions", "id": "q", "title": "Q", "block": "musical_training"})
    assert len(section.questions) == 7
    for question in section.questions:
        assert set(question.text.root) == {"en", "de", "es", "zh"}
        points = question.points if question.kind == "scale" else len(question.options)
        assert points == 7


MORE = """  - {kind: open_ratings, id: open, title: T, question: Q, low: L, high: H, settings: [{}],
     scales: [{id: useful, question: "How useful?", low: Not, high: Very}]}
  - {kind: comm"""
MISTAKES = {
    "a text without the study's language": (
        RICH, "title: {en: Everything, de: Alles}", "title: {de: Alles}",
        "line 3: title has no text in 'en'."),
    "a text without a language that is offered": (
        RICH, '{en: "Which one?", de: "Welches?"}', "{en: Which}",
        "line 26: sections[3].question has no text in 'de'."),
    "a block in a language that it lacks": (
        RICH.replace(" de:", " fr:"), "languages: [en, de]", "languages: [en, fr]",
        "line 14: sections[1] has no text in 'fr'."),
    "no such language": (
        RICH, "title: {en: Everything", "title: {English: Everything", "line 3: title.English must match"),
    "an empty translation": (
        RICH, "de: Alles", "de: ''", "line 3: title.de must have at least 1 character, but is ''."),
    "another language than the study's": (
        RICH, "languages: [en, de]", "languages: [de]",
        "line 7: languages must hold the study's own language"),
    "no such block": (
        RICH, "block: musical_training", "block: tea",
        "sections[1].block is not known; the blocks are: musical_"),
    "nothing but thanks": (
        "slug: x\ntitle: T\nsummary: S\nminutes: 1\nseed: 1\nclips: {seconds: 5, prompt_bars: 2}\n"
        "sections:\n  - {kind: thanks, id: thanks, title: Thanks}\n", "seed: 1", "seed: 2",
        "line 7: sections must hold something beside the thanks."),
    "a block and questions": (
        RICH, "block: musical_training", "block: musical_training, questions: []",
        "sections[1].block is given beside questions"),
    "one label": (
        RICH, "labels: [blind, true, false]", "labels: [blind]",
        "line 38: sections[4].labels must be two or three different labels."),
    "an unknown label": (
        RICH, "labels: [blind, true, false]", "labels: [blind, maybe]",
        "line 38: sections[4].labels[1] must be"),
    "a false label and no debrief": (
        RICH, "debrief: true", "debrief: false",
        "line 38: sections[4].labels holds 'false', which has to be"),
    "a false label in practice, of which the debrief says nothing": (
        RICH, "labels: [blind, true, false]", "practice: true\n    labels: [blind, true, false]",
        "line 39: sections[4].labels holds 'false', which nobody puts right after practice."),
    "a scale twice": (
        RICH, "scales: [{", "scales: [{id: useful, question: Q, low: L, high: H}, {",
        "line 37: sections[4].scales[1].id 'useful' is used before"),
    "another scale of the same name": (
        RICH, "  - {kind: comm", MORE.replace("How useful?", "How odd?"),
        "line 43: sections[5].scales[0].id 'useful' is another scale in a section before; both would be the "
        "column s_useful, so it needs another id."),
    "nothing to prefer": (
        RICH, "settings: [{system: [one, two], temperature: 0.5}, {temperature: 0.9}]", "settings: [{}]",
        "line 28: sections[3].pairs.prefer needs at least two different settings"),
    "preferences among others without their question": (
        RICH, "prefer_question: {en", "text: {en", "sections[3].prefer_question is needed"),
    "more settings than anybody could build": (
        RICH, "settings: [{top_k: [0, 5]}]",
        f"settings: [{{temperature: {[0.5] * 11}, top_k: {[5] * 20}, no_repeat_ngram: {[4] * 20}}}]",
        "sections[4].settings[0] stands for 4,400 combinations, but may stand for at most 1,000."),
    "too many repeats": (
        RICH, "repeats: 2", "repeats: 4",
        "line 28: sections[3].pairs.repeats must be at most half of the 6 pairs that everybody hears"),
    "more for each than there is": (
        SMALL, "comment: Why?", "per_participant: 5",
        "line 27: sections[2].per_participant must be at most the section's 4 pairs, but is 5."),
    "more clips for each than there are": (
        SMALL, "ask_recognised: true", "per_participant: 4",
        "line 36: sections[3].per_participant must be at most the section's 3 clips, but is 4."),
    "a quota of no question": (
        SMALL, "minutes: 2", "minutes: 2\nquotas: {age: {'30': 2}}",
        "line 6: quotas.age must name a choice question of the study, but is 'age'."),
    "a quota of no answer": (
        SMALL, "minutes: 2", "minutes: 2\nquotas: {musician: {maybe: 2}}",
        "line 6: quotas.musician.maybe is no answer to 'musician'; its answers are: yes, no."),
    "a quota of nobody": (
        SMALL, "minutes: 2", "minutes: 2\nquotas: {musician: {no: 0}}", "line 6: quotas.musician.no must be"),
    "no date": (
        SMALL, "minutes: 2", "minutes: 2\nstop: {date: soon}",
        "line 6: stop.date must be a date such as 2027-01-31, but is 'soon'."),
    "an unknown access": (
        SMALL, "minutes: 2", "minutes: 2\naccess: friends", "line 6: access must be 'open' or 'invitation'"),
    "a parameter named like a question": (
        SMALL, "minutes: 2", "minutes: 2\nparameters: [age]", "line 6: parameters[0] 'age' is used before"),
    "a parameter that the page takes for itself": (
        SMALL, "minutes: 2", "minutes: 2\nparameters: [lang]",
        "line 6: parameters 'lang' is what the page itself reads from the link."),
    "a completion link that is none": (
        SMALL, "minutes: 2", "minutes: 2\ncompletion: {code: X, url: 'javascript:alert(1)'}",
        "line 6: completion.url must match"),
    "a margin of a half": (
        SMALL, "minutes: 2", "minutes: 2\nmargin: 0.5", "line 6: margin must be less than 0.5"),
}


def test_one_scale_may_be_asked_in_two_sections() -> None:
    sections = parse(RICH.replace("  - {kind: comm", MORE, 1)).sections
    assert sections[4].scales == sections[5].scales


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_one_sentence_with_its_line(name: str) -> None:
    text, old, new, sentence = MISTAKES[name]
    assert old in text
    with pytest.raises(StudyError) as caught:
        parse(text.replace(old, new, 1), "my.yaml")
    assert sentence in str(caught.value) and str(caught.value).startswith("my.yaml, line ")


def test_what_ends_and_limits_a_study() -> None:
    text = SMALL.replace("minutes: 2", "minutes: 2\nstop: {participants: 40, date: 2027-01-31}\n"
                                       "quotas: {musician: {yes: 20, no: 20}}\naccess: invitation")
    study = parse(text, "my.yaml")
    assert study.stop.participants == 40 and study.stop.date == date(2027, 1, 31)
    assert study.quotas == {"musician": {"yes": 20, "no": 20}} and study.access == "invitation"
