"""Macro F1 of several classes, as scikit-learn has it, and how sure a difference is."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from models.metrics.classes import class_metrics, class_scores, compare_macro_f1, confusion
from models.metrics.scores import METRICS
from models.metrics.significance import Predictions, bootstrap_scores

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


def probabilities(share: float) -> np.ndarray:
    """So much of the labels' own class, and noise."""
    noise = RANDOM.dirichlet(np.ones(4), 400)
    return share * np.eye(4)[LABELS] + (1 - share) * noise


def test_every_score_is_that_of_scikit_learn() -> None:
    said = probabilities(0.3)
    found = class_metrics(LABELS, said)
    assert set(found) == set(METRICS)
    assert found["accuracy"] == pytest.approx(accuracy_score(LABELS, said.argmax(axis=1)))
    assert found["f1"] == pytest.approx(f1_score(LABELS, said.argmax(axis=1), average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(LABELS, said))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(LABELS, said, multi_class="ovr", average="macro"))


def test_a_row_that_weighs_twice_counts_as_two_rows() -> None:
    """So the bootstrap, which draws rows by their weights, resamples what the scores are made of."""
    said, weights = probabilities(0.3), RANDOM.integers(0, 3, 400)
    twice = np.repeat(np.arange(400), weights)
    weighed = Predictions(said, np.full(400, np.nan)).scores(LABELS, weights[None].astype(float))
    assert {name: values[0] for name, values in weighed.items()} == pytest.approx(
        class_metrics(LABELS[twice], said[twice])
    )


def test_resampled_scores_scatter_around_the_score_and_a_group_is_drawn_whole() -> None:
    said = probabilities(0.3)
    model = {"model": Predictions(said, np.full(400, np.nan))}
    alone = bootstrap_scores(LABELS, np.arange(400), model, seed=1)["model"]
    assert alone["f1"].mean() == pytest.approx(class_metrics(LABELS, said)["f1"], abs=0.01)
    copied = {"model": Predictions(np.tile(said, (3, 1)), np.full(1_200, np.nan))}
    again = bootstrap_scores(np.tile(LABELS, 3), np.tile(np.arange(400), 3), copied, seed=1)["model"]
    assert again["f1"] == pytest.approx(alone["f1"])
