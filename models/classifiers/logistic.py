"""The regularised logistic regression that every document representation feeds, so that a table can compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax

from models.classifiers.target import TWO, Target
from models.settings import LogisticSettings

# Newton's steps need a handful; the limit is never met, so that scikit-learn never warns.
MAX_ITERATIONS = 10_000

Features: TypeAlias = np.ndarray | sparse.csr_matrix


@dataclass(frozen=True)
class LogisticModel:
    """A fitted model as plain arrays: P(target = 1) = sigmoid((x - mean) / scale @ coefficients + intercept).

    `mean` and `scale` (features,) standardise dense features, from training rows; sparse ones are taken as they are
    and carry zeros and ones.
    """

    coefficients: np.ndarray
    intercept: float
    inverse_strength: float
    mean: np.ndarray
    scale: np.ndarray

    def predict_probabilities(self, features: Features) -> np.ndarray:
        """P(target = 1) float64 (rows,) of features (rows, features)."""
        if features.shape[1] != len(self.coefficients):
            raise ValueError(f"the model was fitted on {len(self.coefficients)} features, got {features.shape[1]}")
        slope = self.coefficients / self.scale
        probabilities: np.ndarray = expit(np.asarray(features @ slope).ravel() + (self.intercept - self.mean @ slope))
        return probabilities

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that the model is, as float64 arrays by name; scalars are 0-d."""
        return {name: np.asarray(value, dtype=float) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "LogisticModel":
        """The model back from `to_arrays`."""
        return cls(
            coefficients=arrays["coefficients"],
            intercept=float(arrays["intercept"]),
            inverse_strength=float(arrays["inverse_strength"]),
            mean=arrays["mean"],
            scale=arrays["scale"],
        )


@dataclass(frozen=True)
class MultinomialModel:
    """The same of several classes: P(class) = softmax((x - mean) / scale @ coefficients.T + intercepts).

    `coefficients` (classes, features), `intercepts` (classes,).
    """

    coefficients: np.ndarray
    intercepts: np.ndarray
    inverse_strength: float
    mean: np.ndarray
    scale: np.ndarray

    def predict_probabilities(self, features: Features) -> np.ndarray:
        """P(class) float64 (rows, classes) of features (rows, features)."""
        if features.shape[1] != self.coefficients.shape[1]:
            raise ValueError(f"the model was fitted on {self.coefficients.shape[1]} features, got {features.shape[1]}")
        slopes = (self.coefficients / self.scale).T
        scores = np.asarray(features @ slopes) + (self.intercepts - self.mean @ slopes)
        probabilities: np.ndarray = softmax(scores, axis=1)
        return probabilities

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that the model is, as float64 arrays by name."""
        return {name: np.asarray(value, dtype=float) for name, value in vars(self).items()}


LinearModel: TypeAlias = LogisticModel | MultinomialModel


def read_linear(arrays: Mapping[str, np.ndarray]) -> LinearModel:
    """The linear model back from its `to_arrays`, of two classes or of several."""
    if arrays["coefficients"].ndim == 1:
        return LogisticModel.from_arrays(dict(arrays))
    parts = {name: arrays[name] for name in ("coefficients", "intercepts", "mean", "scale")}
    return MultinomialModel(**parts, inverse_strength=float(arrays["inverse_strength"]))


def fit_logistic(
    features: Features,
    labels: np.ndarray,
    validation_features: Features,
    validation_labels: np.ndarray,
    settings: LogisticSettings,
    target: Target = TWO,
) -> tuple[LinearModel, list[dict[str, float]]]:
    """The model whose C gives the lowest validation log loss, and the scores of every C tried, in rising order.

    Deterministic: same rows, same bytes. Raises ValueError when training rows lack a class, or features are not finite.
    """
    target.refuse_missing_class(labels)
    values = features.data if sparse.issparse(features) else features
    if not np.isfinite(values).all():
        raise ValueError("features must be finite: found NaN or infinity")
    models = fit_at(features, labels, sorted(settings.inverse_strengths))
    history = []
    for model in models:
        scores = target.scores(validation_labels, model.predict_probabilities(validation_features))
        history.append({"inverse_strength": model.inverse_strength, **scores})
    best = min(range(len(models)), key=lambda index: history[index]["log_loss"])
    return models[best], history


def fit_at(features: Features, labels: np.ndarray, inverse_strengths: Sequence[float]) -> list[LinearModel]:
    """One model per C, each started from the one before."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = _standardisation(features)
    inputs = features if sparse.issparse(features) else (features - mean) / scale
    inputs = inputs.astype(float)
    solver: Any = LogisticRegression(solver="newton-cg", max_iter=MAX_ITERATIONS, warm_start=True)
    models = []
    for inverse_strength in inverse_strengths:
        solver.set_params(C=inverse_strength).fit(inputs, labels)
        models.append(_fitted(solver, inverse_strength, mean, scale))
    return models


def _fitted(solver: Any, inverse_strength: float, mean: np.ndarray, scale: np.ndarray) -> LinearModel:
    if len(solver.coef_) > 1:
        return MultinomialModel(solver.coef_.copy(), solver.intercept_.copy(), inverse_strength, mean, scale)
    return LogisticModel(solver.coef_[0].copy(), float(solver.intercept_[0]), inverse_strength, mean, scale)


def _standardisation(features: Features) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (features,) of dense features, a constant one keeping scale 1; zeros and ones for sparse."""
    if sparse.issparse(features):
        return np.zeros(features.shape[1]), np.ones(features.shape[1])
    deviation = np.std(features, axis=0, dtype=float)
    return np.mean(features, axis=0, dtype=float), np.where(deviation > 1e-12, deviation, 1.0)
