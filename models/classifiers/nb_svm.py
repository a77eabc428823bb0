"""NB-SVM (Wang & Manning 2012): a linear classifier over words scaled by how much they tell the two classes apart."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from models.classifiers.logistic import MAX_ITERATIONS, LogisticModel
from models.metrics.scores import classification_metrics, platt_line
from models.settings import NbSvmSettings


def log_count_ratios(features: sparse.csr_matrix, labels: np.ndarray, smoothing: float) -> np.ndarray:
    """Log of each feature's share of the positive rows' counts over its share of the negative ones', (features,).

    `smoothing` is added to every count, so that a feature of one class only has a finite ratio.
    """
    positive, negative = (smoothing + np.asarray(features[labels == each].sum(axis=0)).ravel() for each in (1, 0))
    ratios: np.ndarray = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return ratios


class Margins(NamedTuple):
    """An SVM over the features themselves, the ratios folded in: margin = x @ weights + intercept."""

    weights: np.ndarray
    intercept: float

    def of(self, features: sparse.csr_matrix) -> np.ndarray:
        """The margins of these rows, float64 (rows,)."""
        margins: np.ndarray = np.asarray(features @ self.weights).ravel() + self.intercept
        return margins

    def with_line(self, slope: float, offset: float, inverse_strength: float) -> LogisticModel:
        """The model whose log-odds are slope * margin + offset."""
        return _linear_model(slope * self.weights, slope * self.intercept + offset, inverse_strength)


def fit_margins(
    features: sparse.csr_matrix, labels: np.ndarray, inverse_strength: float, settings: NbSvmSettings
) -> Margins:
    """The margins of one C."""
    ratios = log_count_ratios(features, labels, settings.smoothing)
    return _margins(ratios, (features @ sparse.diags(ratios)).tocsr(), labels, inverse_strength, settings)


def _margins(
    ratios: np.ndarray,
    inputs: sparse.csr_matrix,
    labels: np.ndarray,
    inverse_strength: float,
    settings: NbSvmSettings,
) -> Margins:
    weights, intercept = _fit_svm(inputs, labels, inverse_strength, settings.interpolation)
    return Margins(ratios * weights, intercept)


def fit_nb_svm(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    validation_features: sparse.csr_matrix,
    validation_labels: np.ndarray,
    settings: NbSvmSettings,
) -> tuple[LogisticModel, list[dict[str, float]]]:
    """The model whose C gives the lowest validation log loss, and the scores of every C tried, in rising order.

    Give 0/1 features, as the paper does. Margins of the SVM become probabilities by a line in the log-odds, fitted on
    the validation rows (Platt 1999); ratios, weights and line fold into one linear model. Deterministic. Raises
    ValueError when training rows hold one class only.
    """
    if np.min(labels) == np.max(labels):
        raise ValueError(f"training rows hold one class only ({labels[0]}): there is nothing to learn")
    ratios = log_count_ratios(features, labels, settings.smoothing)
    inputs = (features @ sparse.diags(ratios)).tocsr()
    models, history = [], []
    for inverse_strength in sorted(settings.inverse_strengths):
        margins = _margins(ratios, inputs, labels, inverse_strength, settings)
        slope, offset = platt_line(margins.of(validation_features), validation_labels)
        model = margins.with_line(slope, offset, inverse_strength)
        scores = classification_metrics(validation_labels, model.predict_probabilities(validation_features))
        models.append(model)
        history.append({"inverse_strength": inverse_strength, **scores})
    best = min(range(len(models)), key=lambda index: history[index]["log_loss"])
    return models[best], history


def _fit_svm(
    inputs: sparse.csr_matrix, labels: np.ndarray, inverse_strength: float, interpolation: float
) -> tuple[np.ndarray, float]:
    """Weights and intercept of a linear SVM, the weights drawn towards their mean size: section 2.4 of the paper."""
    from sklearn.svm import LinearSVC

    # In the dual: a hundred times faster than the primal where ratios stretch the features. The seed orders its steps.
    solver: Any = LinearSVC(C=inverse_strength, dual=True, max_iter=MAX_ITERATIONS, random_state=0)
    solver.fit(inputs, labels)
    weights = solver.coef_[0]
    return (1 - interpolation) * np.abs(weights).mean() + interpolation * weights, float(solver.intercept_[0])


def _linear_model(coefficients: np.ndarray, intercept: float, inverse_strength: float) -> LogisticModel:
    width = len(coefficients)
    return LogisticModel(coefficients, float(intercept), inverse_strength, np.zeros(width), np.ones(width))
