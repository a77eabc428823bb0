"""Word vectors out of fastText's own binary: each word's row and those of its character n-grams, as fastText adds them.

The layout is that of fastText 0.9 (args.cc, dictionary.cc, densematrix.cc); Bojanowski et al. 2017.
"""

import struct
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from models.settings import SubwordSettings
from models.text.ngrams import Hashing, hash_ngrams
from models.vectors.subword_vectors import NgramVectors
from models.wording import counted

MAGIC, VERSION = 793_712_314, 12
SENTENCE_END = b"</s>"  # the one word without n-grams
WORDS_AT_A_TIME = 20_000  # their n-grams take some 50 MB
# N-grams of the first so many words are kept for words never seen: all of a large model's would be gigabytes.
NGRAM_WORDS = 60_000
LONGEST = 20  # characters of an n-gram, as ours
REMEDY = "save its vectors as text (.vec) and give those"


class FasttextModel(NamedTuple):
    """Words as bytes, most frequent first, vectors float32 (words, width), counts int64 (words,), and n-grams if any.

    N-grams are those of the first NGRAM_WORDS words.
    """

    words: list[bytes]
    vectors: np.ndarray
    counts: np.ndarray
    ngrams: NgramVectors | None


class _Cursor:
    """Numbers and words of a buffer, one after the other. Raises ValueError at its end."""

    def __init__(self, data: Any) -> None:
        self.data, self.place = data, 0

    def numbers(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(f"<{form}")
        if self.place + size > len(self.data):
            raise ValueError("the fastText model is cut short: give the whole file")
        self.place += size
        return struct.unpack_from(f"<{form}", self.data, self.place - size)

    def word(self) -> bytes:
        end = self.data.find(b"\0", self.place)
        if end < 0:
            raise ValueError("the fastText model is cut short within its words: give the whole file")
        word = bytes(self.data[self.place : end])
        self.place = end + 1
        return word

    def matrix(self) -> np.ndarray:
        rows, width = self.numbers("2q")
        if rows < 0 or width < 1 or self.place + 4 * rows * width > len(self.data):
            raise ValueError(f"the fastText model is cut short: it promises {counted(rows, 'row')} of width {width}")
        return np.frombuffer(self.data, "<f4", rows * width, self.place).reshape(rows, width)


def is_fasttext(data: Any) -> bool:
    """Whether a buffer begins as a fastText model does."""
    return len(data) >= 8 and struct.unpack_from("<2i", data) == (MAGIC, VERSION)


def read_fasttext(data: Any, limit: int | None = None) -> FasttextModel:
    """The first `limit` words of a model with their vectors, and its n-grams.

    `data` is any buffer that has `find`: bytes, or a mapped file, of which then only what is used is read. A vector is
    the mean of the word's row and the rows of its n-grams. Raises ValueError for a model cut short, or quantized.
    """
    cursor = _Cursor(data)
    cursor.numbers("2i")
    *_, buckets, shortest, longest, _, _ = cursor.numbers("12id")
    size, words, _, _, pruned = cursor.numbers("3i2q")
    found, counts = [], np.zeros(size, np.int64)
    for place in range(size):  # labels, of a classifier, come last and have no row
        found.append(cursor.word())
        counts[place], _ = cursor.numbers("qb")
    if pruned > 0 or cursor.numbers("?")[0]:
        raise ValueError(f"a quantized fastText model (.ftz) holds no whole vectors: {REMEDY}, or the .bin")
    rows = cursor.matrix()
    if len(rows) < words:
        raise ValueError(
            f"the fastText model has {counted(words, 'word')} and only {counted(len(rows), 'row')}: {REMEDY}"
        )
    kept = found[: words if limit is None else min(words, limit)]
    hashing, shared = Hashing(max(shortest, 1), longest, buckets), rows[words:]
    if longest < 1 or len(shared) < buckets or not buckets:
        return FasttextModel(kept, rows[: len(kept)].astype(np.float32), counts[: len(kept)], None)
    vectors = _with_ngrams(kept, rows[:words], shared, hashing)
    return FasttextModel(kept, vectors, counts[: len(kept)], _ngrams(found[:words], shared, hashing))


def _ngrams(words: list[bytes], shared: np.ndarray, hashing: Hashing) -> NgramVectors | None:
    """The rows of the n-grams of the first words; None where they are longer than ours may be."""
    if not hashing.shortest <= hashing.longest <= LONGEST:
        return None
    buckets = np.unique(ngram_rows(words[:NGRAM_WORDS], hashing).indices).astype(np.int32)
    return NgramVectors(SubwordSettings(enabled=True, **hashing._asdict()), buckets, shared[buckets].astype(np.float32))


def _with_ngrams(words: list[bytes], own: np.ndarray, shared: np.ndarray, hashing: Hashing) -> np.ndarray:
    """The mean of each word's own row and the shared rows of its n-grams."""
    vectors = own[: len(words)].astype(np.float32)
    for start in range(0, len(words), WORDS_AT_A_TIME):
        part = slice(start, start + WORDS_AT_A_TIME)
        grams = ngram_rows(words[part], hashing)
        counts = np.asarray(grams.sum(axis=1), np.float32)
        vectors[part] = (vectors[part] + grams @ shared[: hashing.buckets]) / (counts.reshape(-1, 1) + 1)
    return vectors


def ngram_rows(words: list[bytes], hashing: Hashing) -> Any:
    """How often each word (row) has an n-gram of each bucket (column), sparse float32 (words, buckets).

    Words that are not UTF-8 get n-grams of what is left of them: they have no vector in the end.
    """
    from scipy.sparse import csr_matrix

    texts = pa.array([word.decode("utf-8", "replace") for word in words], pa.string())
    found = hash_ngrams(texts, hashing)
    counted = np.repeat([word != SENTENCE_END for word in words], np.diff(found.offsets))
    offsets = np.concatenate([[0], np.cumsum(counted)])[found.offsets]
    ones = np.ones(int(counted.sum()), np.float32)
    return csr_matrix((ones, found.buckets[counted], offsets), (len(words), hashing.buckets))
