"""The layers that Keras does not have. Self-contained, so that a saved model loads wherever this one file is."""

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
        """None: there are no steps left to mask."""
        return None

    def compute_output_shape(self, shape):
        """(batch, width), twice as wide for `max-mean`."""
        return (shape[0], shape[2] * (2 if self.mode == "max-mean" else 1))

    def get_config(self):
        """What is needed to build it again."""
        return {**super().get_config(), "mode": self.mode}
