"""Macro F1 of several classes, as scikit-learn has it, and how sure a difference is."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from models.metrics.classes import class_scores, compare_macro_f1, confusion

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 4, 400)
GROUPS = np.arange(400) // 2


def called(share: float) -> np.ndarray:
    """The labels, so many of them right and the rest by chance."""
    return np.where(RANDOM.random(400) < share, LABELS, RANDOM.integers(0, 4, 400))


def test_scores_are_those_of_scikit_learn() -> None:
    said = called(0.6)
    scores = class_scores(confusion(LABELS, said, 5))  # of the fifth class there is none
    np.testing.assert_allclose(scores.f1[:4], f1_score(LABELS, said, average=None))
    assert np.isnan(scores.f1[4])
    assert scores.macro_f1 == pytest.approx(f1_score(LABELS, said, average="macro"))


def test_a_class_that_is_never_called_counts_as_zero() -> None:
    scores = class_scores(confusion(np.array([0, 0, 1]), np.array([0, 0, 0]), 2))
    assert scores.macro_f1 == pytest.approx(0.4)
    assert scores.precision[1] == scores.recall[1] == 0


def test_a_clear_difference_has_an_interval_above_zero_and_equal_answers_have_none() -> None:
    better, worse = called(0.8), called(0.3)
    found = compare_macro_f1(LABELS, better, worse, GROUPS, 4)
    low, high = found.difference.interval
    assert 0 < low < found.first - found.second < high
    assert found.interval[0] < found.first < found.interval[1]
    assert compare_macro_f1(LABELS, better, better, GROUPS, 4).difference.interval == (0.0, 0.0)


def test_groups_are_drawn_whole() -> None:
    """With all rows in one group every resample is the table itself."""
    found = compare_macro_f1(LABELS, called(0.8), called(0.3), np.zeros(400), 4)
    assert found.interval == pytest.approx((found.first, found.first))
