"""NB-SVM (Wang & Manning 2012): a linear classifier over words scaled by how much they tell the two classes apart.

Several classes have an SVM each, against all others, with ratios of its own.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from models.classifiers.calibration import fit_line
from models.classifiers.logistic import MAX_ITERATIONS, LinearModel, LogisticModel, MultinomialModel
from models.classifiers.target import TWO, Target
from models.metrics.scores import platt_line
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

    def calibrated(self, margins: np.ndarray, labels: np.ndarray, inverse_strength: float) -> LinearModel:
        """The model whose log-odds are a line over the margin, fitted on margins (rows,) of other rows (Platt 1999)."""
        slope, offset = platt_line(margins, labels)
        width, intercept = len(self.weights), slope * self.intercept + offset
        return LogisticModel(slope * self.weights, float(intercept), inverse_strength, np.zeros(width), np.ones(width))


class ClassMargins(NamedTuple):
    """The same of several classes, each against all others: margins = x @ weights.T + intercepts."""

    weights: np.ndarray
    intercepts: np.ndarray

    def of(self, features: sparse.csr_matrix) -> np.ndarray:
        """The margins of these rows, float64 (rows, classes)."""
        margins: np.ndarray = np.asarray(features @ self.weights.T) + self.intercepts
        return margins

    def calibrated(self, margins: np.ndarray, labels: np.ndarray, inverse_strength: float) -> LinearModel:
        """The model whose scores are a line over the margins, fitted on margins (rows, classes) of other rows."""
        slope, offsets = fit_line(labels, margins)
        width, intercepts = self.weights.shape[1], slope * self.intercepts + np.array(offsets)
        return MultinomialModel(slope * self.weights, intercepts, inverse_strength, np.zeros(width), np.ones(width))


class Scaled(NamedTuple):
    """Features scaled by the ratios of a class against the others, and which rows are of the class, 0/1 (rows,)."""

    ratios: np.ndarray
    inputs: sparse.csr_matrix
    labels: np.ndarray

    @classmethod
    def of(cls, features: sparse.csr_matrix, labels: np.ndarray, smoothing: float) -> "Scaled":
        """Those of labels 0/1."""
        ratios = log_count_ratios(features, labels, smoothing)
        return cls(ratios, (features @ sparse.diags(ratios)).tocsr(), labels)

    def margins(self, inverse_strength: float, settings: NbSvmSettings) -> Margins:
        """The margins of one C."""
        weights, intercept = _fit_svm(self.inputs, self.labels, inverse_strength, settings.interpolation)
        return Margins(self.ratios * weights, intercept)


def scale_features(
    features: sparse.csr_matrix, labels: np.ndarray, target: Target, settings: NbSvmSettings
) -> list[Scaled]:
    """The features as each SVM takes them: one of two classes, one of each of several."""
    if target.size == TWO.size:
        return [Scaled.of(features, labels, settings.smoothing)]
    each = ((labels == number).astype(labels.dtype) for number in range(target.size))
    return [Scaled.of(features, of_class, settings.smoothing) for of_class in each]


def margins_of(scaled: list[Scaled], inverse_strength: float, settings: NbSvmSettings) -> Margins | ClassMargins:
    """The margins of one C."""
    found = [each.margins(inverse_strength, settings) for each in scaled]
    if len(found) == 1:
        return found[0]
    return ClassMargins(np.stack([each.weights for each in found]), np.array([each.intercept for each in found]))


def fit_nb_svm(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    validation_features: sparse.csr_matrix,
    validation_labels: np.ndarray,
    settings: NbSvmSettings,
    target: Target = TWO,
) -> tuple[LinearModel, list[dict[str, float]]]:
    """The model whose C gives the lowest validation log loss, and the scores of every C tried, in rising order.

    Give 0/1 features, as the paper does. Margins of the SVM become probabilities by a line in the log-odds, fitted on
    the validation rows (Platt 1999); ratios, weights and line fold into one linear model. Deterministic. Raises
    ValueError when training rows lack a class.
    """
    target.refuse_missing_class(labels)
    scaled = scale_features(features, labels, target, settings)
    models, history = [], []
    for inverse_strength in sorted(settings.inverse_strengths):
        margins = margins_of(scaled, inverse_strength, settings)
        model = margins.calibrated(margins.of(validation_features), validation_labels, inverse_strength)
        scores = target.scores(validation_labels, model.predict_probabilities(validation_features))
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
