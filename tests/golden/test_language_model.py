"""The many-to-many loss of the teaching text, L = sum of L_t, in plain NumPy, against the network that trains."""

import keras
import numpy as np
import pytest

from models.language.documents import Documents
from models.language.network import build_language_model
from models.language.settings import LanguageSettings
from models.language.training import evaluate_language_model

VOCABULARY = 6
DOCUMENTS = ([2, 3, 4], [5], [4, 4, 1, 2, 3])
ENCODED = Documents(np.array([id for each in DOCUMENTS for id in each], np.int32), np.array([0, 3, 4, 9]))


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z)."""
    return 1 / (1 + np.exp(-z))


def lstm_states(inputs: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """h_1 ... h_T (steps, units) of one document: f, i, C~, o, then C_t = f C + i C~ and h_t = o tanh(C_t)."""
    units = len(recurrent)
    h, c, states = np.zeros(units), np.zeros(units), []
    for x in inputs:
        z = x @ kernel + h @ recurrent + bias
        i, f, g, o = (z[gate * units : (gate + 1) * units] for gate in range(4))  # the order in which Keras has them
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)


def loss_by_hand(model: keras.Model, settings: LanguageSettings, direction: str) -> list[float]:
    """L_t = -ln softmax(V h_t + b)[next token] of every place of every document, one after the other."""
    embedding, output = model.get_layer("embedding").embeddings.numpy(), model.get_layer("next_word")
    losses = []
    for document in DOCUMENTS:
        read = [VOCABULARY, *(document if direction == "forward" else document[::-1]), VOCABULARY]
        states = embedding[read[:-1]]
        for number in range(settings.layers):
            states = lstm_states(states, *model.get_layer(f"{direction}_lstm_{number}").get_weights())
        scores = states @ output.table.numpy().T + output.bias.numpy()
        losses += [np.log(np.exp(row).sum()) - row[token] for row, token in zip(scores, read[1:], strict=True)]
    return losses


@pytest.mark.parametrize("directions", [("forward",), ("backward",), ("forward", "backward")])
@pytest.mark.parametrize("tied", [False, True])
def test_the_loss_is_the_mean_over_the_places_of_all_documents(directions: tuple, tied: bool) -> None:
    settings = LanguageSettings(directions=directions, dimensions=5, units=5, layers=2, tied=tied, max_length=8)
    model = build_language_model(settings, np.array([0, 1, 2, 2, 3, 1]), seed=1)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.7, weights.shape) for weights in model.get_weights()])
    expected = np.mean([loss_by_hand(model, settings, direction) for direction in directions])
    assert evaluate_language_model(model, ENCODED, settings.max_length) == pytest.approx(expected, rel=1e-5)


def test_before_any_training_the_bias_guesses_by_frequency() -> None:
    settings = LanguageSettings(dimensions=5, units=5)
    model = build_language_model(settings, np.array([0, 1, 2, 2, 3, 1]), seed=1)
    model.get_layer("next_word").vectors.assign(np.zeros((VOCABULARY + 1, 5)))
    frequency = np.array([1, 2, 3, 3, 4, 2, 4]) / 19  # each count raised by one, the mark's that of the commonest
    targets = [id for document in DOCUMENTS for id in (*document, VOCABULARY)]
    expected = -np.mean(np.log(frequency[targets]))
    assert evaluate_language_model(model, ENCODED, settings.max_length) == pytest.approx(expected, rel=1e-5)
