"""The layers that Keras does not have. With scan.py beside it self-contained: a saved model loads where both are."""

from typing import Any

import keras
from keras import ops

PACKAGE = "crisisflow"


@keras.saving.register_keras_serializable(package=PACKAGE)
class FirstTokens(keras.layers.Layer):
    """Keeps the first `max_length` ids of (batch, length): the model cuts alike in training and in service."""

    def __init__(self, max_length: int, **options) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def call(self, ids):
        """Ids (batch, min(length, max_length))."""
        return ids[:, : self.max_length]

    def compute_output_shape(self, shape):
        """(batch, length), the length capped when it is known."""
        return (shape[0], None if shape[1] is None else min(shape[1], self.max_length))

    def get_config(self):
        """What is needed to build it again."""
        return {**super().get_config(), "max_length": self.max_length}


@keras.saving.register_keras_serializable(package=PACKAGE)
class MaskedPooling(keras.layers.Layer):
    """One vector per document from (batch, length, width), padded steps left out; zeros where nothing is left.

    `mode` is `mean`, `max`, or `max-mean`, both side by side. (Keras' own maximum looks at padding too.)
    """

    def __init__(self, mode: str, **options) -> None:
        super().__init__(**options)
        if mode not in ("mean", "max", "max-mean"):
            raise ValueError(f"mode must be mean, max or max-mean, got {mode!r}")
        self.mode = mode
        self.supports_masking = True

    def call(self, states, mask=None):
        """(batch, width), or (batch, 2 * width) for `max-mean`."""
        present = ops.ones_like(states[..., :1]) if mask is None else ops.cast(mask, states.dtype)[..., None]
        pooled = []
        if "max" in self.mode:
            # Below anything a state can be, yet finite: a document without tokens is mended by the product.
            highest = ops.max(states - 1e4 * (1 - present), axis=1)
            pooled.append(highest * ops.max(present, axis=1))
        if "mean" in self.mode:
            pooled.append(ops.sum(states * present, axis=1) / ops.maximum(ops.sum(present, axis=1), 1))
        return ops.concatenate(pooled, axis=-1) if len(pooled) > 1 else pooled[0]

    def compute_mask(self, states, mask=None):
        """Nothing: there are no steps left to mask."""

    def compute_output_shape(self, shape):
        """(batch, width), twice as wide for `max-mean`."""
        return (shape[0], shape[2] * (2 if self.mode == "max-mean" else 1))

    def get_config(self):
        """What is needed to build it again."""
        return {**super().get_config(), "mode": self.mode}


class _FastOverTime(keras.layers.Layer):
    """A Keras recurrence whose loop over time is that of scan.py where it applies, and Keras' own elsewhere.

    It applies on TensorFlow without a GPU (which has cuDNN), from a zero state, for the plain cell. Padding must lie at
    the end of a document; what comes out at padded steps is masked, and means nothing.
    """

    cell: Any
    return_sequences: bool
    go_backwards: bool
    _scan: str

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """States (batch, length, units), or the last of each document (batch, units); zeros where it has none."""
        if initial_state is not None or not self._is_plain() or not _on_tensorflow_cpu():
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        from models.recurrent.scan import read_documents

        return read_documents(self._scan, self.cell, sequences, mask, self.go_backwards, self.return_sequences)

    def _is_plain(self) -> bool:
        plain = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "reset_after": True}
        off = ("dropout", "recurrent_dropout", "stateful", "return_state")
        config = self.get_config()
        return all(config.get(name, value) == value for name, value in plain.items()) and not any(
            config[name] for name in off
        )


def _on_tensorflow_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


@keras.saving.register_keras_serializable(package=PACKAGE)
class SimpleRNN(_FastOverTime, keras.layers.SimpleRNN):
    """keras.layers.SimpleRNN, faster."""

    _scan = "simple"


@keras.saving.register_keras_serializable(package=PACKAGE)
class LSTM(_FastOverTime, keras.layers.LSTM):
    """keras.layers.LSTM, faster."""

    _scan = "lstm"


@keras.saving.register_keras_serializable(package=PACKAGE)
class GRU(_FastOverTime, keras.layers.GRU):
    """keras.layers.GRU, faster."""

    _scan = "gru"
