"""Which n-grams are features, fitted on training documents: the columns of one-hot, count and TF-IDF matrices."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import FrequencySettings
from models.text import Tokens
from models.wording import counted

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
    if pc.any(pc.match_substring(tokens.words, " ")).as_py():
        raise ValueError("words must hold no blank, for n-grams are named with blanks: tokenize the documents first")
    most = settings.max_document_share * len(tokens)
    ranks, words, word_counts = rank_words(tokens, settings)
    found = [(np.arange(1, len(words) + 1) * place_value(0, len(words), settings), word_counts)]
    found += [count_ngrams(n, tokens, ranks, len(words), settings) for n in range(2, settings.max_ngram + 1)]
    keys, document_counts = (np.concatenate(column) for column in zip(*found, strict=True))
    kept = np.flatnonzero((document_counts >= settings.min_document_frequency) & (document_counts <= most))
    if len(kept) == 0:
        raise ValueError(
            f"no n-gram is in at least {settings.min_document_frequency} and at most "
            f"{settings.max_document_share:.0%} of {counted(len(tokens), 'document')}: "
            "lower min_document_frequency or raise max_document_share"
        )
    order = kept[np.argsort(keys[kept])]
    return FeatureSpace(name_keys(keys[order], words, settings), document_counts[order], len(tokens), settings)


def rank_words(tokens: Tokens, settings: FrequencySettings) -> tuple[np.ndarray, pa.StringArray, np.ndarray]:
    """The words that can be part of a feature: the rank of every word among them, else ABSENT; names; documents.

    An n-gram is in no more documents than its rarest word, so rare words need not be looked at again.
    """
    counts = tokens.document_counts()
    frequent = np.flatnonzero(counts >= settings.min_document_frequency)
    names = tokens.words.take(pa.array(frequent))
    order = pc.sort_indices(names).to_numpy()
    ranks = np.full(len(tokens.words), ABSENT, np.int64)
    ranks[frequent[order]] = np.arange(len(frequent))
    return ranks, names.take(pa.array(order)), counts[frequent[order]]


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
