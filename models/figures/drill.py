"""Pictures of a drill."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from models.figures.events import marker_of
from models.figures.style import BLUE, GREY, INK, SERIES, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELLED_DAYS = 8  # as many dates as stand beside each other


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


def _kinds_of_tweets(days: Sequence[Mapping[str, Any]]) -> dict[str, tuple[np.ndarray, str]]:
    """Real reports and others, or each of several classes: how many there were each day, and the colour."""
    if "classes" in days[0]:
        names = list(days[0]["classes"])
        colours = [SERIES[place % len(SERIES)] for place in range(len(names))]
        counts = [np.array([day["classes"][name] for day in days]) for name in names]
        return dict(zip(names, zip(counts, colours, strict=True), strict=True))
    real = np.array([day["real"] for day in days])
    return {"real reports": (real, BLUE), "others": (np.array([day["tweets"] for day in days]) - real, GREY)}


def event_timeline(days: Sequence[Mapping[str, Any]], right: Mapping[str, Sequence[float]]) -> "Figure":
    """An event day by day: its tweets (`models.drill.timeline.days_of`), and the share called rightly so far by policy.

    Raises ValueError for no days or no policy.
    """
    from matplotlib.figure import Figure

    if not days or not right:
        raise ValueError("no event to draw: give its days and at least one policy")
    figure = Figure(figsize=(9.0, 4.8), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    places = range(len(days))
    dress(above, "Called what they are, of all tweets so far", "", "%")
    for place, (name, shares) in enumerate(right.items()):
        percent = [100 * share for share in shares]
        above.plot(places, percent, f"{marker_of(place)}-", color=SERIES[place], linewidth=2, markersize=5, label=name)
    above.legend(fontsize=10, frameon=False, loc="upper left", bbox_to_anchor=(1, 1), labelcolor=INK)
    dress(below, "Tweets of the day", "", "tweets")
    stacked = np.zeros(len(days), int)
    for name, (counts, colour) in _kinds_of_tweets(days).items():
        below.bar(places, counts, bottom=stacked, color=colour, label=name)
        stacked = stacked + counts
    below.legend(fontsize=10, frameon=False, loc="upper left", bbox_to_anchor=(1, 1), labelcolor=INK)
    every = -(-len(days) // LABELLED_DAYS)
    below.set_xticks(places[::every], [f"{date.fromisoformat(day['day']):%d %b}" for day in days[::every]])
    below.set_xlabel(" to ".join(dict.fromkeys((days[0]["day"][:4], days[-1]["day"][:4]))), fontsize=11, color=INK)
    return figure
