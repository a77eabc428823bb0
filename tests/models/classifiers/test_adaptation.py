"""A linear model goes on from its weights: few labels move it little, many as far as they say."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.classifiers.adaptation import adapt_logistic, adapt_multinomial, adapt_weights
from models.classifiers.logistic import LogisticModel, MultinomialModel


def model(width: int = 6) -> LogisticModel:
    return LogisticModel(np.zeros(width), 0.0, 1.0, np.zeros(width), np.ones(width))


def rows(count: int, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    features = random.normal(size=(count, width))
    return features, (random.random(count) < expit(features @ np.linspace(-2, 2, width))).astype(int)


def test_from_zero_weights_it_is_ordinary_logistic_regression() -> None:
    features, labels = rows(300)
    adapted = adapt_logistic(model(), features, labels, inverse_strength=0.5)
    # The intercept is held too: as one more feature.
    known = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-8).fit(np.c_[features, np.ones(300)], labels)
    assert adapted.coefficients == pytest.approx(known.coef_[0, :-1], abs=1e-3)
    assert adapted.intercept == pytest.approx(known.coef_[0, -1], abs=1e-3)


def test_few_labels_move_the_weights_less_than_many() -> None:
    features, labels = rows(200)
    far, near = (
        np.abs(adapt_logistic(model(), features[:count], labels[:count], 0.1).coefficients).sum() for count in (200, 5)
    )
    assert 0 < near < far / 2


def test_sparse_features_are_taken_as_dense_ones_are() -> None:
    features, labels = rows(40)
    dense, packed = (
        adapt_logistic(model(), each, labels, 1.0).coefficients for each in (features, sparse.csr_matrix(features))
    )
    assert packed == pytest.approx(dense)


def test_no_label_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        adapt_logistic(model(), np.empty((0, 6)), np.empty(0), 1.0)


def of_three(width: int = 6) -> MultinomialModel:
    return MultinomialModel(np.zeros((3, width)), np.zeros(3), 1.0, np.zeros(width), np.ones(width))


def test_from_zero_weights_several_classes_are_ordinary_multinomial_regression() -> None:
    features, _ = rows(300)
    labels = (features @ np.random.default_rng(4).normal(size=(6, 3))).argmax(axis=1)
    adapted = adapt_multinomial(of_three(), features, labels, inverse_strength=0.5)
    known = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-8).fit(np.c_[features, np.ones(300)], labels)
    assert adapted.coefficients == pytest.approx(known.coef_[:, :-1], abs=2e-3)
    assert adapted.intercepts == pytest.approx(known.coef_[:, -1], abs=2e-3)


def test_a_model_of_either_kind_goes_on_and_a_class_without_labels_gets_rarer() -> None:
    features, labels = rows(60)
    assert isinstance(adapt_weights(model(), features, labels, 1.0), LogisticModel)
    adapted = adapt_weights(of_three(), sparse.csr_matrix(features), labels, 1.0)
    assert adapted.predict_probabilities(features)[:, 2].mean() < 1 / 6
    with pytest.raises(ValueError, match="at least one row"):
        adapt_weights(of_three(), np.empty((0, 6)), np.empty(0), 1.0)
