"""How often words stand near each other, counted over any number of documents in bounded memory."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import CooccurrenceSettings, VocabularySettings
from models.text import Tokens
from models.text.pieces import WordCounts, count_words
from models.text.vocabulary import frequent_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TOKENS_AT_ONCE = 1 << 20  # bounds memory: a block has one pair at most for each of these tokens and each distance
UNCOUNTED = -1
LARGEST_EXACT = 1 << 53  # whole numbers up to here are exact in float64, and so are their sums


class CooccurrenceCounter:
    """Adds up, over blocks of documents, how much each word stands beside each other one.

    Two words at most `window` tokens apart in one document weigh 1, or 1 / distance when harmonic; never across the
    border of documents. Directed, the context of a word is what follows it; otherwise it is both sides and the matrix
    is symmetric. Words that are not counted keep their place in the window. Counts from several counters add up.
    """

    def __init__(self, words: pa.StringArray, settings: CooccurrenceSettings) -> None:
        """Count these words, which become rows and columns in this order.

        Raises ValueError for a window whose harmonic weights are not exact.
        """
        self.words = words
        self.settings = settings
        if self._unit > LARGEST_EXACT:
            raise ValueError(
                f"a harmonic window of {settings.window} words cannot be counted exactly: make it 40 words at most, or "
                "weigh all distances alike (flat)"
            )
        self._sums: list[csr_matrix] = []  # in units of 1 / _unit

    @classmethod
    def over(cls, parts: Sequence[Tokens], settings: CooccurrenceSettings) -> "CooccurrenceCounter":
        """The counts of all parts, for their most frequent words. Raises ValueError when no word is frequent enough."""
        counter = cls(frequent_words(parts, settings), settings)
        for part in parts:
            counter.add(part)
        return counter

    def add(self, tokens: Tokens) -> None:
        """Count the pairs of these documents."""
        rows = pc.index_in(tokens.words, self.words).fill_null(UNCOUNTED)
        rows = rows.to_numpy(zero_copy_only=False).astype(np.int32)[tokens.codes]
        for start in range(0, len(rows), TOKENS_AT_ONCE):
            self.add_sums(self._count_block(rows, tokens.offsets, start))

    def sums(self) -> "csr_matrix":
        """What was counted so far, in whole numbers (float64), for `add_sums` of another counter of the same words.

        Undirected pairs stand above the diagonal alone. Raises ValueError when a number is too large to be exact.
        """
        from scipy.sparse import csr_matrix

        total = sum(reversed(self._sums), start=csr_matrix((len(self.words), len(self.words))))
        if total.nnz and total.data.max() > LARGEST_EXACT:
            raise ValueError(
                f"a pair of words weighs more than can be counted exactly with a window of {self.settings.window}: "
                "make the window smaller, or weigh all distances alike (flat)"
            )
        return total

    def add_sums(self, sums: "csr_matrix") -> None:
        """Add what another counter of these words, with these settings, has counted."""
        self._sums.append(sums)
        while len(self._sums) > 1 and self._sums[-2].nnz < 2 * self._sums[-1].nnz:
            self._sums.append(self._sums.pop() + self._sums.pop())  # like meets like: no entry is added many times

    def matrix(self) -> "csr_matrix":
        """Weight of each word (row) beside each context word (column), float64 (words, words).

        Exact, hence the same for any order and cutting of the documents: no sum may exceed 2**53 /
        lcm(1, ..., window), which is 10**14 for a window of 5. Raises ValueError as `sums` does.
        """
        total = self.sums()
        if not self.settings.directed:
            total = total + total.T.tocsr()
        total.data /= self._unit
        return total

    @property
    def _unit(self) -> int:
        """What weights are multiplied by to make them whole numbers, whose sums are exact."""
        return math.lcm(*range(1, self.settings.window + 1)) if self.settings.weighting == "harmonic" else 1

    def _count_block(self, rows: np.ndarray, offsets: np.ndarray, start: int) -> "csr_matrix":
        """The pairs whose first word is one of the TOKENS_AT_ONCE tokens from `start` on.

        Undirected pairs are put in order, so that all stand above the diagonal and half of the entries will do.
        """
        stop = min(start + TOKENS_AT_ONCE, len(rows))
        near = rows[start : stop + self.settings.window]
        ends = _document_ends(offsets, start, stop) - start
        keys = []
        for distance in range(1, self.settings.window + 1):
            first, second = near[: stop - start], near[distance:][: stop - start]
            first, end = first[: len(second)], ends[: len(second)]
            paired = (first != UNCOUNTED) & (second != UNCOUNTED) & (np.arange(distance, len(end) + distance) < end)
            word, context = first[paired], second[paired]
            if not self.settings.directed:
                word, context = np.minimum(word, context), np.maximum(word, context)
            pairs = word.astype(self._key_type) * self._key_type(len(self.words)) + context.astype(self._key_type)
            keys.append((pairs << self._distance_bits) + self._key_type(distance))
        return self._summed(np.concatenate(keys))

    def _summed(self, keys: np.ndarray) -> "csr_matrix":
        """The weight of each pair, from keys (pairs,) that hold word, context and distance, which are sorted in place.

        One sort of whole numbers, which NumPy does with vector instructions, brings equal pairs together.
        """
        from scipy.sparse import csr_matrix

        keys.sort()
        weights = self._weights()[keys & self._key_type((1 << self._distance_bits) - 1)]
        pairs = keys >> self._distance_bits
        begins = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)])
        sums = np.add.reduceat(weights, begins) if len(begins) else weights
        words, contexts = np.divmod(pairs[begins], self._key_type(len(self.words)))
        ends = np.searchsorted(words.astype(np.int32), np.arange(len(self.words) + 1, dtype=np.int32))
        entries = sums, contexts.astype(np.int32), ends.astype(np.int32)
        return csr_matrix(entries, shape=(len(self.words), len(self.words)))

    @property
    def _distance_bits(self) -> int:
        """Of a key, below its pair."""
        return self.settings.window.bit_length()

    @property
    def _key_type(self) -> type[np.unsignedinteger]:
        """32 bits where they hold every key, as those of 20,000 words and a window of 7 do: half the work of 64."""
        return np.uint32 if len(self.words) ** 2 << self._distance_bits <= 1 << 32 else np.uint64

    def _weights(self) -> np.ndarray:
        """What a pair weighs by its distance, in units of 1 / _unit, float64 (window + 1,)."""
        distances = np.arange(1, self.settings.window + 1)
        harmonic = self.settings.weighting == "harmonic"
        return np.concatenate([[0.0], self._unit / distances if harmonic else np.ones(len(distances))])


def frequent_words(parts: Sequence[Tokens], settings: CooccurrenceSettings) -> pa.StringArray:
    """The words to count, most frequent first. Raises ValueError when no word is frequent enough."""
    return frequent_words_of(count_words(parts), settings)


def frequent_words_of(counts: WordCounts, settings: CooccurrenceSettings) -> pa.StringArray:
    """The same of words that are counted already."""
    limits = VocabularySettings(min_count=settings.min_count, max_size=settings.max_vocabulary)
    words = counts.words.take(pa.array(frequent_rows(counts, limits)))
    if len(words) == 0:
        raise ValueError(f"no word occurs {settings.min_count} times: lower min_count or bring more text")
    return words


def _document_ends(offsets: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Where the document of each token from start to stop ends, int64 (stop - start,)."""
    first, last = np.searchsorted(offsets, [start, stop - 1], side="right")
    ends = offsets[first : last + 1]
    return np.repeat(ends, np.diff(np.concatenate([[start], np.minimum(ends, stop)])))
