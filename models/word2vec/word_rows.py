"""Which rows of the input table make up each word: its own, and with subwords those of its character n-grams too.

A step works each of its distinct words out once, however often it occurs, from rows that are fetched once, however many
words share them; its changes go back the same way. What is where is worked out here, on integers, ahead of the step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from models.settings import SubwordSettings
from models.text.ngrams import hash_ngrams

NO_SUBWORDS = SubwordSettings()
FEWEST_SHAPES = 2048  # rows and members of a block's steps are padded to a multiple: each shape is compiled again


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
    words) float32, rows of each word, 1 for padding; rows (steps, distinct) of the table, padded with 0. A member is a
    row of a word. By row: moved (steps, members), its row among the step's, and mover, its word among the step's, -1
    for padding. By word: table_row and word (all members,), from ends[i] to ends[i + 1] for step i; its second half
    begins with word halves[i, 0], which is member halves[i, 1].
    """

    place: np.ndarray
    sizes: np.ndarray
    rows: np.ndarray
    moved: np.ndarray
    mover: np.ndarray
    halves: np.ndarray
    ends: np.ndarray
    table_row: np.ndarray
    word: np.ndarray

    def step(self, number: Any) -> "StepRows":
        """Those of one step; of tensors as of arrays."""
        own = slice(self.ends[number], self.ends[number + 1])
        return StepRows._make([*(each[number] for each in self[:6]), self.ends, self.table_row[own], self.word[own]])


def step_rows(known: WordRows, words: np.ndarray) -> StepRows:
    """The rows of steps whose input matrix is read at words (steps, chunks, tokens)."""
    steps = [_one_step(known, step.reshape(-1)) for step in words]
    place, sizes, rows, moved, mover, halves, ends, table_row, word = zip(*steps, strict=True)
    return StepRows(
        np.stack(place).reshape(words.shape),
        _stack_padded(sizes, words[0].size, 1),
        _stack_padded(rows, FEWEST_SHAPES),
        _stack_padded(moved, FEWEST_SHAPES),
        _stack_padded(mover, FEWEST_SHAPES, -1),
        np.stack(halves),
        np.cumsum([0, *ends]).astype(np.int32),
        np.concatenate(table_row),
        np.concatenate(word),
    )


def _stack_padded(parts: Sequence[np.ndarray], multiple: int, value: int = 0) -> np.ndarray:
    """Parts of different lengths as one array (parts, the longest, rounded up to a multiple)."""
    length = -(-max(map(len, parts)) // multiple) * multiple
    return np.stack([np.pad(part, (0, length - len(part)), constant_values=value) for part in parts])


def _one_step(known: WordRows, words: np.ndarray) -> StepRows:
    """The same for one step of words (positions,), nothing padded; `ends` is the number of its members."""
    distinct, place, _, _ = _number(words)
    sizes, table_row = known.sizes[distinct], known.members(distinct)
    rows, _, moved, order = _number(table_row)
    word = np.repeat(np.arange(len(distinct), dtype=np.int32), sizes)
    middle = word[len(word) // 2]
    halves = np.array([middle, np.searchsorted(word, middle)], np.int32)
    ends = np.array(len(word))
    return StepRows(place, sizes.astype(np.float32), rows, moved, word[order], halves, ends, table_row, word)


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
