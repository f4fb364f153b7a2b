"""What every figure of the report is drawn with: one canvas, two colours, labels beside their marks.

A figure must read on paper, in light, in dark, at 390 pixels and without colour. So the background is
clear, marks are drawn in two mid tones (``ACCENT`` and ``NEUTRAL``) that stand out from either, text takes
the page's ink by the page's style sheet, and a row's label stands above its marks rather than in a margin
that a phone does not have. Whatever colour says, a word, a number, an outline or a shape says too.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

ACCENT = "#b5493d"
NEUTRAL = "#8d867b"
FAINT = "rgba(141,134,123,0.28)"
TINT = "rgba(181,73,61,0.14)"
TEXT = "#6d675e"
# static/segue.css has the same; plotly measures words in it before a style sheet could change it.
FONT = "'Avenir Next', Avenir, 'Segoe UI', 'Helvetica Neue', Roboto, 'Noto Sans', 'Liberation Sans', Arial"
TEXT_SIZE = 12.5


class Canvas:
    """A figure in the making. Marks are collected and checked by plotly once, at the end.

    ``x_range`` and ``y_range`` are in the figure's own units, ``height`` and the margins in pixels; the
    width is that of the place where the figure is shown. Places may be given in units (``"x"``, ``"y"``) or
    as a share of the plotting area (``"paper"``).
    """

    def __init__(
        self,
        height: int,
        x_range: Sequence[float],
        y_range: Sequence[float],
        *,
        left: int = 2,
        right: int = 2,
        top: int = 6,
        bottom: int = 6,
        x_end: float = 1.0,
    ):
        axis = {"fixedrange": True, "visible": False}
        self._marks: list[Any] = []
        self._notes: list[dict[str, Any]] = []
        self._shapes: list[dict[str, Any]] = []
        self._layout = {
            "template": "none",
            "height": height,
            "autosize": True,
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
            "barmode": "overlay",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0, "autoexpand": False},
            "font": {"family": FONT, "size": TEXT_SIZE, "color": TEXT},
            "hoverlabel": {
                "bgcolor": "#26221d",
                "bordercolor": "#26221d",
                "font": {"family": FONT, "color": "#faf6ee"},
            },
            "xaxis": {**axis, "range": list(x_range), "domain": [0, x_end]},
            "yaxis": {**axis, "range": list(y_range)},
        }

    def figure(self) -> go.Figure:
        """The finished figure."""
        return go.Figure(self._marks, {**self._layout, "annotations": self._notes, "shapes": self._shapes})

    def add(self, mark: Any) -> None:
        """A plotly trace."""
        self._marks.append(mark)

    def bar(self, start: float, length: float, y: float, colour: str, thick: float, hover: str) -> None:
        """A bar from ``start`` to the right."""
        self.add(
            go.Bar(
                x=[length],
                base=[start],
                y=[y],
                orientation="h",
                width=thick,
                marker={"color": colour},
                hovertemplate=f"{hover}<extra></extra>",
            )
        )

    def line(
        self, x: Sequence[float], y: Sequence[float], colour: str, width: float, dash: str = "solid"
    ) -> None:
        """A line through points; it says nothing when touched."""
        style = {"color": colour, "width": width, "dash": dash}
        self.add(
            go.Scatter(x=list(x), y=list(y), mode="lines", line=style, hoverinfo="skip", cliponaxis=False)
        )

    def point(self, x: float, y: float, colour: str, size: float, hover: str, symbol: str = "circle") -> None:
        """A marker, ``size`` pixels across."""
        style = {"color": colour, "size": size, "symbol": symbol, "line": {"width": 2, "color": colour}}
        text = f"{hover}<extra></extra>"
        self.add(go.Scatter(x=[x], y=[y], mode="markers", marker=style, cliponaxis=False, hovertemplate=text))

    def box(self, x0: float, x1: float, y0: float, y1: float) -> None:
        """An outlined, tinted box behind the marks."""
        outline = {"color": ACCENT, "width": 1.5}
        place = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
        self._shapes.append({"type": "rect", **place, "line": outline, "fillcolor": TINT, "layer": "below"})

    def label(self, y: float, name: str, aside: str = "", above: float = 16) -> None:
        """A row's name ``above`` its mark (pixels), at the left edge."""
        words = f"<b>{safe(short(name))}</b>" + (f"  {safe(aside)}" if aside else "")
        self.note(0, y, words, yshift=above)

    def note(
        self,
        x: float,
        y: float,
        text: str,
        *,
        xref: str = "paper",
        yref: str = "y",
        xanchor: str = "left",
        yanchor: str = "middle",
        xshift: float = 0,
        yshift: float = 0,
        size: float = TEXT_SIZE,
        align: str = "left",
    ) -> None:
        """Words at a place; ``text`` may hold plotly's tags, so names from files go through ``safe``."""
        place = {"x": x, "y": y, "xref": xref, "yref": yref, "xshift": xshift, "yshift": yshift}
        manner = {"xanchor": xanchor, "yanchor": yanchor, "align": align, "borderpad": 0, "showarrow": False}
        self._notes.append({"text": text, **place, **manner, "font": {"size": size, "color": TEXT}})

    def scale(self, ticks: dict[float, str], ends: tuple[str, str] = ("center", "center")) -> None:
        """Numbers under the plotting area; ``ends`` anchors the first and last, to keep them inside."""
        anchors = {min(ticks): ends[0], max(ticks): ends[1]}
        for place, words in ticks.items():
            anchor = anchors.get(place, "center")
            self.note(
                place, 0, words, xref="x", yref="paper", xanchor=anchor, yanchor="top", yshift=-6, size=12
            )


def lines(name: str) -> list[str]:
    """A setting's label broken after its first part, safe to draw; never empty."""
    first, _, rest = short(name, 60).partition(", ")
    return [safe(part) for part in (first, rest) if part] or [""]


def short(text: str, most: int = 40) -> str:
    """``text`` with at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def safe(text: str) -> str:
    """Plotly reads a little HTML in every text; names from files must not be read so."""
    return html.escape(text, quote=False)
