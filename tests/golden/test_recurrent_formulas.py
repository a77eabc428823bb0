"""The recurrent formulas of the teaching text, worked out in plain NumPy, against the Keras layers in use.

Section numbers are those of ERRATA-recurrent.md, which says where the text's formulas are mended before they are used.
Row vectors throughout, as Keras has them: x_t W instead of the text's W x_t.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.recurrent import layers

STEPS, WIDTH, UNITS = 3, 2, 4
X = np.random.default_rng(5).normal(size=(STEPS, WIDTH))


# Each with its slope, written in terms of its value.
ACTIVATIONS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda h: h * (1 - h)),
    "tanh": (np.tanh, lambda h: 1 - h**2),
}


def sigmoid(z: np.ndarray) -> np.ndarray:
    return ACTIVATIONS["sigmoid"][0](z)


def layer_with(layer: keras.Layer, *weights: np.ndarray) -> keras.Layer:
    layer.build((1, STEPS, WIDTH))
    layer.set_weights(weights)
    return layer


def draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.normal(0, 0.6, shape) for shape in shapes]


def states_of(layer: keras.Layer) -> np.ndarray:
    return layer(X[None].astype(np.float32)).numpy()[0]


def test_the_first_form_is_a_sigmoid_with_bias_and_the_output_a_dense_layer():
    """h_t = sigma(U x_t + W h_{t-1} + B), y_t = O(V h_t + C), with O the sigmoid (section 1)."""
    u, w, b, v, c = draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS,), (UNITS, 1), (1,))
    recurrent = layer_with(layers.SimpleRNN(UNITS, activation="sigmoid", return_sequences=True), u, w, b)
    output = keras.layers.Dense(1, activation="sigmoid")
    output.build((1, UNITS))
    output.set_weights([v, c])
    h = np.zeros(UNITS)
    expected_h, expected_y = [], []
    for x in X:
        h = sigmoid(x @ u + h @ w + b)
        expected_h.append(h)
        expected_y.append(sigmoid(h @ v + c))
    np.testing.assert_allclose(states_of(recurrent), expected_h, rtol=1e-5)
    np.testing.assert_allclose(output(states_of(recurrent)), expected_y, rtol=1e-5)


@pytest.mark.parametrize("bias", [False, True])
def test_the_second_form_is_tanh_without_bias_and_a_linear_output(bias):
    """h_t = tanh(W_hh h_{t-1} + W_xh x_t), y_t = W_hy h_t; a bias of zeros is not a bias."""
    w_xh, w_hh, w_hy = draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS, 2))
    weights = [w_xh, w_hh, *([np.zeros(UNITS)] if bias else [])]
    recurrent = layer_with(layers.SimpleRNN(UNITS, use_bias=bias, return_sequences=True), *weights)
    output = keras.layers.Dense(2, use_bias=False)
    output.build((1, UNITS))
    output.set_weights([w_hy])
    h = np.zeros(UNITS)
    expected_h = []
    for x in X:
        h = np.tanh(h @ w_hh + x @ w_xh)
        expected_h.append(h)
    np.testing.assert_allclose(states_of(recurrent), expected_h, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(output(states_of(recurrent)), np.array(expected_h) @ w_hy, rtol=1e-5, atol=1e-6)


def lstm_by_hand(gates: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Every gate, cell state and hidden state over time; W of each gate takes [h_{t-1}, x_t], as the text has it."""
    h, c, told = np.zeros(UNITS), np.zeros(UNITS), []
    for x in X:
        joined = np.concatenate([h, x])
        step = {name: sigmoid(joined @ gates[name][0] + gates[name][1]) for name in "fio"}
        step["candidate"] = np.tanh(joined @ gates["c"][0] + gates["c"][1])
        c = step["f"] * c + step["i"] * step["candidate"]
        h = step["o"] * np.tanh(c)
        told.append({**step, "c": c, "h": h})
    return told


