"""Training of the language model: what it learns, that it repeats itself, that it goes on from any checkpoint."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.language import training
from models.language.documents import Documents, frame_documents, hold_out
from models.language.loss import Places, next_word_loss, sampled_loss
from models.language.network import (
    build_language_model,
    noise_probabilities,
)
from models.language.settings import LanguageSettings
from models.language.training import train_language_model
from models.text import Tokens
from models.training.checkpoints import TrainingHooks
from models.training.divergence import DivergenceError

VOCABULARY = 12


def settings(**changes: object) -> LanguageSettings:
    """Small and quick."""
    plain = {"dimensions": 8, "units": 12, "batch_size": 16, "epochs": 2, "dropout": 0.0, "learning_rate": 0.02}
    return LanguageSettings(**(plain | changes))


def counting(documents: int, seed: int) -> Documents:
    """Texts that count on: 4 5 6 7, up to eight words from anywhere, beginning again at 2 after the last one."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 9, documents)
    firsts = random.integers(0, 10, documents)
    texts = [(first + np.arange(length)) % 10 + 2 for first, length in zip(firsts, lengths, strict=True)]
    return Documents(np.concatenate(texts).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))


def trained(given: LanguageSettings, **options) -> tuple[keras.Model, list[dict]]:
    """A model trained on counting, and the scores of its epochs."""
    train = counting(200, 0)
    model = build_language_model(given, np.bincount(train.ids, minlength=VOCABULARY), options.pop("seed", 1))
    return model, train_language_model(model, train, counting(40, 1), given, 1, TrainingHooks(**options))


def weights_and_history(model: keras.Model, history: list) -> tuple[list[bytes], list[dict]]:
    """All that two trainings must have in common: every bit of the weights, every figure but times."""
    figures = [{name: value for name, value in epoch.items() if "second" not in name} for epoch in history]
    return [weights.tobytes() for weights in model.get_weights()], figures


@pytest.mark.parametrize(
    "changes",
    [
        {"softmax": "full", "tied": True},
        {"softmax": "sampled", "samples": 3, "layers": 2},
        {"directions": ("forward", "backward"), "dropout": 0.1, "recurrent_dropout": 0.1},
    ],
)
def test_it_learns_which_word_follows(changes: dict) -> None:
    _, history = trained(settings(epochs=8, learning_rate=0.05, **changes))
    # Frequencies alone are worth 2.3; .8 is the least there is: the first word, and where the text ends, are chance.
    assert history[0]["validation/log_loss"] > 1.6
    assert 0.75 < history[-1]["validation/log_loss"] < 1.2
    assert history[-1]["validation/perplexity"] == pytest.approx(np.exp(history[-1]["validation/log_loss"]))


def test_a_sample_of_all_words_is_the_whole_softmax() -> None:
    random = np.random.default_rng(0)
    states, table, bias = (
        tf.Variable(random.normal(size=shape).astype(np.float32)) for shape in ((7, 4), (VOCABULARY, 4), (VOCABULARY,))
    )
    targets, weights = tf.constant([3, 3, 1, 5, 6, 7, 2]), tf.constant([1.0, 1, 1, 0, 1, 1, 1])
    chances = tf.constant(np.full(VOCABULARY, 1 / VOCABULARY), tf.float32)
    drawn = tf.constant(random.permutation(np.repeat(np.arange(VOCABULARY), 200)), tf.int32)
    with tf.GradientTape(persistent=True) as tape:
        parts = [Places(states[rows], targets[rows], weights[rows]) for rows in (slice(3), slice(3, 7), slice(7, 7))]
        whole = next_word_loss(parts, table, bias)
        sample = sampled_loss(parts, table, bias, drawn, chances, chances)
    np.testing.assert_allclose(whole, sample, rtol=1e-5)
    for variable in (states, table, bias):
        one, other = (tf.convert_to_tensor(tape.gradient(loss, variable)) for loss in (whole, sample))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_gradient_of_the_loss_is_that_of_automatic_differentiation() -> None:
    random = np.random.default_rng(1)
    states, table, bias = (
        tf.Variable(random.normal(size=shape).astype(np.float32)) for shape in ((5, 4), (VOCABULARY, 4), (VOCABULARY,))
    )
    targets, weights = tf.constant([3, 0, 1, 5, 5]), tf.constant([1.0, 0, 1, 1, 1])
    with tf.GradientTape(persistent=True) as tape:
        parts = [Places(states[rows], targets[rows], weights[rows]) for rows in (slice(2), slice(2, 5))]
        ours = 3 * next_word_loss(parts, table, bias)
        scores = tf.matmul(states, table, transpose_b=True) + bias
        losses = tf.reduce_logsumexp(scores, axis=1) - tf.gather(scores, targets, axis=1, batch_dims=1)
        plain = 3 * tf.reduce_sum(losses * weights) / 4
    np.testing.assert_allclose(ours, plain, rtol=1e-5)
    for variable in (states, table, bias):
        np.testing.assert_allclose(tape.gradient(ours, variable), tape.gradient(plain, variable), rtol=1e-4, atol=1e-6)


