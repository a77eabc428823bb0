"""The layers of a language model that Keras does not have."""

from types import SimpleNamespace
from typing import Any

import keras
from keras import ops

from models.recurrent.layers import LSTM, PACKAGE, Shape, Tensor
from models.recurrent.scan import read_documents


@keras.saving.register_keras_serializable(package=PACKAGE)
class DroppedLSTM(LSTM):
    """The fast LSTM over whole sequences, with dropout on its recurrent weights, one mask a call (Merity et al. 2018).

    TensorFlow only, like the training of language models; at prediction it is the plain LSTM.
    """

    def __init__(self, units: int, weight_dropout: float = 0.0, weight_seed: int = 0, **options: Any) -> None:
        super().__init__(units, return_sequences=True, **options)
        self.weight_dropout = weight_dropout
        self.weight_seed = keras.random.SeedGenerator(weight_seed) if weight_dropout else None

    def call(
        self,
        sequences: Tensor,
        initial_state: list[Tensor] | None = None,
        mask: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """States (batch, length, units)."""
        if not (training and self.weight_dropout) or initial_state is not None:
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        dropped = keras.random.dropout(self.cell.recurrent_kernel, self.weight_dropout, seed=self.weight_seed)
        cell = SimpleNamespace(kernel=self.cell.kernel, recurrent_kernel=dropped, bias=self.cell.bias)
        return read_documents("lstm", cell, sequences, mask, False, True)


@keras.saving.register_keras_serializable(package=PACKAGE)
class NextWord(keras.layers.Layer):
    """Scores of every word as the next one: state . vector of the word + bias."""

    def __init__(self, vocabulary: int, embedding: keras.layers.Embedding | None = None, **options: Any) -> None:
        """With an embedding, its rows are the vectors; else the layer learns some of its own."""
        super().__init__(**options)
        self.vocabulary, self.embedding = vocabulary, embedding

    def build(self, shape: Shape) -> None:
        """Make the vectors, unless they are the embedding's, and the bias."""
        if self.embedding is None:
            self.vectors = self.add_weight(name="vectors", shape=(self.vocabulary, shape[-1]))
        self.bias = self.add_weight(name="bias", shape=(self.vocabulary,), initializer="zeros")

    @property
    def table(self) -> keras.Variable:
        """The vectors (vocabulary, width)."""
        return self.vectors if self.embedding is None else self.embedding.embeddings

    def call(self, states: Tensor) -> Tensor:
        """Scores (..., vocabulary)."""
        return ops.matmul(states, ops.transpose(self.table)) + self.bias

    def compute_output_shape(self, shape: Shape) -> Shape:
        """One score for each word."""
        return (*shape[:-1], self.vocabulary)
