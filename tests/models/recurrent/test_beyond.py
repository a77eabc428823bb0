"""Words outside the vocabulary are read by vectors that come with the documents, as if they were in it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.recurrent import build_classifier, frozen_logits, predict_probabilities, train_classifier
from models.recurrent.layers import reading_beyond
from models.recurrent.prediction import probabilities_of
from models.recurrent.training import LabelledDocuments
from models.settings import ClassifierSettings

KNOWN, FURTHER, WIDTH = 40, 10, 5
FORMS: list[dict[str, Any]] = [
    {},
    {"kind": "gru", "pooling": "attention"},
    {"layers": 2},
    {"convolution": 3},
    {"pooling": "last"},
    {"kind": "feed-forward"},
]
VECTORS = np.random.default_rng(1).normal(size=(KNOWN + FURTHER, WIDTH)).astype(np.float32)


def network(size: int, **form: Any) -> Any:
    settings = ClassifierSettings(**{"units": 6, "max_length": 12, **form})
    return build_classifier(settings, size, VECTORS[:size], 1)


def documents(most: int = KNOWN + FURTHER, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(random.integers(0, 16, count))])
    return random.integers(1, most, offsets[-1]).astype(np.int32), offsets


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_word_beyond_the_vocabulary_is_read_as_one_within_it(form: dict[str, Any]) -> None:
    """The vector of one within it being that of the unknown word and what comes with the document."""
    small, whole = network(KNOWN, **form), network(KNOWN + FURTHER, **form)
    table = VECTORS.copy()
    table[0], table[KNOWN:] = 0, VECTORS[KNOWN:] + VECTORS[1]
    whole.get_layer("embedding").set_weights([table])
    expected = predict_probabilities(whole, *documents())
    for found in (
        predict_probabilities(small, *documents(), VECTORS[KNOWN:]),
        probabilities_of(frozen_logits(small)(*documents(), VECTORS[KNOWN:])),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(expected) > 0.01


def test_training_moves_the_unknown_word_and_leaves_what_comes_with_the_documents() -> None:
    (ids, offsets), settings = documents(count=60), ClassifierSettings(units=6, epochs=2, schedule="one-cycle")
    ids = np.where(ids == 1, 2, ids)  # the unknown word is in none of them but by those beyond the vocabulary
    labels, beyond = np.arange(len(offsets) - 1) % 2, VECTORS[KNOWN:].copy()
    moved = []
    for further in (beyond, None):
        model = network(KNOWN)
        read = ids if further is not None else np.where(ids < KNOWN, ids, 2)
        train_classifier(model, LabelledDocuments(read, offsets, labels, beyond=further), ([], [0], []), settings, 1)
        moved.append(model.get_layer("embedding").get_weights()[0][1])
    assert np.abs(moved[0] - VECTORS[1]).max() > 1e-3
    assert np.array_equal(moved[1], VECTORS[1])
    assert np.array_equal(beyond, VECTORS[KNOWN:])


def test_training_reads_words_beyond_the_vocabulary_as_predicting_does() -> None:
    model = network(KNOWN)
    ids, offsets = np.array([3, KNOWN + 2, 1], np.int32), np.array([0, 3])
    with reading_beyond(model, VECTORS[KNOWN:]):
        read = model.get_layer("embedding")(ids[None]).numpy()[0]
    assert read == pytest.approx(np.stack([VECTORS[3], VECTORS[1] + VECTORS[KNOWN + 2], VECTORS[1]]))
    with reading_beyond(model, VECTORS[KNOWN:]):
        expected = model(ids[None], training=False).numpy()[0]
    assert predict_probabilities(model, ids, offsets, VECTORS[KNOWN:]) == pytest.approx(expected, abs=1e-6)


def test_a_network_that_was_asked_can_still_be_saved(tmp_path: Path) -> None:
    model, asked = network(KNOWN), (*documents(), VECTORS[KNOWN:])
    expected = predict_probabilities(model, *asked)
    model.save(tmp_path / "network.keras")
    back = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    assert predict_probabilities(back, *asked).tobytes() == expected.tobytes()


def test_a_document_is_read_alike_alone_and_among_others() -> None:
    ask, (ids, offsets) = frozen_logits(network(KNOWN)), documents(count=40)
    together = ask(ids, offsets, VECTORS[KNOWN:])
    for place in range(len(offsets) - 1):
        own = ids[offsets[place] : offsets[place + 1]]
        alone = ask(own, np.array([0, len(own)]), VECTORS[KNOWN:])
        np.testing.assert_allclose(alone[0], together[place], atol=1e-6)


def test_documents_of_known_words_alone_keep_their_bits() -> None:
    ask = frozen_logits(network(KNOWN))
    assert ask(*documents(KNOWN), VECTORS[KNOWN:]).tobytes() == ask(*documents(KNOWN)).tobytes()