def test_training_goes_on_from_any_checkpoint_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_BATCHES", 5)
    run = settings(softmax="sampled", samples=4, dropout=0.2, recurrent_dropout=0.2)
    checkpoints: list = []
    whole = trained(run, on_checkpoint=checkpoints.append)
    assert len(checkpoints) == 6  # 13 batches an epoch: after 5, after 10, at the end
    for checkpoint in checkpoints[::4]:
        assert weights_and_history(*trained(run, start=checkpoint)) == weights_and_history(*whole)
    assert weights_and_history(*trained(run, seed=2))[0] != weights_and_history(*whole)[0]


def test_vectors_that_are_given_start_the_embedding_and_others_are_refused() -> None:
    vectors = np.zeros((VOCABULARY, 8))
    vectors[4] = 0.5
    table = build_language_model(settings(), np.ones(VOCABULARY), 1, vectors).get_layer("embedding").get_weights()[0]
    np.testing.assert_array_equal(table[4], vectors[4])
    assert np.all(table[5] != 0)
    with pytest.raises(ValueError, match="vectors must be"):
        build_language_model(settings(), np.ones(VOCABULARY), 1, vectors[:, :3])


def test_another_backend_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match="language models need KERAS_BACKEND=tensorflow, got 'torch': unset it"):
        build_language_model(LanguageSettings(), np.ones(5, np.int64), 1)


def test_no_documents_are_refused() -> None:
    none = Documents(np.array([], np.int32), np.array([0, 0]))
    model = build_language_model(settings(), np.ones(VOCABULARY), 1)
    with pytest.raises(ValueError, match="give more text"):
        train_language_model(model, none, counting(3, 1), settings(), 1)
    with pytest.raises(ValueError, match="give more text"):
        train_language_model(model, counting(3, 1), none, settings(), 1)


def test_every_word_and_every_end_of_a_long_document_is_predicted_once() -> None:
    documents = Documents(np.arange(2, 13), np.array([0, 7, 7, 8, 11]))
    pieces = frame_documents(documents, mark=99, max_length=3)
    cut = [pieces.ids[start:stop].tolist() for start, stop in zip(pieces.offsets[:-1], pieces.offsets[1:], strict=True)]
    assert cut == [[99, 2, 3, 4], [4, 5, 6, 7], [7, 8, 99], [99, 9, 99], [99, 10, 11, 12], [12, 99]]


def test_copies_of_a_document_are_held_out_together_or_not_at_all() -> None:
    random = np.random.default_rng(0)
    texts = [[f"w{word}" for word in random.integers(0, 5, random.integers(0, 5))] for _ in range(2000)]
    train, held = hold_out(Tokens.from_lists(texts), 0.25)
    assert not {tuple(text) for text in train.to_lists()} & {tuple(text) for text in held.to_lists()}
    assert sorted(train.to_lists() + held.to_lists()) == sorted(text for text in texts if text)
    different = {tuple(text) for text in texts if text}
    assert 0.15 < len({tuple(text) for text in held.to_lists()}) / len(different) < 0.35


def test_what_is_held_out_does_not_depend_on_how_words_are_numbered() -> None:
    texts = [[f"w{word}" for word in range(number, number + 4)] for number in range(50)]
    turned = hold_out(Tokens.from_lists(texts[::-1]), 0.3)[1].to_lists()
    assert 5 < len(turned) < 25
    assert hold_out(Tokens.from_lists(texts), 0.3)[1].to_lists() == turned[::-1]


def test_noise_favours_frequent_words_less_than_their_frequency_does() -> None:
    counts = np.array([0, 9, 99, 0])
    chances, flatter = noise_probabilities(counts, power=1.0), noise_probabilities(counts, power=0.5)
    np.testing.assert_allclose(chances, np.array([1, 10, 100, 1, 100]) / 212)
    assert flatter[2] / flatter[1] == pytest.approx(np.sqrt(10))


def test_a_training_that_diverges_stops_in_the_epoch_and_says_what_to_change() -> None:
    with pytest.raises(DivergenceError, match=r"a language model diverged: .* epoch 1; .*Lower learning_rate"):
        trained(settings(learning_rate=1e4))
