"""Do two sets of texts speak of the same things? A classifier two-sample test, and how little their words overlap.

The test (Lopez-Paz & Oquab 2017): a classifier learns to tell half of the one set from half of the other; if it ranks
the other halves better than chance, the sets differ. The halves that are ranked were not learned from, so the rank test
on them is valid whatever the classifier is. Both halves are ranked once, and p is twice the smaller.

The accuracy of the classifier would grow with its training rows. The effect is therefore another figure: the root of
one less the cosine of the two mean texts, each product estimated without bias from pairs of different texts (as the MMD
of Gretton et al. 2012). The root, so that twice the share of foreign texts in a window gives twice the effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.drift.two_sample import Shift, compare_ranks, signed_root
from models.seeds import generator

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SMOOTHING = 1.0
HALVES = 2


@dataclass(frozen=True)
class VocabularyShift:
    """The shift between two sets of texts, and for each text of both how much it looks like the second, float (rows,).

    `affinities` are log-odds of the half of the classifier that did not learn from the text.
    """

    shift: Shift
    affinities: tuple[np.ndarray, np.ndarray]


def compare_vocabularies(first: "csr_matrix", second: "csr_matrix", seed: int = 0) -> VocabularyShift:
    """The shift between texts given as rows of weights over the same words, of length 1 or 0 each."""
    affinities = [np.zeros(each.shape[0]) for each in (first, second)]
    halves = [_halves(each.shape[0], seed) for each in (first, second)]
    p_values = []
    for half in range(HALVES):
        learned = [sample[mine != half] for sample, mine in zip((first, second), halves, strict=True)]
        weights = _word_weights(*learned)
        for sample, mine, found in zip((first, second), halves, affinities, strict=True):
            found[mine == half] = sample[mine == half] @ weights
        asked = [found[mine == half] for found, mine in zip(affinities, halves, strict=True)]
        p_values.append(_one_sided(compare_ranks(*asked)))
    p = min(1.0, HALVES * min(p_values))
    return VocabularyShift(Shift(signed_root(1 - overlap(first, second)), p), (affinities[0], affinities[1]))


def _halves(rows: int, seed: int) -> np.ndarray:
    """The half of each row, 0 or 1, in equal numbers."""
    return generator(seed, f"drift/halves/{rows}").permutation(np.arange(rows) % HALVES)


def _one_sided(found: Shift) -> float:
    """The p value of the direction that the classifier has learned; the other is not evidence."""
    return found.p / 2 if found.effect > 0 else 1 - found.p / 2


def _word_weights(first: "csr_matrix", second: "csr_matrix") -> np.ndarray:
    """Log-odds of each word for the second set: naive Bayes, which is learned in one pass."""
    shares = []
    for sample in (first, second):
        counts = np.asarray(sample.sum(axis=0)).ravel() / max(sample.shape[0], 1) * 1_000
        shares.append((counts + SMOOTHING) / (counts.sum() + SMOOTHING * len(counts)))
    weights: np.ndarray = np.log(shares[1]) - np.log(shares[0])
    return weights


def overlap(first: "csr_matrix", second: "csr_matrix") -> float:
    """The cosine of the mean texts: 1 for two samples of one kind in expectation, 0 for sets without a common word."""
    within = [_mean_product(each) for each in (first, second)]
    if min(within) <= 0:  # hardly two texts of a set share a word
        return 1.0
    means = [np.asarray(each.mean(axis=0)).ravel() for each in (first, second)]
    return float(means[0] @ means[1] / np.sqrt(within[0] * within[1]))


def _mean_product(sample: "csr_matrix") -> float:
    """The mean product of two different rows."""
    rows = sample.shape[0]
    if rows < 2:
        return 0.0
    total = np.asarray(sample.sum(axis=0)).ravel()
    return float((total @ total - sample.multiply(sample).sum()) / (rows * (rows - 1)))


def weigh_words(present: "csr_matrix", sizes: Sequence[int]) -> "list[csr_matrix]":
    """The texts of samples of these sizes, from whether each of all their words occurs: rare ones weigh more, length 1.

    A word of one text only tells nothing and is left out. Weights are the same for all samples (inverse document
    frequency in all of them together).
    """
    from scipy import sparse

    texts, words = present.shape
    frequencies = np.bincount(present.indices, minlength=words)
    weights = np.where(frequencies > 1, np.log(texts / np.maximum(frequencies, 1)), 0.0)
    weighted = present.multiply(weights).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scaled = sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weighted
    ends = np.cumsum([0, *sizes])
    return [scaled.tocsr()[start:stop] for start, stop in pairwise(ends)]
