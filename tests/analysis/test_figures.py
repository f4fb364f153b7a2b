"""The figures show the numbers that the results hold, and nothing where there is nothing."""

from pathlib import Path

import numpy as np
import pytest

from analysis.answers import read
from analysis.figures import figures
from analysis.statistics import results
from tests.analysis.simulate import simulated_study, write

NAMES = [
    "accuracy",
    "experience",
    "choices",
    "correct_by_experience",
    "rating_histograms",
    "setting_heatmap",
    "open_ratings",
    "by_item",
    "by_participant",
    "by_level",
    "preferences",
    "rating_bars",
    "surface",
    "halo",
    "labels",
]


def numbers_of(tables: dict, folder: Path) -> dict:
    return results(read(write(tables, folder)), np.random.default_rng(0), 50)


@pytest.fixture
def numbers(tmp_path: Path) -> dict:
    return numbers_of(simulated_study(12, 0.8, 3), tmp_path)


def words(figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_all_are_drawn_for_a_whole_study(numbers):
    drawn = figures(numbers)
    assert list(drawn) == NAMES
    assert drawn.pop("labels") is None  # this study told nobody who made a clip
    assert drawn.pop("preferences") is None  # and asked for none
    assert all(figure is not None and figure.data for figure in drawn.values())


@pytest.mark.parametrize("people", [0, 1, 2])
def test_few_people_are_no_trouble(tmp_path, people):
    for figure in figures(numbers_of(simulated_study(people, 0.8, 3), tmp_path)).values():
        assert figure is None or figure.to_json()
        assert (figure is None) or people


def test_choices_show_every_count_and_outline_the_truth(numbers):
    figure = figures(numbers)["choices"]
    trials = numbers["pairs"]["by_trial"]
    expected = [
        f"<b>{n}</b>" if choice == part["truth"] else str(n)
        for part in trials.values()
        for choice, n in part["choices"].items()
    ]
    assert [text for text in words(figure) if text.strip("<b>/").isdigit()] == expected
    assert len(figure.layout.shapes) == len(trials)
    columns = ["a", "b", "both", "neither"]
    outlined = [columns[round(shape.x0 + 0.06)] for shape in figure.layout.shapes]
    assert outlined == [part["truth"] for part in trials.values()]


def test_accuracy_shows_the_interval(numbers):
    figure = figures(numbers)["accuracy"]
    intervals = [list(trace.x) for trace in figure.data if trace.mode == "lines" and trace.line.width == 4]
    assert intervals == [numbers["pairs"]["decided"]["clustered"]["ci95"]]
    points = [trace.x[0] for trace in figure.data if trace.mode == "markers"]
    assert points[0] == numbers["pairs"]["decided"]["accuracy"]


def test_correct_by_experience_tells_groups_apart_without_colour(numbers):
    figure = figures(numbers)["correct_by_experience"]
    symbols = {trace.marker.symbol for trace in figure.data if trace.mode == "markers"}
    assert symbols == {"circle", "diamond-open"}
    for part in numbers["pairs"]["by_trial"].values():
        for answer, group in (("yes", "musicians"), ("no", "others")):
            counts = part["by_musician"][answer]
            assert f"{counts['correct']} of {counts['n']} {group}" in words(figure)


def test_histograms_show_counts_means_and_votes(numbers):
    figure = figures(numbers)["rating_histograms"]
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [[n for _, n in bar.customdata] for bar in bars] == [
        list(part["histogram"].values()) for part in numbers["ratings"]["by_setting"].values()
    ]
    titles = "\n".join(words(figure))
    for part in numbers["ratings"]["by_setting"].values():
        assert f"mean {part['mean']:.1f}, {part['said_ai']} of {part['said_ai_n']} said AI" in titles


def test_heatmap_shows_the_best_liked_on_top(numbers):
    figure = figures(numbers)["setting_heatmap"]
    means = [float(text.strip("<b>/")) for text in words(figure) if text.startswith("<b>")]
    assert means == sorted(means)
    assert len(means) == 10


def test_open_ratings_have_no_votes(numbers):
    assert not any("said AI" in text for text in words(figures(numbers)["open_ratings"]))


def test_names_are_not_read_as_markup(tmp_path):
    tables = simulated_study(4, 0.8, 3)
    for row in tables["answers.csv"]:
        row["trial_id"] = row.get("trial_id", "").replace("pair", "<a href='javascript:alert(1)'>p</a>")
    for row in tables["stimuli.csv"]:
        row["title"] = row["title"] and f"<b onclick=x>{row['title']}"
    for figure in filter(None, figures(numbers_of(tables, tmp_path)).values()):
        assert "<a" not in figure.to_json().replace("\\u003c", "<")
        assert "<b on" not in figure.to_json().replace("\\u003c", "<")


def test_figures_fit_a_phone_and_both_themes(numbers):
    for name, figure in figures(numbers).items():
        if name in ("labels", "preferences"):
            continue
        layout = figure.layout
        assert layout.width is None and layout.autosize
        assert layout.margin.l + layout.margin.r < 390 / 2
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert layout.height > 40
