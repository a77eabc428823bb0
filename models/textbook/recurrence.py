"""The examples of recurrent networks: both forms of the unit, the gates, and the sum back through time."""

import numpy as np

from models.textbook.worked import BY_HAND, Example, Line, numbers

STEPS, WIDTH, UNITS = 3, 2, 2
X = np.array([[1.0, -0.5], [0.3, 0.8], [-1.2, 0.4]])
NO_SIGMA = "sigma is explained, but not printed: without it a gate is not between 0 and 1"
NO_CELL = "an element-wise product, whose sign is explained but not printed"
GATES = (
    Line("forget gate", "f_t = (W_f[h_{t-1}, x_t] + b_f)", "f_t = σ(W_f[h_{t-1}, x_t] + b_f)", NO_SIGMA),
    Line("input gate", "i_t = (W_i[h_{t-1}, x_t] + b_i)", "i_t = σ(W_i[h_{t-1}, x_t] + b_i)", NO_SIGMA),
    Line("output gate", "o_t = (W_o[h_{t-1}, x_t] + b_o)", "o_t = σ(W_o[h_{t-1}, x_t] + b_o)", NO_SIGMA),
    Line("candidate", "Ĉ_t = tanh(W_c[h_{t-1}, x_t] + b_c)", "C̃_t = tanh(W_c[h_{t-1}, x_t] + b_c)",
         "three signs for one thing: Ĉ, C̃ and C"),
    Line("cell state", "C_t = f_t C_{t-1} + i_t C̃_t", "C_t = f_t ⊙ C_{t-1} + i_t ⊙ C̃_t", NO_CELL),
    Line("hidden state", "–", "h_t = o_t ⊙ tanh(C_t)", "said in words only, and in the reverse order"),
)  # fmt: skip


def sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z).

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return np.asarray(1 / (1 + np.exp(-values)))


def _draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.normal(0, 0.6, shape) for shape in shapes]


def _states(kind: str, weights: list[np.ndarray], **options: object) -> np.ndarray:
    """Hidden states (steps, units) of a layer of models.recurrent with these weights."""
    from models.recurrent import layers

    layer = getattr(layers, kind)(UNITS, return_sequences=True, **options)
    layer.build((1, STEPS, WIDTH))
    layer.set_weights(weights)
    return np.asarray(layer(X[None].astype(np.float32)))[0]


def units() -> list[Line]:
    """h_t of the form with sigma and bias, and of that with tanh and none."""
    u, w, b = _draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS,))
    plain, other = np.zeros(UNITS), np.zeros(UNITS)
    first = _states("SimpleRNN", [u, w, b], activation="sigmoid")
    second = _states("SimpleRNN", [u, w], use_bias=False)
    lines = []
    for step, x in enumerate(X):
        plain, other = sigmoid(x @ u + plain @ w + b), np.tanh(x @ u + other @ w)
        lines.append(Line(f"h_{step + 1} = σ(U x + W h + B)", numbers(plain), numbers(first[step])))
        lines.append(Line(f"h_{step + 1} = tanh(W_hh h + W_xh x)", numbers(other), numbers(second[step])))
    return lines


def gates() -> list[Line]:
    """The formulas, as printed and as meant."""
    return list(GATES)


def lstm() -> list[Line]:
    """Three steps through the gates, and the hidden states of the layer."""
    parts = _draw(*[(UNITS + WIDTH, UNITS), (UNITS,)] * 4)
    weights = {name: (parts[2 * place], parts[2 * place + 1]) for place, name in enumerate("fico")}
    joined = np.concatenate([weights[name][0] for name in "ifco"], axis=1)  # the order of Keras
    bias = np.concatenate([weights[name][1] for name in "ifco"])
    states = _states("LSTM", [joined[UNITS:], joined[:UNITS], bias])
    h, c, lines = np.zeros(UNITS), np.zeros(UNITS), []
    for step, x in enumerate(X):
        both = np.concatenate([h, x])
        f, i, o = (sigmoid(both @ weights[name][0] + weights[name][1]) for name in "fio")
        c = f * c + i * np.tanh(both @ weights["c"][0] + weights["c"][1])
        h = o * np.tanh(c)
        opened = f"f {numbers(f)}, i {numbers(i)}, o {numbers(o)}"
        lines.append(Line(f"h_{step + 1} (gates: {opened})", numbers(h), numbers(states[step])))
    return lines


def back_through_time() -> list[Line]:
    """dL/dW = dL/dh_3 Σ_k dh_3/dh_k d⁺h_k/dW, term by term, with L the sum of h_3."""
    u, w, b = _draw((WIDTH, UNITS), (UNITS, UNITS), (UNITS,))
    h = [np.zeros(UNITS)]
    for x in X:
        h.append(sigmoid(x @ u + h[-1] @ w + b))
    terms, reaching = [], np.ones(UNITS)
    for k in (3, 2, 1):
        slope = reaching * h[k] * (1 - h[k])
        terms.append(np.outer(h[k - 1], slope))
        reaching = w @ slope
    found = _explicit_gradients(u, w, b)
    lines = [
        Line(f"term k = {k}", numbers(term, "{:.4f}"), numbers(own, "{:.4f}"))
        for k, term, own in zip((3, 2, 1), terms, found, strict=True)
    ]
    return [
        *lines,
        Line("their sum, dL/dW", numbers(np.sum(terms, axis=0), "{:.4f}"), numbers(_gradient(u, w, b), "{:.4f}")),
    ]


def _gradient(u: np.ndarray, w: np.ndarray, b: np.ndarray, watched: int | None = None) -> np.ndarray:
    """dL/dW by automatic differentiation; with `watched`, through the W of that step alone."""
    import tensorflow as tf

    matrix = tf.constant(w)
    h = tf.zeros((1, UNITS), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        for step, x in enumerate(X, 1):
            own = matrix if watched in (None, step) else tf.stop_gradient(matrix)
            h = tf.sigmoid(x[None] @ u + h @ own + b)
        total = tf.reduce_sum(h)
    return np.asarray(tape.gradient(total, matrix))


def _explicit_gradients(u: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    return [_gradient(u, w, b, watched=k) for k in (3, 2, 1)]


EXAMPLES = (
    Example("units", "The recurrent unit", "Both forms of the unit over three steps.", units, **BY_HAND),
    Example("gates", "The gates", "Formulas of the LSTM.", gates, right="meant"),
    Example("lstm", "Three steps of an LSTM", "By the formulas as meant.", lstm, **BY_HAND),
    Example(
        "bptt",
        "The sum back through time",
        "The text loses the plus of d⁺h_k/dW in its sum; with h_0 = 0 the term k = 1 is zero.",
        back_through_time,
        "by hand, in NumPy",
        "by automatic differentiation",
    ),
)
