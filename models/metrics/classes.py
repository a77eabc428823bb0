"""How good answers of more than two classes are: confusion, F1 of each class and their mean, with its uncertainty."""

from typing import NamedTuple

import numpy as np

from models.metrics.scores import WEIGHTS_AT_ONCE
from models.metrics.significance import Difference, Interval, interval_of, paired_difference
from models.metrics.weighted_classes import check_class_rows, weighted_class_metrics
from models.seeds import generator

RESAMPLES = 1_000


class ClassScores(NamedTuple):
    """Rows of each class, precision, recall and F1 of each, float64 (classes,), and the mean F1 of those that occur."""

    rows: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    macro_f1: float


def confusion(labels: np.ndarray, called: np.ndarray, classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """How many rows of each class, down, are called by each, across; `weights` (rows,) count a row so many times."""
    return np.bincount(labels * classes + called, weights, minlength=classes**2).reshape(classes, classes)


def class_scores(counts: np.ndarray) -> ClassScores:
    """The scores of counts as `confusion` gives them.

    A class that is neither among the labels nor called has no F1, and no part in the mean; one that occurs and is never
    called rightly has 0.

    >>> class_scores(np.array([[2, 0, 0], [1, 1, 0], [0, 0, 0]])).f1.round(3).tolist()
    [0.8, 0.667, nan]
    """
    right, rows, called = np.diag(counts).astype(float), counts.sum(axis=1), counts.sum(axis=0)
    precision, recall = _share(right, called, 0.0), _share(right, rows, 0.0)
    f1 = _share(2 * right, rows + called, np.nan)
    return ClassScores(rows, precision, recall, f1, float(np.nanmean(f1)) if counts.sum() else np.nan)


def _share(part: np.ndarray, whole: np.ndarray, otherwise: float) -> np.ndarray:
    shares: np.ndarray = np.divide(part, whole, out=np.full(len(part), otherwise), where=whole > 0)
    return shares


class MacroComparison(NamedTuple):
    """Macro F1 of answers and of others' on the same rows, the interval of the first, and the paired difference."""

    first: float
    second: float
    interval: Interval
    difference: Difference


def compare_macro_f1(
    labels: np.ndarray, first: np.ndarray, second: np.ndarray, groups: np.ndarray, classes: int, seed: int = 0
) -> MacroComparison:
    """Both scores of classes called for rows (rows,), with 95 % bootstrap intervals over whole groups.

    Rows of one group, or of one event, are drawn together.
    """
    members = np.unique(groups, return_inverse=True)[1]
    random, count = generator(seed, "classes/bootstrap"), int(members.max(initial=-1)) + 1
    drawn: list[tuple[float, float]] = []
    for _ in range(RESAMPLES):
        weights = np.bincount(random.integers(0, count, count), minlength=count)[members].astype(float)
        drawn.append(tuple(_macro_f1(labels, called, classes, weights) for called in (first, second)))  # type: ignore[arg-type]
    whole = [_macro_f1(labels, called, classes, None) for called in (first, second)]
    scores = np.array(drawn)
    difference = paired_difference(whole[0] - whole[1], scores[:, 0], scores[:, 1])
    return MacroComparison(whole[0], whole[1], interval_of(scores[:, 0]), difference)


def _macro_f1(labels: np.ndarray, called: np.ndarray, classes: int, weights: np.ndarray | None) -> float:
    return class_scores(confusion(labels, called, classes, weights)).macro_f1


def class_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Scores of the probabilities of classes (rows, classes) against labels (rows,), under the names of METRICS.

    See `weighted_class_metrics`; scores that are undefined are left out. Raises ValueError as `check_class_rows` does.
    """
    labels, probabilities = check_class_rows(labels, probabilities)
    found = weighted_class_metrics(labels, probabilities, np.ones((1, len(labels))))
    return {name: float(values[0]) for name, values in found.items() if not np.isnan(values[0])}


def class_intervals(
    labels: np.ndarray, called: np.ndarray, classes: int, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Interval]:
    """95 % percentile bootstrap intervals of accuracy and macro F1 (`f1`) over rows, drawn with replacement."""
    random, rows = generator(seed, "classes/rows"), len(labels)
    pairs = np.asarray(labels, np.int64) * classes + called
    found, step = [], max(1, WEIGHTS_AT_ONCE // rows)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = pairs[random.integers(0, rows, (count, rows))] + np.arange(count)[:, None] * classes**2
        found.append(np.bincount(drawn.ravel(), minlength=count * classes**2).reshape(count, classes, classes))
    counts = np.concatenate(found)
    accuracy = np.trace(counts, axis1=1, axis2=2) / rows
    return {"accuracy": interval_of(accuracy), "f1": interval_of(macro_f1_of(counts))}


def macro_f1_of(counts: np.ndarray) -> np.ndarray:
    """Macro F1 (resamples,) of counts as `confusion` gives them, (resamples, classes, classes); NaN of no rows.

    >>> counts = np.array([[2, 0, 0], [1, 1, 0], [0, 0, 0]])
    >>> bool(macro_f1_of(counts[None])[0] == class_scores(counts).macro_f1)
    True
    """
    right = np.diagonal(counts, axis1=1, axis2=2)
    both = counts.sum(axis=1) + counts.sum(axis=2)
    f1 = np.divide(2 * right, both, out=np.zeros(right.shape), where=both > 0)
    occur = (both > 0).sum(axis=1)
    means: np.ndarray = np.divide(f1.sum(axis=1), occur, out=np.full(len(counts), np.nan), where=occur > 0)
    return means
