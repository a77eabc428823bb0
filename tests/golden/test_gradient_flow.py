"""The gradient of every state by hand, step by step, against what the gradient-flow doctor measures in the network.

A tiny network of two symbols and two units: the factors are written out in plain NumPy, one Jacobian for each step,
which is not how the doctor computes them.
"""

import keras
import numpy as np
import pytest

from models.gradients.measurement import examine
from models.recurrent import layers

U = np.array([[0.5, -0.3], [0.8, 0.4]])
W = np.array([[0.6, -0.7], [0.2, 0.9]])
B = np.array([0.1, -0.2])
V = np.array([0.7, -1.1])
SYMBOLS = np.array([1, 2, 2, 1])
TARGET = 1.0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def network(layer: keras.layers.Layer, *weights: np.ndarray) -> keras.Model:
    """One-hot symbols 1 and 2, the layer's last state, a logit with weights V; 0 is padding."""
    ids = keras.Input((None,), dtype="int32")
    one_hot = keras.layers.Embedding(3, 2, mask_zero=True, trainable=False)
    logit = keras.layers.Dense(1, use_bias=False, name="logit")
    model = keras.Model(ids, logit(layer(one_hot(ids))))
    one_hot.set_weights([np.eye(3, 2, k=-1)])
    layer.set_weights(weights)
    logit.set_weights([V[:, None]])
    return model


def by_hand_simple() -> list[np.ndarray]:
    """dL/dh_t for t = 4, 3, 2, 1: dL/dh_4 = (p - y) V, dL/dh_{t-1} = dL/dh_t diag(1 - h_t^2) U^T."""
    h = [np.zeros(2)]
    for symbol in SYMBOLS:
        h.append(np.tanh(W[symbol - 1] + h[-1] @ U + B))
    gradients = [(sigmoid(h[-1] @ V) - TARGET) * V]
    for t in (4, 3, 2):
        jacobian = np.diag(1 - h[t] ** 2) @ U.T
        gradients.append(gradients[-1] @ jacobian)
    return gradients


def test_the_norms_of_a_plain_rnn_are_those_of_the_product_of_jacobians():
    expected = [np.linalg.norm(gradient) for gradient in by_hand_simple()]
    layer = examine(network(layers.SimpleRNN(2), W, U, B), SYMBOLS[None], np.array([TARGET])).layers[0]
    np.testing.assert_allclose(layer.norms, expected, rtol=1e-5)
    np.testing.assert_allclose(layer.shares, np.divide(expected, expected[0]), rtol=1e-5)


def lstm_weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return random.normal(0, 0.7, (2, 8)), random.normal(0, 0.7, (2, 8)), random.normal(0, 0.7, 8)


def lstm_loss(weights, nudge_at: int, nudge: np.ndarray) -> float:
    """The loss when (h_t, C_t) after step `nudge_at` is moved: h directly, C as it goes on and as it is let out."""
    kernel, recurrent, bias = weights
    h, c = np.zeros(2), np.zeros(2)
    for t, symbol in enumerate(SYMBOLS):
        i, f, g, o = np.split(kernel[symbol - 1] + h @ recurrent + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        if t == nudge_at:
            c = c + nudge[2:]
        h = sigmoid(o) * np.tanh(c)
        if t == nudge_at:
            h = h + nudge[:2]
    probability = sigmoid(h @ V)
    return float(-np.log(probability))


def test_the_norms_of_an_lstm_are_those_of_the_slopes_of_the_loss_in_h_and_c():
    """Central differences: four nudges for each step."""
    weights, size = lstm_weights(), 1e-5
    expected = []
    for t in (3, 2, 1, 0):
        nudges = size * np.eye(4)
        slopes = [(lstm_loss(weights, t, n) - lstm_loss(weights, t, -n)) / (2 * size) for n in nudges]
        expected.append(np.linalg.norm(slopes))
    layer = examine(network(layers.LSTM(2), *weights), SYMBOLS[None], np.array([TARGET])).layers[0]
    np.testing.assert_allclose(layer.norms, expected, rtol=1e-5)


@pytest.mark.parametrize("padding", [0, 3])
def test_padding_is_no_step(padding):
    ids = np.concatenate([SYMBOLS, np.zeros(padding, int)])[None]
    layer = examine(network(layers.SimpleRNN(2), W, U, B), ids, np.array([TARGET])).layers[0]
    np.testing.assert_allclose(layer.norms, [np.linalg.norm(gradient) for gradient in by_hand_simple()], rtol=1e-5)
