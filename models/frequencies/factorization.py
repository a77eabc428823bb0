"""Word vectors from a co-occurrence matrix: positive pointwise mutual information, cut down by a truncated SVD."""

from typing import TYPE_CHECKING

import numpy as np

from models.seeds import generator

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DENSE_ROWS = 256  # below this a full SVD is quicker than ARPACK, which cannot give all dimensions


def ppmi(matrix: "csr_matrix", smoothing: float = 1.0) -> "csr_matrix":
    """max(0, ln(p(word, context) / (p(word) p(context)))), sparse as the counts are; Church and Hanks 1990.

    Context counts are raised to `smoothing` before they become probabilities; 0.75 tempers the pull of rare contexts
    (Levy, Goldberg and Dagan 2015, section 3.2). Raises ValueError unless 0 < smoothing <= 1.
    """
    if not 0 < smoothing <= 1:
        raise ValueError(f"smoothing must be above 0 and at most 1, got {smoothing}")
    words = np.asarray(matrix.sum(axis=1)).ravel()
    contexts = np.asarray(matrix.sum(axis=0)).ravel() ** smoothing
    information = matrix.astype(np.float64)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    expected = words[rows] * contexts[matrix.indices] / contexts.sum()
    information.data = np.maximum(np.log(information.data / expected), 0)
    information.eliminate_zeros()
    return information


def cooccurrence_vectors(
    information: "csr_matrix", dimensions: int, seed: int, singular_power: float = 0.5
) -> np.ndarray:
    """Word vectors float32 (words, dimensions) from a PPMI matrix: U S**singular_power of its truncated SVD.

    The first dimension has the largest singular value. The largest entry of each column of U is positive, which fixes
    the signs. Dimensions that the matrix does not have are zero, and so are the vectors of words without a context.
    Power 0.5 serves word similarity better than the 1 of the textbooks (Levy, Goldberg and Dagan 2015, section 3.3).
    """
    left, singular = _leading_vectors(information, min(dimensions, *information.shape), seed)
    largest = np.take_along_axis(left, np.abs(left).argmax(axis=0)[np.newaxis], axis=0)
    real = singular > singular.max(initial=0) * np.finfo(np.float32).eps  # below it, vectors are rounding errors
    vectors = np.where(real, left * np.sign(largest) * singular**singular_power, 0)
    return np.pad(vectors, ((0, 0), (0, dimensions - vectors.shape[1]))).astype(np.float32)


def _leading_vectors(matrix: "csr_matrix", dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors (rows, dimensions) and singular values (dimensions,), falling."""
    from scipy.sparse.linalg import svds

    if min(matrix.shape) <= max(DENSE_ROWS, 2 * dimensions):
        left, singular, _ = np.linalg.svd(matrix.toarray(), full_matrices=False)
        return left[:, :dimensions], singular[:dimensions]
    start = generator(seed, "co-occurrence/svd").standard_normal(min(matrix.shape))
    left, singular, _ = svds(matrix, k=dimensions, v0=start, return_singular_vectors="u")
    order = np.argsort(-singular, kind="stable")
    return left[:, order], singular[order]
