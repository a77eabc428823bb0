"""Which words tell two sets of texts apart."""

import numpy as np


def weighted_log_odds(positive: np.ndarray, negative: np.ndarray, prior_tokens: float = 500.0) -> np.ndarray:
    """How surely a word belongs to the positive texts (above 0) or the negative ones (below), in standard deviations.

    Log-odds ratio of word counts (words,) with an informative Dirichlet prior, the words' own shares of both together
    (Monroe, Colaresi & Quinn 2008, eq. 16-22): neither the commonest words nor the rarest come out on top.

    >>> scores = weighted_log_odds(np.array([30, 500, 1, 0]), np.array([0, 500, 1, 30]))
    >>> [round(float(score), 1) for score in scores]
    [3.8, 0.0, 0.0, -3.8]
    """
    together = positive + negative
    if not together.sum():
        return np.zeros(len(together))
    prior = prior_tokens * together / together.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = (_log_odds(positive + prior) - _log_odds(negative + prior)) / np.sqrt(
            1 / (positive + prior) + 1 / (negative + prior)
        )
    finite: np.ndarray = np.nan_to_num(scores)
    return finite


def _log_odds(counts: np.ndarray) -> np.ndarray:
    log_odds: np.ndarray = np.log(counts) - np.log(counts.sum() - counts)
    return log_odds
