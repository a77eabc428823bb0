"""The logistic regression: what it learns, what it keeps, and that nothing but arrays is needed to use it."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from models.classifiers.logistic import LogisticModel, fit_logistic
from models.settings import LogisticSettings


def noisy_rows(rows: int, features: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(rows, features)) * [1, 10, 0.1, 1, 1, 0]
    return inputs, (inputs[:, 0] + inputs[:, 1] / 10 + random.normal(size=rows) > 0).astype(np.int8)


def test_sparse_features_give_the_coefficients_of_scikit_learn():
    inputs, labels = noisy_rows(300)
    settings = LogisticSettings(inverse_strengths=(2.0,))
    model, _ = fit_logistic(sparse.csr_matrix(inputs), labels, sparse.csr_matrix(inputs), labels, settings)
    expected = LogisticRegression(C=2.0, tol=1e-8, max_iter=10_000).fit(inputs, labels)
    np.testing.assert_allclose(model.coefficients, expected.coef_[0], atol=1e-3)
    np.testing.assert_allclose(
        model.predict_probabilities(sparse.csr_matrix(inputs)), expected.predict_proba(inputs)[:, 1], atol=1e-3
    )


def test_dense_features_are_standardised_so_their_units_do_not_matter():
    inputs, labels = noisy_rows(300)
    model, _ = fit_logistic(inputs, labels, inputs, labels, LogisticSettings())
    rescaled, _ = fit_logistic(inputs * 1_000 + 5, labels, inputs * 1_000 + 5, labels, LogisticSettings())
    np.testing.assert_allclose(
        rescaled.predict_probabilities(inputs * 1_000 + 5), model.predict_probabilities(inputs), atol=1e-5
    )


def test_the_strength_with_the_lowest_validation_log_loss_wins():
    inputs, labels = noisy_rows(60, seed=1)
    validation = noisy_rows(400, seed=2)
    model, history = fit_logistic(inputs, labels, *validation, LogisticSettings(inverse_strengths=(100.0, 1e-4, 0.3)))
    assert [scores["inverse_strength"] for scores in history] == [1e-4, 0.3, 100.0]
    assert model.inverse_strength == min(history, key=lambda scores: scores["log_loss"])["inverse_strength"] == 0.3


def test_arrays_are_all_that_is_needed_to_predict_the_same_bits():
    inputs, labels = noisy_rows(100)
    model, _ = fit_logistic(inputs, labels, inputs, labels, LogisticSettings())
    again = LogisticModel.from_arrays(model.to_arrays())
    assert all(array.dtype == np.float64 for array in model.to_arrays().values())
    assert again.predict_probabilities(inputs).tobytes() == model.predict_probabilities(inputs).tobytes()


def test_fitting_twice_gives_the_same_bits():
    inputs, labels = noisy_rows(200)
    first, _ = fit_logistic(sparse.csr_matrix(inputs), labels, sparse.csr_matrix(inputs), labels, LogisticSettings())
    second, _ = fit_logistic(sparse.csr_matrix(inputs), labels, sparse.csr_matrix(inputs), labels, LogisticSettings())
    assert first.coefficients.tobytes() == second.coefficients.tobytes()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_separable_rows_and_odd_scales_converge_without_a_warning(scale):
    inputs = sparse.csr_matrix(np.vstack([np.eye(20), np.eye(20)]) * scale)
    labels = np.tile(np.repeat([0, 1], 10), 2)
    model, _ = fit_logistic(inputs, labels, inputs, labels, LogisticSettings(inverse_strengths=(1e-4, 1.0, 1e4)))
    assert np.isfinite(model.coefficients).all()


def test_wrong_inputs_are_refused_by_name():
    inputs, labels = noisy_rows(20)
    with pytest.raises(ValueError, match="one class only"):
        fit_logistic(inputs, np.ones(20), inputs, labels, LogisticSettings())
    with pytest.raises(ValueError, match="must be finite"):
        fit_logistic(np.full_like(inputs, np.nan), labels, inputs, labels, LogisticSettings())
    model, _ = fit_logistic(inputs, labels, inputs, labels, LogisticSettings())
    with pytest.raises(ValueError, match="fitted on 6 features, got 3"):
        model.predict_probabilities(inputs[:, :3])
