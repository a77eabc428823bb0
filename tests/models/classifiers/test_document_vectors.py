"""Document vectors as means of word vectors."""

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.document_vectors import average_vectors, average_words
from models.text import Tokens
from models.vectors import WordVectors

VECTORS = np.array([[9, 9], [9, 9], [1, 0], [3, 4]], np.float32)  # padding, unknown, two words


def test_a_document_is_the_mean_of_its_words() -> None:
    means = average_vectors(np.array([2, 3, 2, 2]), np.array([0, 2, 4]), VECTORS)
    assert means.tolist() == [[2, 2], [1, 0]]
    assert means.dtype == np.float32


def test_padding_and_unknown_words_do_not_count() -> None:
    assert average_vectors(np.array([0, 3, 1]), np.array([0, 3]), VECTORS).tolist() == [[3, 4]]


def test_a_document_without_known_words_is_zero() -> None:
    assert average_vectors(np.array([1]), np.array([0, 0, 1]), VECTORS).tolist() == [[0, 0], [0, 0]]


def test_weights_say_how_much_a_word_counts() -> None:
    weights = np.array([0, 0, 3.0, 1.0])
    assert average_vectors(np.array([2, 3]), np.array([0, 2]), VECTORS, weights).tolist() == [[1.5, 1]]


def test_ids_of_another_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match="ids must be below the 4 word vectors, got 4"):
        average_vectors(np.array([4]), np.array([0, 1]), VECTORS)


def test_words_without_a_vector_do_not_count() -> None:
    tokens = Tokens.from_lists([["fire", "unseen", "flood"], ["unseen"], []])
    vectors = WordVectors(pa.array(["flood", "fire"]), np.array([[1, 1], [3, 5]], np.float32))
    means = average_words(tokens, vectors)
    assert means.tolist() == [[2, 3], [0, 0], [0, 0]]
