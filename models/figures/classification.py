"""Pictures of one classifier on one split: where it errs, how it ranks, whether its probabilities can be believed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILION, new_axes
from models.metrics.scores import (
    CALIBRATION_BINS,
    calibration_bins,
    check_scored_rows,
    classification_metrics,
    mean_cost,
    wilson_interval,
)
from models.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = ("no disaster", "disaster")
THRESHOLDS = np.linspace(0, 1, 101)


def confusion_matrix(labels: np.ndarray, probabilities: np.ndarray, threshold: float, split: str) -> "Figure":
    """Counts and row shares of true against predicted class; the darker a cell, the larger its share of the row.

    `split` names the rows in the title, here and below.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    truth, called = labels.astype(int), (probabilities >= threshold).astype(int)
    counts = np.bincount(2 * truth + called, minlength=4).reshape(2, 2)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_axes(f"Confusion matrix, {_rows(labels, split)}", "predicted", "true", (5.6, 4.8))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xticks((0, 1), CLASSES)
    axes.set_yticks((0, 1), CLASSES, rotation=90, va="center")
    for (row, column), count in np.ndenumerate(counts):
        ink = "white" if shares[row, column] > 0.55 else INK
        axes.text(column, row - 0.06, f"{count:,}", ha="center", va="center", fontsize=22, color=ink)
        share = f"{shares[row, column]:.1%} of true"
        axes.text(column, row + 0.16, share, ha="center", va="center", fontsize=11, color=ink)
    axes.set_xlabel(f"predicted (positive from probability {threshold:.2f})", fontsize=11)
    return figure


def class_confusion(counts: np.ndarray, classes: Sequence[str], name: str, row_name: str = "held-out text") -> "Figure":
    """Counts (classes, classes) of true against predicted class; the darker, the larger the share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.8 + 0.62 * len(classes)
    title = f"{name}, {counted(int(counts.sum()), row_name)}"
    figure, axes = new_axes(title, "predicted", "true", (size + 1.6, size))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    for (row, column), count in np.ndenumerate(counts):
        ink = "white" if shares[row, column] > 0.55 else INK
        axes.text(column, row, f"{count:,.0f}", ha="center", va="center", fontsize=9, color=ink)
    return figure


def precision_recall(labels: np.ndarray, probabilities: np.ndarray, threshold: float, split: str) -> "Figure":
    """Precision against recall over all thresholds, the chosen one marked, chance as a line.

    Without a positive row recall means nothing, and the title says so over empty axes.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    precision, recall = _precision_recall(labels, probabilities)
    scores = classification_metrics(labels, probabilities, threshold)
    title = f"Precision and recall, {_rows(labels, split)}{'' if labels.any() else ': no disasters here'}"
    figure, axes = new_axes(title, "recall of disasters (share found)", "precision (share right)")
    axes.plot(recall, precision, color=BLUE, linewidth=2, label=f"average precision {_area(precision, recall):.3f}")
    axes.axhline(labels.mean(), color=GREY, linestyle="--", label=f"chance {labels.mean():.2f}")
    axes.plot(
        scores["recall"], scores["precision"], "o", color=VERMILION, markersize=9, label=f"threshold {threshold:.2f}"
    )
    _unit_square(axes)
    axes.legend(loc="lower left", fontsize=10, frameon=False)
    return figure


