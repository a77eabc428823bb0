"""The teaching text's worked example of CBOW: its data points, its hidden activation, and one step done by hand."""

import numpy as np
import pytest

from models.textbook.context_windows import cbow_examples, single_context_examples

TEXT = ["hey", "this", "is", "sample", "corpus", "using", "only", "one", "context", "word"]
IDS = np.arange(1, 11, dtype=np.int32)  # id 0 is padding
ONE_DOCUMENT = np.array([0, 10])

# As printed, with "Hey" and "hey" folded; the text numbers 17 and leaves out (this, is): see ERRATA.md.
PRINTED = """hey this, this hey, is this, is sample, sample is, sample corpus, corpus sample, corpus using,
using corpus, using only, only using, only one, one only, one context, context one, context word, word context"""


def test_window_one_makes_the_printed_data_points_and_the_omitted_one() -> None:
    inputs, outputs = single_context_examples(IDS, ONE_DOCUMENT, window=1)
    pairs = [(TEXT[i - 1], TEXT[o - 1]) for i, o in zip(inputs[:, 0], outputs[:, 0], strict=True)]
    printed = [tuple(pair.split()) for pair in PRINTED.split(",")]
    assert len(pairs) == 18
    assert [pair for pair in pairs if pair != ("this", "is")] == printed
    assert pairs[2] == ("this", "is")


def test_target_of_data_point_four_is_the_printed_one_hot_row() -> None:
    inputs, outputs = single_context_examples(IDS, ONE_DOCUMENT, window=1)
    point = 4  # the printed fourth is the true fifth, as (this, is) comes before it
    assert TEXT[inputs[point, 0] - 1] == "is"
    assert (np.eye(10)[outputs[point, 0] - 1] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]).all()


def test_several_context_words_share_one_example() -> None:
    contexts, targets = cbow_examples(IDS, ONE_DOCUMENT, window=2)
    assert [TEXT[i - 1] for i in contexts[4]] == ["is", "sample", "using", "only"]
    assert TEXT[targets[4, 0] - 1] == "corpus"
    assert contexts[0].tolist() == [2, 3, 0, 0]


@pytest.fixture(scope="module")
def printed_model():
    """The network of the text: V = 10 words behind the padding id, N = 4, input-hidden weights 1 to 40 in rows."""
    from models.textbook.exact_word2vec import ExactWord2Vec

    model = ExactWord2Vec(11, 4)
    model(np.array([[1]]))
    model.set_weights([np.vstack([np.zeros((1, 4)), np.arange(1, 41).reshape(10, 4)]), hidden_output()])
    return model


def hidden_output() -> np.ndarray:
    """A fixed N x V matrix, small enough that no softmax saturates (the text gives none)."""
    return (np.arange(44).reshape(4, 11) % 7 - 3).astype(np.float32) / 100


def test_hidden_activation_of_this_is_its_row_of_the_matrix(printed_model) -> None:
    assert printed_model.hidden(np.array([[2]])).numpy().tolist() == [[5, 6, 7, 8]]


def test_hidden_activation_of_several_words_is_the_mean_of_their_rows(printed_model) -> None:
    assert printed_model.hidden(np.array([[2, 4, 0, 0]])).numpy().tolist() == [[9, 10, 11, 12]]


def test_query_is_the_softmax_worked_out_by_hand(printed_model) -> None:
    scores = np.array([5, 6, 7, 8]) @ hidden_output()
    expected = np.exp(scores) / np.exp(scores).sum()
    assert printed_model.probabilities([2]) == pytest.approx(expected, rel=1e-5)
    assert printed_model.probabilities([2]).sum() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("context", [[2], [2, 4], [1, 3, 5, 6]], ids=["one word", "two words", "four words"])
def test_one_step_of_the_network_is_the_step_worked_out_in_numpy(context: list[int]) -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    random = np.random.default_rng(0)
    first, second = random.normal(0, 0.3, (11, 4)), random.normal(0, 0.3, (4, 11))
    target, rate = 3, 0.1

    hidden = first[context].mean(axis=0)
    scores = hidden @ second
    probabilities = np.exp(scores) / np.exp(scores).sum()
    error = probabilities - np.eye(11)[target]
    stepped_second = second - rate * np.outer(hidden, error)
    stepped_first = first.copy()
    stepped_first[context] -= rate * (second @ error) / len(context)

    model = ExactWord2Vec(11, 4)
    model(np.array([context]))
    model.set_weights([first, second])
    losses = fit_exact(model, np.array([context]), np.array([[target]]), epochs=1, learning_rate=rate)
    assert losses == [pytest.approx(-np.log(probabilities[target]), rel=1e-5)]
    assert model.get_weights()[0] == pytest.approx(stepped_first, abs=1e-6)
    assert model.get_weights()[1] == pytest.approx(stepped_second, abs=1e-6)


def test_network_learns_what_follows_what_in_the_text() -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    model = ExactWord2Vec(11, 8, seed=1)
    losses = fit_exact(model, *single_context_examples(IDS, ONE_DOCUMENT, 1), epochs=150, learning_rate=0.5)
    assert losses[-1] < 0.75 * losses[0]
    assert {int(i) for i in np.argsort(-model.probabilities([5]))[:2]} == {4, 6}  # corpus: sample, using
    assert model.probabilities([1])[2] > 0.8  # hey: this
