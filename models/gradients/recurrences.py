"""The recurrent cells in plain NumPy, forward and back through time, with every inner value kept to be looked at.

Training runs the same formulas (models/recurrent/scan.py), but keeps nothing, and automatic differentiation gives no
gradient of a state inside a loop. That both agree, in states and in gradients of weights, is tested in
tests/models/gradients/. All arrays are time-major and float64, in which a product of a hundred factors neither
overflows nor fades to zero: inputs (steps, documents, width), states (steps, documents, units). Padding lies at the
end of a document, where nothing that matters reads it. Gates lie in Keras' order.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit as sigmoid


class Reading(NamedTuple):
    """What a cell did: h_t, C_t (h_t again without one), and its gates by name."""

    states: np.ndarray
    memory: np.ndarray
    gates: dict[str, np.ndarray]


class Flow(NamedTuple):
    """Gradients of a loss with respect to h_t, to C_t (None without one), and to W x_t + b."""

    states: np.ndarray
    memory: np.ndarray | None
    projected: np.ndarray

    def norms(self) -> np.ndarray:
        """Norm (steps, ..., documents) of the gradient of a step's whole state: h_t, together with C_t of an LSTM."""
        norms = np.linalg.norm(self.states, axis=-1)
        return norms if self.memory is None else np.hypot(norms, np.linalg.norm(self.memory, axis=-1))


def before(states: np.ndarray) -> np.ndarray:
    """What each step found: zeros, then the states but the last."""
    return np.concatenate([np.zeros_like(states[:1]), states[:-1]])


@dataclass(frozen=True)
class SimpleCell:
    """h_t = tanh(W x_t + U h_{t-1} + b)."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    name = "rnn"

    def read(self, inputs: np.ndarray) -> Reading:
        """The states of documents, from a zero state. It has no gates."""
        projected = inputs @ self.kernel + self.bias
        states = np.empty((*inputs.shape[:2], len(self.recurrent)))
        state = np.zeros_like(states[0])
        for t, given in enumerate(projected):
            state = np.tanh(given + state @ self.recurrent)
            states[t] = state
        return Reading(states, states, {})

    def back(self, reading: Reading, upstream: np.ndarray) -> Flow:
        """dL/dh_t; `upstream` (steps, ..., documents, units) is the part of it that does not pass through h_{t+1}."""
        slope = 1 - reading.states**2
        states, projected = np.empty_like(upstream), np.empty_like(upstream)
        later = np.zeros_like(upstream[0])
        for t in reversed(range(len(upstream))):
            states[t] = upstream[t] + later
            projected[t] = states[t] * slope[t]
            later = projected[t] @ self.recurrent.T
        return Flow(states, None, projected)


@dataclass(frozen=True)
class LstmCell:
    """C_t = f_t C_{t-1} + i_t g_t and h_t = o_t tanh(C_t), with gates i, f, g (the candidate), o."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    name = "lstm"

    def read(self, inputs: np.ndarray) -> Reading:
        """States, memory and gates of documents, from zero."""
        projected, units = inputs @ self.kernel + self.bias, len(self.recurrent)
        shape = (*inputs.shape[:2], units)
        states, memory, gates = np.empty(shape), np.empty(shape), np.empty((*shape[:2], 4, units))
        h, c = np.zeros(shape[1:]), np.zeros(shape[1:])
        for t, given in enumerate(projected):
            z = (given + h @ self.recurrent).reshape(gates.shape[1:])
            gates[t] = sigmoid(z)
            gates[t, :, 2] = np.tanh(z[:, 2])
            i, f, g, o = gates[t].swapaxes(0, 1)
            memory[t] = c = f * c + i * g
            states[t] = h = o * np.tanh(c)
        return Reading(
            states, memory, dict(zip(("input", "forget", "candidate", "output"), _apart(gates), strict=True))
        )

    def back(self, reading: Reading, upstream: np.ndarray) -> Flow:
        """dL/dh_t and dL/dC_t, each with all that depends on it; C_t also acts through h_t."""
        i, f, g, o = (reading.gates[name] for name in ("input", "forget", "candidate", "output"))
        squashed = np.tanh(reading.memory)
        through = o * (1 - squashed**2)
        to_gates = np.stack([g * i * (1 - i), before(reading.memory) * f * (1 - f), i * (1 - g**2)], axis=2)
        to_output = squashed * o * (1 - o)
        states, memory = np.empty_like(upstream), np.empty_like(upstream)
        projected = np.empty((*upstream.shape[:-1], 4, upstream.shape[-1]))
        later, carried = np.zeros_like(upstream[0]), np.zeros_like(upstream[0])
        for t in reversed(range(len(upstream))):
            states[t] = upstream[t] + later
            memory[t] = carried + states[t] * through[t]
            projected[t, ..., :3, :] = memory[t][..., None, :] * to_gates[t]
            projected[t, ..., 3, :] = states[t] * to_output[t]
            later = _flat(projected[t]) @ self.recurrent.T
            carried = memory[t] * f[t]
        return Flow(states, memory, _flat(projected))


