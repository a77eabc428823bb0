"""The temperature: found where it is known, harmless where there is nothing to fit, and no change of any ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from models.classifiers.calibration import apply_temperature, fit_temperature
from models.metrics.scores import choose_threshold, classification_metrics


def true_rows(rows: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and the probabilities that they were drawn with."""
    random = np.random.default_rng(seed)
    probabilities = expit(random.normal(0, 2, rows))
    return (random.random(rows) < probabilities).astype(np.int8), probabilities


@pytest.mark.parametrize("bold", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_a_known_exaggeration(bold: float) -> None:
    labels, probabilities = true_rows()
    assert fit_temperature(labels, expit(bold * logit(probabilities))) == pytest.approx(bold, rel=0.05)


def test_calibration_improves_on_rows_that_were_not_fitted() -> None:
    fitted, measured = true_rows(2_000, seed=1), true_rows(2_000, seed=2)
    temperature = fit_temperature(fitted[0], expit(2 * logit(fitted[1])))
    given_probabilities = expit(2 * logit(measured[1]))
    before = classification_metrics(measured[0], given_probabilities)
    after = classification_metrics(measured[0], apply_temperature(given_probabilities, temperature))
    assert after["ece"] < before["ece"] / 3
    assert after["log_loss"] < before["log_loss"]
    assert after["roc_auc"] == before["roc_auc"]


def test_rows_without_a_mistake_do_not_ask_for_certainty() -> None:
    labels, probabilities = np.repeat([0, 1], 50), np.repeat([0.3, 0.7], 50)
    calibrated = apply_temperature(probabilities, fit_temperature(labels, probabilities))
    assert calibrated[-1] == pytest.approx(51 / 52, abs=1e-3)


def test_labels_of_one_class_and_no_rows_leave_the_probabilities_alone() -> None:
    assert fit_temperature(np.ones(3), np.array([0.1, 0.2, 0.9])) == 1.0
    assert fit_temperature(np.zeros(0), np.zeros(0)) == 1.0


def test_a_temperature_of_one_changes_no_bit() -> None:
    probabilities = np.array([0.0, 1e-300, 0.1, 0.7, 1.0])
    assert apply_temperature(probabilities, 1.0) is probabilities


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.05, 20))
def test_probabilities_stay_probabilities_and_keep_their_order(values: list[float], temperature: float) -> None:
    scaled = apply_temperature(np.sort(values), temperature)
    assert ((scaled >= 0) & (scaled <= 1)).all()
    assert (np.diff(scaled) >= 0).all()


def test_a_temperature_that_is_no_temperature_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0, got 0"):
        apply_temperature(np.array([0.5]), 0)


def test_the_threshold_chosen_afterwards_calls_the_same_rows_but_for_a_few_at_the_border() -> None:
    """`choose_threshold` stretches the log-odds itself: a temperature before it has nothing left to win."""
    labels, probabilities = true_rows(2_000)
    bold = expit(1.8 * logit(probabilities))
    cold = apply_temperature(bold, fit_temperature(labels, bold))
    called = [given >= choose_threshold(labels, given) for given in (bold, cold)]
    assert np.mean(called[0] != called[1]) < 0.005