def reliability(
    labels: np.ndarray,
    probabilities: np.ndarray,
    uncalibrated: np.ndarray | None = None,
    share: str = "share that are disasters",
) -> "Figure":
    """Share of disasters against the probability given, in ten bins with 95 % Wilson intervals, and how many rows.

    `uncalibrated` are the probabilities as they were before a temperature was fitted: a second, thinner curve. `share`
    says what labels of 1 are, where they are no disasters.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    figure, axes = new_axes("Reliability", "probability given", share, (6.4, 5.2))
    histogram = axes.twinx()
    rows = np.bincount(calibration_bins(probabilities), minlength=CALIBRATION_BINS)
    histogram.bar((np.arange(CALIBRATION_BINS) + 0.5) / CALIBRATION_BINS, rows, 0.09, color=SKY, alpha=0.25)
    # A quarter of the height at most: the curve is what matters.
    histogram.set_ylim(0, rows.max() * 4)
    histogram.set_ylabel("tweets per bin (bars)", fontsize=10, color=GREY)
    histogram.tick_params(labelsize=9, colors=GREY, length=3)
    for side in ("top", "right"):
        histogram.spines[side].set_visible(False)
    axes.plot((0, 1), (0, 1), color=GREY, linestyle="--", label="perfectly calibrated")
    if uncalibrated is not None:
        given, found, _ = _bin_shares(labels, uncalibrated)
        name = _with_error("before temperature scaling", labels, uncalibrated)
        axes.plot(given, found, "s--", color=ORANGE, linewidth=1.4, markersize=5, label=name)
    given, found, count = _bin_shares(labels, probabilities)
    low, high = wilson_interval(found, count)
    name = _with_error("this model" if uncalibrated is None else "after it", labels, probabilities)
    axes.errorbar(given, found, (found - low, high - found), fmt="o-", color=BLUE, linewidth=2, capsize=3, label=name)
    axes.set_zorder(histogram.get_zorder() + 1)
    axes.patch.set_visible(False)
    _unit_square(axes)
    axes.set_ylim(-0.02, 1.04 if uncalibrated is None else 1.24)  # room for a longer legend
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.legend(loc="upper left", fontsize=10, frameon=False)
    return figure


def _bin_shares(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each bin that holds rows the mean probability, the share of disasters and the number of rows."""
    bins = calibration_bins(probabilities)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    filled = rows > 0
    given, found = (
        np.bincount(bins, each, CALIBRATION_BINS)[filled] / rows[filled] for each in (probabilities, labels)
    )
    return given, found, rows[filled]


def _with_error(name: str, labels: np.ndarray, probabilities: np.ndarray) -> str:
    return f"{name} (calibration error {classification_metrics(labels, probabilities)['ece']:.3f})"


def threshold_curve(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, split: str, miss_costs: float | None = None
) -> "Figure":
    """Accuracy, F1, precision and recall of the positive class over the threshold; the chosen one as a line.

    The rows are those that the threshold was chosen on: scores at it flatter the model. With `miss_costs` also what a
    tweet costs on average where a missed disaster costs so many false alarms, on an axis of its own.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    figure, axes = new_axes(
        f"What the threshold trades, {_rows(labels, split)}", "threshold on the probability", "score"
    )
    curves = [classification_metrics(labels, probabilities, value) for value in THRESHOLDS]
    styles = {"accuracy": (INK, "-"), "f1": (BLUE, "-"), "precision": (VERMILION, "--"), "recall": (GREEN, "-.")}
    for name, (colour, line) in styles.items():
        axes.plot(THRESHOLDS, [scores[name] for scores in curves], line, color=colour, linewidth=2, label=name)
    axes.axvline(threshold, color=GREY, linewidth=1.2, label=f"chosen, {threshold:.2f}")
    _unit_square(axes)
    if miss_costs is None:
        axes.legend(loc="lower center", fontsize=10, frameon=False, ncols=2)
    else:
        _cost_curve(axes, labels, probabilities, miss_costs)
        figure.legend(
            loc="outside lower center", fontsize=10, frameon=False, ncols=2
        )  # the curve runs below the others
    return figure


def _cost_curve(axes: "Axes", labels: np.ndarray, probabilities: np.ndarray, miss_costs: float) -> None:
    """The mean cost over the threshold against an axis on the right."""
    costs = [mean_cost(labels, probabilities, value, miss_costs) for value in THRESHOLDS]
    right = axes.twinx()
    name = f"cost, a miss costing {miss_costs:g} false alarms"
    right.plot(THRESHOLDS, costs, ":", color=ORANGE, linewidth=2.4, label=name)
    right.set_ylim(0, max(costs) * 1.04 or 1)
    right.set_ylabel("mean cost of a tweet, in false alarms", fontsize=11)
    right.grid(visible=False)


def _rows(labels: np.ndarray, split: str) -> str:
    return f"{counted(len(labels), f'{split} tweet')}"


def _precision_recall(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall as the threshold falls, one point for each probability that occurs, from recall 0."""
    falling = np.argsort(-probabilities, kind="stable")
    steps = np.append(np.flatnonzero(np.diff(probabilities[falling])), len(labels) - 1)
    found = np.cumsum(labels[falling])[steps]
    precision, recall = found / (steps + 1), found / max(labels.sum(), 1)
    return np.append(precision[0], precision), np.append(0.0, recall)


def _area(precision: np.ndarray, recall: np.ndarray) -> float:
    """Average precision: precision at each step, weighted by the recall it gains."""
    return float(np.sum(np.diff(recall) * precision[1:]))


def _unit_square(axes: "Axes") -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.04)
