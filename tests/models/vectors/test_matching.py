"""External vectors in our own spelling: case, coverage, what is kept of the file, and two vectors side by side."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import ExternalVectorSettings, SubwordSettings, VocabularySettings
from models.text import Tokens
from models.text.vocabulary import Vocabulary, fit_vocabulary
from models.vectors import SubwordVectors, WordVectors
from models.vectors.matching import concatenate, external_vectors, match_words, median_norm
from models.vectors.subword_vectors import NgramVectors
from models.word2vec.word_rows import WordRows

FILE = ["the", "London", "LONDON", "fire", "Fire", "storm", "<url>"]


def vectors_of(words: list[str], scale: float = 1.0) -> WordVectors:
    numbers = np.arange(1, 2 * len(words) + 1, dtype=np.float32).reshape(-1, 2) * np.float32(scale)
    return WordVectors(pa.array(words, pa.string()), numbers)


def vocabulary_of(*words: str) -> Vocabulary:
    return fit_vocabulary(Tokens.from_lists([list(words)]), VocabularySettings(min_count=1))


@pytest.mark.parametrize(
    ("word", "row", "folded"),
    [("fire", 3, False), ("Fire", 4, False), ("FIRE", 3, True), ("london", 1, True), ("<url>", 6, False)],
)
def test_a_word_is_looked_up_as_written_then_in_lower_case_then_in_any(word: str, row: int, folded: bool) -> None:
    match = match_words(pa.array([word]), pa.array(FILE))
    assert (match.rows.tolist(), match.folded.tolist()) == ([row], [folded])


def test_without_folding_only_the_same_letters_match() -> None:
    match = match_words(pa.array(["london", "fire", "x"]), pa.array(FILE), fold_case=False)
    assert (match.rows.tolist(), match.folded.any()) == ([-1, 3, -1], False)


spelling = st.text("aAbB", min_size=1, max_size=3)


@given(words=st.lists(spelling, unique=True, min_size=1), known=st.lists(spelling, unique=True, min_size=1))
def test_matches_are_those_of_the_definition(words: list[str], known: list[str]) -> None:
    def expected(word: str) -> int:
        for test in (word.__eq__, word.lower().__eq__, lambda each: each.lower() == word.lower()):
            if found := [row for row, each in enumerate(known) if test(each)]:
                return found[0]
        return -1

    assert match_words(pa.array(words), pa.array(known)).rows.tolist() == [expected(word) for word in words]


def test_coverage_counts_words_and_their_occurrences_and_names_what_is_missing() -> None:
    vocabulary = vocabulary_of("fire", "fire", "fire", "london", "zzz", "zzz", "yyy")
    _, coverage = external_vectors(vectors_of(FILE), vocabulary, ExternalVectorSettings(), lowercase=True)
    assert (coverage.words, coverage.known, coverage.folded) == (4, 2, 1)
    assert (coverage.occurrences, coverage.known_occurrences) == (7, 4)
    assert coverage.missing == ["zzz", "yyy"]


def test_words_of_the_text_and_the_first_of_the_file_are_kept_as_our_tokens_are_spelt() -> None:
    settings = ExternalVectorSettings(max_vocabulary=3)
    found, _ = external_vectors(vectors_of(FILE), vocabulary_of("storm", "zzz"), settings, lowercase=True)
    assert found.tokens.to_pylist() == ["the", "london", "storm"]  # LONDON is london too
    assert found.vectors.tolist() == [[1, 2], [3, 4], [11, 12]]
    cased, _ = external_vectors(vectors_of(FILE), vocabulary_of("storm", "zzz"), settings, lowercase=False)
    assert cased.tokens.to_pylist() == ["the", "London", "LONDON", "storm"]


def test_vectors_that_know_no_word_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no word of the text \(1\) .*'the', 'London', .*another language"):
        external_vectors(vectors_of(FILE), vocabulary_of("feu"), ExternalVectorSettings(), lowercase=True)


def test_two_vectors_stand_side_by_side_at_one_scale() -> None:
    both = concatenate(vectors_of(["a", "b"]), vectors_of(["b", "c"], scale=1000.0))
    assert both.tokens.to_pylist() == ["a", "b", "c"]
    assert both.vectors == pytest.approx(np.array([[1, 2, 0, 0], [3, 4, 1, 2], [0, 0, 3, 4]]))


def with_ngrams(words: list[str], width: int, buckets: int = 300) -> SubwordVectors:
    settings = SubwordSettings(enabled=True, buckets=buckets)
    rows = WordRows.of(pa.array(words), settings)
    table = np.random.default_rng(len(words)).normal(size=(len(rows), width)).astype(np.float32)
    ngrams = NgramVectors(settings, rows.buckets, table[len(words) :])
    return SubwordVectors(pa.array(words), rows.vectors(table), ngrams, np.arange(len(words)) + 1)


def test_a_vocabulary_in_foreign_vectors_keeps_their_ngrams() -> None:
    known = with_ngrams(["storm", "flood", "song"], 3)
    found, _ = external_vectors(known, vocabulary_of("flood", "zzz"), ExternalVectorSettings(max_vocabulary=1), True)
    assert found.tokens.to_pylist() == ["storm", "flood"]
    assert isinstance(found, SubwordVectors)
    assert found.counts.tolist() == [1, 2]
    assert np.array_equal(found.unseen_vectors(pa.array(["floods"]))[0], known.unseen_vectors(pa.array(["floods"]))[0])


def test_vectors_side_by_side_know_words_by_the_ngrams_of_either() -> None:
    one, other = with_ngrams(["storm", "flood"], 2), with_ngrams(["flood", "song", "songbird"], 3)
    words = pa.array(["floods", "stormy", "songs"])
    scale = np.float32(median_norm(one) / median_norm(other))
    for pair, expected in (
        ((one, other), np.hstack([one.unseen_vectors(words)[0], other.unseen_vectors(words)[0] * scale])),
        ((one, vectors_of(["flood"])), np.hstack([one.unseen_vectors(words)[0], np.zeros((3, 2))])),
    ):
        both = concatenate(*pair)
        assert isinstance(both, SubwordVectors)
        assert both.unseen_vectors(words)[0] == pytest.approx(expected, abs=1e-6)


def test_ngrams_that_are_hashed_differently_are_not_joined() -> None:
    both = concatenate(with_ngrams(["storm", "flood"], 2), with_ngrams(["flood", "song"], 2, buckets=301))
    assert not isinstance(both, SubwordVectors)
