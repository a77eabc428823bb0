"""Word vectors from elsewhere in our own spelling: which words of a vocabulary have one, and how that was found."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import ExternalVectorSettings
from models.text.vocabulary import RESERVED, Vocabulary
from models.vectors.subword_vectors import NgramVectors, SubwordVectors
from models.vectors.word_vectors import WordVectors
from models.wording import counted

MISSING_SHOWN = 50


class Match(NamedTuple):
    """For each word asked after: its row among the known ones, -1 for none, and whether its case had to be folded."""

    rows: np.ndarray  # int64 (words,)
    folded: np.ndarray  # bool (words,)


@dataclass(frozen=True)
class Coverage:
    """How much of a vocabulary has a vector: words, and their occurrences in the text it was fitted on."""

    words: int
    known: int
    folded: int
    occurrences: int
    known_occurrences: int
    missing: list[str]  # the most frequent ones without a vector

    def metrics(self) -> dict[str, float]:
        """The figures under the names that a run gives them."""
        return {
            "coverage/words": self.known / max(self.words, 1),
            "coverage/occurrences": self.known_occurrences / max(self.occurrences, 1),
            "coverage/words_with_case_folded": self.folded / max(self.words, 1),
        }

    def describe(self) -> str:
        """In words.

        >>> Coverage(4, 3, 1, 10, 9, ["zzz"]).describe()
        "3 of 4 words (75.0 %) have a vector, 1 of them with its case folded: 90.0 % of all occurrences; none has 'zzz'"
        """
        share = {name: 100 * value for name, value in self.metrics().items()}
        lost = f"; none has {', '.join(map(repr, self.missing[:5]))}" if self.missing else ""
        return (
            f"{self.known:,} of {counted(self.words, 'word')} ({share['coverage/words']:.1f} %) have a vector, "
            f"{self.folded:,} of them with its case folded: "
            f"{share['coverage/occurrences']:.1f} % of all occurrences{lost}"
        )


def match_words(words: pa.StringArray, known: pa.StringArray, fold_case: bool = True) -> Match:
    """The row of each word: as written, else in lower case, else the first row that differs from it in case only.

    >>> match_words(pa.array(["Fire", "paris", "x"]), pa.array(["Paris", "fire", "PARIS"])).rows.tolist()
    [1, 0, -1]
    """
    rows = _index(words, known)
    exact = rows >= 0
    if fold_case and not exact.all():
        lower, lower_known = pc.utf8_lower(words), pc.utf8_lower(known)
        rows = np.where(exact, rows, _index(lower, known))
        distinct = pc.unique(lower_known)
        first = np.full(len(distinct), len(known), np.int64)
        np.minimum.at(first, _index(lower_known, distinct), np.arange(len(known)))
        anyhow = _index(lower, distinct)
        rows = np.where((rows < 0) & (anyhow >= 0), first[anyhow], rows) if len(distinct) else rows
    return Match(rows, (rows >= 0) & ~exact)


def _index(words: pa.StringArray, known: pa.StringArray) -> np.ndarray:
    rows: np.ndarray = pc.index_in(words, value_set=known).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def external_vectors(
    known: WordVectors, vocabulary: Vocabulary, settings: ExternalVectorSettings, lowercase: bool
) -> tuple[WordVectors, Coverage]:
    """The vectors of a vocabulary's words and of the first words of the file, as our tokens are spelt; and coverage.

    `lowercase` says that tokens are lower-cased. Rows are in the order of the file. Raises ValueError when no word of
    the vocabulary has a vector.
    """
    words = vocabulary.tokens.slice(len(RESERVED))
    match = match_words(words, known.tokens, settings.fold_case)
    coverage = _coverage(words, vocabulary.counts[len(RESERVED) :], match)
    if not coverage.known:
        raise ValueError(
            f"no word of the text ({len(words):,}) is among those of the vectors ({len(known):,}: "
            f"{', '.join(map(repr, known.tokens.slice(0, 5).to_pylist()))}, ...): are they of another language?"
        )
    further = known.tokens.slice(0, settings.max_vocabulary)
    if lowercase:
        further = pc.unique(pc.utf8_lower(further))
    further = further.filter(pc.invert(pc.is_in(further, value_set=words)))
    found = np.flatnonzero(match.rows >= 0)
    tokens = pa.concat_arrays([words.take(pa.array(found)), further])
    rows = np.concatenate([match.rows[found], match_words(further, known.tokens, settings.fold_case).rows])
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]  # without folding, a lower-cased word of the file may have no row
    tokens, rows = tokens.take(pa.array(order)), rows[order]
    if isinstance(known, SubwordVectors):
        return SubwordVectors(tokens, known.vectors[rows], known.ngrams, known.counts[rows]), coverage
    return WordVectors(tokens, known.vectors[rows]), coverage


def _coverage(words: pa.StringArray, counts: np.ndarray, match: Match) -> Coverage:
    found = match.rows >= 0
    lost = np.flatnonzero(~found)
    lost = lost[np.argsort(-counts[lost], kind="stable")][:MISSING_SHOWN]
    return Coverage(
        words=len(words),
        known=int(found.sum()),
        folded=int(match.folded.sum()),
        occurrences=int(counts.sum()),
        known_occurrences=int(counts[found].sum()),
        missing=words.take(pa.array(lost)).to_pylist(),
    )


def concatenate(one: WordVectors, other: WordVectors) -> WordVectors:
    """Both vectors of each word side by side, zeros where it has only one: words of `one`, then the rest of `other`.

    The other's are scaled to the median norm of the first, so that neither drowns the other. Words outside both are
    known by the n-grams that either has, where `join_ngrams` can join them.
    """
    tokens = pa.concat_arrays(
        [one.tokens, other.tokens.filter(pc.invert(pc.is_in(other.tokens, value_set=one.tokens)))]
    )
    scale = np.float32(median_norm(one) / (median_norm(other) or 1))
    both = np.hstack([one.rows_for(tokens)[0], other.rows_for(tokens)[0] * scale])
    ngrams = join_ngrams(one, other, scale)
    if ngrams is None:
        return WordVectors(tokens, both)
    return SubwordVectors(tokens, both, ngrams, np.zeros(len(tokens), np.int64))


def join_ngrams(one: WordVectors, other: WordVectors, scale: np.float32) -> NgramVectors | None:
    """The n-grams of both side by side, zeros where one has none; the other's times the scale.

    None where neither has any, or they are cut or hashed differently: then no bucket means the same in both.
    """
    sides = [each.ngrams if isinstance(each, SubwordVectors) else None for each in (one, other)]
    found = [each for each in sides if each is not None]
    if not found or any(each.settings != found[0].settings for each in found):
        return None
    buckets = np.unique(np.concatenate([each.buckets for each in found]))
    vectors = np.zeros((len(buckets), one.width + other.width), np.float32)
    for side, start, factor in zip(sides, (0, one.width), (np.float32(1), scale), strict=True):
        if side is not None:
            rows = np.searchsorted(buckets, side.buckets)
            vectors[rows, start : start + side.vectors.shape[1]] = side.vectors * factor
    return NgramVectors(found[0].settings, buckets, vectors)


def median_norm(vectors: WordVectors) -> float:
    """Of the vectors that are not zero."""
    norms = np.linalg.norm(vectors.vectors.astype(np.float64), axis=1)
    return float(np.median(norms[norms > 0])) if norms.any() else 0.0
