"""A network that learns no more answers as it did when it was asked the long way, whatever its form."""

import itertools
from typing import Any

import numpy as np
import pytest

from models.recurrent import build_classifier, frozen_logits, predict_probabilities
from models.recurrent.backends import current_backend
from models.recurrent.backends.on_tensorflow_frozen import readings_of
from models.recurrent.prediction import output_network, probabilities_of
from models.settings import ClassifierSettings

FORMS = [
    {"kind": kind, "bidirectional": both, "pooling": pooling}
    for kind, both, pooling in itertools.product(("rnn", "lstm", "gru"), (True, False), ("max-mean", "attention"))
]
OTHER_FORMS: list[dict[str, Any]] = [{"layers": 2}, {"convolution": 3}, {"pooling": "last"}, {"kind": "feed-forward"}]


def network(classes: tuple[int, ...] = (), **form: Any) -> Any:
    settings = ClassifierSettings(**{"units": 6, "dimensions": 5, "max_length": 12, **form})
    vectors = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
    return build_classifier(settings, 50, vectors, 1, classes)


def documents(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Empty ones, and some that are longer than what is read."""
    random = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(random.integers(0, 16, count))])
    return random.integers(1, 50, offsets[-1]).astype(np.int32), offsets


@pytest.mark.parametrize("form", FORMS + OTHER_FORMS, ids=str)
def test_it_answers_as_the_network_does(form: dict[str, Any]) -> None:
    model = network(**form)
    assert bool(readings_of(model)) == (form in FORMS)
    found = probabilities_of(frozen_logits(model)(*documents()))
    np.testing.assert_allclose(found, predict_probabilities(model, *documents()), atol=1e-6)
    assert np.ptp(found) > 0.01


def test_equal_documents_give_equal_bits_also_to_another_predictor_of_these_weights() -> None:
    model = network()
    ask = frozen_logits(model)
    assert ask(*documents()).tobytes() == ask(*documents()).tobytes() == frozen_logits(model)(*documents()).tobytes()


def test_weights_that_change_afterwards_are_not_seen() -> None:
    """Why training asks the long way."""
    model = network()
    ask = frozen_logits(model)
    before = ask(*documents())
    model.get_layer("embedding").set_weights([np.zeros((50, 5), np.float32)])
    assert ask(*documents()).tobytes() == before.tobytes()
    assert not np.allclose(predict_probabilities(model, *documents()), before, atol=1e-3)


@pytest.mark.parametrize("form", [FORMS[0], OTHER_FORMS[0]], ids=str)
def test_the_logits_of_further_tasks_stand_behind_the_log_odds(form: dict[str, Any]) -> None:
    model = network((3, 2), **form)
    ids, offsets = documents()
    found = frozen_logits(model)(ids, offsets)
    assert found.shape == (300, 6)
    np.testing.assert_allclose(probabilities_of(found), predict_probabilities(model, ids, offsets), atol=1e-6)
    row = int(np.argmax(np.diff(offsets)))
    alone = current_backend().logits(output_network(model))(ids[offsets[row] : offsets[row + 1]][None])
    np.testing.assert_allclose(found[row], alone[0], atol=1e-5)
    assert frozen_logits(model)(ids[:0], offsets[:1]).shape == (0, 6)
