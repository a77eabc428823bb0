"""Networks that are kept from leaning on single words: adversarial token vectors, and words left out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.recurrent import build_classifier, train_classifier
from models.recurrent.backends.adversarial import adversarial_loss, worst_move
from models.recurrent.backends.base import refuse_adversarial
from models.recurrent.losses import LABEL
from models.recurrent.prediction import logit_network
from models.settings import ClassifierSettings

VOCABULARY = 20
SMALL = {"units": 6, "dimensions": 5, "dropout": 0.0, "batch_size": 16, "epochs": 3, "learning_rate": 1e-2}


def documents(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents of 1 to 6 words; word 2 makes one positive."""
    random = np.random.default_rng(seed)
    words = [random.integers(2, VOCABULARY, random.integers(1, 7)) for _ in range(rows)]
    labels = np.array([2 in each or 3 in each for each in words], np.int8)
    return (
        np.concatenate(words).astype(np.int32),
        np.concatenate([[0], np.cumsum([len(each) for each in words])]),
        labels,
    )


def batch() -> tuple[tf.Tensor, tf.Tensor]:
    """Three padded documents, one of them empty, and their labels."""
    return tf.constant([[2, 5, 7, 0], [9, 4, 3, 8], [0, 0, 0, 0]]), tf.constant([1.0, 0.0, 1.0])


def trained(**changes) -> keras.Model:
    settings = ClassifierSettings(**{**SMALL, **changes})
    model = build_classifier(settings, VOCABULARY, None, 1)
    train_classifier(model, documents(120, 0), documents(40, 1), settings, 1)
    return model


def test_the_worst_move_goes_uphill_by_the_given_share_of_the_documents_length():
    vectors, gradient = tf.constant([[[3.0, 0.0], [0.0, 4.0]]]), tf.constant([[[0.0, 2.0], [0.0, 0.0]]])
    assert worst_move(vectors, gradient, 0.1).numpy().tolist() == [[[0.0, pytest.approx(0.5)], [0.0, 0.0]]]
    assert not np.any(worst_move(vectors, tf.zeros_like(vectors), 0.1))


def test_the_move_costs_more_than_random_moves_of_its_length():
    network = logit_network(trained())
    ids, targets = batch()
    embedding = network.get_layer("embedding")
    vectors, mask = embedding(ids), tf.cast(embedding.compute_mask(ids), tf.float32)[..., None]
    plain = adversarial_loss(network, LABEL, 0.0)(ids, targets)
    uphill = 2 * adversarial_loss(network, LABEL, 0.05)(ids, targets) - plain
    for seed in range(5):
        embedding.move = worst_move(vectors, mask * tf.random.stateless_normal(vectors.shape, (seed, 0)), 0.05)
        logits = network(ids)[:, 0]
        embedding.move = None
        assert tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)) < uphill
    assert uphill > plain


def test_without_a_move_the_loss_is_that_of_plain_training():
    network = logit_network(trained(epochs=1))
    ids, targets = batch()
    expected = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, network(ids)[:, 0]))
    assert float(adversarial_loss(network, LABEL, 0.0)(ids, targets)) == pytest.approx(float(expected), rel=1e-6)


def test_adversarial_training_repeats_itself_and_is_harder_to_throw():
    robust, again, plain = trained(adversarial=0.3), trained(adversarial=0.3), trained()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(robust.get_weights(), again.get_weights(), strict=True))
    ids, targets = batch()
    thrown = {}
    for name, model in {"robust": robust, "plain": plain}.items():
        near, far = (float(adversarial_loss(logit_network(model), LABEL, share)(ids, targets)) for share in (0.0, 0.3))
        thrown[name] = far - near
    assert thrown["robust"] < thrown["plain"]


def test_a_backend_that_knows_no_adversarial_training_says_so(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    refuse_adversarial(0.0)
    with pytest.raises(ValueError, match="adversarial must be 0 on KERAS_BACKEND=jax"):
        refuse_adversarial(0.1)


def test_dropped_words_are_dropped_whole_and_only_in_training():
    model = build_classifier(ClassifierSettings(**SMALL, word_dropout=0.5), VOCABULARY, None, 1)
    layer = model.get_layer("word_dropout")
    kept = layer(tf.ones((4, 50, 3)), training=True).numpy()
    assert {tuple(row) for row in kept.reshape(-1, 3)} == {(0.0,) * 3, (2.0,) * 3}
    assert 0.3 < np.mean(kept == 0) < 0.7
    assert np.array_equal(layer(tf.ones((4, 50, 3)), training=False), np.ones((4, 50, 3)))


def test_a_classifier_that_drops_words_starts_from_the_same_pre_training_as_one_that_does_not():
    assert ClassifierSettings(word_dropout=0.1).reader() == ClassifierSettings().reader()
