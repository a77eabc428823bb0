"""Measure how the gradient flows through the recurrent layers of a network in use.

The network runs as in training, dropout off, on TensorFlow's tape; only where a recurrent layer would loop over time,
the same recurrence runs in NumPy (recurrences.py), which keeps every step and costs no tracing. What goes into a layer
and the gradient that comes back to it are those of the network in use, whatever stands before and behind it: further
recurrent layers, both directions, any pooling.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from threadpoolctl import ThreadpoolController

from models.gradients.diagnosis import Diagnosis, GateUse, LayerFlow
from models.gradients.recurrences import Cell, Flow, GruCell, LstmCell, Reading, SimpleCell
from models.recurrent import layers
from models.recurrent.prediction import logit_network
from models.text.batching import pad_documents

Gradient: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

CELLS: dict[type, type[Cell]] = {layers.SimpleRNN: SimpleCell, layers.LSTM: LstmCell, layers.GRU: GruCell}
GATES = ("input", "forget", "output", "update", "reset")


def longest_documents(
    ids: np.ndarray, offsets: np.ndarray, labels: np.ndarray, max_length: int, count: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Ids int32 (count, length) of the longest documents, padded at the end, and their labels; ties by place.

    Eight tell the median within the factor of two that matters little here, and cost next to nothing.
    """
    padded, lengths = pad_documents(ids, offsets, max_length)
    rows = np.argsort(-lengths, kind="stable")[:count]
    return padded[rows], np.asarray(labels)[rows]


def recurrent_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Every layer over time of a network, both parts of a bidirectional one, in the order of the network."""
    return [part for layer in model.layers for part in layer._flatten_layers() if type(part) in CELLS]


def examine(model: keras.Model, ids: np.ndarray, targets: np.ndarray) -> Diagnosis:
    """How the loss of documents, ids (documents, length) and targets 0-1, flows back through the network.

    Of a label of several classes the targets are their shares, (documents, classes).

    To examine a network often, pass `logit_network(model)`: building that takes as long as examining a layer.
    The loss of each document is the cross-entropy of the layer `logit`, not averaged over the batch. Weights and
    generators of random numbers stay as they are. Raises ValueError for a network without recurrent layers.
    """
    found = recurrent_layers(model)
    if not found:
        raise ValueError(f"{model.name} has no recurrent layer: a gradient through time needs one")
    witness = tf.constant(0.0)
    observers = [_Observer(layer, witness) for layer in found]
    network = model if model.layers[-1].name == "logit" else logit_network(model)
    with _one_blas_thread():
        with _observed(observers), tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(witness)
            loss = _loss(network(tf.constant(ids), training=False), targets)
        tape.gradient(loss, witness)
        return Diagnosis(tuple(observer.flow() for observer in observers))


def _loss(logits: tf.Tensor, targets: np.ndarray) -> tf.Tensor:
    """The cross-entropy of logits (documents, 1 or classes), summed over the documents."""
    wanted = tf.constant(targets, logits.dtype)
    if targets.ndim == 2:
        return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(wanted, tf.squeeze(logits, axis=1)))


def _one_blas_thread() -> AbstractContextManager[object]:
    """NumPy's products on one thread: they are so small that waking another one takes ten times longer."""
    return _thread_pools().limit(limits=1, user_api="blas")


@cache
def _thread_pools() -> ThreadpoolController:
    """Found once: looking through all loaded libraries takes a tenth of an examination."""
    return ThreadpoolController()


