"""Pictures of a drill."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.figures.events import marker_of
from models.figures.style import INK, SERIES, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def event_course(courses: Mapping[str, Sequence[float]]) -> "Figure":
    """The mean macro F1 of each policy in each successive part of an event's tweets. Raises ValueError for none."""
    from matplotlib.figure import Figure

    if not courses:
        raise ValueError("no course to draw: give at least one policy")
    figure = Figure(figsize=(9.0, 4.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    parts = len(next(iter(courses.values())))
    title = "As an event goes on"
    dress(axes, title, "tweets of the event, in order of time", "macro F1, mean over events")
    for place, (name, course) in enumerate(courses.items()):
        colour, marker = SERIES[place % len(SERIES)], marker_of(place)
        line = "-" if place < len(SERIES) else "--"
        axes.plot(range(parts), course, f"{marker}{line}", color=colour, linewidth=2, label=name)
    ends = [f"{100 * part // parts} to {100 * (part + 1) // parts} %" for part in range(parts)]
    axes.set_xticks(range(parts), ends)
    axes.legend(fontsize=10, frameon=False, loc="upper left", bbox_to_anchor=(1, 1), labelcolor=INK)
    return figure
