"""CBOW and skip-gram with the full softmax: small, exact, and word for word as textbooks draw them.

One network serves both, since they differ only in which side has several words: ids of the input words -> the mean of
their rows of the input-hidden matrix (no activation) -> scores by the hidden-output matrix -> softmax over all words.
"""

from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from models.seeds import derive_seed
from models.text.vocabulary import PADDING_ID

Source = Literal["input", "output", "mean"]


@keras.saving.register_keras_serializable(package="crisisflow")
class ExactWord2Vec(keras.Model):
    """Input ids (batch, words), padded with 0, to scores (batch, vocabulary); the softmax is in the loss."""

    def __init__(self, vocabulary: int, dimensions: int, seed: int = 0, **options: object) -> None:
        """N = `dimensions` hidden units; both matrices start uniform within 0.5, drawn from `seed`."""
        super().__init__(**options)
        self.vocabulary, self.dimensions, self.seed = vocabulary, dimensions, seed
        first, second = (
            keras.initializers.RandomUniform(-0.5, 0.5, seed=derive_seed(seed, name)) for name in ("input", "output")
        )
        self.input_hidden = keras.layers.Embedding(vocabulary, dimensions, embeddings_initializer=first)
        self.hidden_output = keras.layers.Dense(vocabulary, use_bias=False, kernel_initializer=second)

    def hidden(self, inputs: tf.Tensor) -> tf.Tensor:
        """Hidden activations (batch, dimensions): for one word its row of the input-hidden matrix, else the mean."""
        present = tf.cast(tf.not_equal(inputs, PADDING_ID), tf.float32)[:, :, None]
        return tf.reduce_sum(self.input_hidden(inputs) * present, axis=1) / tf.reduce_sum(present, axis=1)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Scores (batch, vocabulary)."""
        return self.hidden_output(self.hidden(inputs))

    def get_config(self) -> dict[str, object]:
        """What `from_config` needs to build the same network."""
        return {"vocabulary": self.vocabulary, "dimensions": self.dimensions, "seed": self.seed}

    def probabilities(self, context: np.ndarray) -> np.ndarray:
        """P(word | context) of every word, float32 (vocabulary,), for the ids (words,) of one context."""
        return tf.nn.softmax(self(np.asarray(context, np.int32)[None]))[0].numpy()

    def vectors(self, source: Source = "input") -> np.ndarray:
        """Word vectors float32 (vocabulary, dimensions): input-hidden, hidden-output matrix, or their mean."""
        inputs, outputs = self.input_hidden.embeddings.numpy(), self.hidden_output.kernel.numpy().T
        return {"input": inputs, "output": outputs, "mean": (inputs + outputs) / 2}[source]


@keras.saving.register_keras_serializable(package="crisisflow")
class ContextLoss(keras.losses.Loss):
    """Cross-entropy added up over the target words (batch, words) that are not padding, and over the batch.

    Its gradient at the scores is the sum over the targets of softmax(scores) - one-hot: the errors of the context words
    added element-wise.
    """

    def __init__(self, name: str = "context_loss", reduction: str = "sum", dtype: object = None) -> None:
        """Summed by default, so that a batch of one example is the textbook's step."""
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Losses (batch,) of target ids (batch, words) under scores (batch, vocabulary)."""
        targets = tf.cast(y_true, tf.int32)
        present = tf.cast(tf.not_equal(targets, PADDING_ID), tf.float32)
        log_probabilities = tf.nn.log_softmax(y_pred)
        return -tf.reduce_sum(tf.gather(log_probabilities, targets, batch_dims=1) * present, axis=1)


def fit_exact(
    model: ExactWord2Vec,
    inputs: np.ndarray,
    targets: np.ndarray,
    epochs: int,
    learning_rate: float = 0.1,
    batch_size: int = 1,
) -> list[float]:
    """Train by plain gradient descent, examples in their order; return the mean loss of each epoch.

    inputs (examples, words) and targets (examples, words) are ids padded with 0, as `context_windows` makes them. The
    loop is our own: `fit` takes ten times as long over so small a network.
    """
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss=ContextLoss())

    @tf.function(reduce_retracing=True)
    def descend(words: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = model.loss(wanted, model(words, training=True))
        model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    starts = range(0, len(inputs), batch_size)
    batches = [tuple(tf.constant(each[start : start + batch_size]) for each in (inputs, targets)) for start in starts]
    model(inputs[:batch_size])  # its variables are made at the first call
    sizes = [len(words) for words, _ in batches]
    return [float(np.average([descend(*batch).numpy() for batch in batches], weights=sizes)) for _ in range(epochs)]
