"""The teaching text's worked example of skip-gram: its table with padding, and errors added over the context words."""

import numpy as np
import pytest

from models.textbook.context_windows import skip_gram_examples

TEXT = ["hey", "this", "is", "sample", "corpus", "using", "only", "one", "context", "word"]
IDS = np.arange(1, 11, dtype=np.int32)  # id 0 is padding

# Input, context 1, context 2. The text prints (sample, corpus) beside "corpus", which must read (sample, using).
TABLE = [
    ("hey", "this", "<padding>"),
    ("this", "hey", "is"),
    ("is", "this", "sample"),
    ("sample", "is", "corpus"),
    ("corpus", "sample", "using"),
    ("using", "corpus", "only"),
    ("only", "using", "one"),
    ("one", "only", "context"),
    ("context", "one", "word"),
    ("word", "context", "<padding>"),
]


def test_window_one_makes_the_printed_table_with_its_slip_mended() -> None:
    words, contexts = skip_gram_examples(IDS, np.array([0, 10]), window=1)
    names = ["<padding>", *TEXT]
    rows = [(names[word], *(names[i] for i in context)) for word, context in zip(words[:, 0], contexts, strict=True)]
    assert rows == TABLE


@pytest.mark.parametrize("targets", [[4, 6], [4, 0], [1, 3, 6, 7]], ids=["two words", "padded", "four words"])
def test_one_step_adds_the_errors_of_the_context_words(targets: list[int]) -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    random = np.random.default_rng(1)
    first, second = random.normal(0, 0.3, (11, 4)), random.normal(0, 0.3, (4, 11))
    word, rate = 5, 0.1

    hidden = first[word]
    scores = hidden @ second
    probabilities = np.exp(scores) / np.exp(scores).sum()
    errors = [probabilities - np.eye(11)[target] for target in targets if target != 0]
    error = np.sum(errors, axis=0)  # "element-wise sum is taken over all the error vectors"
    stepped_second = second - rate * np.outer(hidden, error)
    stepped_first = first.copy()
    stepped_first[word] -= rate * second @ error

    model = ExactWord2Vec(11, 4)
    model(np.array([[word]]))
    model.set_weights([first, second])
    losses = fit_exact(model, np.array([[word]]), np.array([targets]), epochs=1, learning_rate=rate)
    assert losses == [pytest.approx(-sum(np.log(probabilities[t]) for t in targets if t != 0), rel=1e-5)]
    assert model.get_weights()[0] == pytest.approx(stepped_first, abs=1e-6)
    assert model.get_weights()[1] == pytest.approx(stepped_second, abs=1e-6)


def test_network_gives_each_word_its_context_words() -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    model = ExactWord2Vec(11, 8, seed=1)
    words, contexts = skip_gram_examples(IDS, np.array([0, 10]), window=1)
    fit_exact(model, words, contexts, epochs=150, learning_rate=0.5)
    for word, context in zip(words[:, 0], contexts, strict=True):
        expected = {int(i) for i in context if i}
        likeliest = {int(i) for i in np.argsort(-model.probabilities([word]))[: len(expected)]}
        assert likeliest == expected


def test_vectors_come_from_either_matrix_or_their_mean() -> None:
    from models.textbook.exact_word2vec import ExactWord2Vec

    model = ExactWord2Vec(11, 4, seed=2)
    model(np.array([[1]]))
    inputs, outputs = model.vectors("input"), model.vectors("output")
    assert inputs.shape == outputs.shape == (11, 4)
    assert not np.allclose(inputs, outputs)
    assert model.vectors("mean") == pytest.approx((inputs + outputs) / 2)
