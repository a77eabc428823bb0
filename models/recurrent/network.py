"""The networks: from token ids to P(target = 1), every weight drawn from NumPy so that all backends start alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from models.recurrent.layers import (
    GRU,
    LSTM,
    AttentionPooling,
    FirstTokens,
    MaskedConvolution,
    MaskedPooling,
    SimpleRNN,
    TokenVectors,
)
from models.seeds import derive_seed, generator
from models.settings import ClassifierSettings, NetworkSettings
from models.wording import counted

LOGIT, TASKS = "logit", "tasks"  # the layers that give log-odds, and the logits of further tasks
CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


def build_classifier(
    settings: ClassifierSettings,
    vocabulary_size: int,
    vectors: np.ndarray | None,
    seed: int,
    classes: Sequence[int] = (),
    label_classes: int = 2,
) -> keras.Model:
    """A network over ids int32 (batch, length), 0 = padding, that gives probabilities (batch, 1).

    Of more than two `label_classes` (batch, label_classes).

    `vectors` (vocabulary, width) start the embedding; rows of zeros (words without a vector) start as small random
    ones. None starts all of them at random, `settings.dimensions` wide. Kind `feed-forward` averages the vectors
    instead of reading them in order. The layer `logit` gives the log-odds, of several classes a logit for each. With
    `classes`, so many of each further task, a layer `tasks` gives a logit for every class of every task, side by side:
    a second output.
    """
    ids, document = build_reader(settings, vocabulary_size, vectors, seed)
    several = label_classes > 2
    logit = keras.layers.Dense(label_classes if several else 1, dtype="float32", name=LOGIT)(document)
    probability = keras.layers.Activation("softmax" if several else "sigmoid", name="probability")(logit)
    outputs = probability
    if classes:
        outputs = [probability, keras.layers.Dense(sum(classes), dtype="float32", name=TASKS)(document)]
    model = keras.Model(ids, outputs, name=settings.name.replace("/", "_").replace("-", "_"))
    start_weights(model, settings, vectors, seed)
    return model


def build_reader(
    settings: NetworkSettings, vocabulary_size: int, vectors: np.ndarray | None, seed: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Input ids (batch, length) and the vector of a document (batch, width): a network still without its output."""
    if vectors is not None and len(vectors) != vocabulary_size:
        raise ValueError(
            f"one vector per vocabulary row is needed, got {len(vectors)} for {counted(vocabulary_size, 'row')}"
        )
    width = settings.dimensions if vectors is None else vectors.shape[1]
    # Else Keras numbers the network's parts on from those built before it, and its name for them depends on the past.
    policy = keras.config.dtype_policy()
    keras.utils.clear_session(free_memory=False)
    keras.config.set_dtype_policy(policy)  # the line above has reset it
    ids = keras.Input((None,), dtype="int32", name="ids")
    cut = FirstTokens(settings.max_length, name="first_tokens")(ids)
    embedded = TokenVectors(vocabulary_size, width, mask_zero=True, dtype="float32", name="embedding")(cut)
    read = _dropout(settings, seed, "embedding")(_word_dropout(settings, seed, embedded))
    document = _document_vector(settings, read, seed)
    return ids, _dropout(settings, seed, "document")(document)


def start_weights(model: keras.Model, settings: NetworkSettings, vectors: np.ndarray | None, seed: int) -> None:
    """Draw every weight of a network that stands on `build_reader`, and put the word vectors where they belong."""
    draw_weights(model, seed)
    embedding = model.get_layer("embedding")
    embedding.set_weights([_token_vectors(embedding.input_dim, embedding.output_dim, vectors, seed)])
    embedding.trainable = settings.train_vectors


def reader_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """The weights between word vectors and output, by layer and place: what another network of this shape can take."""
    return {
        f"{layer.name}/{place}": weights
        for layer in _reader_layers(model)
        for place, weights in enumerate(layer.get_weights())
    }


