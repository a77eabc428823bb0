"""A linear classifier learns a new event from a few labels, starting from the weights that it has.

The weights move as little as the labels ask for: what was learned from other events is the centre of a normal prior
(transfer by a biased regulariser: Chelba & Acero 2006), so ten labels move the intercept and little else.
"""

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from models.classifiers.logistic import Features, LogisticModel

MAX_ITERATIONS = 200


def adapt_logistic(
    model: LogisticModel, features: Features, labels: np.ndarray, inverse_strength: float
) -> LogisticModel:
    """The model after labels 0/1 (rows,) of features (rows, width), by L-BFGS on the penalised log loss.

    `inverse_strength` is C of scikit-learn, for the distance from the old weights; the intercept is held by the same.
    Raises ValueError where there is no row.
    """
    if not len(labels):
        raise ValueError("no labels to adapt to: give at least one row")
    scaled = _standardised(features, model)
    before = np.asarray(scaled @ model.coefficients).ravel() + model.intercept
    signs = np.where(np.asarray(labels) == 1, 1.0, -1.0)

    def loss(moved: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (before + np.asarray(scaled @ moved[:-1]).ravel() + moved[-1])
        pull = -signs * expit(-margins)
        gradient = np.append(np.asarray(scaled.T @ pull).ravel(), pull.sum())
        penalty = moved @ moved / (2 * inverse_strength)
        return float(np.logaddexp(0, -margins).sum() + penalty), gradient + moved / inverse_strength

    start = np.zeros(len(model.coefficients) + 1)
    moved = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS}).x
    return LogisticModel(
        model.coefficients + moved[:-1],
        model.intercept + float(moved[-1]),
        model.inverse_strength,
        model.mean,
        model.scale,
    )


def _standardised(features: Features, model: LogisticModel) -> Features:
    """Features as the coefficients take them; sparse ones carry means of zero and scales of one."""
    if sparse.issparse(features):
        return features
    return (np.asarray(features) - model.mean) / model.scale
