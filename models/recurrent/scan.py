"""The recurrences over time, forward and backward, with as few and as large operations as TensorFlow allows.

Keras' own loop masks every step and leaves the gradient to automatic differentiation, which multiplies matrices and
adds up weight gradients step by step. Here padding is never read (it lies at the end, where no later step sees it),
everything that does not depend on the previous step is computed for all steps at once, before or after the loop, and
the loop back through time holds only the chain through h and c. Checked against Keras' layers and against the terms
of the sum in tests/golden/test_recurrent_formulas.py.

Arrays are time-major: `projected` (steps, batch, gates * units) holds W x_t + b, `recurrent` (units, gates * units)
is U; the result is h_t (steps, batch, units). Gates lie in Keras' order.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

Rows: TypeAlias = list[tf.Tensor]
Gradient: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, ...]]


def read_documents(
    kind: str, cell: Any, sequences: tf.Tensor, mask: tf.Tensor | None, backwards: bool, every_state: bool
) -> tf.Tensor:
    """What a layer over time returns for `sequences` (batch, length, width), padding, if any, at the end.

    As Keras has it, states read backwards come in the order in which they were read, the end of the text first.
    """
    longest = tf.shape(sequences)[1]
    lengths = (
        tf.fill(tf.shape(sequences)[:1], longest) if mask is None else tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    )
    if backwards:
        sequences = tf.reverse_sequence(sequences, lengths, seq_axis=1)
    states = _states(kind, cell, _project(kind, cell, tf.transpose(sequences, (1, 0, 2))))
    if not every_state:
        last = tf.gather(tf.transpose(states, (1, 0, 2)), tf.maximum(lengths - 1, 0), batch_dims=1)
        return last * tf.cast(lengths > 0, last.dtype)[:, None]
    states = tf.transpose(states, (1, 0, 2))
    return tf.reverse(tf.reverse_sequence(states, lengths, seq_axis=1), [1]) if backwards else states


def project(layer: Any, vectors: tf.Tensor) -> tf.Tensor:
    """W x + b (tokens, gates * units) of single vectors (tokens, width), by the weights of one of our layers."""
    return _project(layer.scan, layer.cell, vectors[:, None])[:, 0]


def states_of(layer: Any, projected: tf.Tensor) -> tf.Tensor:
    """h_t (steps, batch, units) of what `project` gave for each token, time-major."""
    return _states(layer.scan, layer.cell, projected)


def _project(kind: str, cell: Any, sequences: tf.Tensor) -> tf.Tensor:
    """W x_t + b (steps, batch, gates * units) of time-major sequences (steps, batch, width)."""
    steps, batch, width = tf.unstack(tf.shape(sequences))
    bias = tf.convert_to_tensor(cell.bias)
    flat = tf.matmul(tf.reshape(sequences, (-1, width)), cell.kernel) + (bias[0] if kind == "gru" else bias)
    return tf.reshape(flat, (steps, batch, cell.kernel.shape[1]))


def _states(kind: str, cell: Any, projected: tf.Tensor) -> tf.Tensor:
    """h_t (steps, batch, units) under the recurrent weights of a Keras cell."""
    recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
    if kind == "gru":
        return gru_states(projected, recurrent, tf.convert_to_tensor(cell.bias)[1])
    return (lstm_states if kind == "lstm" else simple_states)(projected, recurrent)


def _loop(
    body: Callable[..., tuple[Rows, Rows]], steps: tf.Tensor, state: Rows, widths: Sequence[int], back: bool = False
) -> Rows:
    """Run body(t, *state) -> (state, rows to keep) over time; the rows kept, stacked (steps, batch, width)."""
    batch = state[0].shape[0]
    arrays = [tf.TensorArray(tf.float32, size=steps, element_shape=(batch, width)) for width in widths]

    def turn(
        count: tf.Tensor, state: Rows, arrays: list[tf.TensorArray]
    ) -> tuple[tf.Tensor, Rows, list[tf.TensorArray]]:
        t = steps - 1 - count if back else count
        state, rows = body(t, *state)
        return count + 1, state, [array.write(t, row) for array, row in zip(arrays, rows, strict=True)]

    loop = tf.while_loop(lambda count, *_: count < steps, turn, (0, list(state), arrays))
    return [array.stack() for array in loop[2]]


def _zero_state(projected: tf.Tensor, units: int) -> tf.Tensor:
    return tf.zeros_like(projected[0, :, :units])


def _before(states: tf.Tensor) -> tf.Tensor:
    """What each step found: zeros, then the states (steps, batch, units) but the last."""
    return tf.concat([tf.zeros_like(states[:1]), states[:-1]], axis=0)


def _weight_gradient(states: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Sum over t of h_{t-1}^T dz_t, as one product."""
    units, width = states.shape[-1], gradients.shape[-1]
    return tf.matmul(tf.reshape(_before(states), (-1, units)), tf.reshape(gradients, (-1, width)), transpose_a=True)


