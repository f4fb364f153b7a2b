"""A figure as SVG: nothing in it but the figure, the same whenever it is drawn."""

from model.svg import svg


def test_a_figure_is_the_same_whenever_it_is_drawn():
    def paint(axes):
        axes.plot([1, 2], [2, 1], "o")
        axes.set_title("Fugue")

    drawn = svg(paint, 3, 2)
    assert drawn == svg(paint, 3, 2)
    assert drawn.startswith("<svg") and "<metadata>" not in drawn and "Matplotlib" not in drawn
    assert ">Fugue</text>" in drawn, "text stays text"
    assert drawn != svg(paint, 3, 2, {"font.size": 7}) != svg(paint, 3, 2, transparent=True)
