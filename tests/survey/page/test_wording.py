"""What the page says: the same in every language, and in the language that somebody reads."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from model.blind import hearing
from survey.web import wording
from tests.survey.page.gallery import VIEWS, view

OTHERS = [language for language in wording.LANGUAGES if language != wording.FALLBACK]


def forms(entry: wording.Entry) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [entry]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    ours, theirs = wording.catalogue(wording.FALLBACK), wording.catalogue(language)
    assert set(ours) == set(theirs)
    for key, entry in ours.items():
        assert isinstance(entry, dict) == isinstance(theirs[key], dict), key
        wanted = set().union(*(placeholders(form) for form in forms(entry)))
        assert set().union(*(placeholders(form) for form in forms(theirs[key]))) == wanted, key
        assert placeholders(forms(theirs[key])[-1]) == wanted, f"'other' of {key} lacks a value"


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_sentences_are_whole_and_safe_in_html(language: str) -> None:
    for key, entry in wording.catalogue(language).items():
        assert not isinstance(entry, dict) or "other" in entry, key
        assert all(form.strip() and not re.search(r'[<>&"]', form) for form in forms(entry)), key


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    same_everywhere = {"answer.a", "answer.b", "debrief.percent", "step.progress", "player.time"}
    ours, theirs = wording.catalogue(wording.FALLBACK), wording.catalogue(language)
    assert {key for key in ours if ours[key] == theirs[key]} <= same_everywhere


def test_counts_choose_the_form() -> None:
    assert wording.say("en", "player.heard", count=1) == "Heard"
    assert wording.say("de", "player.heard", count=3) == "3 Mal gehört"
    assert wording.say("zh", "player.heard", count=1) == "已听"


def test_an_unknown_language_falls_back_to_english() -> None:
    assert wording.say("tlh", "step.continue") == "Continue"
    assert wording.say("de-CH", "step.continue") == "Weiter"
    assert wording.name("tlh") == "tlh"
    with pytest.raises(KeyError):
        wording.say("en", "step.nonsuch")


@pytest.mark.parametrize("wanted, offered, chosen", [
    (["fr", "de-AT", "en"], ["en", "de"], "de"), (["fr"], ["es", "de"], "es"), ([], ["zh"], "zh"),
    (["zh-Hant-TW"], ["en", "zh"], "zh"), (["DE"], ["en", "de"], "de"), (["pt"], ["en", "pt-BR"], "en"),
])
def test_the_first_language_that_is_read_and_offered(wanted: list[str], offered: list[str],
                                                     chosen: str) -> None:
    assert wording.chosen(wanted, offered) == chosen


@pytest.mark.parametrize("header, tags", [
    ("de-AT,de;q=0.8,en;q=0.9,fr;q=0", ["de-AT", "en", "de"]), ("", []), ("*", []), ("en ; q=0.5", ["en"]),
])
def test_accept_language(header: str, tags: list[str]) -> None:
    assert wording.preferred(header) == tags


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_view_can_be_said(language: str) -> None:
    for name in VIEWS:
        assert not re.search(r"\{\w+\}", view(name, language)), f"{name} shows a placeholder"


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_both_labels_look_alike(language: str) -> None:
    """The label tells nothing by its size: the views differ in a few words, of about the same length."""
    ai, human = (wording.say(language, f"label.{origin}") for origin in ("ai", "human"))
    assert abs(len(ai) - len(human)) <= 2
    assert view("told_ai", language).replace(ai, human) == view("told_human", language)


def test_the_page_waits_as_long_as_the_server() -> None:
    assert f'data-heard="{hearing.HEARD_FRACTION}"' in view("pair")
