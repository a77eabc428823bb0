"""The vocabulary: which words have ids, in which order, and what becomes of the others."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import VocabularySettings
from models.text import Tokens
from models.text.vocabulary import PADDING_ID, UNKNOWN_ID, Vocabulary, fit_vocabulary, fit_vocabulary_to

EVERY = VocabularySettings(min_count=1)
TOKENS = Tokens.from_lists([["b", "a", "b"], ["d", "a", "b"], ["c"]])
DOCUMENTS = st.lists(st.lists(st.sampled_from(["fire", "flood", "a", "é", "<unk>", "<pad>"])), max_size=6)


def test_ids_follow_falling_count_and_ties_follow_the_alphabet() -> None:
    assert fit_vocabulary(TOKENS, EVERY).tokens.to_pylist() == ["<pad>", "<unk>", "b", "a", "c", "d"]


def test_rare_words_share_the_unknown_id() -> None:
    vocabulary = fit_vocabulary(TOKENS, VocabularySettings(min_count=2))
    ids, offsets = vocabulary.encode(TOKENS)
    assert (ids.tolist(), offsets.tolist()) == ([2, 3, 2, 1, 3, 2, 1], [0, 3, 6, 7])
    assert (ids.dtype, offsets.dtype) == (np.int32, np.int64)


def test_only_the_most_frequent_words_stay_when_the_size_is_limited() -> None:
    assert fit_vocabulary(TOKENS, VocabularySettings(min_count=1, max_size=1)).tokens.to_pylist()[2:] == ["b"]


def test_counts_are_of_tokens_and_of_documents_and_dropped_words_count_as_unknown() -> None:
    vocabulary = fit_vocabulary(TOKENS, VocabularySettings(min_count=2))
    assert vocabulary.counts.tolist() == [0, 2, 3, 2]
    assert vocabulary.document_counts.tolist() == [0, 2, 2, 2]


def test_words_of_rows_that_were_not_taken_do_not_count() -> None:
    assert fit_vocabulary(TOKENS.take(np.array([2])), EVERY).tokens.to_pylist()[2:] == ["c"]


def test_a_text_cannot_write_padding() -> None:
    tokens = Tokens.from_lists([["<pad>", "<unk>", "a"]])
    vocabulary = fit_vocabulary(tokens, EVERY)
    assert vocabulary.tokens.to_pylist() == ["<pad>", "<unk>", "a"]
    assert vocabulary.encode(tokens)[0].tolist() == [UNKNOWN_ID, UNKNOWN_ID, 2]


def test_no_documents_give_the_reserved_ids_only() -> None:
    vocabulary = fit_vocabulary(Tokens.from_lists([]), EVERY)
    assert vocabulary.tokens.to_pylist() == ["<pad>", "<unk>"]
    assert vocabulary.encode(TOKENS)[0].tolist() == [UNKNOWN_ID] * 7


def test_a_vocabulary_comes_back_from_its_table() -> None:
    vocabulary = fit_vocabulary(TOKENS, EVERY)
    again = Vocabulary.from_table(vocabulary.to_table())
    assert vocabulary.to_table().column_names == ["token", "count", "document_count"]
    assert again.to_table().equals(vocabulary.to_table())


def test_a_table_without_the_reserved_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="must start with"):
        Vocabulary(pa.array(["a", "b"]), np.array([1, 1]), np.array([1, 1]))


@given(DOCUMENTS)
def test_encode_then_decode_returns_the_words(documents: list[list[str]]) -> None:
    tokens = Tokens.from_lists(documents)
    vocabulary = fit_vocabulary(tokens, EVERY)
    flat = [word.replace("<pad>", "<unk>") for document in documents for word in document]
    assert vocabulary.decode(vocabulary.encode(tokens)[0]) == flat


@given(DOCUMENTS)
def test_counts_sum_to_the_tokens(documents: list[list[str]]) -> None:
    tokens = Tokens.from_lists(documents)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=2))
    assert vocabulary.counts.sum() == len(tokens.codes)
    assert vocabulary.counts[PADDING_ID] == 0


@given(DOCUMENTS, st.integers(0, 6), st.integers(1, 3))
def test_a_text_in_pieces_has_the_vocabulary_of_the_whole(documents: list[list[str]], cut: int, min_count: int) -> None:
    settings = VocabularySettings(min_count=min_count)
    pieces = [Tokens.from_lists(documents[:cut]), Tokens.from_lists(documents[cut:])]
    whole = fit_vocabulary(Tokens.from_lists(documents), settings)
    assert fit_vocabulary_to(pieces, settings).to_table().equals(whole.to_table())
