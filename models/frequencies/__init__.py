"""Vectors from counting: bag-of-words document vectors, and word vectors from a co-occurrence matrix."""

from models.frequencies.characters import character_ngrams
from models.frequencies.cooccurrence import CooccurrenceCounter
from models.frequencies.factorization import cooccurrence_vectors, ppmi
from models.frequencies.features import FeatureSpace, fit_features
from models.frequencies.matrices import count_matrix, one_hot_matrix, tf_idf_matrix

__all__ = [
    "CooccurrenceCounter",
    "FeatureSpace",
    "character_ngrams",
    "cooccurrence_vectors",
    "count_matrix",
    "fit_features",
    "one_hot_matrix",
    "ppmi",
    "tf_idf_matrix",
]
