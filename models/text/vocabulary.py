"""Which tokens have an id of their own, and what the ids are. Fitted on training rows and unlabelled text only."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import VocabularySettings
from models.text import Tokens
from models.text.pieces import WordCounts, count_words

PADDING, UNKNOWN = "<pad>", "<unk>"
PADDING_ID, UNKNOWN_ID = 0, 1
RESERVED = (PADDING, UNKNOWN)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The row number is the id: 0 padding, 1 unknown, then by falling count, ties by token.

    The counts of the unknown id are those of the dropped tokens, so that counts sum to the tokens that were fitted.
    """

    tokens: pa.StringArray  # (ids,)
    counts: np.ndarray  # int64 (ids,): occurrences in the fitted documents
    document_counts: np.ndarray  # int64 (ids,): fitted documents that hold the token

    def __post_init__(self) -> None:
        """Raise ValueError unless the first two rows are the reserved ones and all columns are equally long."""
        if tuple(self.tokens.slice(0, 2).to_pylist()) != RESERVED:
            raise ValueError(f"a vocabulary must start with {RESERVED}, got {self.tokens.slice(0, 2).to_pylist()}")
        if not len(self.tokens) == len(self.counts) == len(self.document_counts):
            raise ValueError(
                f"a vocabulary needs one count and one document count for each token ({len(self.tokens)}), "
                f"got {len(self.counts)} and {len(self.document_counts)}"
            )

    def __len__(self) -> int:
        """The number of ids, the two reserved ones included."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each token."""
        return {token: row for row, token in enumerate(self.tokens.to_pylist())}

    def encode(self, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
        """Ids of all tokens, int32 (tokens,), and the offsets of the documents, int64 (documents + 1,).

        One look-up for each distinct word. Words without an id of their own share UNKNOWN_ID; the word "<pad>" too,
        since padding is no word.
        """
        return encode_words(tokens.words, self.tokens)[tokens.codes], tokens.offsets

    def extended(self, tokens: pa.StringArray) -> "Vocabulary":
        """This vocabulary and, after it, the tokens that it lacks: known from elsewhere, so counted zero times here."""
        new = tokens.filter(pc.invert(pc.is_in(tokens, self.tokens)))
        zeros = np.zeros(len(new), np.int64)
        return Vocabulary(
            pa.concat_arrays([self.tokens, new]),
            np.concatenate([self.counts, zeros]),
            np.concatenate([self.document_counts, zeros]),
        )

    def decode(self, ids: np.ndarray) -> list[str]:
        """The tokens of these ids."""
        words: list[str] = self.tokens.take(pa.array(ids)).to_pylist()
        return words

    def to_table(self) -> pa.Table:
        """Columns token, count, document_count; the row number is the id."""
        return pa.table({"token": self.tokens, "count": self.counts, "document_count": self.document_counts})

    @classmethod
    def from_table(cls, table: pa.Table) -> "Vocabulary":
        """The inverse of `to_table`."""
        counts, document_counts = table["count"].to_numpy(), table["document_count"].to_numpy()
        return cls(table["token"].combine_chunks().cast(pa.string()), counts, document_counts)


def fit_vocabulary(tokens: Tokens, settings: VocabularySettings) -> Vocabulary:
    """The words that occur at least `min_count` times, the `max_size` most frequent of them at most."""
    return fit_vocabulary_to([tokens], settings)


def fit_vocabulary_to(pieces: Iterable[Tokens], settings: VocabularySettings) -> Vocabulary:
    """The same over a text in pieces, which are read twice."""
    seen = count_words(pieces)
    kept = frequent_rows(seen, settings)
    words = seen.words.take(pa.array(kept))
    dropped = seen.counts.sum() - seen.counts[kept].sum()
    return Vocabulary(
        pa.concat_arrays([pa.array(RESERVED), words]),
        np.concatenate([[0, dropped], seen.counts[kept]]),
        np.concatenate([[0, sum(_documents_beyond(piece, words) for piece in pieces)], seen.document_counts[kept]]),
    )


def frequent_rows(seen: WordCounts, settings: VocabularySettings) -> np.ndarray:
    """The rows of the words to keep, most frequent first, ties by word: their order in `seen` does not matter."""
    own = ~pc.is_in(seen.words, pa.array(RESERVED)).to_numpy(zero_copy_only=False)
    frequent = np.flatnonzero((seen.counts >= settings.min_count) & own)
    ranks = pc.rank(seen.words.take(pa.array(frequent)), tiebreaker="first").to_numpy()
    order = np.lexsort((ranks, -seen.counts[frequent]))
    kept: np.ndarray = frequent[order][: settings.max_size]
    return kept


def encode_words(words: pa.StringArray, vocabulary: pa.StringArray) -> np.ndarray:
    """The id of each word, int32 (words,); UNKNOWN_ID where it has none."""
    ids = pc.index_in(words, vocabulary).fill_null(UNKNOWN_ID).to_numpy(zero_copy_only=False).astype(np.int32)
    return np.where(ids == PADDING_ID, np.int32(UNKNOWN_ID), ids)


def _documents_beyond(tokens: Tokens, words: pa.StringArray) -> int:
    """How many documents hold any other word than these."""
    others = ~pc.is_in(tokens.words, words).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(others[tokens.codes])])[tokens.offsets]
    return int(np.count_nonzero(np.diff(before)))
