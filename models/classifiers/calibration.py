"""Probabilities that mean what they say: one temperature for a whole network, fitted after training (Guo et al. 2017).

A network ranks rows better than it knows how sure to be; label smoothing makes it too modest, long training too bold.
Dividing all log-odds by one number mends the common part of that and changes no ranking.
"""

import numpy as np
from scipy.special import expit, logit

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
    """
    if temperature <= 0:
        raise ValueError(f"a temperature must be above 0, got {temperature}")
    return probabilities if temperature == 1 else expit(log_odds(probabilities) / temperature)


def log_odds(probabilities: np.ndarray, certain: float = CERTAIN) -> np.ndarray:
    """Log-odds of the probabilities, which are first kept `certain` away from 0 and 1; so they are finite."""
    odds: np.ndarray = logit(np.clip(probabilities, certain, 1 - certain))
    return odds
