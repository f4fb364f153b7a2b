"""Themes of comments: the dictionary in four languages, negations, and counts by origin and section."""

import pandas as pd
import pytest

from analysis.comments import comment_results
from analysis.themes import LANGUAGES, mentions, named, themes


@pytest.mark.parametrize(
    ("language", "comment", "found"),
    [
        ("en", "It repeats the same notes over and over.", ["repetitive"]),
        ("en", "A little off-beat near the end", ["off beat"]),
        ("en", "OFFBEAT and chaotic!", ["off beat", "chaotic"]),
        ("en", "Doesn't sound natural", ["unnatural"]),
        ("en", "Not at all chaotic", []),
        ("en", "not chaotic, but repetitive", ["repetitive"]),
        ("en", "No melody; random notes", ["chaotic"]),
        ("en", "not boring just repetitive", ["repetitive"]),
        ("en", "I liked the bass.", []),
        ("de", "Sehr eintönig und aus dem Takt.", ["repetitive", "off beat"]),
        ("de", "Klingt künstlich, aber nicht chaotisch.", ["unnatural"]),
        ("de", "Wiederholungen ohne Ende", ["repetitive"]),
        ("es", "Repetitivo y caótico", ["repetitive", "chaotic"]),
        ("es", "No es repetitivo; suena artificial", ["unnatural"]),
        ("es", "va fuera de ritmo", ["off beat"]),
        ("zh", "旋律太重复，听起来不自然。", ["repetitive", "unnatural"]),
        ("zh", "没有重复，但是节奏不稳", ["off beat"]),
        ("zh", "很混乱", ["chaotic"]),
        ("fr", "chaotic, wiederholt sich", ["repetitive", "chaotic"]),
        (None, "很混乱", ["chaotic"]),
        ("de-AT", "monoton", ["repetitive"]),
    ],
)
def test_themes_are_found(language, comment, found):
    assert named(mentions(comment, language)) == found


def test_the_four_published_themes_have_words_in_every_language():
    assert themes() == ("repetitive", "off beat", "chaotic", "unnatural")
    for language in LANGUAGES:
        assert mentions("x", language) == []
    assert {mention.theme for mention in mentions("off beat, off the beat", "en")} == {"off beat"}


def test_a_word_inside_another_is_no_mention():
    assert named(mentions("unrepeatable chaostheory", "en")) == []


def test_counts_by_origin_and_section():
    rows = [
        ("p1", "pairs", "pair", "x", "y", "So repetitive"),
        ("p1", "ratings", "rating", "x", None, "repetitive again"),
        ("p2", "ratings", "rating", "y", None, "not repetitive"),
        ("p2", "ratings", "comment", None, None, "chaotic"),
        ("p3", "ratings", "rating", "y", None, "  "),
        ("p3", "trial run", "practice", "y", None, "repetitive"),
    ]
    columns = ["participant_id", "section", "kind", "stimulus_a", "stimulus_b", "comment"]
    answers = pd.DataFrame(rows, columns=columns).assign(trial_id=None, condition=None)
    people = pd.DataFrame({"participant_id": ["p1", "p2", "p3"], "language": ["en", None, "en"]})
    stimuli = pd.DataFrame({"stimulus_id": ["x", "y"], "origin": ["ai", "human"]})
    found = comment_results(answers, people, stimuli)
    assert (found["n"], found["n_participants"]) == (4, 2)
    part = found["themes"]["repetitive"]
    assert (part["n"], part["of"], part["n_participants"], part["of_participants"]) == (2, 4, 1, 2)
    assert part["negated"] == 1
    assert part["by_origin"]["ai"]["n"] == part["by_origin"]["both"]["n"] == 1
    assert part["by_origin"]["human"]["n"] == 0
    assert found["themes"]["chaotic"]["by_origin"]["none"]["n"] == 1
    assert part["by_section"]["ratings"]["of"] == 3
    assert [text["themes"] for text in found["texts"]] == [["repetitive"], ["repetitive"], [], ["chaotic"]]


def test_no_comments():
    answers = pd.DataFrame(
        columns=[
            "participant_id",
            "section",
            "kind",
            "stimulus_a",
            "stimulus_b",
            "comment",
            "trial_id",
            "condition",
        ],
        dtype="str",
    )
    people = pd.DataFrame({"participant_id": [], "language": []}, dtype="str")
    found = comment_results(answers, people, pd.DataFrame({"stimulus_id": [], "origin": []}, dtype="str"))
    assert found["n"] == 0
    assert found["themes"]["chaotic"]["share"] is None
