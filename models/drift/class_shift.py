"""How many rows of each of several classes a window probably holds: black-box shift estimation (Lipton et al. 2018).

As `label_shift` does for two classes: it assumes that only the shares of the classes have changed, and that texts of a
class look as they did.
"""

from dataclasses import dataclass

import numpy as np

from models.drift.label_shift import LEAST_CONTRAST, NORMAL_95
from models.drift.two_sample import Shift, cohens_h, compare_shares


@dataclass(frozen=True)
class ClassShift:
    """The share of each class in the reference and, estimated, in the window, (classes,); None if unknown.

    `intervals` (classes, 2) hold 95 % each. `moved` is the class whose share has changed most, or, where shares are
    unknown, the one whose calls have.
    """

    shift: Shift
    moved: int
    before: np.ndarray
    now: np.ndarray | None
    intervals: np.ndarray | None


def estimate_class_shift(labels: np.ndarray, called: np.ndarray, called_now: np.ndarray, classes: int) -> ClassShift:
    """The shift, from labels of the reference and the classes that the model calls in both, numbers (rows,).

    Shares q solve R q = m, where R (called, true) are the calls of each true class in the reference and m the shares
    called in the window, the paper's inverse of the confusion matrix; q is then moved to the nearest shares that there
    can be. The effect is Cohen's h of the class that moved most; p is the smallest of Fisher's exact tests of the calls
    of each class, times their number. Unknown are shares where a class has no row, or where calls tell classes so badly
    apart that R divides by nearly nothing.
    """
    rows = np.bincount(labels, minlength=classes)
    tests = [compare_shares(called == number, called_now == number) for number in range(classes)]
    p = min(1.0, classes * min(each.p for each in tests))
    before, by_calls = rows / max(len(labels), 1), int(np.argmax([abs(each.effect) for each in tests]))
    unknown = ClassShift(Shift(0.0, p), by_calls, before, None, None)
    if not rows.all() or not len(called_now):
        return unknown
    rates = np.bincount(called * classes + labels, minlength=classes**2).reshape(classes, classes) / rows
    if np.linalg.svd(rates, compute_uv=False)[-1] < LEAST_CONTRAST:
        return unknown
    share = np.bincount(called_now, minlength=classes) / len(called_now)
    solved = np.linalg.solve(rates, share)
    reach = NORMAL_95 * _standard_errors(rates, rows, share, len(called_now), solved)
    now = nearest_shares(solved)
    effects = [cohens_h(old, new) for old, new in zip(before.tolist(), now.tolist(), strict=True)]
    moved = int(np.argmax(np.abs(effects)))
    ends = np.clip(np.stack([solved - reach, solved + reach], axis=1), 0, 1)
    return ClassShift(Shift(effects[moved], p), moved, before, now, ends)


def _standard_errors(
    rates: np.ndarray, rows: np.ndarray, share: np.ndarray, window: int, solved: np.ndarray
) -> np.ndarray:
    """By the delta method: what the shares called in window and reference contribute to the solution, (classes,)."""
    spread = _multinomial(share) / window
    for number, count in enumerate(rows):
        spread = spread + solved[number] ** 2 * _multinomial(rates[:, number]) / count
    inverse = np.linalg.inv(rates)
    errors: np.ndarray = np.sqrt(np.diag(inverse @ spread @ inverse.T))
    return errors


def _multinomial(shares: np.ndarray) -> np.ndarray:
    """The covariance of one draw from these shares."""
    return np.diag(shares) - np.outer(shares, shares)


def nearest_shares(values: np.ndarray) -> np.ndarray:
    """The shares, none below 0 and together 1, that lie nearest to these values (Duchi et al. 2008, figure 1).

    >>> nearest_shares(np.array([0.7, 0.5, -0.2])).round(2).tolist()
    [0.6, 0.4, 0.0]
    """
    ordered = np.sort(values)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(values) + 1)
    nearest: np.ndarray = np.maximum(values - excess[np.flatnonzero(ordered > excess)[-1]], 0)
    return nearest
