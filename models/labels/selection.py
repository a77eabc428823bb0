"""Which tweets teach most: uncertain ones, that differ from one another; and a random share, by which to measure.

Labels that a model chose say nothing of how good it is, and would spoil any test that they entered. So at least a
fifth of what is asked is a random sample of what was scored, and only that may be validated or tested on.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from models.frequencies import fit_features, tf_idf_matrix
from models.seeds import derive_seed
from models.settings import FrequencySettings
from models.text import Tokens

LEAST_RANDOM = 0.2
CERTAIN = 1e-6  # probabilities are kept so far from 0 and 1: log-odds stay finite
PREFILTER = 10  # so many of the most uncertain texts for each that is chosen: beta of Zhdanov 2019
DIMENSIONS = 50


def uncertainty(probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    """How little it takes to change the label, float64 (rows,): 1 at the threshold, falling to 0 on both sides.

    4 q (1 - q), where q has the log-odds of the probability less those of the threshold. Of several classes, (rows,
    classes), q is the share of the likeliest in the two likeliest: 1 where these are as likely.

    >>> uncertainty(np.array([0.3, 0.9, 0.0]), 0.3).round(3)
    array([1.   , 0.174, 0.   ])
    >>> uncertainty(np.array([[0.4, 0.4, 0.2], [0.9, 0.1, 0.0]]), None).round(3)
    array([1.  , 0.36])

    Raises ValueError for two classes without a threshold.
    """
    if probabilities.ndim == 2:
        second, first = np.sort(probabilities, axis=1)[:, -2:].T
        share = first / (first + second)
        doubtful: np.ndarray = 4 * share * (1 - share)
        return doubtful
    if threshold is None:
        raise ValueError("two classes are told apart by a threshold: give one")
    odds = logit(np.clip(probabilities, CERTAIN, 1 - CERTAIN)) - logit(np.clip(threshold, CERTAIN, 1 - CERTAIN))
    shifted = expit(odds)
    informative: np.ndarray = 4 * shifted * (1 - shifted)
    return informative


def text_vectors(tokens: Tokens, seed: int) -> np.ndarray:
    """What texts speak of: TF-IDF of their words in at most 50 dimensions, float64 (texts, dimensions), of length 1.

    Texts that share no word with another one have a zero row; so have all where no word comes twice.
    """
    from sklearn.decomposition import TruncatedSVD

    shared = int((tokens.document_counts() > 1).sum())
    if shared < 2:
        return np.zeros((len(tokens), 1))
    weights = tf_idf_matrix(tokens, fit_features(tokens, FrequencySettings(max_ngram=1, min_document_frequency=2)))
    if shared <= DIMENSIONS:
        return np.asarray(weights.todense())
    reduced = TruncatedSVD(DIMENSIONS, random_state=derive_seed(seed, "labels/text-vectors")).fit_transform(weights)
    lengths = np.linalg.norm(reduced, axis=1, keepdims=True)
    vectors: np.ndarray = np.divide(reduced, lengths, out=np.zeros_like(reduced), where=lengths > 0)
    return vectors


def choose_diverse(vectors: np.ndarray, weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows int64 (at most count,) that are informative and unlike one another, the most informative first.

    As Zhdanov 2019 ("Diverse mini-batch active learning"): k-means of the vectors (rows, dimensions), each row counting
    by its weight (rows,), with a cluster for each row to choose; of each cluster the row nearest to its centre. Where
    vectors are fewer than that, the most informative of the other rows fill up.
    """
    from sklearn.cluster import KMeans

    if len(vectors) <= count:
        return np.argsort(-weights, kind="stable")
    clusters = min(count, len(np.unique(vectors.round(9), axis=0)))
    means = KMeans(clusters, n_init=1, random_state=derive_seed(seed, "labels/clusters"))
    distances = means.fit_transform(vectors, sample_weight=np.maximum(weights, CERTAIN))
    # Among rows that are as near, the most informative one.
    order = np.lexsort((-weights, distances[np.arange(len(vectors)), means.labels_].round(9)))
    _, first = np.unique(means.labels_[order], return_index=True)
    nearest = order[first]
    others = np.setdiff1d(np.argsort(-weights, kind="stable"), nearest)
    filled = np.concatenate([nearest, others[np.argsort(-weights[others], kind="stable")][: count - clusters]])
    return filled[np.argsort(-weights[filled], kind="stable")]


def interleave(chosen: Sequence[int], drawn: Sequence[int], share: float) -> list[int]:
    """Both in one order, in which every beginning holds at least the share of drawn ones, while there are any.

    >>> interleave([1, 2, 3, 4, 5, 6, 7, 8], [-1, -2], 0.2)
    [-1, 1, 2, 3, 4, -2, 5, 6, 7, 8]
    """
    mixed: list[int] = []
    left, right = list(chosen), list(drawn)
    while left or right:
        due = len(drawn) - len(right) < share * (len(mixed) + 1)
        mixed.append((right if right and (due or not left) else left).pop(0))
    return mixed
