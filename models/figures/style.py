"""One look for all pictures: colours that colour-blind readers tell apart, text that a small preview keeps legible."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008), told apart under every common colour blindness and in grey.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY, INK = "#CC79A7", "#56B4E9", "#8A8F98", "#22272E"
SERIES = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY)


def new_axes(title: str, x_label: str, y_label: str, size: tuple[float, float] = (6.4, 4.8)) -> "tuple[Figure, Axes]":
    """An empty figure (inches) with one set of axes, labelled, without the upper and right border."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=120, layout="constrained")
    axes = figure.add_subplot()
    dress(axes, title, x_label, y_label)
    return figure, axes


def dress(axes: "Axes", title: str, x_label: str, y_label: str) -> None:
    """Title, labels, a light grid behind the data, no needless border."""
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=10)
    axes.set_xlabel(x_label, fontsize=11, color=INK)
    axes.set_ylabel(y_label, fontsize=11, color=INK)
    axes.tick_params(labelsize=10, colors=INK, length=3)
    axes.grid(color="#E3E6EA", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#B4BAC2")
