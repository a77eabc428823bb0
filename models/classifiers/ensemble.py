"""Several classifiers asked together: the mean of their calibrated log-odds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from models.classifiers.calibration import fit_line, log_odds, log_probabilities
from models.metrics.scores import platt_line

CERTAIN = 1e-6  # a member that is surer than this counts as this sure: one may not outvote all others


def member_lines(labels: np.ndarray, probabilities: Sequence[np.ndarray]) -> list[tuple[float, Any]]:
    """Slope and offset that calibrate the log-odds of each member, fitted on validation rows (Platt 1999).

    Members learned with smoothed labels speak more softly than others: without this they would count for less. Of
    several classes log-probabilities are calibrated, with an offset for each class.
    """
    if probabilities and probabilities[0].ndim == 2:
        return [fit_line(labels, log_probabilities(each, CERTAIN)) for each in probabilities]
    return [platt_line(log_odds(each, CERTAIN), labels) for each in probabilities]


def mean_log_odds(probabilities: Sequence[np.ndarray], lines: Sequence[Sequence[Any]]) -> np.ndarray:
    """P(target = 1) float64 (rows,): the sigmoid of the mean of the members' calibrated log-odds.

    Of several classes, (rows, classes), the softmax of the mean of their calibrated log-probabilities.

    >>> half_sure = [np.array([0.5, 0.8]), np.array([0.5, 0.2])]
    >>> mean_log_odds(half_sure, [(1.0, 0.0), (1.0, 0.0)]).round(3).tolist()
    [0.5, 0.5]

    Raises ValueError unless there is one line for each member.
    """
    if not probabilities or len(probabilities) != len(lines):
        raise ValueError(f"an ensemble needs members and a line for each, got {len(probabilities)} and {len(lines)}")
    if probabilities[0].ndim == 2:
        members = zip(probabilities, lines, strict=True)
        scores = [slope * log_probabilities(each, CERTAIN) + np.array(offsets) for each, (slope, offsets) in members]
        shares: np.ndarray = softmax(np.mean(scores, axis=0), axis=1)
        return shares
    calibrated = [
        slope * log_odds(each, CERTAIN) + offset for each, (slope, offset) in zip(probabilities, lines, strict=True)
    ]
    together: np.ndarray = expit(np.mean(calibrated, axis=0))
    return together