class _Observer:
    """Reads in place of a recurrent layer, and takes down what it did and what gradient came back."""

    lengths: np.ndarray
    order: np.ndarray
    reading: Reading
    back: Flow
    pooled: bool

    def __init__(self, layer: keras.layers.Layer, witness: tf.Tensor) -> None:
        self.layer, self.witness = layer, witness
        self.cell = CELLS[type(layer)](*(weights.astype(float) for weights in layer.get_weights()))

    def __call__(self, sequences: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
        """What the layer returns; its gradient passes through this object, for the witness is on the tape."""

        @tf.custom_gradient
        def read(sequences: tf.Tensor, witness: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
            states = self._read(sequences.numpy(), None if mask is None else mask.numpy())

            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                with np.errstate(over="ignore", invalid="ignore"):
                    return tf.constant(self._read_back(upstream.numpy()), sequences.dtype), tf.zeros_like(witness)

            return tf.constant(states, sequences.dtype), gradient

        return read(sequences, self.witness)

    def _read(self, sequences: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        documents, longest = sequences.shape[:2]
        self.lengths = np.full(documents, longest) if mask is None else mask.sum(axis=1)
        steps = np.tile(np.arange(longest), (documents, 1))
        # Where each step looks in the text; done twice, it leads back.
        self.order = steps
        if self.layer.go_backwards:
            self.order = np.where(steps < self.lengths[:, None], self.lengths[:, None] - 1 - steps, steps)
        self.reading = self.cell.read(self._reordered(sequences.astype(float)).swapaxes(0, 1))
        states = self.reading.states.swapaxes(0, 1)
        if self.layer.return_sequences:
            return self._turned(self._reordered(states))
        last = states[np.arange(documents), np.maximum(self.lengths - 1, 0)]
        return last * (self.lengths > 0)[:, None]

    def _read_back(self, upstream: np.ndarray) -> np.ndarray:
        """Takes down the flow in training and that from the last state alone; returns dL/dx of the former."""
        documents, longest = self.order.shape
        last = np.arange(documents), np.maximum(self.lengths - 1, 0)
        given = np.zeros((documents, longest, upstream.shape[-1]))
        if self.layer.return_sequences:
            given = self._reordered(self._turned(upstream.astype(float)))
        else:
            given[last] = upstream
        # All that the loss asks of a document's states, asked of the last one.
        at_end = np.zeros_like(given)
        at_end[last] = given.sum(axis=1)
        self.pooled = bool(np.any(given != at_end))
        self.back = self.cell.back(self.reading, np.stack([given, at_end]).transpose(2, 0, 1, 3))
        return self._reordered((self.back.projected[:, 0] @ self.cell.kernel.T).swapaxes(0, 1))

    def _reordered(self, values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, self.order[:, :, None], axis=1) if self.layer.go_backwards else values

    def _turned(self, values: np.ndarray) -> np.ndarray:
        """As Keras has it: states read backwards come in the order in which they were read."""
        return values[:, ::-1] if self.layer.go_backwards else values

    def flow(self) -> LayerFlow:
        """What was measured, medians over documents."""
        distances = np.arange(int(np.quantile(self.lengths, 0.5, method="lower")) or 1)
        places = self.lengths - 1 - distances[:, None]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            norms = self.back.norms()
            by_distance = np.take_along_axis(norms, np.maximum(places, 0)[:, None], axis=0)
            by_distance = np.where(places[:, None] < 0, np.nan, by_distance)
            shares = by_distance[:, 1] / by_distance[0, 1]
        return LayerFlow(
            name=self.layer.name,
            cell=self.cell.name,
            shares=_median(shares, places),
            norms=_median(by_distance[:, 0], places),
            gates={name: GateUse.of(values) for name, values in self._gates().items()},
            stretch=float(np.linalg.norm(self.cell.recurrent, 2)),
            pooled=self.pooled,
        )

    def _gates(self) -> dict[str, np.ndarray]:
        """Values of each gate at real steps; a plain RNN's states as a gate, since tanh(z) = 2 sigmoid(2 z) - 1."""
        real = np.arange(self.order.shape[1])[:, None] < self.lengths
        if not self.reading.gates:
            return {"state": (self.reading.states[real] + 1) / 2}
        return {name: values[real] for name, values in self.reading.gates.items() if name in GATES}


def _median(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Over the documents that reach so far back; overflow stays overflow."""
    values = np.where(np.isnan(values) & (places >= 0), np.inf, values)
    return np.nanmedian(values, axis=1)


@contextmanager
def _observed(observers: list[_Observer]) -> Iterator[None]:
    """For the block, the observers read in place of their layers."""
    for observer in observers:
        observer.layer.observer = observer
    try:
        yield
    finally:
        for observer in observers:
            observer.layer.observer = None
