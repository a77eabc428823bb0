"""Tokenized documents, dictionary-encoded: every distinct word is held once, a document is a slice of codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Strings: TypeAlias = pa.Array | pa.ChunkedArray
MAX_ARROW_TOKENS = 2**31 - 1  # the offsets of an Arrow list are 32 bits wide


@dataclass(frozen=True, eq=False)
class Tokens:
    """Document i holds words[codes[offsets[i] : offsets[i + 1]]]. The order of `words` carries no meaning."""

    offsets: np.ndarray  # int64 (documents + 1,)
    codes: np.ndarray  # int32 (tokens,)
    words: pa.StringArray  # (distinct words,)

    def __post_init__(self) -> None:
        """Raise ValueError when the offsets do not cut up exactly these codes."""
        if len(self.offsets) == 0 or self.offsets[0] != 0 or self.offsets[-1] != len(self.codes):
            raise ValueError(f"offsets must run from 0 to the {len(self.codes)} codes, got {self.offsets[:1]}...")

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each document, int64 (documents,)."""
        return np.diff(self.offsets)

    def counts(self) -> np.ndarray:
        """How often each of `words` occurs, int64 (distinct words,)."""
        return np.bincount(self.codes, minlength=len(self.words))

    def document_counts(self) -> np.ndarray:
        """In how many documents each of `words` occurs, int64 (distinct words,)."""
        return np.bincount(self.occurrences().indices, minlength=len(self.words))

    def occurrences(self) -> "csr_matrix":
        """Whether each document holds each of `words`: sparse bool (documents, distinct words)."""
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.codes), bool)
        occurs = csr_matrix((ones, self.codes.copy(), self.offsets), shape=(len(self), len(self.words)))
        occurs.sum_duplicates()  # once for each document
        return occurs

    def take(self, indices: np.ndarray) -> "Tokens":
        """These documents, in this order; `words` stays whole.

        >>> Tokens.from_lists([["a"], ["b", "c"]]).take(np.array([1, 0])).to_lists()
        [['b', 'c'], ['a']]
        """
        rows = np.arange(len(self))[indices]  # masks and negative indices are welcome, as in NumPy
        documents = pa.LargeListArray.from_arrays(pa.array(self.offsets), pa.array(self.codes))
        taken = documents.take(pa.array(rows))
        return Tokens(taken.offsets.to_numpy(), taken.values.to_numpy(), self.words)

    def to_arrow(self) -> pa.ListArray:
        """list<dictionary<int32, string>>, one entry per document: the form in which tokens are stored."""
        if len(self.codes) > MAX_ARROW_TOKENS:
            raise ValueError(f"an Arrow list holds 2^31 tokens at most, got {len(self.codes)}: write several shards")
        values = pa.DictionaryArray.from_arrays(pa.array(self.codes, pa.int32()), self.words)
        return pa.ListArray.from_arrays(pa.array(self.offsets, pa.int32()), values)

    @classmethod
    def from_arrow(cls, array: Strings) -> "Tokens":
        """What `to_arrow` gave, also after Parquet has cut it into chunks. Null documents hold no tokens."""
        chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        if not chunks:
            return cls.from_lists([])
        return concat([cls._from_chunk(chunk) for chunk in chunks])

    @classmethod
    def _from_chunk(cls, array: pa.Array) -> "Tokens":
        if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
            raise ValueError(f"tokens must be a list of strings for each document, got {array.type}")
        values = array.flatten()  # leaves out what a null or a slice hides
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        codes = values.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return cls(offsets_of(lengths), codes, values.dictionary.cast(pa.string()))

    def to_lists(self) -> list[list[str]]:
        """Plain lists of words, for tests and for reading; slow."""
        words = self.words.to_pylist()
        return [
            [words[code] for code in self.codes[start:stop]]
            for start, stop in zip(self.offsets[:-1], self.offsets[1:], strict=True)
        ]

    @classmethod
    def from_lists(cls, documents: Sequence[Sequence[str]]) -> "Tokens":
        """The inverse of `to_lists`."""
        flat = pa.array([word for document in documents for word in document], pa.string()).dictionary_encode()
        lengths = np.array([len(document) for document in documents], np.int64)
        return cls(offsets_of(lengths), flat.indices.to_numpy().astype(np.int32), flat.dictionary)


def concat(parts: Sequence[Tokens]) -> Tokens:
    """The documents of all parts, one after the other, over one common dictionary.

    >>> concat([Tokens.from_lists([["a", "b"]]), Tokens.from_lists([["b"], []])]).to_lists()
    [['a', 'b'], ['b'], []]
    """
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Tokens.from_lists([])
    encoded = pa.concat_arrays([part.words for part in parts]).dictionary_encode()
    first_words = offsets_of(np.array([len(part.words) for part in parts]))
    shared = encoded.indices.to_numpy()  # for each word of each part its place in the common dictionary
    codes = [shared[part.codes + first] for part, first in zip(parts, first_words[:-1], strict=True)]
    lengths = np.concatenate([part.lengths for part in parts])
    return Tokens(offsets_of(lengths), np.concatenate(codes), encoded.dictionary)


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Where each document starts, and after the last one its end: int64 (documents + 1,).

    >>> offsets_of(np.array([2, 0, 3]))
    array([0, 2, 2, 5])
    """
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