def keras_weights(gates: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias in Keras' order: input, forget, candidate, output."""
    joined = np.concatenate([gates[name][0] for name in "ifco"], axis=1)
    return [joined[UNITS:], joined[:UNITS], np.concatenate([gates[name][1] for name in "ifco"])]


def lstm_gates() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    parts = draw(*[(UNITS + WIDTH, UNITS), (UNITS,)] * 4)
    return {name: (parts[2 * n], parts[2 * n + 1]) for n, name in enumerate("fico")}


def test_the_lstm_follows_its_gates_the_cell_state_and_the_hidden_state():
    """f_t, i_t, o_t with sigma (section 2), C_t = f_t C_{t-1} + i_t C~_t, h_t = o_t tanh(C_t) (section 3)."""
    told = lstm_by_hand(lstm_gates())
    fast = layer_with(layers.LSTM(UNITS, return_sequences=True), *keras_weights(lstm_gates()))
    np.testing.assert_allclose(states_of(fast), [step["h"] for step in told], rtol=1e-5, atol=1e-7)
    whole = layer_with(keras.layers.LSTM(UNITS, return_state=True), *keras_weights(lstm_gates()))
    _, h, c = whole(X[None].astype(np.float32))
    np.testing.assert_allclose(h[0], told[-1]["h"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(c[0], told[-1]["c"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("gate", ["f", "i", "o"])
def test_every_gate_does_what_the_text_says_of_it(gate):
    """A forget gate at 1 keeps C_{t-1}, an input gate at 0 adds nothing, an output gate at 0 lets nothing out."""
    gates = lstm_gates()
    shut_or_open = {"f": 50.0, "i": -50.0, "o": -50.0}[gate]
    gates[gate] = (np.zeros((UNITS + WIDTH, UNITS)), np.full(UNITS, shut_or_open))
    told = lstm_by_hand(gates)
    layer = layer_with(layers.LSTM(UNITS, return_sequences=True), *keras_weights(gates))
    np.testing.assert_allclose(states_of(layer), [step["h"] for step in told], rtol=1e-5, atol=1e-7)
    if gate == "f":
        added = np.cumsum([step["i"] * step["candidate"] for step in told], axis=0)
        np.testing.assert_allclose([step["c"] for step in told], added)
    else:
        assert np.abs(states_of(layer)).max() < 1e-20


def bptt_terms(w: np.ndarray, u: np.ndarray, b: np.ndarray, upstream: np.ndarray, form: str = "sigmoid") -> list:
    """The terms k = 1, 2, 3 of dL/dh_3 (dh_3/dh_k) (d+h_k/dW) for h_k = sigma(x_k U + h_{k-1} W + b) (section 5).

    d+ is the explicit derivative, h_{k-1} held constant. dh_3/dh_k is the product of the Jacobians in between.
    """
    activation, slope_of = ACTIVATIONS[form]
    h = [np.zeros(UNITS)]
    for x in X:
        h.append(activation(x @ u + h[-1] @ w + b))
    terms, reaching = [], upstream
    for k in (3, 2, 1):
        slope = reaching * slope_of(h[k])
        terms.append(np.outer(h[k - 1], slope))
        reaching = w @ slope
    return terms[::-1]


def explicit_gradients(w: np.ndarray, u: np.ndarray, b: np.ndarray, upstream: np.ndarray) -> list[np.ndarray]:
    """The same terms by automatic differentiation: step k alone has a copy of W of its own that is watched."""
    cell = layer_with(keras.layers.SimpleRNN(UNITS, activation="sigmoid"), u, w, b).cell
    gradients = []
    for k in range(1, STEPS + 1):
        h = tf.zeros((1, UNITS))
        with tf.GradientTape() as tape:
            own = tf.constant(w.astype(np.float32))
            tape.watch(own)
            for t, x in enumerate(X.astype(np.float32), start=1):
                if t == k:
                    h = tf.sigmoid(x[None] @ tf.convert_to_tensor(cell.kernel) + h @ own + cell.bias)
                else:
                    h, _ = cell(x[None], [h])
            loss = tf.reduce_sum(h * upstream.astype(np.float32))
        gradients.append(tape.gradient(loss, own).numpy())
    return gradients


@pytest.mark.parametrize("k", [1, 2, 3])
def test_each_term_of_the_sum_back_through_time_is_right(k):
    u, w, b, upstream = draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS,), (UNITS,))
    term = bptt_terms(w, u, b, upstream)[k - 1]
    np.testing.assert_allclose(explicit_gradients(w, u, b, upstream)[k - 1], term, rtol=1e-4, atol=1e-6)
    # h_0 is a constant zero, so W has no explicit part in h_1: the text's last term vanishes.
    assert np.any(term) == (k > 1)


@pytest.mark.parametrize("form", ACTIVATIONS)
def test_the_terms_add_up_to_the_gradient_that_training_uses(form):
    """dL/dW = dL/dh_3 sum_k (dh_3/dh_k) (d+h_k/dW): sigma through Keras' own loop, tanh through the fast one."""
    u, w, b, upstream = draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS,), (UNITS,))
    layer = layer_with(layers.SimpleRNN(UNITS, activation=form), u, w, b)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(X[None].astype(np.float32)) * upstream.astype(np.float32))
    gradient = tape.gradient(loss, layer.cell.recurrent_kernel.value)
    np.testing.assert_allclose(gradient, sum(bptt_terms(w, u, b, upstream, form)), rtol=1e-4, atol=1e-6)
