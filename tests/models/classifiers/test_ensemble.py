"""Ensembles: calibrated members, equal voices."""

import numpy as np
import pytest
from scipy.special import expit, logit

from models.classifiers.ensemble import mean_log_odds, member_lines
from models.metrics.scores import classification_metrics


def members(rows: int, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Labels, and two models with errors of their own, the second of which hardly dares to speak."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    signal = 2.0 * labels - 1
    return labels, [
        expit(1.5 * (signal + random.normal(0, 1, rows))),
        expit(0.1 * (signal + random.normal(0, 1, rows))),
    ]


def test_members_that_err_apart_are_better_together_and_a_soft_voice_counts_in_full():
    validation, said = members(1_000, 0)
    labels, asked = members(4_000, 1)
    lines = member_lines(validation, said)
    assert lines[1][0] > 5 * lines[0][0]
    together = classification_metrics(labels, mean_log_odds(asked, lines))["accuracy"]
    uncalibrated = classification_metrics(labels, mean_log_odds(asked, [(1, 0), (1, 0)]))["accuracy"]
    alone = max(classification_metrics(labels, each)["accuracy"] for each in asked)
    assert together > alone + 0.03
    assert together > uncalibrated + 0.02


def test_one_certain_member_is_finite_and_cannot_outvote_all_others_for_ever():
    said = mean_log_odds([np.array([1.0]), np.array([0.01]), np.array([0.01])], [(1.0, 0.0)] * 3)
    assert said[0] == pytest.approx(expit((logit(1 - 1e-6) + 2 * logit(0.01)) / 3))


def test_a_missing_line_is_named():
    with pytest.raises(ValueError, match="got 2 and 1"):
        mean_log_odds([np.array([0.5])] * 2, [(1.0, 0.0)])
