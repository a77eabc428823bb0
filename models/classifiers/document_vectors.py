"""Document vectors out of word vectors, whichever way the word vectors were learned."""

import numpy as np

from models.text import Tokens
from models.text.vocabulary import RESERVED
from models.vectors import WordVectors


def average_vectors(
    ids: np.ndarray, offsets: np.ndarray, vectors: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """The mean word vector of each document, float32 (documents, width).

    `ids` (tokens,) and `offsets` (documents + 1,) are encoded documents, `vectors` (vocabulary, width). `weights`
    (vocabulary,) says how much a word counts in the mean; by default padding and unknown words do not count and all
    others count alike. A document in which nothing counts is zero. Raises ValueError when an id has no vector.
    """
    from scipy.sparse import csr_matrix

    if len(ids) and ids.max() >= len(vectors):
        raise ValueError(f"ids must be below the {len(vectors)} word vectors, got {ids.max()}: another vocabulary?")
    if weights is None:
        weights = (np.arange(len(vectors)) >= len(RESERVED)).astype(np.float64)
    shape = (len(offsets) - 1, len(vectors))
    sums = csr_matrix((weights[ids], ids, offsets), shape)
    totals = np.asarray(sums.sum(axis=1))
    means: np.ndarray = np.divide(sums @ vectors, totals, out=np.zeros((shape[0], vectors.shape[1])), where=totals > 0)
    return means.astype(np.float32)


def average_words(tokens: Tokens, vectors: WordVectors) -> np.ndarray:
    """As `average_vectors`, for the words of these tokens; a word without a vector does not count.

    With subwords nearly every word has one: those outside the vocabulary by their n-grams.
    """
    rows, found = vectors.rows_for(tokens.words)
    return average_vectors(tokens.codes, tokens.offsets, rows, found.astype(np.float64))
