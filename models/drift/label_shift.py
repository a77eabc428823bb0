"""How many positives a window probably holds: black-box shift estimation (Lipton, Wang & Smola 2018).

It assumes that only the share of the classes has changed, and that texts of a class look as they did.
"""

from dataclasses import dataclass

import numpy as np

from models.drift.two_sample import Shift, cohens_h, compare_shares

LEAST_CONTRAST = 0.2  # true positive rate less false positive rate: with less, the share divides by nearly nothing
NORMAL_95 = 1.96


@dataclass(frozen=True)
class LabelShift:
    """The share of positives in the reference and, estimated, in the window with its 95 % interval; None if unknown."""

    shift: Shift
    before: float
    now: float | None
    interval: tuple[float, float] | None


def estimate_label_shift(labels: np.ndarray, called: np.ndarray, called_now: np.ndarray) -> LabelShift:
    """The label shift, from labels 0/1 of the reference, and what the model calls positive in both, bool (rows,).

    The share is (called - false positive rate) / (true positive rate - false positive rate), the paper's inverse of
    the confusion matrix for two classes. p is that of the shares called positive, which the label shift alone changes.
    """
    before, positive = float(labels.mean()), labels == 1
    test = compare_shares(called, called_now)
    if not positive.any() or positive.all() or not len(called_now):
        return LabelShift(Shift(0.0, test.p), before, None, None)
    hit, false_alarm, share = (float(each.mean()) for each in (called[positive], called[~positive], called_now))
    contrast = hit - false_alarm
    if contrast < LEAST_CONTRAST:
        return LabelShift(Shift(0.0, test.p), before, None, None)
    now = (share - false_alarm) / contrast
    counts = int(positive.sum()), int((~positive).sum()), len(called_now)
    error = _standard_error((hit, false_alarm, share), counts, now)
    ends = tuple(float(np.clip(now + side * NORMAL_95 * error, 0, 1)) for side in (-1, 1))
    estimate = float(np.clip(now, 0, 1))
    return LabelShift(Shift(cohens_h(before, estimate), test.p), before, estimate, (ends[0], ends[1]))


def _standard_error(rates: tuple[float, float, float], counts: tuple[int, int, int], now: float) -> float:
    """By the delta method: what the three rates contribute to the quotient."""
    hit, false_alarm, _ = rates
    slopes = (now, 1 - now, 1.0)
    variances = (each * (1 - each) / count for each, count in zip(rates, counts, strict=True))
    total = sum(slope**2 * variance for slope, variance in zip(slopes, variances, strict=True))
    return float(np.sqrt(total)) / (hit - false_alarm)
