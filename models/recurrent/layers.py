"""The layers that Keras does not have. With scan.py beside it self-contained: a saved model loads where both are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import keras
from keras import ops

PACKAGE = "crisisflow"
UNKNOWN_ID = 1  # of models.text.vocabulary, which this file stands without

Tensor: TypeAlias = keras.KerasTensor
Shape: TypeAlias = tuple[int | None, ...]


@contextmanager
def reading_beyond(network: keras.Model, beyond: Tensor | None) -> Iterator[None]:
    """While it is open, this thread's calls of the network read ids from the vocabulary's size on as rows of `beyond`.

    `beyond` (words, width) is what n-grams make of words outside the vocabulary; it is not trained. It is added to the
    vector of the unknown word, which is: training moves that to where rare words belong, and so reads its own rare
    words as words that it never saw are read later. On tweets of keywords never seen that lowers the log loss
    (tests/benchmarks/bench_unknown_words.py); n-grams alone, or rows of their own for all rare words of the training,
    which learn their labels by heart, did not.
    """
    # Through the layer's class: a logged model's may come from another copy of this file.
    reading = type(network.get_layer("embedding")).reading
    before = getattr(reading, "beyond", None)
    reading.beyond = beyond
    try:
        yield
    finally:
        reading.beyond = before


@keras.saving.register_keras_serializable(package=PACKAGE)
class FirstTokens(keras.layers.Layer):
    """Keeps the first `max_length` ids of (batch, length): the model cuts alike in training and in service."""

    def __init__(self, max_length: int, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def call(self, ids: Tensor) -> Tensor:
        """Ids (batch, min(length, max_length))."""
        return ids[:, : self.max_length]

    def compute_output_shape(self, shape: Shape) -> Shape:
        """(batch, length), the length capped when it is known."""
        return (shape[0], None if shape[1] is None else min(shape[1], self.max_length))

    def get_config(self) -> dict[str, Any]:
        """What is needed to build it again."""
        return {**super().get_config(), "max_length": self.max_length}


@keras.saving.register_keras_serializable(package=PACKAGE)
class TokenVectors(keras.layers.Embedding):
    """keras.layers.Embedding, whose vectors a training may move for one reading (adversarial training).

    It reads words outside the vocabulary too, see `reading_beyond`.
    """

    reading = threading.local()  # `beyond` of the thread that calls or traces a network, and of no other
    move: Any = None  # (batch, length, width), added to the vectors of the tokens; never there outside a training step

    def call(self, ids: Tensor) -> Tensor:
        """Vectors (batch, length, width)."""
        beyond = getattr(self.reading, "beyond", None)
        vectors = super().call(ids) if beyond is None else self._with_beyond(ids, beyond)
        return vectors if self.move is None else vectors + self.move

    def _with_beyond(self, ids: Tensor, beyond: Tensor) -> Tensor:
        outside = ids >= self.input_dim
        further = ops.take(beyond, ops.maximum(ids - self.input_dim, 0), axis=0)
        return super().call(ops.where(outside, UNKNOWN_ID, ids)) + ops.where(outside[..., None], further, 0.0)


@keras.saving.register_keras_serializable(package=PACKAGE)
class MaskedPooling(keras.layers.Layer):
    """One vector per document from (batch, length, width), padded steps left out; zeros where nothing is left.

    `mode` is `mean`, `max`, or `max-mean`, both side by side. (Keras' own maximum looks at padding too.)
    """

    def __init__(self, mode: str, **options: Any) -> None:
        super().__init__(**options)
        if mode not in ("mean", "max", "max-mean"):
            raise ValueError(f"mode must be mean, max or max-mean, got {mode!r}")
        self.mode = mode
        self.supports_masking = True

    def call(self, states: Tensor, mask: Tensor | None = None) -> Tensor:
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

    def compute_mask(self, states: Tensor, mask: Tensor | None = None) -> None:
        """Nothing: there are no steps left to mask."""

    def compute_output_shape(self, shape: tuple[int | None, int | None, int]) -> Shape:
        """(batch, width), twice as wide for `max-mean`."""
        return (shape[0], shape[2] * (2 if self.mode == "max-mean" else 1))

    def get_config(self) -> dict[str, Any]:
        """What is needed to build it again."""
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package=PACKAGE)
class AttentionPooling(keras.layers.Layer):
    """A weighted mean of the states of each document, (batch, length, width) -> (batch, width).

    The weight of a step is the softmax of u . tanh(W h_t + b) over the steps that are not padding (Yang et al. 2016,
    eq. 5-7); zeros where nothing is left.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def build(self, shape: Shape) -> None:
        """Weights for states of this width."""
        width = shape[-1]
        self.kernel = self.add_weight(shape=(width, width), name="kernel")
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")
        self.context = self.add_weight(shape=(width, 1), name="context_kernel")

    def call(self, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, width)."""
        present = ops.ones_like(states[..., :1]) if mask is None else ops.cast(mask, states.dtype)[..., None]
        scores = ops.matmul(ops.tanh(ops.matmul(states, self.kernel) + self.bias), self.context)
        # Written out, since Keras warns of a softmax over one step.
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True)) * present
        return ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1e-30)

    def compute_mask(self, states: Tensor, mask: Tensor | None = None) -> None:
        """Nothing: there are no steps left to mask."""

    def compute_output_shape(self, shape: Shape) -> Shape:
        """(batch, width)."""
        return (shape[0], shape[2])


@keras.saving.register_keras_serializable(package=PACKAGE)
class MaskedConvolution(keras.layers.Layer):
    """A convolution over neighbouring steps, (batch, length, width) -> (batch, length, filters), then ReLU.

    One output for each input step; the mask goes on unchanged. Padding counts as zeros, so that what a document gives
    does not depend on how far its batch is padded.
    """

    def __init__(self, filters: int, steps: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.steps = filters, steps
        self.supports_masking = True

    def build(self, shape: Shape) -> None:
        """Weights for inputs of this width."""
        self.kernel = self.add_weight(shape=(self.steps, shape[-1], self.filters), name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, length, filters)."""
        if mask is not None:
            states = states * ops.cast(mask, states.dtype)[..., None]
        return ops.relu(ops.conv(states, self.kernel, padding="same") + self.bias)

    def compute_output_shape(self, shape: Shape) -> Shape:
        """(batch, length, filters)."""
        return (*shape[:-1], self.filters)

    def get_config(self) -> dict[str, Any]:
        """What is needed to build it again."""
        return {**super().get_config(), "filters": self.filters, "steps": self.steps}


class _FastOverTime(keras.layers.Layer):
    """A Keras recurrence whose loop over time is that of scan.py where it applies, and Keras' own elsewhere.

    It applies on TensorFlow without a GPU (which has cuDNN), from a zero state, for the plain cell. Padding must lie at
    the end of a document; what comes out at padded steps is masked, and means nothing.
    """

    cell: Any
    return_sequences: bool
    go_backwards: bool
    observer: Any = None  # who reads in this layer's place while its gradient is looked at (models/gradients)
    scan: str  # which recurrence of scan.py it is

    def call(
        self,
        sequences: Tensor,
        initial_state: list[Tensor] | None = None,
        mask: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """States (batch, length, units), or the last of each document (batch, units); zeros where it has none."""
        if self.observer is not None:
            return self.observer(sequences, mask)
        if initial_state is not None or not over_time_on_cpu(self):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        from models.recurrent.scan import read_documents

        return read_documents(self.scan, self.cell, sequences, mask, self.go_backwards, self.return_sequences)

    def is_plain(self) -> bool:
        """Whether the cell is that of the textbooks, in float32."""
        plain = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "reset_after": True}
        off = ("dropout", "recurrent_dropout", "stateful", "return_state")
        config = self.get_config()
        usual = all(config.get(name, value) == value for name, value in plain.items())
        return usual and self.compute_dtype == "float32" and not any(config[name] for name in off)


def over_time_on_cpu(layer: keras.Layer) -> bool:
    """Whether scan.py is to read in this layer's place."""
    return isinstance(layer, _FastOverTime) and layer.is_plain() and _on_tensorflow_cpu()


def _on_tensorflow_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


@keras.saving.register_keras_serializable(package=PACKAGE)
class SimpleRNN(_FastOverTime, keras.layers.SimpleRNN):
    """keras.layers.SimpleRNN, faster."""

    scan = "simple"


@keras.saving.register_keras_serializable(package=PACKAGE)
class LSTM(_FastOverTime, keras.layers.LSTM):
    """keras.layers.LSTM, faster."""

    scan = "lstm"


@keras.saving.register_keras_serializable(package=PACKAGE)
class GRU(_FastOverTime, keras.layers.GRU):
    """keras.layers.GRU, faster."""

    scan = "gru"
