"""The figures of pairs and preferences show the numbers they are given, many or few."""

import pytest

from analysis.pair_figures import by_item, by_level, by_participant, preferences
from analysis.pair_wording import MOST_ITEMS, MOST_LISTENERS, pair_captions


def share(correct: int, n: int) -> dict:
    return {"correct": correct, "n": n, "accuracy": correct / n, "ci95": [0.2, 0.9]}


def words(figure) -> str:
    return "\n".join(note.text for note in figure.layout.annotations)


def test_items_come_with_the_easiest_on_top_and_their_intervals():
    figure = by_item({"pairs": {"by_item": {"<hard>": share(2, 8), "easy": share(7, 8)}}})
    points = {-trace.y[0]: trace.x[0] for trace in figure.data if trace.mode == "markers"}
    assert points == {0: 7 / 8, 1: 2 / 8}
    assert [list(trace.x) for trace in figure.data if trace.mode == "lines" and trace.line.width == 3] == [
        [0.2, 0.9]
    ] * 2
    assert "&lt;hard&gt;" in words(figure) and "2 of 8 right" in words(figure)


def test_more_items_than_a_figure_holds_are_cut():
    parts = {f"item {n}": share(n % 8, 8) for n in range(MOST_ITEMS + 5)}
    points = [trace for trace in by_item({"pairs": {"by_item": parts}}).data if trace.mode == "markers"]
    assert len(points) == MOST_ITEMS


@pytest.mark.parametrize("people", [1, MOST_LISTENERS, MOST_LISTENERS + 1, 300])
def test_every_listener_is_in_the_figure_once_and_none_by_name(people):
    parts = {f"secret{n}": share(n % 6, 5 + n % 3) for n in range(people)}
    figure = by_participant({"pairs": {"by_participant": parts}})
    assert "secret" not in figure.to_json()
    if people <= MOST_LISTENERS:
        assert sum(trace.mode == "markers" for trace in figure.data) == people
        return
    bars = [trace.x[0] for trace in figure.data if trace.type == "bar"]
    guesses = [trace.x[0] for trace in figure.data if trace.type == "scatter"]
    assert sum(bars) == people
    assert sum(guesses) == pytest.approx(people)


def test_levels_stand_in_their_order_with_clustered_intervals_where_there_are_some():
    def level(correct, n, clustered):
        return (
            {"decided": share(correct, n) | {"clustered": {"ci95": clustered}}}
            if n
            else {"decided": {"n": 0}}
        )

    groups = {
        "none": level(3, 6, [0.3, 0.7]),
        "beginner": level(0, 0, None),
        "intermediate": level(4, 5, None),
        "advanced": level(0, 0, None),
        "expert": level(5, 5, None),
    }
    figure = by_level({"pairs": {"by_level": groups}})
    assert [note for note in words(figure).splitlines() if "right" in note] == [
        "<b>None</b>  3 of 6 right",
        "<b>Intermediate</b>  4 of 5 right",
        "<b>Expert</b>  5 of 5 right",
    ]
    assert [list(trace.x) for trace in figure.data if trace.line.width == 3] == [[0.3, 0.7]] + [
        [0.2, 0.9]
    ] * 2


def test_the_ranking_is_a_forest_of_the_finer_division():
    def system(rank, strength, interval):
        return {
            "rank": rank,
            "strength": strength,
            "ci95": interval,
            "preferred": 5,
            "tied": 1,
            "not_preferred": 2,
        }

    one = {"systems": {"gpt": system(1, 0.4, [0.1, 0.7]), "lstm": system(2, -0.4, None)}, "note": None}
    results = {
        "preferences": {"n_answers": 8, "by_system": one, "by_setting": {"systems": {}, "note": "none"}}
    }
    figure = preferences(results)
    assert [trace.x[0] for trace in figure.data if trace.mode == "markers"] == [0.4, -0.4]
    assert [list(trace.x) for trace in figure.data if trace.mode == "lines" and trace.line.width == 3] == [
        [0.1, 0.7]
    ]
    assert "1. gpt" in words(figure) and "5 for, 1 ties, 2 against" in words(figure)


def test_where_there_is_nothing_nothing_is_drawn_and_the_caption_says_so():
    nobody = {"n": 0, "clustered": {"ci95": None}}
    levels = ("none", "beginner", "intermediate", "advanced", "expert")
    results = {
        "pairs": {
            "by_item": {},
            "by_participant": {},
            "by_level": {name: {"decided": nobody} for name in levels},
        },
        "preferences": {"n_answers": 0, "by_system": {"systems": {}}, "by_setting": {"systems": {}}},
    }
    for draw in (by_item, by_participant, by_level, preferences):
        assert draw(results) is None
    captions = pair_captions(results)
    assert set(captions) == {"by_item", "by_participant", "by_level", "preferences"}
    assert captions["preferences"] == "No preference between clips was asked for."
