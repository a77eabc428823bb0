"""The networks: from token ids to P(target = 1), every weight drawn from NumPy so that all backends start alike."""

from typing import Any

import keras
import numpy as np

from models.recurrent.layers import GRU, LSTM, FirstTokens, MaskedPooling, SimpleRNN
from models.seeds import derive_seed, generator
from models.settings import ClassifierSettings

CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


def build_classifier(
    settings: ClassifierSettings, vocabulary_size: int, vectors: np.ndarray | None, seed: int
) -> keras.Model:
    """A network over ids int32 (batch, length), 0 = padding, that gives probabilities (batch, 1).

    `vectors` (vocabulary, width) start the embedding; rows of zeros (words without a vector) start as small random
    ones. None starts all of them at random, `settings.dimensions` wide. Kind `feed-forward` averages the vectors
    instead of reading them in order. The layer `logit` gives the log-odds.
    """
    if vectors is not None and len(vectors) != vocabulary_size:
        raise ValueError(f"one vector per vocabulary row is needed, got {len(vectors)} for {vocabulary_size} rows")
    width = settings.dimensions if vectors is None else vectors.shape[1]
    # Else Keras numbers the network's parts on from those built before it, and its name for them depends on the past.
    keras.utils.clear_session(free_memory=False)
    ids = keras.Input((None,), dtype="int32", name="ids")
    cut = FirstTokens(settings.max_length, name="first_tokens")(ids)
    embedding = keras.layers.Embedding(vocabulary_size, width, mask_zero=True, name="embedding")
    embedded = _dropout(settings, seed, "embedding")(embedding(cut))
    document = _document_vector(settings, embedded)
    logit = keras.layers.Dense(1, name="logit")(_dropout(settings, seed, "document")(document))
    probability = keras.layers.Activation("sigmoid", name="probability")(logit)
    model = keras.Model(ids, probability, name=settings.name.replace("/", "_").replace("-", "_"))
    _draw_weights(model, seed)
    embedding.set_weights([_token_vectors(vocabulary_size, width, vectors, seed)])
    embedding.trainable = settings.train_vectors
    return model


def _document_vector(settings: ClassifierSettings, embedded: keras.KerasTensor) -> keras.KerasTensor:
    """One vector per document: pooled states of the recurrence, or a dense layer on the averaged vectors."""
    if settings.kind == "feed-forward":
        average = MaskedPooling("mean", name="average")(embedded)
        return keras.layers.Dense(settings.units, activation="relu", name="hidden")(average)
    sequences = settings.pooling != "last"
    recurrent = CELLS[settings.kind](settings.units, return_sequences=sequences, name=settings.kind)
    if settings.bidirectional:
        recurrent = keras.layers.Bidirectional(recurrent, name=f"bidirectional_{settings.kind}")
    states = recurrent(embedded)
    return MaskedPooling(settings.pooling, name="pooling")(states) if sequences else states


def _dropout(settings: ClassifierSettings, seed: int, name: str) -> keras.layers.Dropout:
    return keras.layers.Dropout(
        settings.dropout, seed=derive_seed(seed, f"classifier/dropout/{name}"), name=f"{name}_dropout"
    )


def _token_vectors(vocabulary_size: int, width: int, vectors: np.ndarray | None, seed: int) -> np.ndarray:
    """Starting vectors (vocabulary, width): those given, random ones where there is none, zeros for padding."""
    random = generator(seed, "classifier/initial/vectors")
    start = random.uniform(-0.05, 0.05, (vocabulary_size, width)).astype(np.float32)
    if vectors is not None:
        start = np.where(np.any(vectors != 0, axis=1, keepdims=True), vectors, start).astype(np.float32)
    start[0] = 0
    return start


def _draw_weights(model: keras.Model, seed: int) -> None:
    """Glorot kernels, one orthogonal block per gate of a recurrent kernel, zero biases but for the forget gate's 1."""
    for layer in model.layers:
        cells = [part.cell for part in layer._flatten_layers() if isinstance(part, keras.layers.RNN)]
        for index, owner in enumerate(cells or [layer]):
            random = generator(seed, f"classifier/initial/{layer.name}/{index}")
            for variable in owner.trainable_variables:
                variable.assign(_initial_values(variable.name, tuple(variable.shape), random))
            if isinstance(owner, keras.layers.LSTMCell):
                owner.bias.assign(np.repeat([0.0, 1.0, 0.0, 0.0], owner.units))


def _initial_values(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if name == "kernel":
        limit = np.sqrt(6 / sum(shape))
        return random.uniform(-limit, limit, shape)
    if name == "recurrent_kernel":
        units = shape[0]
        # The sign makes the decomposition unique, whatever library computes it.
        blocks = [np.linalg.qr(random.normal(size=(units, units))) for _ in range(shape[1] // units)]
        return np.concatenate([q * np.sign(np.diag(r)) for q, r in blocks], axis=1)
    return np.zeros(shape)
