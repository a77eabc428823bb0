"""The scores against scikit-learn's, worked examples and the edges where a score means nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from models.metrics.scores import METRICS, bootstrap_intervals, choose_threshold, classification_metrics, mean_cost


def scored_rows(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows).astype(np.int8)
    # Rounded, so that many rows tie.
    return labels, np.clip(np.round(0.35 * labels + random.normal(0.3, 0.25, rows), 2), 0, 1)


def test_four_rows_worked_out_by_hand():
    scores = classification_metrics(np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.6, 0.1]), threshold=0.5)
    assert scores == pytest.approx(
        {
            "accuracy": 0.5,
            "f1": 0.5,
            "precision": 0.5,
            "recall": 0.5,
            "roc_auc": 0.75,
            "average_precision": (1 + 2 / 3) / 2,
            "log_loss": -np.log([0.9, 0.4, 0.4, 0.9]).mean(),
            "brier": (0.01 + 0.36 + 0.36 + 0.01) / 4,
            "ece": (0.1 + 0.6 + 0.6 + 0.1) / 4,
        }
    )


def test_scores_equal_those_of_scikit_learn_ties_included():
    labels, probabilities = scored_rows()
    called = probabilities >= 0.45
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, called),
        "f1": sklearn_metrics.f1_score(labels, called),
        "precision": sklearn_metrics.precision_score(labels, called),
        "recall": sklearn_metrics.recall_score(labels, called),
        "roc_auc": sklearn_metrics.roc_auc_score(labels, probabilities),
        "average_precision": sklearn_metrics.average_precision_score(labels, probabilities),
        "log_loss": sklearn_metrics.log_loss(labels, probabilities),
        "brier": sklearn_metrics.brier_score_loss(labels, probabilities),
    }
    scores = classification_metrics(labels, probabilities, 0.45)
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


def test_one_class_only_leaves_out_what_cannot_be_ranked_and_defines_the_rest():
    scores = classification_metrics(np.zeros(3), np.array([0.2, 0.1, 0.3]))
    assert set(METRICS) - set(scores) == {"roc_auc", "average_precision"}
    assert (scores["accuracy"], scores["f1"], scores["precision"], scores["recall"]) == (1.0, 0.0, 0.0, 0.0)


def test_certain_and_wrong_rows_cost_much_but_not_infinity():
    assert 30 < classification_metrics(np.array([1, 0]), np.array([0.0, 1.0]))["log_loss"] < 40


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], [], "no rows"),
        ([1], [0.5, 0.5], "one probability per label"),
        ([2, 0], [0.5, 0.5], "labels must be 0 or 1, got 2"),
        ([1, 0], [0.5, 1.5], "must lie in 0-1"),
        ([1, 0], [0.5, np.nan], "must lie in 0-1"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused_by_name(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        classification_metrics(np.array(labels), np.array(probabilities))


def calibrated_rows(rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose probabilities are true."""
    random = np.random.default_rng(2)
    probabilities = random.beta(0.8, 1.1, rows)
    return (random.random(rows) < probabilities).astype(np.int8), probabilities


def test_true_probabilities_are_cut_at_one_half_for_accuracy():
    assert choose_threshold(*calibrated_rows()) == pytest.approx(0.5, abs=0.02)


def test_true_probabilities_are_cut_at_half_the_best_f1_for_f1():
    """The optimum has this form (Lipton, Elkan & Naryanaswamy 2014)."""
    labels, probabilities = calibrated_rows()
    threshold = choose_threshold(labels, probabilities, "f1")
    assert threshold == pytest.approx(classification_metrics(labels, probabilities, threshold)["f1"] / 2, abs=0.02)


@pytest.mark.parametrize("miss_costs", [0.5, 1.0, 5.0])
def test_true_probabilities_are_cut_where_a_miss_and_an_alarm_cost_the_same(miss_costs):
    labels, probabilities = calibrated_rows()
    threshold = choose_threshold(labels, probabilities, miss_costs=miss_costs)
    assert threshold == pytest.approx(1 / (1 + miss_costs), abs=0.02)
    costs = [mean_cost(labels, probabilities, value, miss_costs) for value in (threshold, 0.02, 0.98)]
    assert costs[0] == min(costs)


def test_probabilities_that_are_too_low_get_a_lower_threshold():
    labels, probabilities = calibrated_rows()
    odds = probabilities / (1 - probabilities) / 4
    assert choose_threshold(labels, odds / (1 + odds)) == pytest.approx(0.2, abs=0.02)


@given(seed=st.integers(0, 10_000), objective=st.sampled_from(["accuracy", "f1"]))
def test_a_threshold_is_a_probability_even_for_few_tied_or_perverse_rows(seed, objective):
    labels, probabilities = scored_rows(rows=9, seed=seed)
    for given_probabilities in (probabilities, 1 - probabilities, np.full(9, 0.3), np.round(probabilities)):
        assert 0 <= choose_threshold(labels, given_probabilities, objective) <= 1


def test_rows_that_a_threshold_parts_cleanly_are_parted():
    labels, probabilities = np.repeat([0, 1], 50), np.repeat([0.2, 0.6], 50)
    assert choose_threshold(labels, probabilities) == pytest.approx(0.4)


def test_one_class_gives_no_reason_to_move_the_threshold():
    assert choose_threshold(np.ones(3), np.array([0.1, 0.2, 0.3])) == 0.5


def test_intervals_are_those_of_resampled_rows_scored_one_by_one():
    labels, probabilities = scored_rows(rows=60)
    random = np.random.default_rng(3)
    draws = [random.integers(0, 60, 60) for _ in range(600)]
    one_by_one = [classification_metrics(labels[d], probabilities[d], 0.5) for d in draws]
    intervals = bootstrap_intervals(labels, probabilities, 0.5, seed=1, resamples=600)
    for name in METRICS:
        expected = np.percentile([scores[name] for scores in one_by_one], [2.5, 97.5])
        assert intervals[name] == pytest.approx(expected, abs=0.06 * max(1, intervals[name][1])), name


def test_intervals_hold_the_score_and_repeat_for_one_seed():
    labels, probabilities = scored_rows()
    scores = classification_metrics(labels, probabilities, 0.5)
    intervals = bootstrap_intervals(labels, probabilities, 0.5, seed=7)
    assert intervals == bootstrap_intervals(labels, probabilities, 0.5, seed=7)
    assert intervals != bootstrap_intervals(labels, probabilities, 0.5, seed=8)
    assert all(intervals[name][0] <= scores[name] <= intervals[name][1] for name in METRICS if name != "ece")


def test_intervals_of_one_class_leave_out_the_ranking_scores():
    intervals = bootstrap_intervals(np.ones(5), np.linspace(0.1, 0.9, 5), 0.5, seed=1)
    assert set(METRICS) - set(intervals) == {"roc_auc", "average_precision"}
