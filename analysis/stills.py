"""The report's figures as SVG and PNG files, for papers. Needs no browser and no network.

Plotly can only make such files with a Chrome beside it. All figures here are drawn on one kind of canvas
(`analysis.drawing`), from few kinds of marks, so matplotlib draws the same marks at the same places. The same
figure gives the same bytes.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea, VPacker
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, Transform, blended_transform_factory

WIDTH = 700  # CSS pixels, the width of the report's column
PIXELS = 96  # CSS pixels an inch
PNG_SCALE = 3  # 288 dots an inch: enough for print
INK = "#26221d"
PLACES = {"left": 0.0, "bottom": 0.0, "center": 0.5, "middle": 0.5, "right": 1.0, "top": 1.0}
MARKERS = {"circle": "o", "diamond": "D", "square": "s", "cross": "P", "x": "X", "triangle-up": "^"}
DASHES = {"solid": "-", "dash": "--", "dot": ":", None: "-"}
RGBA = re.compile(r"rgba?\(([^)]*)\)")
STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and edited for print
    "svg.hashsalt": "segue",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that letters are as wide everywhere
}


def files(figures: Mapping[str, go.Figure | None]) -> Iterator[tuple[str, bytes]]:
    """The file names and contents of all figures that are drawn: NAME.svg and NAME.png.

    Raises ValueError for a figure with a kind of mark that cannot be drawn here.
    """
    for name, figure in figures.items():
        if figure is not None:
            with mpl.rc_context(STYLE):
                drawn = draw(figure)
                for kind, how in (("svg", {"Date": None}), ("png", {"Software": None})):
                    file = io.BytesIO()
                    drawn.savefig(file, format=kind, metadata=how, dpi=PIXELS * PNG_SCALE)
                    yield f"{name}.{kind}", file.getvalue()


def draw(figure: go.Figure) -> Figure:
    """One figure of `analysis.drawing.Canvas` as a matplotlib figure, ``WIDTH`` pixels wide."""
    layout = figure.layout
    margin, height = layout.margin, layout.height
    inner = (WIDTH - margin.l - margin.r, height - margin.t - margin.b)
    x_start, x_end = layout.xaxis.domain or (0, 1)
    page = Figure(figsize=(WIDTH / PIXELS, height / PIXELS), dpi=PIXELS, facecolor="white")
    place = (margin.l + x_start * inner[0], margin.b, (x_end - x_start) * inner[0], inner[1])
    axes = page.add_axes(
        (place[0] / WIDTH, place[1] / height, place[2] / WIDTH, place[3] / height), frameon=False
    )
    axes.set_axis_off()
    axes.set_xlim(*layout.xaxis.range)
    axes.set_ylim(*layout.yaxis.range)
    to_inches = Affine2D().scale(1 / PIXELS) + page.dpi_scale_trans
    paper = Affine2D().scale(*inner).translate(margin.l, margin.b) + to_inches
    for shape in layout.shapes:
        _shape(axes, shape)
    for trace in figure.data:
        _trace(axes, trace)
    for note in layout.annotations:
        where = [paper if ref == "paper" else axes.transData for ref in (note.xref, note.yref)]
        axes.add_artist(_note(note, blended_transform_factory(*where)))
    return page


def _trace(axes: Axes, trace: Any) -> None:
    match trace.type:
        case "scatter":
            _scatter(axes, trace)
        case "bar":
            _bars(axes, trace)
        case "heatmap":
            _heatmap(axes, trace)
        case kind:
            raise ValueError(f"A mark of the kind '{kind}' cannot be drawn without a browser.")


def _scatter(axes: Axes, trace: Any) -> None:
    modes = set((trace.mode or "lines").split("+"))
    if modes - {"lines", "markers"}:
        raise ValueError(f"A scatter with mode '{trace.mode}' cannot be drawn without a browser.")
    x, y = list(trace.x), list(trace.y)
    if trace.fill == "toself":
        axes.fill(x, y, facecolor=colour(trace.fillcolor), edgecolor="none", zorder=1.5)
    if "lines" in modes and trace.line.width != 0:
        axes.plot(
            x,
            y,
            color=colour(trace.line.color),
            linewidth=points(trace.line.width or 2),
            linestyle=_dashes(trace.line),
            solid_capstyle="butt",
            clip_on=False,
            zorder=2,
        )
    if "markers" in modes:
        shape, _, hollow = (trace.marker.symbol or "circle").partition("-open")
        ink = colour(trace.marker.color)
        axes.plot(
            x,
            y,
            linestyle="",
            marker=MARKERS[shape],
            markersize=points(trace.marker.size),
            markerfacecolor="white" if trace.marker.symbol and "-open" in trace.marker.symbol else ink,
            markeredgecolor=ink,
            markeredgewidth=points(2) if hollow == "" and shape != trace.marker.symbol else points(1),
            clip_on=False,
            zorder=3,
        )


def _bars(axes: Axes, trace: Any) -> None:
    across = trace.orientation == "h"
    lengths, places = (trace.x, trace.y) if across else (trace.y, trace.x)
    count = len(places)
    bases = trace.base if isinstance(trace.base, tuple | list) else [trace.base or 0] * count
    thick = trace.width or 0.8
    edge = trace.marker.line
    look = {
        "facecolor": colour(trace.marker.color),
        "edgecolor": colour(edge.color) if edge.width else "none",
        "linewidth": points(edge.width or 0),
    }
    for base, length, place in zip(bases, lengths, places, strict=True):
        corner, size = (base, place - thick / 2), (length, thick)
        if not across:
            corner, size = corner[::-1], size[::-1]
        axes.add_patch(Rectangle(corner, *size, **look))


def _heatmap(axes: Axes, trace: Any) -> None:
    """Cells, given as a table of rows or as one list of x, y and z; they meet halfway, but for a gap."""
    if np.ndim(trace.z) == 1:
        cells = list(zip(trace.x, trace.y, trace.z, strict=True))
    else:
        cells = [
            (x, y, z)
            for y, row in zip(trace.y, trace.z, strict=True)
            for x, z in zip(trace.x, row, strict=True)
        ]
    heights = [z for _, _, z in cells if z is not None]
    low = trace.zmin if trace.zmin is not None else min(heights)
    high = trace.zmax if trace.zmax is not None else max(heights)
    first, last = (colour(ink) for _, ink in (trace.colorscale[0], trace.colorscale[-1]))
    columns, rows = _spans({x for x, _, _ in cells}), _spans({y for _, y, _ in cells})
    for x, y, z in cells:
        if z is not None:
            share = (z - low) / (high - low) if high > low else 0.0
            ink = tuple(a + share * (b - a) for a, b in zip(first, last, strict=True))
            (left, right), (bottom, top) = columns[x], rows[y]
            gap = {"edgecolor": "white", "linewidth": points(trace.xgap or 0)} if trace.xgap else {}
            cell = Rectangle((left, bottom), right - left, top - bottom, facecolor=ink, **gap)
            axes.add_patch(cell)


def _spans(places: set[float]) -> dict[float, tuple[float, float]]:
    """From where to where the cell at each place reaches.

    >>> _spans({0, 2, 3})
    {0: (-1.0, 1.0), 2: (1.0, 2.5), 3: (2.5, 3.5)}
    """
    order = sorted(places)
    between = [(a + b) / 2 for a, b in pairwise(order)]
    first, last = (between[0], between[-1]) if between else (order[0] + 0.5, order[0] - 0.5)
    edges = [2 * order[0] - first, *between, 2 * order[-1] - last]
    return dict(zip(order, pairwise(edges), strict=True))


def _shape(axes: Axes, shape: Any) -> None:
    if shape.type != "rect":
        raise ValueError(f"A shape of the kind '{shape.type}' cannot be drawn without a browser.")
    axes.add_patch(
        Rectangle(
            (shape.x0, shape.y0),
            shape.x1 - shape.x0,
            shape.y1 - shape.y0,
            facecolor=colour(shape.fillcolor),
            edgecolor=colour(shape.line.color),
            linewidth=points(shape.line.width),
        )
    )


def _note(note: Any, where: Transform) -> AnnotationBbox:
    size = points(note.font.size)
    lines = [
        HPacker(children=[TextArea(words, textprops=_type(size, bold)) for words, bold in line], pad=0, sep=0)
        for line in runs(note.text)
    ]
    anchors = tuple(PLACES[anchor or "center"] for anchor in (note.xanchor, note.yanchor))
    shift = tuple(points(pixels or 0) for pixels in (note.xshift, note.yshift))
    box = AnnotationBbox(
        VPacker(children=lines, align=note.align or "left", pad=0, sep=size * 0.3),
        (note.x, note.y),
        xybox=shift,
        xycoords=where,
        boxcoords="offset points",
        box_alignment=anchors,
        frameon=False,
        pad=0,
        annotation_clip=False,
    )
    box.set_zorder(4)
    return box


def _type(size: float, bold: bool) -> dict[str, Any]:
    return {"size": size, "weight": "bold" if bold else "normal", "color": INK, "parse_math": False}


def runs(text: str) -> list[list[tuple[str, bool]]]:
    """Plotly's marked-up text as lines of (words, bold); never an empty line.

    >>> runs("<b>A &amp; B</b> 3<br>of 4")
    [[('A & B', True), (' 3', False)], [('of 4', False)]]
    """
    lines: list[list[tuple[str, bool]]] = [[]]
    bold = False
    for part in re.split(r"(</?[a-z]+/?>)", text):
        if part in ("<b>", "</b>"):
            bold = part == "<b>"
        elif part in ("<br>", "<br/>"):
            lines.append([])
        elif part and not re.fullmatch(r"</?[a-z]+/?>", part):
            lines[-1].append((html.unescape(part), bold))
    return [line or [(" ", False)] for line in lines]


def colour(text: str) -> tuple[float, float, float, float]:
    """A CSS colour as red, green, blue and opacity, from 0 to 1 each.

    >>> colour("rgba(255,0,51,0.5)")
    (1.0, 0.0, 0.2, 0.5)
    """
    found = RGBA.fullmatch(text.replace(" ", ""))
    if not found:
        return mpl.colors.to_rgba(text)
    red, green, blue, *opacity = (float(part) for part in found[1].split(","))
    return red / 255, green / 255, blue / 255, opacity[0] if opacity else 1.0


def points(pixels: float) -> float:
    """CSS pixels as typographic points."""
    return pixels * 72 / PIXELS


def _dashes(line: Any) -> Any:
    """The dash pattern; matplotlib counts its parts in widths of the line."""
    if line.dash in DASHES:
        return DASHES[line.dash]
    return 0, [float(part.removesuffix("px")) / (line.width or 2) for part in line.dash.split(",")]
