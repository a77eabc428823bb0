"""The network of a language model: token vectors, LSTM layers for each direction, and scores of the next word.

One token beyond the vocabulary, the mark, is both: read, it is the beginning of a document; predicted, its end. The
directions share token vectors and output, as in Peters et al. (2018), so that a bidirectional classifier can start from
both of them.
"""

import keras
import numpy as np

from models.language.layers import DroppedLSTM, NextWord
from models.language.settings import Direction, LanguageSettings
from models.recurrent.network import draw_weights
from models.seeds import derive_seed, generator


def build_language_model(
    settings: LanguageSettings, counts: np.ndarray, seed: int, vectors: np.ndarray | None = None
) -> keras.Model:
    """A network from ids int32 (batch, length) to scores of the next token (batch, length, vocabulary + 1).

    One input and one output for each of `settings.directions`, named after it; what `backward` reads and predicts are
    documents turned around. Padding, 0, lies at the end. `counts` (vocabulary,) of the words to learn from start the
    output's bias: words are then first guessed by their frequency. `vectors` (vocabulary, dimensions) start the
    embedding where they are not zero. Raises ValueError for vectors of another shape, and on another backend of Keras
    than TensorFlow, for which alone the training steps are written.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"language models need KERAS_BACKEND=tensorflow, got {keras.backend.backend()!r}: unset it")
    if vectors is not None and vectors.shape != (len(counts), settings.dimensions):
        raise ValueError(
            f"vectors must be {(len(counts), settings.dimensions)} for these settings, got {vectors.shape}"
        )
    keras.utils.clear_session(free_memory=False)
    rows = len(counts) + 1
    embedding = keras.layers.Embedding(rows, settings.dimensions, name="embedding")
    output = NextWord(rows, embedding if settings.tied else None, name="next_word")
    inputs = [keras.Input((None,), dtype="int32", name=direction) for direction in settings.directions]
    states = [_states(settings, embedding(ids), ids.name, seed) for ids in inputs]
    model = keras.Model(inputs, [output(each) for each in states], name="language_model")
    _start(model, settings, counts, seed, vectors)
    return model


def _states(
    settings: LanguageSettings, embedded: keras.KerasTensor, direction: Direction, seed: int
) -> keras.KerasTensor:
    """What the output sees of each place: states of the highest layer, as wide as the vectors that it knows."""

    def drop(values: keras.KerasTensor, name: str) -> keras.KerasTensor:
        name = f"{direction}_dropout_{name}"
        dropout_seed = derive_seed(seed, f"language/{name}")
        shape = (None, 1, values.shape[-1])
        return keras.layers.Dropout(settings.dropout, noise_shape=shape, seed=dropout_seed, name=name)(values)

    states = drop(embedded, "embedding") if settings.dropout else embedded
    for number in range(settings.layers):
        name = f"{direction}_lstm_{number}"
        weight_seed = derive_seed(seed, f"language/{name}/dropout")
        states = DroppedLSTM(settings.units, settings.recurrent_dropout, weight_seed, name=name)(states)
        states = drop(states, str(number)) if settings.dropout else states
    if settings.tied and settings.units != settings.dimensions:
        states = keras.layers.Dense(settings.dimensions, name=f"{direction}_projection")(states)
    return keras.layers.Identity(name=f"{direction}_states")(states)


def state_reader(model: keras.Model) -> keras.Model:
    """The model without its output: what that sees, a list of states (batch, length, width) by direction."""
    return keras.Model(model.inputs, [model.get_layer(f"{ids.name}_states").output for ids in model.inputs])


def _start(
    model: keras.Model, settings: LanguageSettings, counts: np.ndarray, seed: int, vectors: np.ndarray | None
) -> None:
    """Draw every weight from NumPy; the bias starts as the logarithm of the words' frequency."""
    draw_weights(model, seed)
    rows = len(counts) + 1
    start = generator(seed, "language/initial/vectors").uniform(-0.1, 0.1, (rows, settings.dimensions))
    if vectors is not None:
        known = np.any(vectors != 0, axis=1)
        start[:-1][known] = vectors[known]
    start[0] = 0
    model.get_layer("embedding").embeddings.assign(start.astype(np.float32))
    output = model.get_layer("next_word")
    if not settings.tied:
        limit = 1 / np.sqrt(settings.units)
        shape = tuple(output.vectors.shape)
        output.vectors.assign(generator(seed, "language/initial/output").uniform(-limit, limit, shape))
    output.bias.assign(np.log(noise_probabilities(counts, power=1.0)))


def noise_probabilities(counts: np.ndarray, power: float = 0.75) -> np.ndarray:
    """P(token) float64 (vocabulary + 1,) by counts, each raised by one, to this power.

    How often the mark occurs, once a document, is not in the counts: it is taken to be as common as the commonest word.
    """
    raised = np.append(counts, counts.max(initial=0)).astype(np.float64) + 1
    raised[0] = 1  # padding, which is never read as a word
    chances = raised**power
    return chances / chances.sum()


def weights_by_path(model: keras.Model) -> dict[str, np.ndarray]:
    """A copy of every weight by its path in the network, the states of dropout's generators left out."""
    return {each.path: each.numpy() for each in model.trainable_variables}
