"""A network whose training is over, on TensorFlow's CPU: what a token brings to every gate is worked out once.

W x + b of a token does not depend on its neighbours, so the products of all tokens of the vocabulary with W make a
table, from which rows are read instead of multiplied again: three of five floating-point operations of a tweet at the
default widths. The table is 4 * units * directions floats a token, 41 MB for 20,000 tokens.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from models.recurrent.backends import on_tensorflow
from models.recurrent.layers import GRU, LSTM, AttentionPooling, MaskedPooling, SimpleRNN, over_time_on_cpu
from models.recurrent.network import LOGIT, TASKS
from models.recurrent.scan import project, states_of

LARGEST_TABLE_BYTES = 512 << 20


class Reading(NamedTuple):
    """One direction: the layer, its table (vocabulary, gates * units), and whether it reads from the end."""

    layer: Any
    table: tf.Tensor
    backwards: bool


def logits(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Ids (batch, length) -> logits (batch, width) for weights as they are now; of other networks the usual way."""
    readings, rest = readings_of(network), _layers_after(network)
    if not readings or rest is None:
        return on_tensorflow.logits(network)
    longest = network.get_layer("first_tokens").max_length
    pooling, *heads = rest

    signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.float32)]

    @tf.function(input_signature=signature)
    def forward(ids: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        lengths = tf.cast(tf.reduce_sum(present, axis=1), tf.int32)
        states = tf.concat([_read(each, ids, lengths) for each in readings], axis=2)
        document = pooling(tf.transpose(states, (1, 0, 2)), mask=present > 0)
        return tf.concat([head(document) for head in heads], axis=1)

    def ask(ids: np.ndarray) -> np.ndarray:
        ids = ids[:, :longest]
        # Turned here: of anything but numbers with a point to be turned oneDNN complains, on most processors.
        return forward(np.ascontiguousarray(ids.T), (ids != 0).astype(np.float32)).numpy()

    return ask


def _read(reading: Reading, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """The state after every token, (steps, batch, units), in the order of the text; `ids` are time-major too."""

    def turned(values: tf.Tensor) -> tf.Tensor:
        return tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1) if reading.backwards else values

    return turned(states_of(reading.layer, tf.gather(reading.table, turned(ids))))


def readings_of(network: keras.Model) -> list[Reading]:
    """The directions in which the network reads; none where its form, or the machine, is another one."""
    recurrences = [
        each for each in network.layers if isinstance(each, (SimpleRNN, LSTM, GRU, keras.layers.Bidirectional))
    ]
    if len(recurrences) != 1 or any(each.name == "convolution" for each in network.layers):
        return []
    (found,) = recurrences
    both = isinstance(found, keras.layers.Bidirectional)
    layers = [found.forward_layer, found.backward_layer] if both else [found]
    vectors = network.get_layer("embedding").embeddings
    width = sum(layer.cell.recurrent_kernel.shape[1] for layer in layers)
    fits = 4 * vectors.shape[0] * width <= LARGEST_TABLE_BYTES
    if not fits or not all(over_time_on_cpu(layer) and layer.return_sequences for layer in layers):
        return []
    tables = [project(layer, tf.convert_to_tensor(vectors)) for layer in layers]
    return [Reading(layer, table, place == 1) for place, (layer, table) in enumerate(zip(layers, tables, strict=True))]


def _layers_after(network: keras.Model) -> Sequence[Any] | None:
    """Pooling and the layers of outputs; None where anything else stands there that does something when asked."""
    names = [layer.name for layer in network.layers]
    places = [names.index(name) for name in ("pooling", "attention") if name in names]
    if not places or LOGIT not in names:
        return None
    heads = [network.get_layer(name) for name in (LOGIT, TASKS) if name in names]
    pooling, *others = [each for each in network.layers[places[0] :] if not _is_passing(each) and each not in heads]
    return [pooling, *heads] if isinstance(pooling, (MaskedPooling, AttentionPooling)) and not others else None


def _is_passing(layer: keras.layers.Layer) -> bool:
    """Whether it changes no number when nothing is learned."""
    return isinstance(layer, (keras.layers.Dropout, keras.layers.Concatenate))
