"""The frequency-based vectors that the teaching text names, on examples worked out by hand.

One-hot: its table of 17 data points over "Hey, this is sample corpus using only one context word." Count, TF-IDF and
co-occurrence vectors it names without an example; the arithmetic stands beside the numbers here.
"""

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from models.frequencies import CooccurrenceCounter, count_matrix, fit_features, one_hot_matrix, ppmi, tf_idf_matrix
from models.settings import CooccurrenceSettings, FrequencySettings, TextSettings
from models.text import Tokens, tokenize, tokenize_texts

SENTENCE = "Hey, this is sample corpus using only one context word."
WORDS = ["hey", "this", "is", "sample", "corpus", "using", "only", "one", "context", "word"]
# The inputs of the text's 17 data points, and the rows that it prints for them.
INPUTS = [
    "hey",
    "this",
    "is",
    "is",
    "sample",
    "sample",
    "corpus",
    "corpus",
    "using",
    "using",
    "only",
    "only",
    "one",
    "one",
]
INPUTS += ["context", "context", "word"]
TABLE = """
1 0 0 0 0 0 0 0 0 0
0 1 0 0 0 0 0 0 0 0
0 0 1 0 0 0 0 0 0 0
0 0 1 0 0 0 0 0 0 0
0 0 0 1 0 0 0 0 0 0
0 0 0 1 0 0 0 0 0 0
0 0 0 0 1 0 0 0 0 0
0 0 0 0 1 0 0 0 0 0
0 0 0 0 0 1 0 0 0 0
0 0 0 0 0 1 0 0 0 0
0 0 0 0 0 0 1 0 0 0
0 0 0 0 0 0 1 0 0 0
0 0 0 0 0 0 0 1 0 0
0 0 0 0 0 0 0 1 0 0
0 0 0 0 0 0 0 0 1 0
0 0 0 0 0 0 0 0 1 0
0 0 0 0 0 0 0 0 0 1
"""
UNIGRAMS = FrequencySettings(max_ngram=1, min_document_frequency=1, sublinear=False)
DOCUMENTS = Tokens.from_lists([["fire", "in", "town", "fire"], ["town", "sleeps"]])


def count_contexts(tokens: Tokens, window: int) -> csr_matrix:
    """Co-occurrence, rows and columns in the order in which the words come."""
    counter = CooccurrenceCounter(tokens.words, CooccurrenceSettings(window=window))
    counter.add(tokens)
    return counter.matrix()


def test_the_sentence_is_cut_into_the_ten_words_of_the_text() -> None:
    assert tokenize(SENTENCE, TextSettings()) == WORDS


def test_the_one_hot_rows_are_those_of_the_text() -> None:
    space = fit_features(tokenize_texts(pa.array([SENTENCE]), TextSettings()), UNIGRAMS)
    in_order = [space.features.to_pylist().index(word) for word in WORDS]  # ours are sorted, the text's as they come
    rows = one_hot_matrix(Tokens.from_lists([[word] for word in INPUTS]), space).toarray()[:, in_order]
    assert rows.tolist() == [[int(digit) for digit in line.split()] for line in TABLE.split("\n")[1:-1]]


def test_the_count_vector_says_how_often_each_word_occurs() -> None:
    space = fit_features(DOCUMENTS, UNIGRAMS)
    assert space.features.to_pylist() == ["fire", "in", "sleeps", "town"]
    assert count_matrix(DOCUMENTS, space).toarray().tolist() == [[2, 1, 0, 1], [0, 0, 1, 1]]


def test_the_tf_idf_vector_weighs_what_few_documents_hold() -> None:
    # "fire", "in", "sleeps" are in 1 of 2 documents: idf = ln(3 / 2) + 1 = 1.405465; "town" in both: ln(3 / 3) + 1 = 1.
    # First row: 2 * 1.405465, 1.405465, 0, 1; its length is sqrt(7.901330 + 1.975332 + 1) = 3.297978.
    # Second row: 0, 0, 1.405465, 1; its length is sqrt(1.975332 + 1) = 1.724915.
    vectors = tf_idf_matrix(DOCUMENTS, fit_features(DOCUMENTS, UNIGRAMS)).toarray()
    assert vectors == pytest.approx(np.array([[0.852319, 0.426160, 0, 0.303216], [0, 0, 0.814803, 0.579739]]), abs=1e-6)


def test_the_sublinear_form_dampens_repetition() -> None:
    # "fire" twice counts 1 + ln 2 = 1.693147, so the row is 2.379659, 1.405465, 0, 1;
    # its length is sqrt(5.662777 + 1.975332 + 1) = 2.939066.
    space = fit_features(DOCUMENTS, FrequencySettings(max_ngram=1, min_document_frequency=1))
    row = tf_idf_matrix(DOCUMENTS, space).toarray()[0]
    assert row == pytest.approx(np.array([0.809665, 0.478201, 0, 0.340244]), abs=1e-6)


def test_with_a_window_of_one_a_word_co_occurs_with_its_neighbours() -> None:
    # The pairs of the text's CBOW table: each word with the one before and the one after it, 18 pairs of which the
    # table prints 17 (it leaves out "this", "is").
    matrix = count_contexts(Tokens.from_lists([WORDS]), window=1).toarray()
    assert matrix.tolist() == (np.eye(10, k=1) + np.eye(10, k=-1)).tolist()


def test_with_a_window_of_two_the_second_neighbour_counts_half() -> None:
    # fire in town fire: "fire" stands beside "in" (1 + 1/2), beside "town" (1/2 + 1), never within 2 of itself.
    matrix = count_contexts(Tokens.from_lists([["fire", "in", "town", "fire"]]), window=2).toarray()
    assert matrix.tolist() == [[0, 1.5, 1.5], [1.5, 0, 1], [1.5, 1, 0]]


def test_mutual_information_compares_with_chance() -> None:
    # The pair (fire, in): 1.5 of 8 in all; "fire" has 3, "in" 2.5: ln(1.5 * 8 / (3 * 2.5)) = ln 1.6 = 0.470004.
    # The pair (in, town): ln(1 * 8 / (2.5 * 2.5)) = ln 1.28 = 0.246860.
    matrix = ppmi(count_contexts(Tokens.from_lists([["fire", "in", "town", "fire"]]), window=2)).toarray()
    expected = [[0, 0.470004, 0.470004], [0.470004, 0, 0.246860], [0.470004, 0.246860, 0]]
    assert matrix == pytest.approx(np.array(expected), abs=1e-6)
