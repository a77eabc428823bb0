"""Charts as inline SVG: no script, no font, no picture from elsewhere; colours come from the page's style."""

from collections.abc import Mapping, Sequence

from tasks.html.elements import count, escape

WIDTH, HEIGHT = 720, 220
ROUND_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 38


def histogram(
    series: Mapping[str, Sequence[int]], ticks: Mapping[int, str], axis: str, kinds: Mapping[str, str]
) -> str:
    """Shares of each series over the same bars, one outline above the other.

    `ticks` are captions by number of a bar, `axis` says what the bars are, `kinds` gives each series its colour class.
    """
    bars = max(map(len, series.values()))
    shares = {name: [value / max(sum(values), 1) for value in values] for name, values in series.items()}
    highest = max(max(values) for values in shares.values()) or 1.0
    step = (WIDTH - LEFT - RIGHT) / bars
    shapes = "".join(_outline(values, highest, step, kinds[name]) for name, values in shares.items())
    hovers = "".join(_hover(number, series, step, ticks, axis) for number in range(bars))
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{escape(axis)}'>"
        f"{_grid(highest)}{shapes}{hovers}{_axis(ticks, step, axis)}</svg>"
    )


def _y(value: float, highest: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / highest)


def _outline(values: Sequence[float], highest: float, step: float, kind: str) -> str:
    """A filled staircase: bars of a histogram without lines between them, so that two can be laid over one another."""
    path = f"M{LEFT},{_y(0, highest):.1f}"
    for number, value in enumerate(values):
        y = _y(value, highest)
        path += f"L{LEFT + number * step:.1f},{y:.1f}L{LEFT + (number + 1) * step:.1f},{y:.1f}"
    return f"<path class='area {kind}' d='{path}L{LEFT + len(values) * step:.1f},{_y(0, highest):.1f}Z'/>"


def _grid(highest: float) -> str:
    """Lines at round percentages."""
    lines = []
    spacing = next(each for each in ROUND_SHARES if highest / each < 5)
    for number in range(1, int(highest / spacing) + 1):
        value = number * spacing
        y = _y(value, highest)
        lines.append(f"<line class='grid' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}'/>")
        lines.append(f"<text x='{LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{100 * value:g}%</text>")
    return "".join(lines)


def _hover(number: int, series: Mapping[str, Sequence[int]], step: float, ticks: Mapping[int, str], axis: str) -> str:
    """An invisible column that tells its figures to a mouse."""
    told = ", ".join(f"{name} {count(values[number])}" for name, values in series.items() if number < len(values))
    caption = ticks.get(number, str(number))
    place = f"x='{LEFT + number * step:.1f}' y='{TOP}' width='{step:.1f}' height='{HEIGHT - TOP - BOTTOM}'"
    return f"<rect class='hover' {place}><title>{escape(f'{axis} {caption}: {told}')}</title></rect>"


def _axis(ticks: Mapping[int, str], step: float, axis: str) -> str:
    y = HEIGHT - BOTTOM
    captions = "".join(
        f"<text x='{LEFT + (number + 0.5) * step:.1f}' y='{y + 16}' text-anchor='middle'>{escape(caption)}</text>"
        for number, caption in ticks.items()
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return (
        f"<line class='axis' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y}' y2='{y}'/>{captions}"
        f"<text x='{middle:.0f}' y='{HEIGHT - 4}' text-anchor='middle'>{escape(axis)}</text>"
    )
