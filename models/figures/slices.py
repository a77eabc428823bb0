"""A picture of how a model does on the parts of its test rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import BLUE, GREY, INK, VERMILION, dress
from models.metrics.slices import SliceScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 24


def slice_intervals(scores: Sequence[SliceScore], accuracy: float, f1: float | None) -> "Figure":
    """Accuracy and F1 of the first slices, from the top, with 95 % intervals; those of all rows as a line.

    Without `f1`, of several classes, accuracy alone.

    A slice whose whole interval lies below the line is drawn in the colour of a warning. Raises ValueError for none.
    """
    from matplotlib.figure import Figure

    if not scores:
        raise ValueError("no slices to draw: give at least one")
    shown = list(scores[:MOST])[::-1]
    width, panels = (7, 1) if f1 is None else (11, 2)
    figure = Figure(figsize=(width, 1.6 + 0.3 * len(shown)), dpi=110, layout="constrained")
    left, *others = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    _draw(left, "Accuracy by slice, surely worst first", accuracy, [(s.accuracy, s.accuracy_interval) for s in shown])
    left.set_yticks(range(len(shown)), [f"{each.name} ({each.rows:,})" for each in shown])
    left.tick_params(axis="y", labelsize=10)
    left.set_xlabel("accuracy (lines: 95 % interval; in brackets: rows)", fontsize=10, color=INK)
    if f1 is not None:
        (right,) = others
        _draw(right, "F1 of disasters", f1, [(s.f1, s.f1_interval) for s in shown])
        right.set_xlabel("F1 (no point: no disaster there, nor called one)", fontsize=10, color=INK)
    return figure


def _draw(
    axes: "Axes", title: str, overall: float, points: Sequence[tuple[float | None, tuple[float, float] | None]]
) -> None:
    dress(axes, title, "", "")
    axes.axvline(overall, color=GREY, linestyle="--", linewidth=1.2, label=f"all rows, {overall:.3f}")
    known = [(place, value, *ends) for place, (value, ends) in enumerate(points) if value is not None and ends]
    drawn = np.array(known).reshape(-1, 4)
    below = drawn[:, 3] < overall
    for rows, colour, label in ((drawn[~below], BLUE, ""), (drawn[below], VERMILION, "wholly below that")):
        places, values, low, high = rows.T
        if len(rows):
            reach = (values - low, high - values)
            axes.errorbar(values, places, xerr=reach, fmt="o", color=colour, capsize=3, markersize=5, label=label)
    lowest = min([overall, *drawn[:, 2]])
    axes.set_xlim(max(0.0, np.floor(lowest * 10) / 10) - 0.01, 1.01)
    axes.set_ylim(-0.7, len(points) - 0.3)
    axes.legend(loc="lower left", fontsize=10, framealpha=0.9)
