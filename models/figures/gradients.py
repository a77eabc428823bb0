"""Pictures of gradients through time: how much of them arrives how far back, and how that changes as training goes on.

The distance from the last word read runs to the right, on all of them; the share of the gradient that arrives is on a
logarithmic axis, where a product of equal factors is a straight line.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from models.figures.style import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILION, dress
from models.gradients.advice import MEMORY_GATES, advise
from models.gradients.diagnosis import LOST, Diagnosis, LayerFlow, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {Verdict.healthy: GREEN, Verdict.vanishing: BLUE, Verdict.exploding: VERMILION}
# What lies farther out leaves the picture: it is as lost as this.
FARTHEST = 1e12
DISTANCE = "steps before the last one (distance k)"


def gradient_flow(layer: LayerFlow, title: str) -> "Figure":
    """One layer at one moment: the share of the gradient over distance, its gates, and verdict and advice in words."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.8), dpi=120, layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(4.0, 1.6))
    over, below = parts
    flow, gates = over.subplots(1, 2, width_ratios=(2.4, 1))
    _draw_shares(flow, title, [("", layer, COLOURS[layer.verdict])])
    _draw_gate_alone(flow, layer)
    _draw_gates(gates, layer)
    words = [layer.finding[0].upper() + layer.finding[1:] + ".", *advise(layer)]
    below.text(0.02, 0.95, _wrapped(words[:1]), fontsize=11, fontweight="bold", color=COLOURS[layer.verdict], va="top")
    below.text(0.02, 0.74, _wrapped(words[1:]), fontsize=9.5, color=INK, va="top", linespacing=1.35)
    return figure


def gradient_history(history: Sequence[tuple[int, Diagnosis]], kept: Diagnosis) -> "Figure":
    """A training, a row of two panels for each layer: before it and as kept, over distance; every epoch as a heat map.

    history: (epochs trained, diagnosis at that moment), in order; `kept` is that of the weights that training kept.
    """
    from matplotlib.figure import Figure

    if not history:
        raise ValueError("no epochs to draw: give the diagnosis of at least one")
    figure = Figure(figsize=(10.4, 0.8 + 3.5 * len(kept.layers)), dpi=110, layout="constrained")
    panels = figure.subplots(len(kept.layers), 2, squeeze=False)
    for row, layer in enumerate(kept.layers):
        course = [(epoch, diagnosis.layers[row]) for epoch, diagnosis in history]
        curves = [("before training", course[0][1], GREY), ("as kept", layer, COLOURS[layer.verdict])]
        _draw_shares(panels[row, 0], f"{layer.name}: {layer.verdict}", curves)
        panels[row, 0].get_legend().remove()
        _draw_heat(figure, panels[row, 1], course)
    # Below the panels, whose curves and limits may be anywhere; colours tell of verdicts, so one row speaks for all.
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=2, frameon=False, fontsize=9
    )
    return figure


def _draw_shares(axes: "Axes", title: str, curves: Sequence[tuple[str, LayerFlow, str]]) -> None:
    """Curves of (moment, layer, colour) between the two thresholds; with pooling, also the norms in training."""
    dress(axes, title, DISTANCE, "share of the last step's gradient")
    axes.set_yscale("log")
    lowest, highest = LOST / 10, 10 / LOST
    for moment, layer, colour in curves:
        distances, shares = np.arange(len(layer.shares)), _shown(layer.shares)
        lowest, highest = min(lowest, shares.min() / 2), max(highest, shares.max() * 2)
        alone = "through the recurrence" + f", {moment}" * bool(moment)
        axes.plot(distances, shares, color=colour, linewidth=2.4, label=alone)
        if layer.pooled:
            with np.errstate(invalid="ignore", over="ignore"):  # an exploding gradient may be infinite throughout
                relative = _shown(layer.norms / max(layer.norms[0], np.finfo(float).tiny))
            axes.plot(distances, relative, ":", color=colour, linewidth=1.8, label=f"pooling included, {moment}")
    lowest, highest = max(lowest, 1 / FARTHEST), min(highest, FARTHEST)
    axes.set_ylim(lowest, highest)
    axes.set_xlim(0, max(1, *(layer.distance for _, layer, _ in curves)))
    _draw_thresholds(axes, lowest, highest)
    axes.legend(fontsize=9, frameon=True, framealpha=0.85, edgecolor="none", loc="best")


