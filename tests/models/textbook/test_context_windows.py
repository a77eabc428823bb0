"""Training examples laid from token streams; the teaching text's own are in golden/."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.textbook.context_windows import cbow_examples, context_windows, single_context_examples, skip_gram_examples

documents_of_ids = st.lists(st.lists(st.integers(2, 9), max_size=8), max_size=5)


def flat(documents: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Ids and offsets of documents given as lists."""
    offsets = np.cumsum([0, *map(len, documents)])
    return np.array([i for document in documents for i in document], np.int32), offsets


@given(documents_of_ids, st.integers(1, 4))
def test_contexts_are_those_that_slicing_each_document_gives(documents: list[list[int]], window: int) -> None:
    expected = [
        document[max(0, i - window) : i] + document[i + 1 : i + 1 + window]
        for document in documents
        for i in range(len(document))
    ]
    contexts = context_windows(*flat(documents), window)
    assert [[i for i in row if i] for row in contexts.tolist()] == expected
    assert contexts.shape == (len(expected), 2 * window)


def test_contexts_end_at_the_borders_of_documents() -> None:
    assert context_windows(*flat([[2, 3], [4, 5]]), window=2).tolist() == [
        [3, 0, 0, 0],
        [2, 0, 0, 0],
        [5, 0, 0, 0],
        [4, 0, 0, 0],
    ]


def test_words_without_neighbours_make_no_examples() -> None:
    contexts, targets = cbow_examples(*flat([[2], [3, 4]]), window=1)
    assert contexts.tolist() == [[4, 0], [3, 0]]
    assert targets.tolist() == [[3], [4]]


def test_skip_gram_is_cbow_with_its_sides_changed() -> None:
    ids, offsets = flat([[2, 3, 4, 5]])
    contexts, targets = cbow_examples(ids, offsets, 2)
    words, predicted = skip_gram_examples(ids, offsets, 2)
    assert (words == targets).all()
    assert (predicted == contexts).all()


@given(documents_of_ids, st.integers(1, 4))
def test_single_contexts_are_the_words_of_the_windows_one_at_a_time(documents: list[list[int]], window: int) -> None:
    ids, offsets = flat(documents)
    words, contexts = skip_gram_examples(ids, offsets, window)
    inputs, outputs = single_context_examples(ids, offsets, window)
    pairs = [(int(w), int(c)) for w, row in zip(words[:, 0], contexts, strict=True) for c in row if c]
    assert list(zip(inputs[:, 0].tolist(), outputs[:, 0].tolist(), strict=True)) == pairs


def test_a_window_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="window must be >= 1, got 0"):
        context_windows(*flat([[2, 3]]), window=0)
