"""Probabilities that mean what they say: one temperature for a whole network, fitted after training (Guo et al. 2017).

A network ranks rows better than it knows how sure to be; label smoothing makes it too modest, long training too bold.
Dividing all log-odds by one number mends the common part of that and changes no ranking.

Probabilities are those of the positive class, (rows,), or of each of several classes, (rows, classes).
"""

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax

# Beyond these no validation split has an opinion worth following: log-odds twenty times as large, or as small.
COLDEST, HOTTEST = 0.05, 20.0
CERTAIN = 1e-15  # a probability of 0 or 1 has log-odds like this one's


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature that gives these rows, labels 0/1, the least log loss; below 1 the model was too modest.

    Give validation rows. Labels are softened as Platt (1999) does, to (n + 1) / (n + 2) of n rows of a class, so that
    rows without a mistake do not ask for certainty. One class only, or no row, gives 1.
    """
    labels = np.asarray(labels, dtype=float)
    positives = labels.sum()
    negatives = len(labels) - positives
    if not positives or not negatives:
        return 1.0
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    odds = log_odds(probabilities)

    def loss(logarithm: float) -> float:
        scaled = odds / np.exp(logarithm)
        return float(np.mean(np.logaddexp(0, scaled) - targets * scaled))

    from scipy.optimize import minimize_scalar  # takes a second to import, and who only asks a model needs none

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities with their log-odds divided by the temperature; 1 leaves every bit as it is.

    >>> apply_temperature(np.array([0.5, 0.9]), 0.5).round(3).tolist()
    [0.5, 0.988]
    >>> apply_temperature(np.array([[0.5, 0.3, 0.2]]), 0.5).round(3).tolist()
    [[0.658, 0.237, 0.105]]
    """
    if temperature <= 0:
        raise ValueError(f"a temperature must be above 0, got {temperature}")
    if temperature == 1:
        return probabilities
    cooled: np.ndarray
    if probabilities.ndim == 2:
        cooled = softmax(log_probabilities(probabilities) / temperature, axis=1)
    else:
        cooled = expit(log_odds(probabilities) / temperature)
    return cooled


def call_classes(probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    """The class of each row, int64 (rows,): 1 from the threshold on and else 0; of several classes the likeliest.

    >>> call_classes(np.array([0.4, 0.5]), 0.5).tolist(), call_classes(np.array([[0.2, 0.5, 0.3]]), None).tolist()
    ([0, 1], [1])

    Raises ValueError for two classes without a threshold.
    """
    if probabilities.ndim == 2:
        likeliest: np.ndarray = probabilities.argmax(axis=1)
        return likeliest
    if threshold is None:
        raise ValueError("two classes are told apart by a threshold: give one")
    return (probabilities >= threshold).astype(np.int64)


def of_called(probabilities: np.ndarray) -> np.ndarray:
    """What is told of each row, (rows,): P(target = 1), of several classes the probability of the likeliest."""
    if probabilities.ndim == 1:
        return probabilities
    highest: np.ndarray = probabilities.max(axis=1)
    return highest


def fit_line(labels: np.ndarray, scores: np.ndarray) -> tuple[float, list[float]]:
    """Slope a and an offset for each class of greatest likelihood for P = softmax(a scores + offsets).

    As Platt's line (1999) for scores (rows, classes) instead of one margin; labels are numbers of classes. Slope and
    offsets are held near 1 and 0 by one row's weight, so that separable rows have a line too.
    """
    classes = scores.shape[1]
    truth, prior = np.eye(classes)[np.asarray(labels, int)], np.append(1.0, np.zeros(classes))

    def loss_and_slope(line: np.ndarray) -> tuple[float, np.ndarray]:
        shares = log_softmax(line[0] * scores + line[1:], axis=1)
        distance = np.exp(shares) - truth
        gradient = np.append(np.sum(distance * scores), distance.sum(axis=0))
        return float(-np.sum(truth * shares) + 0.5 * np.sum((line - prior) ** 2)), gradient + line - prior

    from scipy.optimize import minimize  # takes a second to import, and few need it

    slope, *offsets = minimize(loss_and_slope, prior, jac=True, method="BFGS").x.tolist()
    return slope, offsets


def log_probabilities(probabilities: np.ndarray, certain: float = CERTAIN) -> np.ndarray:
    """Logarithms of the probabilities, which are first kept `certain` away from 0; so they are finite."""
    logarithms: np.ndarray = np.log(np.maximum(probabilities, certain))
    return logarithms


def log_odds(probabilities: np.ndarray, certain: float = CERTAIN) -> np.ndarray:
    """Log-odds of the probabilities, which are first kept `certain` away from 0 and 1; so they are finite."""
    odds: np.ndarray = logit(np.clip(probabilities, certain, 1 - certain))
    return odds
