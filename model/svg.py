"""A matplotlib figure as SVG text that is the same whenever it is drawn, to stand in a page or a file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping

_STYLE = {"font.family": "sans-serif", "svg.fonttype": "none", "svg.hashsalt": "segue",
          "axes.spines.top": False, "axes.spines.right": False}


def svg(paint: Callable, width: float, height: float, style: Mapping[str, object] | None = None, *,
        transparent: bool = False) -> str:
    """The SVG of one pair of axes, width x height inches, on which `paint(axes)` has drawn.

    Text stays text. No date, no program's name and no XML prologue stand in it; it begins with `<svg`.
    style: matplotlib's parameters, laid over those of the house. transparent: without a ground.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({**_STYLE, **(style or {})}):
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=transparent, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.DOTALL)
