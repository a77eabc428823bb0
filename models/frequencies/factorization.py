"""Word vectors from a co-occurrence matrix: positive pointwise mutual information, cut down by a truncated SVD."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from models.seeds import generator

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator

THREADS = 2  # of the sparse products: more are not faster, for memory is what they wait for
DENSE_ROWS = 256  # below this a full SVD is quicker than ARPACK, which cannot give all dimensions


def ppmi(matrix: "csr_matrix", smoothing: float = 1.0, shift: float = 1.0) -> "csr_matrix":
    """max(0, ln(p(word, context) / (p(word) p(context))) - ln(shift)), sparse as the counts are; Church and Hanks 1990.

    Context counts are raised to `smoothing` before they become probabilities; 0.75 tempers the pull of rare contexts
    (Levy, Goldberg and Dagan 2015, section 3.2). A shift above 1 keeps only pairs that are so many times likelier than
    chance, as so many negative samples would (Levy and Goldberg 2014). Raises ValueError unless 0 < smoothing <= 1 and
    shift >= 1.
    """
    if not 0 < smoothing <= 1:
        raise ValueError(f"smoothing must be above 0 and at most 1, got {smoothing}")
    if shift < 1:
        raise ValueError(f"shift must be at least 1, which means no shift, got {shift}")
    words = np.asarray(matrix.sum(axis=1)).ravel()
    contexts = np.asarray(matrix.sum(axis=0)).ravel() ** smoothing
    information = matrix.astype(np.float64)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    expected = words[rows] * contexts[matrix.indices] / contexts.sum()
    information.data = np.maximum(np.log(information.data / expected) - np.log(shift), 0)
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
    """Left singular vectors (rows, dimensions) and singular values (dimensions,), falling.

    The same bytes on any number of processors: BLAS, whose sums depend on its threads, has one, and each number of a
    sparse product is summed up by one thread. Besides, two threads of BLAS wait for each other twice as long as one
    takes here.
    """
    from scipy.sparse.linalg import svds
    from threadpoolctl import threadpool_limits

    if min(matrix.shape) <= max(DENSE_ROWS, 2 * dimensions):
        left, singular, _ = np.linalg.svd(matrix.toarray(), full_matrices=False)
        return left[:, :dimensions], singular[:dimensions]
    start = generator(seed, "co-occurrence/svd").standard_normal(min(matrix.shape))
    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as pool:
        operator = parallel_operator(matrix, pool)
        left, singular, _ = svds(operator, k=dimensions, v0=start, return_singular_vectors="u")
    order = np.argsort(-singular, kind="stable")
    return left[:, order], singular[order]


def parallel_operator(matrix: "csr_matrix", pool: ThreadPoolExecutor) -> "LinearOperator":
    """The products of a matrix and of its transpose, each half of their rows by one thread of the pool."""
    from scipy.sparse.linalg import LinearOperator

    halves, transposed = _halves(matrix.tocsr()), _halves(matrix.T.tocsr())

    def product(parts: "list[csr_matrix]", factor: np.ndarray) -> np.ndarray:
        return np.concatenate(list(pool.map(lambda part: part @ factor, parts)))

    return LinearOperator(
        matrix.shape,
        matvec=lambda vector: product(halves, vector.ravel()),
        rmatvec=lambda vector: product(transposed, vector.ravel()),
        matmat=lambda vectors: product(halves, vectors),
        rmatmat=lambda vectors: product(transposed, vectors),
        dtype=matrix.dtype,
    )


def _halves(matrix: "csr_matrix") -> "list[csr_matrix]":
    """The upper and the lower rows, with about as many entries each; no entry is copied."""
    from scipy.sparse import csr_matrix

    middle = int(np.searchsorted(matrix.indptr, matrix.nnz // 2))
    parts = []
    for start, stop in ((0, middle), (middle, matrix.shape[0])):
        first, last = matrix.indptr[start], matrix.indptr[stop]
        entries = matrix.data[first:last], matrix.indices[first:last], matrix.indptr[start : stop + 1] - first
        parts.append(csr_matrix(entries, (stop - start, matrix.shape[1]), copy=False))
    return parts