@tf.custom_gradient
def simple_states(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """h_t = tanh(W x_t + U h_{t-1} + b)."""
    steps, units = tf.shape(projected)[0], recurrent.shape[0]
    start = _zero_state(projected, units)

    def forward(t: tf.Tensor, state: tf.Tensor) -> tuple[Rows, Rows]:
        state = tf.tanh(projected[t] + tf.matmul(state, recurrent))
        return [state], [state]

    (states,) = _loop(forward, steps, [start], [units])

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        slope = 1 - tf.square(states)

        def backward(t: tf.Tensor, later: tf.Tensor) -> tuple[Rows, Rows]:
            dz = (upstream[t] + later) * slope[t]
            return [tf.matmul(dz, recurrent, transpose_b=True)], [dz]

        (dz,) = _loop(backward, steps, [start], [units], back=True)
        return dz, _weight_gradient(states, dz)

    return states, gradient


@tf.custom_gradient
def lstm_states(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """C_t = f_t C_{t-1} + i_t g_t and h_t = o_t tanh(C_t), with gates i, f, g (the candidate), o."""
    steps, units = tf.shape(projected)[0], recurrent.shape[0]
    start = _zero_state(projected, units)
    turned = tf.transpose(recurrent)  # once: as they lie, both products of the loop would turn it at every step

    def forward(t: tf.Tensor, state: tf.Tensor, carry: tf.Tensor) -> tuple[Rows, Rows]:
        i, f, g, o = tf.split(projected[t] + tf.matmul(state, turned, transpose_b=True), 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        carry = f * carry + i * g
        state = o * tf.tanh(carry)
        return [state, carry], [state, carry, tf.concat([i, f, g, o], axis=1)]

    states, carries, gates = _loop(forward, steps, [start, start], [units, units, 4 * units])

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        i, f, g, o = tf.split(gates, 4, axis=2)
        squashed = tf.tanh(carries)
        through = o * (1 - tf.square(squashed))
        slopes = tf.concat(
            [g * i * (1 - i), _before(carries) * f * (1 - f), i * (1 - tf.square(g)), squashed * o * (1 - o)], axis=2
        )

        def backward(t: tf.Tensor, later: tf.Tensor, carried: tf.Tensor) -> tuple[Rows, Rows]:
            dh = upstream[t] + later
            dc = carried + dh * through[t]
            dz = tf.concat([dc, dc, dc, dh], axis=1) * slopes[t]
            return [tf.matmul(dz, turned), dc * f[t]], [dz]

        (dz,) = _loop(backward, steps, [start, start], [4 * units], back=True)
        return dz, _weight_gradient(states, dz)

    return states, gradient


@tf.custom_gradient
def gru_states(projected: tf.Tensor, recurrent: tf.Tensor, recurrent_bias: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """h_t = z h_{t-1} + (1 - z) tanh(W x_t + b + r (U h_{t-1} + b')), gates z, r: the form with the reset after U."""
    steps, units = tf.shape(projected)[0], recurrent.shape[0]
    start = _zero_state(projected, units)

    def forward(t: tf.Tensor, state: tf.Tensor) -> tuple[Rows, Rows]:
        inner = tf.matmul(state, recurrent) + recurrent_bias
        z, r = tf.split(tf.sigmoid(projected[t, :, : 2 * units] + inner[:, : 2 * units]), 2, axis=1)
        inner = inner[:, 2 * units :]
        candidate = tf.tanh(projected[t, :, 2 * units :] + r * inner)
        state = candidate + z * (state - candidate)
        return [state], [state, tf.concat([z, r, candidate, inner], axis=1)]

    states, gates = _loop(forward, steps, [start], [units, 4 * units])

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        z, r, candidate, inner = tf.split(gates, 4, axis=2)
        to_candidate = (1 - z) * (1 - tf.square(candidate))
        slopes = tf.concat(
            [(_before(states) - candidate) * z * (1 - z), to_candidate * inner * r * (1 - r), to_candidate * r], axis=2
        )

        def backward(t: tf.Tensor, later: tf.Tensor) -> tuple[Rows, Rows]:
            dh = upstream[t] + later
            du = tf.concat([dh, dh, dh], axis=1) * slopes[t]
            return [dh * z[t] + tf.matmul(du, recurrent, transpose_b=True)], [du, dh]

        du, dh = _loop(backward, steps, [start], [3 * units, units], back=True)
        dz = tf.concat([du[..., : 2 * units], dh * to_candidate], axis=2)
        return dz, _weight_gradient(states, du), tf.reduce_sum(du, axis=[0, 1])

    return states, gradient
