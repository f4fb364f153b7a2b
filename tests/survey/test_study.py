"""Study files: what ships is what it says, and every mistake is named with its line."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model import RANGES, Settings
from survey import design
from survey.study import ClipSettings, SettingsGrid, study_file
from survey.study.study_file import StudyError, load, parse
from tests.survey.helpers import SMALL

PUBLISHED_SETTINGS = [  # temperature, top-k, n-gram
    (0.7, 12, 4),
    (0.7, 12, 10),
    (0.3, 8, 4),
    (0.3, 8, 8),
    (0.5, 15, 6),
    (0.9, 30, 12),
    (0.9, 30, 2),
    (0.1, 5, 2),
    (0.1, 5, 10),
]


def test_studies_that_ship_have_the_slug_of_their_file() -> None:
    assert {path.stem: load(path).slug for path in study_file.shipped()} == {
        "default": "default",
        "published": "published",
    }


@pytest.mark.parametrize(("written", "line", "said"), [
    ("title: {{title}}", True, "quote a text that begins with a brace"),
    ("title: {[a]: b}", True, "quote a text that begins with a brace"),
    ("title: !!bool perhaps", False, "not a valid study file"),
    (r'title: "a\0b"', True, "a NUL character cannot stand in a text"),
    ("title: 'a\0b'", True, "a NUL character cannot stand in a text"),
    (r'title: "a\ud800b"', True, "U\\+D800 cannot stand in a text"),
    ("title: 'a\x1bb'", True, "U\\+001B cannot stand in a text"),
])
def test_yaml_that_means_no_text_is_one_sentence(written: str, line: bool, said: str) -> None:
    number, title = next((number, text) for number, text in enumerate(SMALL.splitlines(), start=1)
                         if text.startswith("title:"))
    with pytest.raises(StudyError, match=said) as caught:
        parse(SMALL.replace(title, written, 1), "small.yaml")
    assert not line or f"small.yaml, line {number}:" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bound", ["-.inf", ".nan"])
def test_a_number_has_bounds_that_can_be_kept(bound: str) -> None:
    with pytest.raises(StudyError, match="minimum must be a finite number"):
        parse(SMALL.replace("minimum: -5", f"minimum: {bound}"), "small.yaml")


def test_studies_that_ship_can_be_told_apart_by_their_titles() -> None:
    studies = [load(path) for path in study_file.shipped()]
    titles = [study.in_language(study.language).title for study in studies]
    assert len(set(titles)) == len(titles)


def test_published_study_is_the_published_design() -> None:
    study = load("published")
    trials = design.trials(study)
    pairs = Counter(trial.condition for trial in trials["pairs"])
    assert pairs == {"ai_a": 2, "ai_b": 1, "both_ai": 1, "both_human": 1}
    rated = [trial.clips[0] for trial in trials["ratings"]]
    settings = [
        (clip.settings.temperature, clip.settings.top_k, clip.settings.no_repeat_ngram) for clip in rated
    ]
    assert Counter(settings) == Counter([*PUBLISHED_SETTINGS, (0.5, 15, 6)])
    balanced = [clip for clip, values in zip(rated, settings, strict=True) if values == (0.5, 15, 6)]
    assert balanced[0].prompt_index != balanced[1].prompt_index
    assert balanced[0].seed != balanced[1].seed
    assert len({clip.prompt_index for clip in rated}) == 2
    assert len(trials["open_ratings"]) == 3
    assert all(clip.origin == "ai" for trial in trials["open_ratings"] for clip in trial.clips)
    kinds = Counter(step.kind for step in design.steps(study, 0))
    assert kinds == {
        "consent": 1,
        "questions": 1,
        "pair": 5,
        "rating": 10,
        "open_rating": 3,
        "comment": 2,
        "thanks": 1,
    }
    assert [question.id for question in study.questions()] == ["musician", "level"]


def test_pairs_of_the_published_study_are_unrelated_and_its_order_is_one_for_all() -> None:
    study = load("published")
    for trial in design.trials(study)["pairs"]:
        assert trial.clips[0].prompt_index != trial.clips[1].prompt_index
    orders = {tuple(step.trial_id for step in design.steps(study, ordinal)) for ordinal in range(20)}
    assert len(orders) == 1


def test_default_study_compares_continuations_of_one_prompt() -> None:
    study = load("default")
    pairs = design.trials(study)["pairs"]
    assert Counter(trial.condition for trial in pairs) == {"one_ai": 6, "both_ai": 1, "both_human": 1}
    for trial in pairs:
        assert len({clip.prompt_index for clip in trial.clips}) == 1
        first, second = trial.clips
        assert first.origin != second.origin or first.seed != second.seed or first.passage != second.passage


@pytest.mark.parametrize("name", ["default", "published"])
def test_announced_minutes_are_about_right(name: str) -> None:
    """Every clip heard once, plus ten seconds for every answer and a minute to read."""
    study = load(name)
    steps = design.steps(study, 0)
    seconds = 60 + sum(len(step.clips) * study.clips.seconds + 10 for step in steps)
    assert 0.7 * study.minutes <= seconds / 60 <= 1.3 * study.minutes


MISTAKES = {
    "unknown field": ("minutes: 2", "minutes: 2\ncolour: red", "line 6: colour is not a known field."),
    "missing field": ("title: A small study\n", "", "line 2: title is missing."),
    "text for a number": (
        "minutes: 2",
        "minutes: two",
        "line 5: minutes must be a valid integer, but is 'two'.",
    ),
    "quoted number": ("seed: 7", "seed: '7'", "line 6: seed must be a valid integer, but is '7'."),
    "out of range": (
        "seconds: 10",
        "seconds: 1",
        "line 7: clips.seconds must be greater than or equal to 3, but is 1.",
    ),
    "deep down": (
        "[0.3, 0.9]",
        "[0.3, 9]",
        "line 34: sections[3].settings[0].temperature[1] must be less than or equal to 2, but is 9.",
    ),
    "unknown section": (
        "kind: ratings",
        "kind: rating",
        "line 28: sections[3] has the unknown kind 'rating'",
    ),
    "no kind": ("kind: ratings", "sort: ratings", "line 28: sections[3] needs a 'kind'."),
    "field of a section named like its kind": (
        "both_human: 1",
        "both_humans: 1",
        "line 24: sections[2].pairs.both_humans is not a known field.",
    ),
    "no pairs": (
        "{one_ai: 2, both_ai: 1, both_human: 1}",
        "{one_ai: 0}",
        "line 24: sections[2].pairs is refused",
    ),
    "section id twice": ("id: ratings", "id: pairs", "line 29: sections[3].id 'pairs' is used before"),
    "question id twice": (
        "id: level",
        "id: musician",
        "line 15: sections[1].questions[1].id 'musician' is used",
    ),
    "musician with other answers": (
        '{yes: "Yes", no: "No"}',
        "{y: a, n: b}",
        "line 14: sections[1].questions[0]",
    ),
    "no thanks": (
        "kind: thanks",
        "kind: consent",
        "line 45: sections[5] is the last section, so its kind must",
    ),
    "consent late": (
        "{kind: thanks, id: thanks, title: Thanks}",
        "{kind: consent, id: c2, title: C, text: x}\n  - {kind: thanks, id: thanks, title: Thanks}",
        "line 45: sections[5] has the kind 'consent'",
    ),
    "lead longer than the prompt": (
        "prompt_bars: 4",
        "prompt_bars: 4, lead_bars: 5",
        "line 7: clips is refused",
    ),
    "key twice": (
        "minutes: 2",
        "minutes: 2\nminutes: 3",
        "line 6: this is not a valid study file: 'minutes' is given",
    ),
    "alias": (
        "title: A small study",
        "title: &a Small\nlanguage: *a",
        "line 4: this is not a valid study file: an ali",
    ),
    "python object": (
        "minutes: 2",
        "minutes: !!python/object/apply:os.getcwd []",
        "line 5: this is not a valid study",
    ),
    "broken YAML": ("minutes: 2", "minutes: [2", "this is not a valid study file"),
    "control character": ("minutes: 2", "minutes: 2\x00", "line 5: a NUL character cannot stand in a text"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_one_sentence_with_its_line(name: str) -> None:
    old, new, sentence = MISTAKES[name]
    assert old in SMALL
    with pytest.raises(StudyError) as caught:
        parse(SMALL.replace(old, new, 1), "my.yaml")
    assert str(caught.value).startswith("my.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named() -> None:
    text = SMALL.replace("minutes: 2", "minutes: two").replace("points: 7", "points: 70")
    with pytest.raises(StudyError) as caught:
        parse(text, "my.yaml")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "my.yaml, line 5",
        "my.yaml, line 17",
    ]


@pytest.mark.parametrize("text", ["", "[]", "just words", "{" * 5000])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match=r"^my\.yaml"):
        parse(text, "my.yaml")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(StudyError):
        parse(text, "my.yaml")


def test_yes_and_no_are_words_and_dates_are_text() -> None:
    study = parse(SMALL.replace("title: A small study", "title: 2026-01-31"), "my.yaml")
    assert list(study.questions()[0].options) == ["yes", "no"]
    assert study.title == "2026-01-31"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no study .nope.; name a \.yaml file or one of: "):
        load("nope")
    with pytest.raises(StudyError, match="cannot be read: no such file"):
        load(tmp_path / "nope.yaml")
    (tmp_path / "latin.yaml").write_bytes("slug: größe".encode("latin-1"))
    with pytest.raises(StudyError, match="is not UTF-8 text"):
        load(tmp_path / "latin.yaml")
    (tmp_path / "long.yaml").write_bytes(b"#" * (study_file.MAX_BYTES + 1))
    with pytest.raises(StudyError, match="too long for a study file"):
        load(tmp_path / "long.yaml")
    (tmp_path / "mine.yaml").write_text(SMALL, encoding="utf-8")
    assert load(str(tmp_path / "mine.yaml")).slug == "small"


_values = {
    "temperature": st.floats(0.05, 2),
    "top_k": st.integers(0, 200),
    "top_p": st.floats(0.05, 1),
    "no_repeat_ngram": st.integers(0, 32),
}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: values | st.lists(values, min_size=1, max_size=4, unique=True)
            for name, values in _values.items()
        },
    )
)
def test_a_grid_is_every_combination_once(fields: dict[str, object]) -> None:
    combinations = SettingsGrid.model_validate(fields).combinations()
    sizes = [len(value) if isinstance(value, list) else 1 for value in fields.values()]
    assert len(combinations) == prod(sizes)
    assert len({one.model_dump_json() for one in combinations}) == prod(sizes)


def test_settings_have_the_ranges_of_the_machine() -> None:
    """What a study file may ask for, the generator can do, and at every end."""
    for name, (low, high) in RANGES.items():
        if name in ClipSettings.model_fields:
            for value in (low, high):
                asked = ClipSettings.model_validate({name: value})
                assert getattr(Settings(**asked.sampling), name) == value
            for value in (low - 1, high + 1):
                with pytest.raises(ValidationError):
                    ClipSettings.model_validate({name: value})
    sampling = set(ClipSettings.model_fields) - {"system"}
    assert sampling <= set(RANGES)
    assert ClipSettings().sampling == {name: getattr(Settings(), name) for name in sampling}