@dataclass(frozen=True)
class GruCell:
    """h_t = z h_{t-1} + (1 - z) tanh(W x_t + b + r (U h_{t-1} + b')), gates z and r: the reset after U, as in Keras."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    name = "gru"

    def read(self, inputs: np.ndarray) -> Reading:
        """States and gates of documents, from a zero state."""
        projected, units = inputs @ self.kernel + self.bias[0], len(self.recurrent)
        states, kept = np.empty((*inputs.shape[:2], units)), np.empty((*inputs.shape[:2], 4, units))
        h = np.zeros_like(states[0])
        for t, given in enumerate(projected):
            inner = h @ self.recurrent + self.bias[1]
            zr = sigmoid(given[:, : 2 * units] + inner[:, : 2 * units])
            z, r, inner = zr[:, :units], zr[:, units:], inner[:, 2 * units :]
            candidate = np.tanh(given[:, 2 * units :] + r * inner)
            states[t] = h = candidate + z * (h - candidate)
            kept[t] = np.stack([z, r, candidate, inner], axis=1)
        return Reading(states, states, dict(zip(("update", "reset", "candidate", "inner"), _apart(kept), strict=True)))

    def back(self, reading: Reading, upstream: np.ndarray) -> Flow:
        """dL/dh_t, with all that depends on h_t."""
        z, r, candidate, inner = (reading.gates[name] for name in ("update", "reset", "candidate", "inner"))
        to_candidate = (1 - z) * (1 - candidate**2)
        to_reset = to_candidate * inner * r * (1 - r)
        slopes = np.stack([(before(reading.states) - candidate) * z * (1 - z), to_reset, to_candidate * r], axis=2)
        states, later = np.empty_like(upstream), np.zeros_like(upstream[0])
        projected = np.empty((*upstream.shape[:-1], 3, upstream.shape[-1]))
        for t in reversed(range(len(upstream))):
            states[t] = upstream[t] + later
            projected[t] = states[t][..., None, :] * slopes[t]
            later = states[t] * z[t] + _flat(projected[t]) @ self.recurrent.T
            # r stands between U and the candidate, but not between W and it.
            projected[t, ..., 2, :] = states[t] * to_candidate[t]
        return Flow(states, None, _flat(projected))


Cell = SimpleCell | LstmCell | GruCell


def _apart(gates: np.ndarray) -> np.ndarray:
    """(steps, documents, gates, units) -> (gates, steps, documents, units)."""
    return np.moveaxis(gates, 2, 0)


def _flat(gates: np.ndarray) -> np.ndarray:
    """(..., gates, units) -> (..., gates * units)."""
    return gates.reshape(*gates.shape[:-2], -1)
