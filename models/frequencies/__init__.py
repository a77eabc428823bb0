"""Vectors from counting: bag-of-words document vectors, and word vectors from a co-occurrence matrix."""

from models.frequencies.features import FeatureSpace, fit_features
from models.frequencies.matrices import count_matrix, one_hot_matrix, tf_idf_matrix

__all__ = ["FeatureSpace", "count_matrix", "fit_features", "one_hot_matrix", "tf_idf_matrix"]
