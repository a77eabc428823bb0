"""Subword vectors in fastText's .bin format, version 12, which gensim's load_facebook_vectors reads too.

What stands where: FastText::saveModel, Args::save, Dictionary::save and DenseMatrix::save of fastText 0.9.2.
"""

import struct
from collections.abc import Iterator

import numpy as np

from models.vectors.subword_vectors import SubwordVectors

MAGIC, VERSION = 793712314, 12
NEGATIVE_SAMPLING, SKIP_GRAM = 2, 2  # fastText's numbers of its loss and of its model
ROWS_AT_A_TIME = 10_000  # of the buckets, nearly all of which may be empty: 2,000,000 of width 100 are 800 MB


def to_fasttext(vectors: SubwordVectors) -> Iterator[bytes]:
    """The bytes of the file, piece by piece.

    What vectors do not remember of their training, and what no question needs, is written as fastText's default, and
    the output matrix as zeros: the file answers for any word, but training cannot go on from it.
    """
    width, words, settings = vectors.width, len(vectors), vectors.ngrams.settings
    yield struct.pack("<2i", MAGIC, VERSION)
    training = width, 5, 5, 5, 5, 1, NEGATIVE_SAMPLING, SKIP_GRAM  # window, epochs, min_count, negatives, word n-grams
    yield struct.pack("<12id", *training, settings.buckets, settings.shortest, settings.longest, 100, 1e-4)
    yield struct.pack("<3iqq", words, words, 0, int(vectors.counts.sum()), -1)
    for word, count in zip(vectors.tokens.to_pylist(), vectors.counts.tolist(), strict=True):
        yield word.encode() + struct.pack("<bqb", 0, count, 0)
    yield struct.pack("<?2q", False, words + settings.buckets, width)
    yield vectors.own.astype("<f4").tobytes()
    yield from _buckets(vectors)
    yield struct.pack("<?2q", False, words, width)
    yield np.zeros((words, width), "<f4").tobytes()


def _buckets(vectors: SubwordVectors) -> Iterator[bytes]:
    """The vectors of all buckets, zeros for those that were not trained."""
    ngrams = vectors.ngrams
    for start in range(0, ngrams.settings.buckets, ROWS_AT_A_TIME):
        rows = np.zeros((min(ROWS_AT_A_TIME, ngrams.settings.buckets - start), vectors.width), "<f4")
        some = slice(*np.searchsorted(ngrams.buckets, [start, start + len(rows)]))
        rows[ngrams.buckets[some] - start] = ngrams.vectors[some]
        yield rows.tobytes()
