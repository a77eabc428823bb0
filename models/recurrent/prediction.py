"""The one way to get probabilities out of a network: it owns how documents are batched and padded."""

from collections.abc import Callable
from functools import cache, lru_cache

import keras
import numpy as np
from scipy.special import expit, softmax

from models.recurrent.backends import current_backend
from models.recurrent.backends.base import Logits
from models.recurrent.network import LOGIT, TASKS
from models.text.batching import length_batches, pad_documents
from models.threads import side_by_side

# Large enough that a step's overhead is spread thin, small enough to stay in the processor's cache.
DOCUMENTS_AT_ONCE = 256
# Beside each other, since steps over time leave a second processor idle; each batch is what it is alone.
BATCHES_AT_ONCE = 2


def predict_probabilities(
    model: keras.Model, ids: np.ndarray, offsets: np.ndarray, beyond: np.ndarray | None = None
) -> np.ndarray:
    """P(target = 1) float64 (documents,) of encoded documents; document i is ids[offsets[i]:offsets[i + 1]].

    Of several classes (documents, classes). Ids from the vocabulary's size on are rows of `beyond` (words, width): what
    n-grams make of words outside it. Equal input gives equal bits, in any process on this kind of machine. The same
    document among others may differ in the last float32 digits (within 1e-6). A document without tokens gets the
    network's answer to nothing.
    """
    logits = _logits(_logits_of(model), model, ids, offsets, beyond)
    return probabilities_of(logits, classes_of(model))


def classes_of(model: keras.Model) -> int:
    """How many classes the label of a network has; 0 of one that gives log-odds of two."""
    units = int(model.get_layer(LOGIT).units)
    return 0 if units == 1 else units


def probabilities_of(logits: np.ndarray, classes: int = 0) -> np.ndarray:
    """P(target = 1) float64 (documents,) of logits (documents, 1 or more), the log-odds first.

    With several `classes`, (documents, classes) of their logits, which come first.
    """
    probabilities: np.ndarray = softmax(logits[:, :classes], axis=1) if classes else expit(logits[:, 0])
    return probabilities


def frozen_logits(model: keras.Model) -> Callable[..., np.ndarray]:
    """A function of encoded documents to logits float64 (documents, width), of a network that learns no more.

    It takes ids, offsets and the vectors of words outside the vocabulary, as `predict_probabilities` does. First the
    log-odds, or a logit for each of several classes, then, where the network has further tasks, a logit for every class
    of each. Faster than `predict_probabilities`, within 1e-6 of it, blind to later weights.
    """

    @cache  # when it is first asked: not every model that is put together is
    def logits() -> Logits:
        return current_backend().frozen_logits(output_network(model))

    return lambda ids, offsets, beyond=None: _logits(logits(), model, ids, offsets, beyond)


def _logits(
    forward: Logits, model: keras.Model, ids: np.ndarray, offsets: np.ndarray, beyond: np.ndarray | None
) -> np.ndarray:
    padded, lengths = pad_documents(ids, offsets, int(model.get_layer("first_tokens").max_length))
    batches, known = list(length_batches(lengths, DOCUMENTS_AT_ONCE)), model.get_layer("embedding").input_dim

    def answer(rows: np.ndarray) -> np.ndarray:
        batch = padded[rows, : max(1, lengths[rows].max())]
        return forward(batch) if beyond is None or batch.max() < known else forward(*_own(batch, known, beyond))

    found = side_by_side(answer, batches, BATCHES_AT_ONCE)
    width = found[0].shape[1] if found else sum(layer.units for layer in _heads(model))
    logits = np.empty((len(lengths), width))
    for rows, of_batch in zip(batches, found, strict=True):
        logits[rows] = of_batch
    return logits


def _own(batch: np.ndarray, known: int, beyond: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A batch of ids and, of the words beyond the first `known` ids, only those that are in it, numbered anew."""
    outside = batch >= known
    rows, places = np.unique(batch[outside] - known, return_inverse=True)
    numbered = batch.copy()
    numbered[outside] = known + places
    return numbered, beyond[rows]


@lru_cache(maxsize=4)
def _logits_of(model: keras.Model) -> Logits:
    """Ids (batch, length) -> logits (batch, 1), made once and kept for the models last used."""
    return current_backend().logits(logit_network(model))


def logit_network(model: keras.Model) -> keras.Model:
    """The part of the model that gives log-odds (batch, 1), on which training and prediction work."""
    return keras.Model(model.inputs, model.get_layer(LOGIT).output)


def output_network(model: keras.Model) -> keras.Model:
    """The part that gives log-odds and the logits of further tasks side by side, (batch, width)."""
    outputs = [layer.output for layer in _heads(model)]
    return (
        logit_network(model)
        if len(outputs) == 1
        else keras.Model(model.inputs, keras.layers.Concatenate(name="outputs")(outputs))
    )


def _heads(model: keras.Model) -> list[keras.layers.Dense]:
    names = {layer.name for layer in model.layers}
    return [model.get_layer(name) for name in (LOGIT, TASKS) if name in names]
