"""Word vectors that know any word: one outside the vocabulary is the mean of its character n-grams (fastText)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import SubwordSettings
from models.text.ngrams import hash_ngrams
from models.text.vocabulary import RESERVED
from models.vectors.formats import from_table
from models.vectors.word_vectors import WordVectors


@dataclass(frozen=True, eq=False)
class NgramVectors:
    """Vectors of the buckets of n-grams that were trained: buckets int32 (n-grams,), ascending; float32 alike, width.

    A bucket that no word of the vocabulary has is all zeros, and not stored.
    """

    settings: SubwordSettings
    buckets: np.ndarray
    vectors: np.ndarray

    def __post_init__(self) -> None:
        """Raise ValueError unless there is one finite vector for each bucket, and buckets ascend."""
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.buckets):
            raise ValueError(f"{len(self.buckets)} buckets need as many vectors, got shape {self.vectors.shape}")
        if not np.isfinite(self.vectors).all():
            raise ValueError("vectors of n-grams must be finite, got NaN or infinity")
        if len(self.buckets) and (np.diff(self.buckets).min(initial=1) < 1 or self.buckets[0] < 0):
            raise ValueError("buckets of n-grams must ascend from 0 on, each once")

    def scaled(self, factor: np.float32) -> "NgramVectors":
        """The same, each vector times the factor."""
        return NgramVectors(self.settings, self.buckets, self.vectors * factor)

    def halved(self) -> "NgramVectors":
        """The same in float16, half the room: what they make is not told apart by any network."""
        return NgramVectors(self.settings, self.buckets, self.vectors.astype(np.float16))

    def means(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
        """The mean over the n-grams of each word, float32 (words, width), and whether one of them was trained."""
        sums, counts, known = self.sums(words)
        return sums / np.maximum(counts, 1).astype(np.float32)[:, None], known

    def compose(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of words outside the vocabulary, and whether they have one: <pad> and <unk> are not words.

        A word of which no n-gram was trained has none: its row is all zeros.
        """
        vectors, known = self.means(words)
        known &= ~pc.is_in(words, pa.array(RESERVED)).to_numpy(zero_copy_only=False)
        return np.where(known[:, None], vectors, np.float32(0)), known

    def sums(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The sum over the n-grams of each word, how many it has, and whether one of them was trained."""
        ngrams = hash_ngrams(words, self.settings)
        counts = np.diff(ngrams.offsets)
        places = np.minimum(np.searchsorted(self.buckets, ngrams.buckets), max(len(self.buckets) - 1, 0))
        trained = self.buckets[places] == ngrams.buckets if len(self.buckets) else np.zeros(len(places), bool)
        word = np.repeat(np.arange(len(words)), counts)[trained]
        sums = np.zeros((len(words), self.vectors.shape[1]), np.float32)
        np.add.at(sums, word, self.vectors[places[trained]].astype(np.float32))
        return sums, counts, np.bincount(word, minlength=len(words)) > 0


@dataclass(frozen=True, eq=False)
class SubwordVectors(WordVectors):
    """Vectors of the vocabulary, and of n-grams for all other words.

    The vector of a word of the vocabulary is the mean of a row of its own and those of its n-grams; counts int64
    (vocabulary,) are its occurrences in the text.
    """

    ngrams: NgramVectors
    counts: np.ndarray

    def scaled(self, factor: np.float32) -> "SubwordVectors":
        """The same, each vector times the factor, those of n-grams too."""
        return SubwordVectors(self.tokens, self.vectors * factor, self.ngrams.scaled(factor), self.counts)

    def unseen_vectors(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
        """The means of n-grams, and whether a word has one that was trained; <pad> and <unk> are not words."""
        return self.ngrams.compose(words)

    @cached_property
    def own(self) -> np.ndarray:
        """The row of each word of the vocabulary before n-grams are added, float32 (vocabulary, width)."""
        sums, counts, _ = self.ngrams.sums(self.tokens)
        own: np.ndarray = self.vectors * (counts + 1).astype(np.float32)[:, None] - sums
        return own


def to_ngram_table(ngrams: NgramVectors) -> pa.Table:
    """Columns bucket int32, vector fixed-size list of float32; the settings are in the table's metadata."""
    flat = pa.array(np.ascontiguousarray(ngrams.vectors).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, ngrams.vectors.shape[1])
    table = pa.table({"bucket": ngrams.buckets.astype(np.int32), "vector": vectors})
    return table.replace_schema_metadata({"subwords": ngrams.settings.model_dump_json()})


def from_ngram_table(table: pa.Table) -> NgramVectors:
    """The inverse of `to_ngram_table`."""
    settings = SubwordSettings.model_validate_json((table.schema.metadata or {})[b"subwords"])
    buckets, column = table["bucket"].to_numpy(), table["vector"].combine_chunks()
    vectors = column.flatten().to_numpy(zero_copy_only=False).reshape(len(buckets), -1)
    return NgramVectors(settings, buckets, vectors)


def from_tables(tables: Mapping[str, pa.Table]) -> WordVectors:
    """Vectors of `vectors.parquet`; where there is `ngrams.parquet` beside it, they know any word."""
    words = from_table(tables["vectors.parquet"])
    if "ngrams.parquet" not in tables:
        return words
    counts = tables["vectors.parquet"]["count"].to_numpy()
    return SubwordVectors(words.tokens, words.vectors, from_ngram_table(tables["ngrams.parquet"]), counts)
