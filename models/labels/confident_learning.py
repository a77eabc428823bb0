"""Which labels are probably wrong: confident learning (Northcutt, Jiang, Chuang 2021, JAIR 70).

Probabilities must be out of fold: a model that has learned a wrong label defends it. A class whose probabilities are
low on average must not be suspected for that, so each is measured against its own threshold.
"""

from typing import NamedTuple

import numpy as np


class Audit(NamedTuple):
    """Of each label, float64 and bool (rows,): how good it looks, the lower the worse, and whether it is suspected.

    `other` (rows,) is the class that each row has more probably than any other but the given one, each measured by its
    threshold; of a suspected row the one that it is counted as. `thresholds` (classes,) are the mean probabilities of
    each class among rows with that label; `joint` (classes, classes) is how many rows have each given label (row) and
    each probable true one (column), by estimate.
    """

    quality: np.ndarray
    suspected: np.ndarray
    other: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray

    @property
    def wrong(self) -> float:
        """How many labels are wrong, by estimate."""
        return float(self.joint.sum() - np.trace(self.joint))


def audit_labels(probabilities: np.ndarray, labels: np.ndarray) -> Audit:
    """The audit of labels, numbers of classes, given the probability of each class by models that have not seen them.

    Probabilities are P(label = 1), (rows,), of labels 0 and 1, or (rows, classes). A label is suspected where another
    class is probable beyond its threshold, and more so than any other that is, the given one included (eq. 1 of the
    paper). Labels are ranked by the normalized margin, probabilities taken less the threshold of their class: that of
    the given one less the highest of the others. Raises ValueError when a class has no row.
    """
    each = probabilities if probabilities.ndim == 2 else np.stack([1 - probabilities, probabilities], axis=1)
    rows, classes = np.arange(len(labels)), each.shape[1]
    given = np.bincount(labels, minlength=classes)
    if len(given) > classes or not given.all():
        known = np.unique(labels).tolist()
        every = "both classes" if classes == 2 else "all classes"
        raise ValueError(f"an audit needs labels of {every}, got only {known}")
    thresholds = np.array([each[labels == number, number].mean() for number in range(classes)])
    beyond = each >= thresholds
    confident = np.where(beyond, each, -1.0).argmax(axis=1)
    counted: np.ndarray = np.any(beyond, axis=1)
    suspected = counted & (confident != labels)
    adjusted = each - thresholds
    others = np.where(np.eye(classes, dtype=bool)[labels], -np.inf, adjusted)
    return Audit(
        quality=adjusted[rows, labels] - others.max(axis=1),
        suspected=suspected,
        other=np.where(suspected, confident, others.argmax(axis=1)),
        thresholds=thresholds,
        joint=_joint(labels, confident, counted, given),
    )


def _joint(labels: np.ndarray, confident: np.ndarray, counted: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The confident joint, calibrated so that its rows add up to the labels given (eq. 3 of the paper)."""
    counts = np.zeros((len(given), len(given)))
    np.add.at(counts, (labels[counted], confident[counted]), 1)
    sums = counts.sum(axis=1)
    counts[sums == 0] = np.eye(len(given))[sums == 0]  # nothing is said of such a class: its labels count as right
    joint: np.ndarray = counts / counts.sum(axis=1, keepdims=True) * given[:, None]
    return joint
