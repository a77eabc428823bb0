"""Probabilities of labelled texts by cheap linear models that have seen neither the text nor a near-duplicate of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from models.classifiers.nb_svm import log_count_ratios
from models.classifiers.target import TWO
from models.frequencies import FeatureSpace, fit_features, one_hot_matrix, tf_idf_matrix
from models.settings import FrequencySettings
from models.splitting.folds import assign_folds
from models.text import Tokens

FOLDS = 10
# Inverse regularisation strengths: strong, for a model that is sure of everything finds no wrong label
# (tests/benchmarks/bench_label_audit.py).
TF_IDF_STRENGTH, RATIO_STRENGTH = 1.0, 0.03
MAX_ITERATIONS = 1_000


def out_of_fold(
    tokens: Tokens, labels: np.ndarray, groups: pa.StringArray, folds: int = FOLDS, classes: int = TWO.size
) -> np.ndarray:
    """P(label = 1) float64 (rows,): the mean of two logistic regressions, over TF-IDF and over scaled words (NB-SVM).

    Of more than two `classes`, whose numbers the labels are, the probability of each, (rows, classes). Raises
    ValueError for fewer groups than folds.
    """
    fold_of = assign_folds(groups, folds, 0)
    probabilities = np.zeros((len(labels), classes) if classes > TWO.size else len(labels))
    for fold in range(1, folds + 1):
        known, asked = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        learned = tokens.take(known)
        given = learned, labels[known], tokens.take(asked), fit_features(learned, FrequencySettings())
        probabilities[asked] = np.mean([_of_classes(by, given, classes) for by in (by_tf_idf, by_ratios)], axis=0)
    return probabilities


def _of_classes(by: Callable[..., np.ndarray], given: tuple[Any, ...], classes: int) -> np.ndarray:
    """What a model says of two classes; of more each against all others, together 1. One that it lacks is 0."""
    if classes == TWO.size:
        return by(*given)
    known, labels, asked, space = given
    said = np.zeros((len(asked), classes))
    for number in np.unique(labels):
        said[:, number] = by(known, (labels == number).astype(labels.dtype), asked, space)
    shares: np.ndarray = said / said.sum(axis=1, keepdims=True)
    return shares


def by_tf_idf(known: Tokens, labels: np.ndarray, asked: Tokens, space: FeatureSpace) -> np.ndarray:
    """P(label = 1) of the texts asked about, by logistic regression over TF-IDF of the known ones."""
    return _logistic(tf_idf_matrix(known, space), labels, tf_idf_matrix(asked, space), TF_IDF_STRENGTH)


def by_ratios(known: Tokens, labels: np.ndarray, asked: Tokens, space: FeatureSpace) -> np.ndarray:
    """The same over words scaled by how much they tell the classes apart (Wang & Manning 2012)."""
    from scipy import sparse

    words = one_hot_matrix(known, space)
    scale = sparse.diags(log_count_ratios(words, labels, 1.0))
    return _logistic(words @ scale, labels, one_hot_matrix(asked, space) @ scale, RATIO_STRENGTH)


def _logistic(known: object, labels: np.ndarray, asked: object, strength: float) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS).fit(known, labels)
    probabilities: np.ndarray = head.predict_proba(asked)[:, 1]
    return probabilities
