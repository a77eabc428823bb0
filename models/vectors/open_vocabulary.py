"""Ids for any word: those of a vocabulary, and beyond it those of words whose vectors are made of their n-grams."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from models.text import Tokens
from models.text.vocabulary import UNKNOWN_ID, Vocabulary, encode_words
from models.vectors.subword_vectors import NgramVectors, from_ngram_table, to_ngram_table


class OpenIds(NamedTuple):
    """Encoded documents: document i is ids[offsets[i]:offsets[i + 1]].

    ids int32 (tokens,); offsets int64 (documents + 1,); beyond float32 (words, width): row j is the vector of id
    len(vocabulary) + j. None of a vocabulary that knows no n-grams.
    """

    ids: np.ndarray
    offsets: np.ndarray
    beyond: np.ndarray | None


@dataclass(frozen=True, eq=False)
class OpenVocabulary:
    """A vocabulary and, where there are some, the n-grams that words outside it are made of."""

    words: Vocabulary
    ngrams: NgramVectors | None = None

    @classmethod
    def from_tables(cls, tables: Mapping[str, pa.Table]) -> "OpenVocabulary":
        """The inverse of `to_tables`; what else is among the tables is left alone."""
        ngrams = from_ngram_table(tables["ngrams.parquet"]) if "ngrams.parquet" in tables else None
        return cls(Vocabulary.from_table(tables["vocabulary.parquet"]), ngrams)

    def scaled(self, factor: np.float32) -> "OpenVocabulary":
        """The same, the vectors of n-grams times the factor, and in half the room."""
        return OpenVocabulary(self.words, None if self.ngrams is None else self.ngrams.scaled(factor).halved())

    def to_tables(self) -> dict[str, pa.Table]:
        """`vocabulary.parquet` and, where there are n-grams, `ngrams.parquet`."""
        words = {"vocabulary.parquet": self.words.to_table()}
        return words if self.ngrams is None else {**words, "ngrams.parquet": to_ngram_table(self.ngrams)}

    def encode(self, tokens: Tokens) -> OpenIds:
        """As `Vocabulary.encode`; a word outside gets an id of its own in these documents if it has known n-grams."""
        if self.ngrams is None:
            return OpenIds(*self.words.encode(tokens), None)
        ids = encode_words(tokens.words, self.words.tokens)
        used = np.bincount(tokens.codes, minlength=len(ids)) > 0
        unknown = np.flatnonzero((ids == UNKNOWN_ID) & used)
        vectors, known = self.ngrams.compose(tokens.words.take(pa.array(unknown)))
        ids[unknown[known]] = len(self.words) + np.arange(np.count_nonzero(known))
        return OpenIds(ids[tokens.codes], tokens.offsets, vectors[known])
