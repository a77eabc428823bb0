"""The teaching text's one-hot rows: ten words, a row of zeros with a single one for each, and what a product picks."""

import numpy as np
import pyarrow as pa
import pytest

from models.settings import TextSettings, VocabularySettings
from models.text import Tokens, tokenize_texts
from models.text.vocabulary import RESERVED, Vocabulary, fit_vocabulary
from models.textbook.context_windows import single_context_examples

SENTENCE = "Hey, this is sample corpus using only one context word."
WORDS = ["hey", "this", "is", "sample", "corpus", "using", "only", "one", "context", "word"]
# Columns as printed, one for each word in reading order; rows as printed, with (this, is) put back as the third.
DATA_POINTS = {
    ("hey", "this"): [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ("this", "hey"): [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ("this", "is"): [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ("is", "this"): [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    ("is", "sample"): [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    ("sample", "is"): [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ("sample", "corpus"): [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ("corpus", "sample"): [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    ("corpus", "using"): [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    ("using", "corpus"): [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    ("using", "only"): [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    ("only", "using"): [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    ("only", "one"): [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    ("one", "only"): [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
    ("one", "context"): [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
    ("context", "one"): [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
    ("context", "word"): [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
    ("word", "context"): [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
}


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    """The sentence as the pipeline itself cuts it up."""
    return tokenize_texts(pa.array([SENTENCE]), TextSettings(keep_punctuation=False))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The ten words in the order of the text's columns, behind padding and unknown."""
    ones = np.array([0, 0, *[1] * 10])
    return Vocabulary(pa.array([*RESERVED, *WORDS]), ones, ones)


def test_the_sentence_is_cut_into_the_ten_words(tokens: Tokens) -> None:
    assert tokens.to_lists() == [WORDS]
    assert len(fit_vocabulary(tokens, VocabularySettings(min_count=1))) == 10 + len(RESERVED)


def test_from_raw_text_to_the_printed_matrix_of_one_hot_rows(tokens: Tokens, vocabulary: Vocabulary) -> None:
    inputs, outputs = single_context_examples(*vocabulary.encode(tokens), window=1)
    pairs = list(zip(vocabulary.decode(inputs[:, 0]), vocabulary.decode(outputs[:, 0]), strict=True))
    one_hot = np.eye(10, dtype=int)[inputs[:, 0] - len(RESERVED)]
    assert dict(zip(pairs, one_hot.tolist(), strict=True)) == DATA_POINTS
    assert pairs == list(DATA_POINTS)  # in the order of the text


def test_a_one_hot_row_times_the_weights_is_the_row_that_a_look_up_copies() -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec

    model = ExactWord2Vec(10, 4)
    model(np.array([[1]]))
    weights = np.arange(1, 41, dtype=np.float32).reshape(10, 4)
    model.input_hidden.set_weights([weights])
    this = np.array(DATA_POINTS["this", "hey"], np.float32)
    assert (this @ weights).tolist() == [5, 6, 7, 8]
    assert model.hidden(np.array([[1]])).numpy()[0].tolist() == [5, 6, 7, 8]
