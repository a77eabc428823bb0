"""What is done to word vectors once they are trained, so that cosines say more."""

import numpy as np

from models.vectors.word_vectors import WordVectors


def all_but_the_top(vectors: WordVectors, components: int) -> WordVectors:
    """Vectors without their mean and their `components` main directions, which say how frequent a word is, not what.

    Mu and Viswanath 2018, algorithm 1, who take a hundredth of the width. 0 leaves the vectors as they are. Vectors of
    zeros count for nothing and stay zero. Raises ValueError when no direction would be left.
    """
    if components == 0:
        return vectors
    if components >= vectors.width:
        raise ValueError(f"remove_components must be below the width {vectors.width} of the vectors, got {components}")
    numbers = vectors.vectors.astype(np.float64)
    there = numbers.any(axis=1)
    numbers[there] -= numbers[there].mean(axis=0)
    _, directions = np.linalg.eigh(numbers[there].T @ numbers[there])
    top = directions[:, -components:]  # eigenvalues rise
    numbers[there] -= (numbers[there] @ top) @ top.T
    return WordVectors(vectors.tokens, numbers.astype(np.float32))
