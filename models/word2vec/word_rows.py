"""Which rows of the input table make up each word: its own, and with subwords those of its character n-grams too.

A step works each of its distinct words out once, however often it occurs, from rows that are fetched once, however many
words share them; its changes go back the same way. What is where is worked out here, on integers, ahead of the step.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from models.settings import SubwordSettings
from models.text.ngrams import hash_ngrams

NO_SUBWORDS = SubwordSettings()
FEWEST_SHAPES = 1024  # rows of a block's steps are padded to a multiple of it: each shape is compiled again


@dataclass(frozen=True)
class WordRows:
    """The rows of word i are rows[offsets[i]:offsets[i + 1]], its own row i the first; buckets are those of the others.

    rows int32 (members,), offsets int64 (words + 1,); buckets int32 (n-grams,), ascending: row words + j of the table
    is that of bucket buckets[j]. Buckets that no word of the vocabulary has take up no room.
    """

    rows: np.ndarray
    offsets: np.ndarray
    buckets: np.ndarray
    settings: SubwordSettings = NO_SUBWORDS

    @classmethod
    def alone(cls, words: int) -> "WordRows":
        """One row for each of so many words, and no other."""
        return cls(np.arange(words, dtype=np.int32), np.arange(words + 1), np.zeros(0, np.int32))

    @classmethod
    def of(cls, words: pa.StringArray, settings: SubwordSettings) -> "WordRows":
        """Those of a vocabulary; without subwords each word has its own row and no other."""
        if not settings.enabled:
            return cls.alone(len(words))
        own = np.arange(len(words), dtype=np.int32)
        ngrams = hash_ngrams(words, settings)
        buckets, places = np.unique(ngrams.buckets, return_inverse=True)
        rows = np.insert((places + len(words)).astype(np.int32), ngrams.offsets[:-1], own)
        return cls(rows, ngrams.offsets + np.arange(len(words) + 1), buckets, settings)

    def __len__(self) -> int:
        """Rows of the table: words and n-grams."""
        return len(self.offsets) - 1 + len(self.buckets)

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each word: int64 (words,)."""
        return np.diff(self.offsets)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """For each row the sum over its words of values (words,): float64 (rows,)."""
        return np.bincount(self.rows, np.repeat(values, self.sizes), len(self))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """For each word the mean over its rows of values (rows,): float64 (words,)."""
        means: np.ndarray = np.add.reduceat(values[self.rows], self.offsets[:-1]) / self.sizes
        return means

    def least(self, values: np.ndarray) -> np.ndarray:
        """For each row the least of the values (words,) of its words: of the same type (rows,)."""
        found = np.ones(len(self), values.dtype) * np.inf
        np.minimum.at(found, self.rows, np.repeat(values, self.sizes))
        return found.astype(values.dtype)

    def vectors(self, table: np.ndarray, words: np.ndarray | None = None) -> np.ndarray:
        """The vectors of these words, or of all, from a table float32 (rows, width): float32 (words, width)."""
        words = np.arange(len(self.offsets) - 1) if words is None else words
        if not len(self.buckets):
            return table[words]
        found = np.empty((len(words), table.shape[1]), np.float32)
        for at in range(0, len(words), 1000):  # bounds the memory, some 10 MB
            some = words[at : at + 1000]
            sizes = self.sizes[some]
            total = np.add.reduceat(table[self.members(some)], np.cumsum(sizes) - sizes, dtype=np.float32)
            found[at : at + 1000] = total / sizes[:, None].astype(np.float32)
        return found

    def members(self, words: np.ndarray) -> np.ndarray:
        """The rows of these words (words,), one word after the other."""
        sizes = self.sizes[words]
        rows: np.ndarray = self.rows[
            np.arange(sizes.sum()) + np.repeat(self.offsets[words] - np.cumsum(sizes) + sizes, sizes)
        ]
        return rows


class StepRows(NamedTuple):
    """The rows of a block's steps. Words and rows are numbered again in each step, as they are met in the table.

    place (steps, chunks, tokens): the step's number of the word at each position of the input matrix; sizes (steps,
    words) float32, rows of each word, 1 for padding; rows (steps, distinct) of the table, padded with 0. Of step i,
    from ends[i] to ends[i + 1]: row and word of each member, by word; by_row and by_row_word the same by row.
    """

    place: np.ndarray
    sizes: np.ndarray
    rows: np.ndarray
    ends: np.ndarray
    row: np.ndarray
    word: np.ndarray
    by_row: np.ndarray
    by_row_word: np.ndarray

    def step(self, number: Any) -> "StepRows":
        """Those of one step; of tensors as of arrays."""
        own = slice(self.ends[number], self.ends[number + 1])
        flat = (each[own] for each in self[4:])
        return StepRows(self.place[number], self.sizes[number], self.rows[number], self.ends, *flat)


def step_rows(known: WordRows, words: np.ndarray) -> StepRows:
    """The rows of steps whose input matrix is read at words (steps, chunks, tokens)."""
    steps = [_one_step(known, step.reshape(-1)) for step in words]
    most = -(-max(len(step.rows) for step in steps) // FEWEST_SHAPES) * FEWEST_SHAPES
    return StepRows(
        np.stack([step.place for step in steps]).reshape(words.shape),
        np.stack([np.pad(step.sizes, (0, words[0].size - len(step.sizes)), constant_values=1) for step in steps]),
        np.stack([np.pad(step.rows, (0, most - len(step.rows))) for step in steps]),
        np.cumsum([0, *(len(step.row) for step in steps)]).astype(np.int32),
        *(np.concatenate(each) for each in zip(*(step[4:] for step in steps), strict=True)),
    )


def _one_step(known: WordRows, words: np.ndarray) -> StepRows:
    """The same for one step of words (positions,), nothing padded."""
    distinct, place, _, _ = _number(words)
    sizes = known.sizes[distinct]
    rows, row, by_row, order = _number(known.members(distinct))
    word = np.repeat(np.arange(len(distinct), dtype=np.int32), sizes)
    return StepRows(place, sizes.astype(np.float32), rows, np.array([0, len(row)]), row, word, by_row, word[order])


def _number(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The distinct values, ascending, and which of them each is; the latter sorted too, and the order that sorts it.

    By one sort of values and places in one number each: no two are equal, so every way of sorting leaves one order.
    """
    shift = len(values).bit_length()
    keys = np.sort((values.astype(np.int64) << shift) | np.arange(len(values)))
    ordered, order = (keys >> shift).astype(np.int32), keys & ((1 << shift) - 1)
    first = np.append(np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1])
    ascending = np.cumsum(first, dtype=np.int32) - np.int32(1)
    numbers = np.empty(len(values), np.int32)
    numbers[order] = ascending
    return ordered[first], numbers, ascending, order
