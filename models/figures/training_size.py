"""How much better models get with more labelled tweets."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.figures.style import SERIES, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Point = tuple[float, float, tuple[float, float]]  # training rows, score, its interval


def training_size_curves(curves: Mapping[str, Mapping[str, Sequence[Point]]]) -> "Figure":
    """A panel per metric, a line per model: the score on the same held-out rows over training rows, with intervals.

    `curves` gives, for each metric and each model, points of rising training size. Rows are on a logarithmic axis.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    if not curves or not all(curves.values()):
        raise ValueError("no learning curve to draw: give at least one metric and one model")
    figure = Figure(figsize=(1.0 + 5.2 * len(curves), 4.6), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (metric, models) in zip(panels, curves.items(), strict=True):
        dress(axes, f"{metric} by training size", "training tweets (logarithmic)", f"{metric} (bands: 95 % interval)")
        for place, (name, points) in enumerate(models.items()):
            colour = SERIES[place % len(SERIES)]
            rows, values, ends = zip(*points, strict=True)
            axes.plot(rows, values, "o-", color=colour, linewidth=2, label=name)
            axes.fill_between(rows, *zip(*ends, strict=True), color=colour, alpha=0.12, linewidth=0)
        sizes = sorted({rows for points in models.values() for rows, _, _ in points})
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{rows:,.0f}" for rows in sizes])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
        axes.legend(fontsize=10, frameon=False, loc="lower right")
    return figure
