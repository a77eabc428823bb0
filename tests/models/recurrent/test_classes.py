"""A network whose label has several classes: its loss, its shape, and what it learns."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from models.classifiers.target import target_of
from models.classifiers.text_kinds import NO_LABEL
from models.recurrent import build_classifier, frozen_logits, predict_probabilities, train_classifier
from models.recurrent.losses import label_and_tasks, label_of
from models.recurrent.network import LOGIT
from models.recurrent.prediction import classes_of, probabilities_of
from models.recurrent.training import LabelledDocuments
from models.settings import ClassifierSettings

SETTINGS = ClassifierSettings(
    kind="lstm", features="scratch", dimensions=6, units=4, batch_size=8, epochs=25, learning_rate=3e-2,
    schedule="one-cycle", dropout=0.0,
)  # fmt: skip
LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0]], np.float32)


def test_the_loss_is_the_cross_entropy_with_smoothed_shares() -> None:
    """By NumPy: shares of .9 + .1 / 3 for the class and .1 / 3 for each other one."""
    shares = np.eye(3)[[2, 0]] * 0.9 + 0.1 / 3
    expected = -np.sum(shares * log_softmax(LOGITS, axis=1), axis=1)
    found = label_of(3, 0.1).losses(LOGITS, np.array([2.0, 0.0], np.float32))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)


def test_beside_tasks_a_text_without_a_label_costs_its_tasks_alone() -> None:
    outputs = np.hstack([LOGITS, [[1.0, 0.0], [0.0, 3.0]]]).astype(np.float32)
    targets = np.array([[2.0, NO_LABEL], [NO_LABEL, 1.0]], np.float32)
    found = np.asarray(label_and_tasks([2], label_of(3, 0.0), 3).losses(outputs, targets))
    expected = [-log_softmax(LOGITS[0])[2], -log_softmax([0.0, 3.0])[1]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_network_of_three_classes_learns_them_and_answers_alike_when_frozen() -> None:
    labels = np.arange(30) % 3
    ids = np.stack([labels + 2, np.full(30, 5)], axis=1).ravel().astype(np.int32)
    documents = LabelledDocuments(ids, np.arange(0, 62, 2), labels)
    model = build_classifier(SETTINGS, 6, None, 1, label_classes=3)
    assert (model.get_layer(LOGIT).units, classes_of(model)) == (3, 3)
    target = target_of(("a", "b", "c"))
    history = train_classifier(model, documents, documents, SETTINGS, 1, target=target)
    assert history[-1]["train/loss"] < history[0]["train/loss"] / 2
    assert history[-1]["validation/accuracy"] == 1.0
    said = predict_probabilities(model, documents.ids, documents.offsets)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    logits = frozen_logits(model)(documents.ids, documents.offsets)
    np.testing.assert_allclose(probabilities_of(logits, 3), said, atol=1e-6)


def test_the_logits_of_the_label_stand_before_those_of_tasks() -> None:
    logits = np.array([[1.0, 2.0, 3.0, 9.0, 9.0]])
    np.testing.assert_allclose(probabilities_of(logits, 3), softmax([[1.0, 2.0, 3.0]], axis=1))
    assert probabilities_of(logits).tolist() == pytest.approx([0.731], abs=1e-3)
