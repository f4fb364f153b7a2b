"""The figures as files for papers: every one is drawn, its words and marks are there, the same twice."""

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.answers import read
from analysis.drawing import Canvas
from analysis.figures import figures
from analysis.statistics import results
from analysis.stills import WIDTH, colour, draw, files, runs
from tests.analysis.simulate import simulated_study, write


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict:
    folder = write(simulated_study(12, 0.8, 3), tmp_path_factory.mktemp("in"))
    return figures(results(read(folder), np.random.default_rng(0), 50))


def test_every_figure_becomes_an_svg_and_a_png(drawn):
    made = dict(files(drawn))
    names = [name for name, figure in drawn.items() if figure is not None]
    assert list(made) == [f"{name}.{kind}" for name in names for kind in ("svg", "png")]
    for name, content in made.items():
        assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    assert "15 of 18 right" in made["accuracy.svg"].decode()


def test_the_same_figure_gives_the_same_bytes(drawn):
    one = {"accuracy": drawn["accuracy"]}
    assert dict(files(one)) == dict(files(one))


def test_a_mark_stands_where_plotly_has_it():
    canvas = Canvas(100, (0, 10), (0, 1), left=20, right=30, top=0, bottom=0)
    canvas.point(4, 0.5, "#b5493d", 10, "")
    canvas.note(1, 0, "<b>n</b> = 3<br>in all", xanchor="right", xshift=-5)
    page = draw(canvas.figure())
    axes = page.axes[0]
    x, y = axes.transData.transform((4, 0.5))
    assert (x, y) == pytest.approx((20 + 0.4 * (WIDTH - 50), 50))
    page.canvas.draw()
    box = axes.artists[0].get_window_extent()
    assert box.x1 == pytest.approx(WIDTH - 30 - 5, abs=1)


def test_nothing_is_drawn_wrongly_in_silence():
    figure = Canvas(100, (0, 1), (0, 1)).figure()
    with pytest.raises(ValueError, match="'pie'"):
        draw(figure.add_trace(go.Pie(values=[1])))


def test_markup_and_colours():
    assert runs("<b>A &lt;b&gt;</b>  1<br><br>x") == [
        [("A <b>", True), ("  1", False)], [(" ", False)], [("x", False)]]
    assert colour("rgba(255, 0, 51, 0.5)") == (1, 0, 0.2, 0.5)
    assert colour("#ffffff") == (1, 1, 1, 1)
