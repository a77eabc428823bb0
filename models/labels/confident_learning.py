"""Which labels are probably wrong: confident learning (Northcutt, Jiang, Chuang 2021, JAIR 70).

Probabilities must be out of fold: a model that has learned a wrong label defends it. A class whose probabilities are
low on average must not be suspected for that, so each is measured against its own threshold.
"""

from typing import NamedTuple

import numpy as np

CLASSES = 2


class Audit(NamedTuple):
    """Of each label, float64 and bool (rows,): how good it looks, the lower the worse, and whether it is suspected.

    `thresholds` (2,) are the mean probabilities of 0 and 1 among rows with that label; `joint` (2, 2) is how many rows
    have each given label (row) and each probable true one (column), by estimate.
    """

    quality: np.ndarray
    suspected: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray

    @property
    def wrong(self) -> float:
        """How many labels are wrong, by estimate."""
        return float(self.joint.sum() - np.trace(self.joint))


def audit_labels(probabilities: np.ndarray, labels: np.ndarray) -> Audit:
    """The audit of labels 0 and 1, given P(label = 1) float64 (rows,) by models that have not seen them.

    A label is suspected where the other class is probable beyond its threshold, and by more than the given one (eq. 1
    of the paper). Labels are ranked by the normalized margin, probabilities taken less the threshold of their class.
    Raises ValueError when one class has no row.
    """
    if set(np.unique(labels)) != {0, 1}:
        raise ValueError(f"an audit needs labels of both classes, got only {np.unique(labels).tolist()}")
    both = np.stack([1 - probabilities, probabilities], axis=1)
    rows = np.arange(len(labels))
    thresholds = np.array([both[labels == each, each].mean() for each in range(CLASSES)])
    beyond = both >= thresholds
    confident = np.where(beyond, both, -1.0).argmax(axis=1)
    counted = beyond[:, 0] | beyond[:, 1]
    adjusted = both - thresholds
    joint = _joint(labels, confident, counted)
    return Audit(
        quality=adjusted[rows, labels] - adjusted[rows, 1 - labels],
        suspected=counted & (confident != labels),
        thresholds=thresholds,
        joint=joint,
    )


def _joint(labels: np.ndarray, confident: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The confident joint, calibrated so that its rows add up to the labels given (eq. 3 of the paper)."""
    counts = np.zeros((CLASSES, CLASSES))
    np.add.at(counts, (labels[counted], confident[counted]), 1)
    given = np.bincount(labels, minlength=CLASSES)
    sums = counts.sum(axis=1)
    counts[sums == 0] = np.eye(CLASSES)[sums == 0]  # nothing is said of such a class: its labels count as right
    joint: np.ndarray = counts / counts.sum(axis=1, keepdims=True) * given[:, None]
    return joint
