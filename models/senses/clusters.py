"""Where the search for senses starts: clusters of contexts, as in Neelakantan et al. 2014."""

import numpy as np
from scipy.sparse import csr_matrix

from models.seeds import generator
from models.senses.contexts import ABSENT, RARE, REACH, WordSpace

CLUSTERED_REACH = 10
STARTS = 5
PASSES = 15
FIRST_BELIEF = 0.8  # in the cluster an occurrence falls into; clusters are often wrong


def first_beliefs(contexts: np.ndarray, space: WordSpace, senses: int, seed: int) -> np.ndarray:
    """Clusters of the contexts, as beliefs (occurrences, senses) that are not yet sure.

    A context is the mean direction of its words, the frequent ones counting little, less what all contexts share.
    """
    middle = contexts[:, REACH - CLUSTERED_REACH : REACH + CLUSTERED_REACH]
    frequencies = space.counts / space.counts.sum()
    weights = np.where(middle == ABSENT, 0, RARE / (RARE + frequencies[middle]))
    starts = np.arange(0, middle.size + 1, middle.shape[1])
    shape = (len(middle), len(space.inputs))
    summed = csr_matrix((weights.reshape(-1), np.maximum(middle, 0).reshape(-1), starts), shape=shape)
    means = summed @ normalize(space.inputs)
    clusters = cluster(normalize(normalize(means) - normalize(means).mean(axis=0)), senses, seed)
    rest = (1 - FIRST_BELIEF) / (senses - 1)
    return np.where(np.eye(senses, dtype=bool)[clusters], FIRST_BELIEF, rest)


def cluster(directions: np.ndarray, senses: int, seed: int) -> np.ndarray:
    """Spherical k-means, the tightest of several starts: which cluster each direction is in, int64 (directions,)."""
    random = generator(seed, "senses")
    best, tightest = np.zeros(len(directions), np.int64), -np.inf
    for _ in range(STARTS):
        centres = directions[random.choice(len(directions), senses, replace=False)]
        for _ in range(PASSES):
            nearest = (directions @ centres.T).argmax(axis=1)
            centres = normalize(np.stack([directions[nearest == k].sum(axis=0) for k in range(senses)]))
        tightness = (directions @ centres.T).max(axis=1).sum()
        if tightness > tightest:
            best, tightest = nearest, tightness
    return best


def normalize(vectors: np.ndarray) -> np.ndarray:
    """The vectors at length 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)
