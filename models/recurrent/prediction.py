"""The one way to get probabilities out of a network: it owns how documents are batched and padded."""

from collections.abc import Callable
from functools import cache, lru_cache

import keras
import numpy as np
from scipy.special import expit

from models.recurrent.backends import current_backend
from models.text.batching import length_batches, pad_documents
from models.threads import side_by_side

# Large enough that a step's overhead is spread thin, small enough to stay in the processor's cache.
DOCUMENTS_AT_ONCE = 256
# Beside each other, since steps over time leave a second processor idle; each batch is what it is alone.
BATCHES_AT_ONCE = 2


def predict_probabilities(model: keras.Model, ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """P(target = 1) float64 (documents,) of encoded documents; document i is ids[offsets[i]:offsets[i + 1]].

    Equal input gives equal bits, in any process on this kind of machine. The same document among others may differ in
    the last float32 digits (within 1e-6). A document without tokens gets the network's answer to nothing.
    """
    return _probabilities(_logits_of(model), _longest(model), ids, offsets)


def frozen_predictor(model: keras.Model) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """`predict_probabilities` of a network that learns no more: faster, within 1e-6 of it, blind to later weights."""

    @cache  # when it is first asked: not every model that is put together is
    def logits() -> Callable[[np.ndarray], np.ndarray]:
        return current_backend().frozen_logits(logit_network(model))

    return lambda ids, offsets: _probabilities(logits(), _longest(model), ids, offsets)


def _longest(model: keras.Model) -> int:
    return int(model.get_layer("first_tokens").max_length)


def _probabilities(
    forward: Callable[[np.ndarray], np.ndarray], longest: int, ids: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    padded, lengths = pad_documents(ids, offsets, longest)
    logits = np.empty(len(lengths))

    def answer(rows: np.ndarray) -> None:
        logits[rows] = forward(padded[rows, : max(1, lengths[rows].max())])[:, 0]

    side_by_side(answer, list(length_batches(lengths, DOCUMENTS_AT_ONCE)), BATCHES_AT_ONCE)
    return expit(logits)


@lru_cache(maxsize=4)
def _logits_of(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Ids (batch, length) -> logits (batch, 1), made once and kept for the models last used."""
    return current_backend().logits(logit_network(model))


def logit_network(model: keras.Model) -> keras.Model:
    """The part of the model that gives log-odds (batch, 1), on which training and prediction work."""
    return keras.Model(model.inputs, model.get_layer("logit").output)
