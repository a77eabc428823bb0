"""Pictures of several epochs or several models side by side."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import BLUE, GREY, INK, VERMILION, dress
from models.wording import SCORE_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float]


def learning_curves(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Loss (nats) and validation scores over epochs, the best epoch marked, from what `train_classifier` returns.

    Where the last of several epochs is the best, the title says that training may have ended too early.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not history:
        raise ValueError("no epochs to draw: give the history of at least one")
    epochs = np.arange(1, len(history) + 1)
    best = 1 + int(np.argmin([scores["validation/log_loss"] for scores in history]))
    figure = Figure(figsize=(9.2, 4.2), dpi=120, layout="constrained")
    losses, shares = figure.subplots(1, 2)
    early = ", still falling: more epochs may help" if 1 < best == len(history) else ""
    dress(losses, f"Loss{early}", "epoch", "cross-entropy per tweet (nats)")
    dress(shares, "Validation scores", "epoch", "share")
    losses.plot(epochs, [scores["train/loss"] for scores in history], "o-", color=BLUE, label="training, as smoothed")
    curves = {"log_loss": (losses, VERMILION), "accuracy": (shares, INK), "f1": (shares, BLUE)}
    for name, (axes, colour) in curves.items():
        values = [scores[f"validation/{name}"] for scores in history]
        axes.plot(epochs, values, "s-", color=colour, label=f"validation {SCORE_NAMES[name]}")
    for axes in (losses, shares):
        axes.axvline(best, color=GREY, linestyle="--", linewidth=1.2, label=f"kept: epoch {best}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=10, frameon=False)
    return figure


def comparison_bars(
    names: Sequence[str], scores: Mapping[str, Sequence[float]], intervals: Mapping[str, Sequence[Interval]]
) -> "Figure":
    """A panel per metric, a bar per model in the order of the first metric, best on top, with its interval and number.

    `scores` and `intervals` give, for each metric, one value for each of `names`; a metric without intervals gets bare
    bars. An axis that does not start at 0 says so in its label.
    """
    from matplotlib.figure import Figure

    if not names or not scores:
        raise ValueError("nothing to compare: give at least one model and one metric")
    order = np.argsort(np.array(next(iter(scores.values()))), kind="stable")
    figure = Figure(figsize=(2.2 + 4.6 * len(scores), 1.5 + 0.42 * len(names)), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    for axes, (metric, values) in zip(panels, scores.items(), strict=True):
        ends = intervals.get(metric) or [(value, value) for value in values]
        _draw_bars(axes, metric, np.array(values)[order], np.array(ends, dtype=float)[order])
    panels[0].set_yticks(range(len(names)), [names[row] for row in order])
    return figure


def _draw_bars(axes: "Axes", metric: str, values: np.ndarray, ends: np.ndarray) -> None:
    """Horizontal bars of `values` with their intervals `ends` (models, 2); the best in its own colour."""
    low, high = np.minimum(ends[:, 0], values), np.maximum(ends[:, 1], values)
    start = max(0.0, np.floor((low.min() - 0.02) * 20) / 20)
    title = SCORE_NAMES.get(metric, metric)
    cut = f", axis starts at {start:.2f}" if start else ""
    dress(axes, title, f"{title} (lines: 95 % interval{cut})", "")
    rows = np.arange(len(values))
    colours = [VERMILION if value == values.max() else BLUE for value in values]
    axes.barh(rows, values - start, left=start, color=colours, height=0.62)
    axes.errorbar(values, rows, xerr=(values - low, high - values), fmt="none", ecolor=INK, elinewidth=1.4, capsize=3)
    for row, value in enumerate(values):
        axes.annotate(
            f"{value:.3f}", (high[row], row), (5, 0), textcoords="offset points", va="center", fontsize=10, color=INK
        )
    axes.set_xlim(start, high.max() + 0.16 * max(high.max() - start, 0.05))
    axes.grid(visible=False, axis="y")
