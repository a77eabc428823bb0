"""Which n-grams are features, fitted on training documents: the columns of one-hot, count and TF-IDF matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import FrequencySettings
from models.text import Tokens
from models.text.pieces import WordCounts, count_words
from models.wording import counted

DISJOINT_PARTS = 2  # words, and the phrases of a text in one piece
ABSENT = -1  # the column of an n-gram that is not a feature, and the rank of a word that is in none


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """The n-grams that are columns, in the order of their names, and what the training documents said about them."""

    features: pa.StringArray  # (features,): the words of an n-gram, with one blank between
    document_counts: np.ndarray  # int64 (features,): training documents that hold it
    documents: int  # training documents
    settings: FrequencySettings

    def __len__(self) -> int:
        """The number of features."""
        return len(self.features)

    @property
    def idf(self) -> np.ndarray:
        """Inverse document frequency, float64 (features,), at least 1: the form that scikit-learn uses.

        Smoothed, as if one more document held every feature: ln((1 + n) / (1 + df)) + 1; otherwise ln(n / df) + 1.
        """
        one = int(self.settings.smooth)
        return np.log((self.documents + one) / (self.document_counts + one)) + 1

    @cached_property
    def words(self) -> pa.StringArray:
        """All words that occur in features, sorted."""
        words = pc.unique(pc.split_pattern(self.features, " ").flatten())
        return words.take(pc.sort_indices(words))

    @cached_property
    def keys(self) -> np.ndarray:
        """The key of each feature, int64 (features,), rising, since the order of the keys is that of the names."""
        pieces = pc.split_pattern(self.features, " ")
        ranks = pc.index_in(pieces.flatten(), self.words).to_numpy().astype(np.int64)  # keys outgrow 32 bits
        lengths, starts = pieces.value_lengths().to_numpy(), pieces.offsets.to_numpy()[:-1]
        keys = np.zeros(len(self), np.int64)
        for place in range(self.settings.max_ngram):
            there = place < lengths
            keys[there] += (ranks[(starts + place)[there]] + 1) * place_value(place, len(self.words), self.settings)
        return keys

    def to_table(self) -> pa.Table:
        """Columns feature and document_count; the row number is the column of the matrices."""
        table = pa.table({"feature": self.features, "document_count": self.document_counts})
        return table.replace_schema_metadata(
            {"documents": str(self.documents), "settings": self.settings.model_dump_json()}
        )

    @classmethod
    def from_table(cls, table: pa.Table) -> "FeatureSpace":
        """The inverse of `to_table`."""
        metadata = table.schema.metadata or {}
        if b"documents" not in metadata or b"settings" not in metadata:
            raise ValueError(f"a feature table carries documents and settings as metadata, got {list(metadata)}")
        return cls(
            table["feature"].combine_chunks().cast(pa.string()),
            table["document_count"].to_numpy(),
            int(metadata[b"documents"]),
            FrequencySettings.model_validate_json(metadata[b"settings"]),
        )


def fit_features(tokens: Tokens, settings: FrequencySettings) -> FeatureSpace:
    """The n-grams of up to `max_ngram` tokens that enough, and not too many, of these documents hold.

    The same features, in the same order, as scikit-learn's vectorizers choose from the same tokens. Raises ValueError
    when no feature is left, or when a word holds a blank.
    """
    words = frequent_words(count_words([tokens]), settings)
    return choose_features(words, [count_phrases(tokens, words.names, settings)], len(tokens), settings)


class FrequentWords(NamedTuple):
    """The words that can be part of a feature, sorted, and in how many documents each is."""

    names: pa.StringArray
    document_counts: np.ndarray


def frequent_words(seen: WordCounts, settings: FrequencySettings) -> FrequentWords:
    """The words that are in enough documents: an n-gram is in no more documents than its rarest word.

    Raises ValueError when a word holds a blank.
    """
    if pc.any(pc.match_substring(seen.words, " ")).as_py():
        raise ValueError("words must hold no blank, for n-grams are named with blanks: tokenize the documents first")
    frequent = np.flatnonzero(seen.document_counts >= settings.min_document_frequency)
    names = seen.words.take(pa.array(frequent))
    order = pc.sort_indices(names).to_numpy()
    return FrequentWords(names.take(pa.array(order)), seen.document_counts[frequent[order]])


def count_phrases(tokens: Tokens, words: pa.StringArray, settings: FrequencySettings) -> tuple[np.ndarray, np.ndarray]:
    """The key of each n-gram of two words and more, and in how many of these documents it is.

    Of a text in pieces, what they say of one key adds up.
    """
    ranks = pc.index_in(tokens.words, words).fill_null(ABSENT).to_numpy(zero_copy_only=False).astype(np.int64)
    found = [count_ngrams(n, tokens, ranks, len(words), settings) for n in range(2, settings.max_ngram + 1)]
    nothing = np.zeros(0, np.int64)
    keys, counts = zip(*found, strict=True) if found else ((nothing,), (nothing,))
    return np.concatenate(keys), np.concatenate(counts)


def choose_features(
    words: FrequentWords,
    phrases: Sequence[tuple[np.ndarray, np.ndarray]],
    documents: int,
    settings: FrequencySettings,
) -> FeatureSpace:
    """The features of so many documents, by their words and the `count_phrases` of their pieces."""
    names, most = words.names, settings.max_document_share * documents
    single = np.arange(1, len(names) + 1) * place_value(0, len(names), settings)
    keys, counts = add_by_key([(single, words.document_counts), *phrases])
    kept = np.flatnonzero((counts >= settings.min_document_frequency) & (counts <= most))
    if len(kept) == 0:
        raise ValueError(
            f"no n-gram is in at least {settings.min_document_frequency} and at most "
            f"{settings.max_document_share:.0%} of {counted(documents, 'document')}: "
            "lower min_document_frequency or raise max_document_share"
        )
    order = kept[np.argsort(keys[kept])]
    return FeatureSpace(name_keys(keys[order], names, settings), counts[order], documents, settings)


def add_by_key(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Each key of any part once, and the sum of its counts."""
    keys, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(parts) <= DISJOINT_PARTS:
        return keys, counts
    encoded = pa.array(keys).dictionary_encode()
    sums = np.bincount(encoded.indices.to_numpy(), weights=counts, minlength=len(encoded.dictionary))
    return encoded.dictionary.to_numpy(), sums.astype(np.int64)