def take_reader_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Start the network between word vectors and output from these. Raises ValueError when its shape is another."""
    own = reader_weights(model)
    if {name: each.shape for name, each in own.items()} != {name: each.shape for name, each in weights.items()}:
        raise ValueError(
            "the pre-trained network has another shape than the classifier: give both the same kind, units, layers, "
            "directions, pooling, convolution and vectors"
        )
    for layer in _reader_layers(model):
        layer.set_weights([weights[f"{layer.name}/{place}"] for place in range(len(layer.get_weights()))])


def _reader_layers(model: keras.Model) -> list[keras.Layer]:
    outside = ("embedding", LOGIT, TASKS)
    # A seed generator's state is not a weight to hand on.
    return [
        each
        for each in model.layers
        if each.name not in outside and each.trainable_weights and not isinstance(each, keras.layers.Dropout)
    ]


def _document_vector(settings: NetworkSettings, embedded: keras.KerasTensor, seed: int) -> keras.KerasTensor:
    """One vector per document: pooled states of the recurrence, or a dense layer on the averaged vectors."""
    if settings.kind == "feed-forward":
        average = MaskedPooling("mean", name="average")(embedded)
        return keras.layers.Dense(settings.units, activation="relu", name="hidden")(average)
    states = _convolution(settings, embedded)
    for number in range(1, settings.layers + 1):
        name = settings.kind if number == 1 else f"{settings.kind}_{number}"
        below = states if number == 1 else _dropout(settings, seed, name)(states)
        states = _recurrence(settings, name, number < settings.layers or settings.pooling != "last")(below)
    if settings.pooling == "last":
        return states
    if settings.pooling == "attention":
        return AttentionPooling(name="attention")(states)
    return MaskedPooling(settings.pooling, name="pooling")(states)


def _convolution(settings: NetworkSettings, embedded: keras.KerasTensor) -> keras.KerasTensor:
    """Features of several neighbouring tokens for each token (Zhou et al. 2015, C-LSTM), where asked for."""
    if not settings.convolution:
        return embedded
    return MaskedConvolution(embedded.shape[-1], settings.convolution, name="convolution")(embedded)


def _recurrence(settings: NetworkSettings, name: str, every_state: bool) -> keras.Layer:
    recurrent = CELLS[settings.kind](settings.units, return_sequences=every_state, name=name)
    return keras.layers.Bidirectional(recurrent, name=f"bidirectional_{name}") if settings.bidirectional else recurrent


def _dropout(settings: NetworkSettings, seed: int, name: str) -> keras.layers.Dropout:
    return keras.layers.Dropout(settings.dropout, seed=_dropout_seed(seed, name), name=f"{name}_dropout")


def _dropout_seed(seed: int, name: str) -> int:
    drawn = derive_seed(seed, f"classifier/dropout/{name}")
    return drawn % 2**31 if keras.backend.backend() == "torch" else drawn  # whose seeds are signed


def _word_dropout(settings: NetworkSettings, seed: int, embedded: keras.KerasTensor) -> keras.KerasTensor:
    """Token vectors some of which are dropped whole in training, where asked for (Gal & Ghahramani 2016)."""
    if not settings.word_dropout:
        return embedded
    drawn = _dropout_seed(seed, "word")
    return keras.layers.Dropout(settings.word_dropout, (None, None, 1), drawn, name="word_dropout")(embedded)


def _token_vectors(vocabulary_size: int, width: int, vectors: np.ndarray | None, seed: int) -> np.ndarray:
    """Starting vectors (vocabulary, width): those given, random ones where there is none, zeros for padding."""
    random = generator(seed, "classifier/initial/vectors")
    start = random.uniform(-0.05, 0.05, (vocabulary_size, width)).astype(np.float32)
    if vectors is not None:
        start = np.where(np.any(vectors != 0, axis=1, keepdims=True), vectors, start).astype(np.float32)
    start[0] = 0
    return start


def draw_weights(model: keras.Model, seed: int) -> None:
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
    if name in ("kernel", "context_kernel"):
        # A convolution sees its neighbours too: fan-in and fan-out count all of them (Glorot & Bengio 2010).
        limit = np.sqrt(6 / (np.prod(shape[:-2]) * sum(shape[-2:])))
        return random.uniform(-limit, limit, shape)
    if name == "recurrent_kernel":
        units = shape[0]
        # The sign makes the decomposition unique, whatever library computes it.
        blocks = [np.linalg.qr(random.normal(size=(units, units))) for _ in range(shape[1] // units)]
        return np.concatenate([q * np.sign(np.diag(r)) for q, r in blocks], axis=1)
    return np.zeros(shape)
