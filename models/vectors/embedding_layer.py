"""Word vectors as a Keras Embedding layer, over ids like those of `models.text.vocabulary`: padding, unknown, words."""

import keras
import numpy as np

from models.text.vocabulary import RESERVED
from models.vectors.word_vectors import WordVectors


def embedding_words(vectors: WordVectors) -> list[str]:
    """The word of each id."""
    return [*RESERVED, *vectors.tokens.to_pylist()]


def embedding_weights(vectors: WordVectors) -> np.ndarray:
    """What an Embedding layer starts from, float32 (ids, width): zeros for padding, the mean vector for the unknown."""
    unknown = vectors.vectors.mean(axis=0, keepdims=True)
    return np.concatenate([np.zeros_like(unknown), unknown, vectors.vectors])


def embedding_model(vectors: WordVectors) -> keras.Sequential:
    """Ids (batch, length) to vectors (batch, length, width), padding masked: a model of the one layer."""
    weights = embedding_weights(vectors)
    layer = keras.layers.Embedding(*weights.shape, mask_zero=True, name="word_vectors")
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layer])
    layer.set_weights([weights])
    return model
