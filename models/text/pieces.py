"""Text that is larger than memory: pieces to be read again and again, of which one is there at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.text.tokens import Tokens

T = TypeVar("T")


@dataclass(frozen=True)
class MappedPieces(Generic[T]):
    """What a function makes of each piece, made again whenever the pieces are read."""

    pieces: Iterable[Tokens]
    function: Callable[[Tokens], T]

    def __iter__(self) -> Iterator[T]:
        """One result after the other."""
        return map(self.function, self.pieces)


def map_pieces(pieces: Iterable[Tokens], function: Callable[[Tokens], T]) -> Iterable[T]:
    """A list for a list, for that is in memory anyway; otherwise `MappedPieces`.

    >>> map_pieces([Tokens.from_lists([["a"], ["b"]])], len)
    [2]
    """
    return [function(piece) for piece in pieces] if isinstance(pieces, list) else MappedPieces(pieces, function)


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Every distinct word of a text, in the order of its first piece, and how often it occurs."""

    words: pa.StringArray
    counts: np.ndarray  # int64 (distinct words,): occurrences
    document_counts: np.ndarray  # int64 (distinct words,): documents that hold the word

    def to_table(self) -> pa.Table:
        """Columns word, count, document_count."""
        return pa.table({"word": self.words, "count": self.counts, "document_count": self.document_counts})

    @classmethod
    def from_table(cls, table: pa.Table) -> "WordCounts":
        """The inverse of `to_table`."""
        words = pa.concat_arrays([pa.array([], pa.string()), *table["word"].chunks])
        return cls(words, table["count"].to_numpy(), table["document_count"].to_numpy())


def count_words(pieces: Iterable[Tokens]) -> WordCounts:
    """The words of all pieces, read once. Memory grows with the distinct words, not with the text."""
    return add_counts(WordCounts(each.words, each.counts(), each.document_counts()) for each in pieces)


def add_counts(parts: Iterable[WordCounts]) -> WordCounts:
    """What is counted in all parts together; their order decides that of the words, and nothing else."""
    words, counts, document_counts = pa.array([], pa.string()), np.zeros(0, np.int64), np.zeros(0, np.int64)
    for part in parts:
        encoded = pa.concat_arrays([words, part.words]).dictionary_encode()
        rows, size = encoded.indices.to_numpy()[len(words) :], len(encoded.dictionary)
        words = encoded.dictionary
        counts = _added(counts, rows, part.counts, size)
        document_counts = _added(document_counts, rows, part.document_counts, size)
    return WordCounts(words, counts, document_counts)


def _added(total: np.ndarray, rows: np.ndarray, counts: np.ndarray, size: int) -> np.ndarray:
    grown = np.zeros(size, np.int64)
    grown[: len(total)] = total
    grown[rows] += counts
    return grown


def codes_in(words: pa.StringArray, piece: Tokens) -> Tokens:
    """The piece over these words, which hold all of its own: so codes of different pieces mean the same."""
    rows = pc.index_in(piece.words, words).to_numpy(zero_copy_only=False).astype(np.int32)
    return Tokens(piece.offsets, rows[piece.codes], words)
