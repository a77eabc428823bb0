"""Tests of difference against published values, scikit-learn and the plain bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from models.metrics.significance import Predictions, bootstrap_scores, interval_of, mcnemar, paired_difference


def differing(only_first: int, only_second: int, both: int = 5) -> tuple[np.ndarray, np.ndarray]:
    first = [True] * only_first + [False] * only_second + [True] * both
    second = [False] * only_first + [True] * only_second + [True] * both
    return np.array(first), np.array(second)


@pytest.mark.parametrize(
    ("only_first", "only_second", "exact", "mid_p"),
    [
        (1, 7, 0.0703, 0.0391),  # airway hyper-responsiveness, Fagerland, Lydersen & Laake 2013
        (59, 6, 4.96465e-12, 2.72580e-12),  # worked out with fractions: 2 P(X <= 6) of a binomial of 65
        (4, 4, 1.0, 1 - 35 / 256),  # half of C(8, 4) / 2^8 is taken off
        (0, 0, 1.0, 1.0),
    ],
)
def test_mcnemar_gives_the_published_values(only_first: int, only_second: int, exact: float, mid_p: float) -> None:
    found = mcnemar(*differing(only_first, only_second))
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert (found.exact, found.mid_p) == pytest.approx((exact, mid_p), rel=1e-3)


def test_mcnemar_is_the_same_from_either_side() -> None:
    first, second = differing(3, 9)
    assert mcnemar(first, second).mid_p == mcnemar(second, first).mid_p


def rows(count: int = 400, copies: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Predictions]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    probabilities = np.clip(0.5 + 0.3 * (labels - 0.5) + random.normal(0, 0.2, count), 0, 1)
    repeated = np.repeat(np.arange(count), copies)
    return labels[repeated], repeated, Predictions(probabilities[repeated], np.full(len(repeated), 0.5))


def test_resampled_scores_scatter_around_those_of_scikit_learn() -> None:
    labels, groups, model = rows()
    scores = bootstrap_scores(labels, groups, {"model": model}, seed=1)["model"]
    assert scores["accuracy"].mean() == pytest.approx(accuracy_score(labels, model.called), abs=0.005)
    assert scores["f1"].mean() == pytest.approx(f1_score(labels, model.called), abs=0.005)
    assert scores["roc_auc"].mean() == pytest.approx(roc_auc_score(labels, model.probabilities), abs=0.005)
    share = accuracy_score(labels, model.called)
    assert scores["accuracy"].std() == pytest.approx(np.sqrt(share * (1 - share) / 400), rel=0.15)


def test_copies_of_a_row_in_its_group_make_nothing_surer() -> None:
    alone, copied = rows(), rows(copies=4)
    found = [
        bootstrap_scores(labels, groups, {"model": model}, seed=1)["model"]["accuracy"]
        for labels, groups, model in (alone, copied)
    ]
    assert interval_of(found[0]) == pytest.approx(interval_of(found[1]))
    as_if_independent = bootstrap_scores(copied[0], np.arange(1_600), {"model": copied[2]}, seed=1)["model"]
    assert as_if_independent["accuracy"].std() < 0.6 * found[0].std()


def test_thresholds_may_differ_by_row() -> None:
    labels, groups, model = rows()
    own = Predictions(model.probabilities, np.where(labels == 1, 0.0, 1.1))
    assert (bootstrap_scores(labels, groups, {"model": own}, seed=1)["model"]["accuracy"] == 1).all()


def test_a_model_does_not_differ_from_itself_and_does_from_a_worse_one() -> None:
    labels, groups, model = rows()
    worse = Predictions(np.where(groups % 5 == 0, 1 - model.probabilities, model.probabilities), model.thresholds)
    scores = bootstrap_scores(labels, groups, {"model": model, "worse": worse}, seed=1)
    first, second = scores["model"]["accuracy"], scores["worse"]["accuracy"]
    same = paired_difference(0.0, first, first)
    assert (same.interval, same.p) == ((0.0, 0.0), 1.0)
    found = paired_difference(float(first.mean() - second.mean()), first, second)
    assert found.interval[0] > 0
    assert found.p == pytest.approx(2 / 1_001)
    assert paired_difference(-found.value, second, first).interval[1] < 0


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="the same rows"):
        mcnemar(np.array([True]), np.array([True, False]))
