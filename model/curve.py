"""A run's losses as a picture for its model card."""

from __future__ import annotations

import csv
import io
from pathlib import Path

_COLUMNS = {"valid_loss": "nats per token", "valid_bits": "bits per note"}


def draw(curve: str, path: Path) -> None:
    """Write an SVG of the validation loss (nats per token) and bits per note over training steps.

    `curve` is CSV with the columns step, valid_loss and valid_bits, as `training.curve` gives it.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = list(csv.DictReader(io.StringIO(curve)))
    steps = [int(row["step"]) + 1 for row in rows]
    with pyplot.rc_context({"font.family": "serif", "axes.spines.top": False, "axes.spines.right": False,
                            "svg.hashsalt": "segue"}):
        figure, axes = pyplot.subplots(1, 2, figsize=(8, 3), layout="constrained")
        for axis, (column, title) in zip(axes, _COLUMNS.items(), strict=True):
            values = [float(row[column]) for row in rows]
            axis.plot(steps, values, color="#8a2f2f", marker="o", markersize=3)
            axis.set(title=f"Validation: {title}", xlabel="optimiser steps")
            if rows:
                axis.annotate(f"{values[-1]:.2f}", (steps[-1], values[-1]), xytext=(0, 8),
                              textcoords="offset points", ha="right")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