def count_ngrams(
    n: int, tokens: Tokens, ranks: np.ndarray, words: int, settings: FrequencySettings
) -> tuple[np.ndarray, np.ndarray]:
    """The key of each n-gram of n ranked words, and in how many documents it is."""
    from scipy.sparse import csr_matrix

    keys, offsets = ngram_keys(n, tokens, ranks, words, settings)
    encoded = pa.array(keys).dictionary_encode()  # hashes, where np.unique would sort
    columns = encoded.indices.to_numpy().copy()  # Arrow's own are read-only, and these will be sorted
    shape = (len(tokens), len(encoded.dictionary))
    occurs = csr_matrix((np.ones(len(columns), bool), columns, offsets), shape)
    occurs.sum_duplicates()
    return encoded.dictionary.to_numpy(), np.bincount(occurs.indices, minlength=shape[1])


def ngram_keys(
    n: int, tokens: Tokens, ranks: np.ndarray, words: int, settings: FrequencySettings
) -> tuple[np.ndarray, np.ndarray]:
    """The keys of all n-grams of n ranked words, int64, document by document, and the documents' offsets into them.

    `ranks` int64 (distinct words,): a word that is ABSENT breaks an n-gram, and so does the end of a document.
    """
    starts = max(len(tokens.codes) - n + 1, 0)
    whole = np.ones(starts, bool)
    for back in range(1, n):  # no n-gram starts in the last n - 1 tokens of a document
        ends = tokens.offsets[1:] - back
        whole[ends[(ends >= 0) & (ends < starts)]] = False
    keys = np.zeros(starts, np.int64)
    for place in range(n):
        part = ranks[tokens.codes[place : place + starts]]
        whole &= part != ABSENT
        keys += (part + 1) * place_value(place, words, settings)
    before = np.concatenate([[0], np.cumsum(whole)])
    return keys[whole], before[np.minimum(tokens.offsets, starts)]


def place_value(place: int, words: int, settings: FrequencySettings) -> int:
    """What the word at this place counts in a key: the key is a number whose digits are the n-gram's words.

    Digit 0 is no word. The first word comes first, so that keys sort as names do: "a" < "a b" < "b".
    """
    base = words + 1
    if base**settings.max_ngram > np.iinfo(np.int64).max:
        raise ValueError(
            f"{counted(words, 'word')} are too many for n-grams of {settings.max_ngram}: raise min_document_frequency "
            f"(now {settings.min_document_frequency})"
        )
    value: int = base ** (settings.max_ngram - 1 - place)
    return value


def name_keys(keys: np.ndarray, words: pa.StringArray, settings: FrequencySettings) -> pa.StringArray:
    """The words of each key with one blank between."""
    parts = []
    for place in range(settings.max_ngram):
        digits = keys // place_value(place, len(words), settings) % (len(words) + 1)
        parts.append(words.take(pa.array(digits - 1, mask=digits == 0)))
    return pc.binary_join_element_wise(*parts, " ", null_handling="skip")
