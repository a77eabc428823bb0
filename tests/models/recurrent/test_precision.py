"""Mixed precision, as a GPU gets it, on the processor: slow there, yet the same code."""

import keras
import numpy as np
import pytest

from models.recurrent import build_classifier, computing_in, in_float32, predict_probabilities, train_classifier
from models.settings import ClassifierSettings

VOCABULARY = 12


def documents(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents of four words; positive when word 2 is among them."""
    random = np.random.default_rng(seed)
    rows = random.integers(3, VOCABULARY, (count, 4))
    labels = random.integers(0, 2, count).astype(np.int8)
    rows[labels == 1, 1] = 2
    return rows.ravel().astype(np.int32), np.arange(0, 4 * count + 1, 4), labels


@pytest.mark.parametrize("kind", ["feed-forward", "lstm"])
def test_a_network_trained_in_bfloat16_is_kept_in_float32_and_answers_alike(kind):
    run = ClassifierSettings(kind=kind, units=8, dimensions=8, batch_size=16, epochs=6, learning_rate=0.02, dropout=0.1)
    with computing_in("mixed_bfloat16"):
        narrow = build_classifier(run, VOCABULARY, None, 1)
    train_classifier(narrow, documents(200, 0), documents(60, 1), run, 1)
    kept = in_float32(narrow, lambda: build_classifier(run, VOCABULARY, None, 1))
    body = "hidden" if kind == "feed-forward" else "bidirectional_lstm"
    assert narrow.get_layer(body).compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}
    assert {weight.dtype for weight in narrow.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    ids, offsets, labels = documents(100, 2)
    full = predict_probabilities(kept, ids, offsets)
    np.testing.assert_allclose(predict_probabilities(narrow, ids, offsets), full, atol=0.03)
    assert np.mean((full >= 0.5) == labels) > 0.95


def test_a_network_that_computes_in_float32_is_kept_itself():
    network = build_classifier(ClassifierSettings(units=4, dimensions=4), VOCABULARY, None, 1)
    assert in_float32(network, lambda: pytest.fail("a twin was built")) is network
