"""A linear classifier learns a new event from a few labels, starting from the weights that it has.

The weights move as little as the labels ask for: what was learned from other events is the centre of a normal prior
(transfer by a biased regulariser: Chelba & Acero 2006), so ten labels move the intercept and little else.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from models.classifiers.logistic import Features, LinearModel, LogisticModel, MultinomialModel

MAX_ITERATIONS = 200


def adapt_weights(model: LinearModel, features: Features, labels: np.ndarray, inverse_strength: float) -> LinearModel:
    """The model, of two classes or of several, after labels (rows,) of features (rows, width); see `adapt_logistic`."""
    if isinstance(model, MultinomialModel):
        return adapt_multinomial(model, features, labels, inverse_strength)
    return adapt_logistic(model, features, labels, inverse_strength)


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


def adapt_multinomial(
    model: MultinomialModel, features: Features, labels: np.ndarray, inverse_strength: float
) -> MultinomialModel:
    """The same of several classes: labels are their numbers, the weights of every class move.

    A class without labels moves too, away from the rows of the others. Raises ValueError where there is no row.
    """
    if not len(labels):
        raise ValueError("no labels to adapt to: give at least one row")
    scaled, classes = _standardised(features, model), len(model.intercepts)
    before = np.asarray(scaled @ model.coefficients.T) + model.intercepts
    truth = np.eye(classes)[np.asarray(labels, np.int64)]

    def loss(moved: np.ndarray) -> tuple[float, np.ndarray]:
        weights = moved.reshape(classes, -1)
        logits = before + np.asarray(scaled @ weights[:, :-1].T) + weights[:, -1]
        shares = log_softmax(logits, axis=1)
        pull = np.exp(shares) - truth
        gradient = np.column_stack([np.asarray(scaled.T @ pull).T, pull.sum(axis=0)]).ravel()
        penalty = moved @ moved / (2 * inverse_strength)
        return float(-np.sum(truth * shares) + penalty), gradient + moved / inverse_strength

    start = np.zeros(classes * (model.coefficients.shape[1] + 1))
    moved = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS}).x
    weights = moved.reshape(classes, -1)
    return replace(
        model, coefficients=model.coefficients + weights[:, :-1], intercepts=model.intercepts + weights[:, -1]
    )


def _standardised(features: Features, model: LinearModel) -> Features:
    """Features as the coefficients take them; sparse ones carry means of zero and scales of one."""
    if sparse.issparse(features):
        return features
    return (np.asarray(features) - model.mean) / model.scale
