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
from models.recurrent.backends.base import Logits
from models.recurrent.layers import (
    GRU,
    LSTM,
    UNKNOWN_ID,
    AttentionPooling,
    MaskedPooling,
    SimpleRNN,
    over_time_on_cpu,
)
from models.recurrent.network import LOGIT, TASKS
from models.recurrent.scan import project, states_of

LARGEST_TABLE_BYTES = 512 << 20


class Reading(NamedTuple):
    """One direction: the layer, its table (vocabulary, gates * units), and whether it reads from the end."""

    layer: Any
    table: tf.Tensor
    backwards: bool


def logits(network: keras.Model) -> Logits:
    """Ids (batch, length) -> logits (batch, width) for weights as they are now; of other networks the usual way."""
    readings, rest = readings_of(network), _layers_after(network)
    if not readings or rest is None:
        return on_tensorflow.logits(network)
    longest = network.get_layer("first_tokens").max_length
    unknown = tf.convert_to_tensor(network.get_layer("embedding").embeddings[UNKNOWN_ID])
    forward = _compiled(readings, rest, [])
    forward_beyond = _compiled(readings, rest, [on_tensorflow.VECTORS] * len(readings))

    def ask(ids: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        ids = ids[:, :longest]
        # Turned here: of anything but numbers with a point to be turned oneDNN complains, on most processors.
        asked = np.ascontiguousarray(ids.T), (ids != 0).astype(np.float32)
        if beyond is None:
            return forward(*asked).numpy()
        return forward_beyond(*asked, *(project(each.layer, unknown + beyond) for each in readings)).numpy()

    return ask


def _compiled(readings: Sequence[Reading], rest: Sequence[Any], beyond: Sequence[tf.TensorSpec]) -> Callable[..., Any]:
    """The network from time-major ids and what is present, and one more table for each reading where there are any."""
    pooling, *heads = rest
    signature = [tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.float32), *beyond]

    @tf.function(input_signature=signature)
    def forward(ids: tf.Tensor, present: tf.Tensor, *further: tf.Tensor) -> tf.Tensor:
        lengths = tf.cast(tf.reduce_sum(present, axis=1), tf.int32)
        tables = further or [None] * len(readings)
        states = tf.concat(
            [_read(each, more, ids, lengths) for each, more in zip(readings, tables, strict=True)], axis=2
        )
        document = pooling(tf.transpose(states, (1, 0, 2)), mask=present > 0)
        return tf.concat([head(document) for head in heads], axis=1)

    return forward


def _read(reading: Reading, further: tf.Tensor | None, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """The state after every token, (steps, batch, units), in the order of the text; `ids` are time-major too."""

    def turned(values: tf.Tensor) -> tf.Tensor:
        return tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1) if reading.backwards else values

    asked = turned(ids)
    rows = tf.gather(reading.table, asked) if further is None else _choose_rows(reading.table, further, asked)
    return turned(states_of(reading.layer, rows))


def _choose_rows(table: tf.Tensor, further: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """The rows of ids (...) in a table (rows, width), those from its size on in a further one: (..., width)."""
    known = table.shape[0]
    inside = tf.gather(table, tf.minimum(ids, known - 1))
    return tf.where((ids < known)[..., None], inside, tf.gather(further, tf.maximum(ids - known, 0)))


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
