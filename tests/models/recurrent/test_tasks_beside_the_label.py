"""A network that learns further tasks beside the label: both are learned, and what lacks a label teaches none."""

import numpy as np
import pytest

from models.classifiers.text_kinds import NO_LABEL
from models.recurrent import build_classifier, frozen_logits, losses, predict_probabilities, train_classifier
from models.recurrent.training import LabelledDocuments
from models.settings import ClassifierSettings

SETTINGS = ClassifierSettings(
    features="scratch", dimensions=8, units=8, dropout=0.1, epochs=8, batch_size=16, learning_rate=2e-2,
    schedule="one-cycle",
)  # fmt: skip
NOTHING = (np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int64))


def documents(count: int = 400) -> LabelledDocuments:
    """Word 2 or 3 tells the label, words 4 to 6 the task; every other document has but one of both labels."""
    random = np.random.default_rng(0)
    label, task = random.integers(0, 2, count), random.integers(0, 3, count)
    rows = [[2 + a, 4 + b, *random.integers(7, 20, 3)] for a, b in zip(label, task, strict=True)]
    odd = np.arange(count) % 2 == 1
    tasks = np.where(odd, task, NO_LABEL)[:, None].astype(np.int32)
    labels = np.where(odd, NO_LABEL, label)
    offsets = np.arange(count + 1) * 5
    return LabelledDocuments(np.concatenate(rows).astype(np.int32), offsets, labels, tasks, (3,))


def test_label_and_task_are_learned_though_no_document_has_both() -> None:
    known = documents()
    model = build_classifier(SETTINGS, 20, None, 1, known.classes)
    train_classifier(model, known, NOTHING, SETTINGS, 1)
    logits = frozen_logits(model)(known.ids, known.offsets)
    words = known.ids.reshape(-1, 5)
    assert ((logits[:, 0] > 0) == (words[:, 0] == 3)).mean() > 0.95
    assert (logits[:, 1:].argmax(axis=1) == words[:, 1] - 4).mean() > 0.95
    np.testing.assert_allclose(
        predict_probabilities(model, known.ids, known.offsets), 1 / (1 + np.exp(-logits[:, 0])), atol=1e-6
    )


def test_the_loss_is_that_of_the_label_and_of_the_tasks_where_they_are_there() -> None:
    outputs = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    targets = np.array([[0.95, NO_LABEL], [NO_LABEL, 2], [0.05, 0]], np.float32)
    found = np.array(losses.label_and_tasks((3,)).losses(outputs, targets))
    of_label = np.array(losses.LABEL.losses(outputs[:, :1], targets[:, 0]))
    of_task = np.array(losses.tasks((3,)).losses(outputs[:, 1:], targets[:, 1:].astype(np.int32)))
    assert found == pytest.approx([of_label[0], of_task[1], of_label[2] + of_task[2]], rel=1e-6)


def test_a_network_without_tasks_starts_from_the_weights_that_one_with_them_has() -> None:
    without, beside = build_classifier(SETTINGS, 20, None, 1), build_classifier(SETTINGS, 20, None, 1, (3,))
    for layer in without.layers:
        for a, b in zip(layer.get_weights(), beside.get_layer(layer.name).get_weights(), strict=True):
            assert a.tobytes() == b.tobytes()
