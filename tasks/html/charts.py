"""Where the lines of a chart go; the kit draws them, and colours come from the page's style."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.html.numbers import count

WIDTH, HEIGHT = 720, 220
ROUND_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 38
MOST_TICKS = 7
ROUNDING = 1e-9  # .55 * 20 is a little more than 11


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What all charts have, in pixels: (y, caption) of lines behind, (x, caption) of ticks, and the frame.

    `columns` are (x, width, text) of invisible bars that tell their figures to a mouse.
    """

    axis: str
    grid: list[tuple[float, str]]
    columns: list[tuple[float, float, str]]
    ticks: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True, kw_only=True)
class Histogram(Plot):
    """The geometry of a histogram: (colour, path) of outlines."""

    outlines: list[tuple[str, str]]


def histogram(
    series: Mapping[str, Sequence[int]], ticks: Mapping[int, str], axis: str, kinds: Mapping[str, str]
) -> Histogram:
    """Shares of each series over the same bars, one outline above the other.

    `ticks` are captions by number of a bar, `axis` says what the bars are, `kinds` gives each series its colour class.
    """
    bars = max(map(len, series.values()))
    shares = {name: [value / max(sum(values), 1) for value in values] for name, values in series.items()}
    highest = max(max(values) for values in shares.values()) or 1.0
    step = (WIDTH - LEFT - RIGHT) / bars
    spacing = next(each for each in ROUND_SHARES if highest / each < 5)
    lines = [number * spacing for number in range(1, int(highest / spacing) + 1)]
    return Histogram(
        axis=axis,
        grid=[(_y(value, highest), f"{100 * value:g}%") for value in lines],
        outlines=[(kinds[name], _outline(values, highest, step)) for name, values in shares.items()],
        columns=[(round(LEFT + bar * step, 1), round(step, 1), _told(bar, series, ticks, axis)) for bar in range(bars)],
        ticks=[(round(LEFT + (bar + 0.5) * step, 1), caption) for bar, caption in ticks.items()],
    )


def _y(value: float, highest: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / highest), 1)


def _outline(values: Sequence[float], highest: float, step: float) -> str:
    """A filled staircase: bars of a histogram without lines between them, so that two can be laid over one another."""
    path = f"M{LEFT},{_y(0, highest)}"
    for number, value in enumerate(values):
        y = _y(value, highest)
        path += f"L{LEFT + number * step:.1f},{y}L{LEFT + (number + 1) * step:.1f},{y}"
    return f"{path}L{LEFT + len(values) * step:.1f},{_y(0, highest)}Z"


def _told(bar: int, series: Mapping[str, Sequence[int]], ticks: Mapping[int, str], axis: str) -> str:
    told = ", ".join(f"{name} {count(values[bar])}" for name, values in series.items() if bar < len(values))
    return f"{axis} {ticks.get(bar, str(bar))}: {told}"


@dataclass(frozen=True)
class Point:
    """Values of several series at one place of an axis, by name of the series; `marked` ones get a ring."""

    caption: str
    values: Mapping[str, float]
    marked: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Curve(Plot):
    """The geometry of lines over evenly spaced places: (colour, path) of lines, (colour, x, y) of dots.

    `rings` are (x, y) around the marked ones.
    """

    lines: list[tuple[str, str]]
    dots: list[tuple[str, float, float]]
    rings: list[tuple[float, float]]


def curve(points: Sequence[Point], kinds: Mapping[str, str], axis: str) -> Curve:
    """One line for each series over the points, in their order, on a scale of steps of .05 that holds all values.

    `kinds` gives each series its colour class. Raises ValueError without points.
    """
    if not points:
        raise ValueError("a curve needs at least one point")
    values = [value for point in points for value in point.values.values()]
    low, high = math.floor(min(values) * 20 + ROUNDING) / 20, math.ceil(max(values) * 20 - ROUNDING) / 20
    span = max(high - low, 0.05)
    step = (WIDTH - LEFT - RIGHT) / len(points)
    xs = [round(LEFT + (number + 0.5) * step, 1) for number in range(len(points))]
    ys = {name: [_y(point.values[name] - low, span) for point in points] for name in kinds}
    every = -(-len(points) // MOST_TICKS)
    return Curve(
        axis=axis,
        grid=[(_y(n / 20, span), f"{low + n / 20:.2f}") for n in range(round(span * 20) + 1)],
        lines=[(kinds[name], "M" + "L".join(f"{x},{y}" for x, y in zip(xs, ys[name], strict=True))) for name in kinds],
        dots=[(kinds[name], x, y) for name in kinds for x, y in zip(xs, ys[name], strict=True)],
        rings=[(x, ys[name][n]) for name in kinds for n, x in enumerate(xs) if points[n].marked],
        columns=[(round(x - step / 2, 1), round(step, 1), p.told) for x, p in zip(xs, points, strict=True)],
        ticks=[(x, p.caption) for n, (x, p) in enumerate(zip(xs, points, strict=True)) if n % every == 0],
    )
