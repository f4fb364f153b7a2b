"""The figures of ratings show what the results hold."""

import numpy as np
import pandas as pd
import pytest

from analysis import rating_figures
from analysis.rating_wording import rating_captions
from analysis.ratings import rating_results
from analysis.statistics import plain
from tests.analysis.frames import given, ratings_of

TOLD = (None, "ai", "human")


@pytest.fixture(scope="module")
def numbers() -> dict:
    rng, rows = np.random.default_rng(1), []
    settings = [(t, k) for t in (0.2, 0.6, 1.0) for k in (5, 20, 50)]
    for person in range(8):
        for number, (temperature, top_k) in enumerate(settings):
            rows.append(
                {"who": f"p{person}", "clip": f"c{number}", "temperature": temperature, "top_k": top_k,
                 "said_ai": bool(rng.random() < 0.5),
                 "rating": int(given(rng, np.array([1 - temperature]))[0])}
            )  # fmt: skip
        for number in range(6):
            rows.append(
                {"who": f"p{person}", "clip": f"d{number}", "origin": "human" if number % 2 else "ai",
                 "section": "told", "label": TOLD[(person + number) % 3], "said_ai": None,
                 "rating": int(rng.integers(1, 6))}
            )  # fmt: skip
    people = pd.DataFrame({"participant_id": [f"p{n}" for n in range(8)], "musician": None, "level": None})
    return {"ratings": plain(rating_results(ratings_of(rows), people.astype("str"), rng, 50))}


def words(figure) -> str:
    return "\n".join(note.text for note in figure.layout.annotations)


def test_bars_lie_around_the_middle_and_count_every_rating(numbers):
    figure = rating_figures.rating_bars(numbers)
    bars = [(bar.base[0], bar.x[0]) for bar in figure.data if bar.type == "bar"]
    parts = sorted(numbers["ratings"]["by_setting"].values(), key=lambda part: -part["mean"])
    for row, part in enumerate(parts[:3]):
        shares = [n / part["n"] for n in part["histogram"].values()]
        start, length = bars[5 * row + 2]
        assert [share for _, share in bars[5 * row : 5 * row + 5]] == pytest.approx(shares)
        assert start + length / 2 == pytest.approx(0)


def test_the_surface_marks_the_best_point_and_what_was_tested(numbers):
    figure, part = rating_figures.surface(numbers), numbers["ratings"]["surface"]
    symbols = [trace.marker.symbol for trace in figure.data if trace.type == "scatter"]
    assert symbols.count("circle-open") == len(part["tested"]["settings"]) > 8
    best = figure.data[-1]
    assert best.marker.symbol == "diamond"
    assert (best.x[0], best.y[0]) == (part["optimum"]["temperature"], part["optimum"]["top_k"])
    assert "temperature" in words(figure)
    assert "second order surface" in rating_captions(numbers)["surface"]


def test_belief_and_labels_are_told_apart_without_colour(numbers):
    halo, labels = rating_figures.halo(numbers), rating_figures.labels(numbers)
    assert "taken for human" in words(halo)
    assert {trace.marker.symbol for trace in labels.data if trace.mode == "markers"} == {
        "circle",
        "diamond-open",
    }
    means = [trace.x[0] for trace in labels.data if trace.mode == "markers"]
    known = numbers["ratings"]["labels"]["means"]
    assert means == [
        known[told][origin]["mean"] for told in ("human", "blind", "ai") for origin in ("ai", "human")
    ]
    assert "when told “AI” rather than told “human”" in rating_captions(numbers)["labels"]
