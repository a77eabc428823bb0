"""Document vectors from a feature space, sparse: one-hot (multi-hot), count, TF-IDF. Numbers as in scikit-learn."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.frequencies.features import ABSENT, FeatureSpace, ngram_keys
from models.text import Tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def count_matrix(tokens: Tokens, space: FeatureSpace) -> "csr_matrix":
    """How often each document holds each feature, int64 (documents, features). What is not a feature is not counted."""
    from scipy.sparse import csr_matrix

    ranks = pc.index_in(tokens.words, space.words).fill_null(ABSENT).to_numpy(zero_copy_only=False).astype(np.int64)
    matrix = csr_matrix((len(tokens), len(space)), dtype=np.int64)
    for n in range(1, space.settings.max_ngram + 1):
        keys, offsets = ngram_keys(n, tokens, ranks, len(space.words), space.settings)
        columns = pc.index_in(pa.array(keys), pa.array(space.keys))
        known = np.concatenate([[0], np.cumsum(pc.is_valid(columns).to_numpy(zero_copy_only=False))])
        columns = columns.drop_null().to_numpy().copy()  # Arrow's own are read-only, and these will be sorted
        counts = csr_matrix((np.ones(len(columns), np.int64), columns, known[offsets]), matrix.shape)
        counts.sum_duplicates()
        matrix = counts if n == 1 else matrix + counts
    return matrix


def one_hot_matrix(tokens: Tokens, space: FeatureSpace) -> "csr_matrix":
    """1 where a document holds a feature, int64 (documents, features): the one-hot vectors of its n-grams, united."""
    matrix = count_matrix(tokens, space)
    matrix.data[:] = 1
    return matrix


def tf_idf_matrix(tokens: Tokens, space: FeatureSpace) -> "csr_matrix":
    """Term frequency by inverse document frequency, float64 (documents, features), each row of Euclidean length 1.

    The row of a document without any feature is zero.
    """
    matrix = count_matrix(tokens, space).astype(np.float64)
    if space.settings.sublinear:
        matrix.data = 1 + np.log(matrix.data)
    matrix.data *= space.idf[matrix.indices]
    squares = np.bincount(
        np.repeat(np.arange(len(tokens)), np.diff(matrix.indptr)), weights=matrix.data**2, minlength=len(tokens)
    )
    matrix.data /= np.repeat(np.sqrt(squares), np.diff(matrix.indptr))
    return matrix
