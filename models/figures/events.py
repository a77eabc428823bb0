"""Pictures of how models do on events that they have not seen, and after some labels of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import GREY, INK, SERIES, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"
Point = tuple[int, float, tuple[float, float]]  # labels, score, its interval


def marker_of(place: int) -> str:
    """The marker of a model at this place of the list: another one where the colours begin again.

    >>> marker_of(0), marker_of(7)
    ('o', 's')
    """
    return MARKERS[(place + place // len(SERIES)) % len(MARKERS)]


def event_dots(
    events: Sequence[str],
    scores: Mapping[str, Sequence[float]],
    title: str = "Events held out",
    averaged: str = "both classes",
) -> "Figure":
    """Macro F1 of each model (a value for each of `events`) on each event, the hardest on top; means as lines.

    `averaged` says in words of what macro F1 is the mean. An event with one class only has no dots. Raises ValueError
    for no events.
    """
    from matplotlib.figure import Figure

    if not events or not scores:
        raise ValueError("no events to draw: hold out at least one, with one model")
    values = np.array([scores[name] for name in scores], dtype=float)
    hardest = np.argsort(-np.where(np.isnan(values), -1, values).max(axis=0), kind="stable")
    figure = Figure(figsize=(9.5, 1.9 + 0.3 * len(events)), dpi=110, layout="constrained")
    axes = figure.subplots()
    dress(axes, title, f"macro F1, the mean of {averaged} (lines: means over events)", "")
    for place, name in enumerate(scores):
        colour, marker = SERIES[place % len(SERIES)], marker_of(place)
        if not np.isnan(values[place]).all():
            axes.axvline(float(np.nanmean(values[place])), color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(values[place, hardest], range(len(events)), marker, color=colour, markersize=6, label=name)
    axes.set_yticks(range(len(events)), [events[row] for row in hardest])
    axes.tick_params(axis="y", labelsize=10)
    axes.legend(fontsize=10, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def label_curves(curves: Mapping[str, Sequence[Point]]) -> "Figure":
    """Macro F1 of each model over the number of labels of the new event, evenly spaced, with intervals over events."""
    from matplotlib.figure import Figure

    if not curves:
        raise ValueError("no adaptation to draw: give at least one model")
    figure = Figure(figsize=(7.2, 4.8), dpi=120, layout="constrained")
    axes = figure.subplots()
    dress(
        axes, "After labels of the new event", "labels of the new event", "macro F1 (bands: 95 % interval over events)"
    )
    numbers = sorted({labels for points in curves.values() for labels, _, _ in points})
    for place, (name, points) in enumerate(curves.items()):
        colour = SERIES[place % len(SERIES)]
        labels, values, ends = zip(*points, strict=True)
        places = [numbers.index(each) for each in labels]
        axes.plot(places, values, f"{MARKERS[place % len(MARKERS)]}-", color=colour, linewidth=2, label=name)
        low, high = np.array(ends, dtype=float).T
        axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xticks(range(len(numbers)), [f"{each:,}" for each in numbers])
    axes.axvline(0, color=GREY, linewidth=0.8, linestyle="--")
    axes.legend(fontsize=10, frameon=False, loc="lower right", labelcolor=INK)
    return figure