def _draw_gate_alone(axes: "Axes", layer: LayerFlow) -> None:
    """What the gate that multiplies the memory would pass by itself, step after step."""
    name = MEMORY_GATES.get(layer.cell)
    if name is not None:
        passes, distances = layer.gates[name].passes, np.arange(len(layer.shares))
        axes.plot(distances, passes**distances, "--", color=GREY, label=f"{name} gate alone: {passes:.3g}^k")
        axes.legend(fontsize=9, frameon=True, framealpha=0.85, edgecolor="none", loc="best")


def _draw_thresholds(axes: "Axes", lowest: float, highest: float) -> None:
    for limit, outer, colour, name in (
        (LOST, lowest, SKY, "vanishing: below 1/100 at the far end"),
        (1 / LOST, highest, ORANGE, "exploding: above 100"),
    ):
        axes.axhspan(*sorted((limit, outer)), color=colour, alpha=0.13, linewidth=0)
        axes.axhline(limit, color=colour, linewidth=1.2, linestyle="--")
        axes.annotate(
            name, (0.99, limit), (0, -4 if limit < 1 else 4), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", va="top" if limit < 1 else "bottom", fontsize=9, color=INK,
        )  # fmt: skip


def _draw_gates(axes: "Axes", layer: LayerFlow) -> None:
    """A bar for each gate: shares of its values near 0, between, and near 1."""
    states = "state" in layer.gates
    dress(axes, "States" if states else "Gates", "share of values", "")
    names = list(layer.gates)
    low, high = (np.array([getattr(layer.gates[name], end) for name in names]) for end in ("low", "high"))
    ends = ("near -1", "near 1") if states else ("below 0.1", "above 0.9")
    rows = np.arange(len(names))
    axes.barh(rows, low, color=BLUE, height=0.55, label=ends[0])
    axes.barh(rows, 1 - low - high, left=low, color="#E3E6EA", height=0.55, label="between")
    axes.barh(rows, high, left=1 - high, color=ORANGE, height=0.55, label=ends[1])
    axes.set_yticks(rows, [name if states else f"{name}\npasses {layer.gates[name].passes:.2f}" for name in names])
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.legend(fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1)


def _draw_heat(figure: "Figure", axes: "Axes", course: Sequence[tuple[int, LayerFlow]]) -> None:
    """Rows of epochs, columns of distances; blue where the gradient fades, red where it grows."""
    from matplotlib.ticker import MaxNLocator

    dress(axes, "Share of the gradient", DISTANCE, "epochs trained")
    values = np.array([np.log10(_shown(layer.shares)) for _, layer in course])
    epochs = [epoch for epoch, _ in course]
    image = axes.imshow(
        values, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-4, vmax=4, interpolation="nearest",
        extent=(-0.5, values.shape[1] - 0.5, -0.5, len(epochs) - 0.5),
    )  # fmt: skip
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    ticks = range(0, len(epochs), max(1, len(epochs) // 6))
    axes.set_yticks(list(ticks), [str(epochs[tick]) for tick in ticks])
    bar = figure.colorbar(image, ax=axes, extend="both", ticks=[-4, -2, 0, 2, 4])
    bar.ax.set_yticklabels(["1/10,000", "1/100", "1", "100", "10,000"], fontsize=9)
    bar.set_label("share of the last step's gradient", fontsize=9.5, color=INK)


def _shown(shares: np.ndarray) -> np.ndarray:
    """Shares that a logarithmic axis can take; what has overflowed lies outside of the picture."""
    finite: np.ndarray = np.clip(np.nan_to_num(shares, nan=np.inf), 1e-300, 1e300)
    return finite


def _wrapped(sentences: Sequence[str]) -> str:
    return "\n".join(fill(sentence, 128, subsequent_indent="  ") for sentence in sentences)
