"""Multi-task pre-training: it learns all tasks, repeats itself, goes on where it was, and counts what is labelled."""

import numpy as np
import pytest

from models.classifiers.text_kinds import NO_LABEL
from models.recurrent import losses, pretraining, training
from models.recurrent.network import reader_weights
from models.recurrent.pretraining import MultiTaskTexts, build_multi_task, guessing_loss, pretrain
from models.settings import NetworkSettings, PretrainingSettings
from models.training.checkpoints import TrainingHooks
from models.training.divergence import DivergenceError

VOCABULARY = 30
NETWORK = NetworkSettings(units=8, dimensions=8, dropout=0.1)
SETTINGS = PretrainingSettings(epochs=6, batch_size=16, learning_rate=2e-2)


def texts(count: int = 400) -> MultiTaskTexts:
    """Task 0: which of words 2, 3, 4 is there; task 1, of every other text: whether word 5 is."""
    random = np.random.default_rng(0)
    first, second = random.integers(0, 3, count), random.integers(0, 2, count)
    rows = [
        random.permutation([2 + a, 5 if b else 6, *random.integers(7, VOCABULARY, random.integers(2, 6))])
        for a, b in zip(first, second, strict=True)
    ]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    labels = np.stack([first, np.where(np.arange(count) % 2, second, NO_LABEL)], axis=1).astype(np.int32)
    return MultiTaskTexts(np.concatenate(rows).astype(np.int32), offsets, labels, (3, 2))


def trained(**options):
    model = build_multi_task(NETWORK, texts().classes, VOCABULARY, None, 1)
    return model, pretrain(model, texts(), NETWORK, SETTINGS, 1, TrainingHooks(**options))


def test_every_task_is_learned_though_some_texts_carry_no_label_of_it(monkeypatch):
    monkeypatch.setattr(pretraining, "HELD_OUT_SHARE", 0.2)
    _, history = trained()
    assert history[-1]["task/0"] > 0.9
    assert history[-1]["task/1"] > 0.9
    assert history[-1]["train/loss"] < 0.5 * history[0]["train/loss"]


def test_the_loss_is_the_sum_over_tasks_of_the_labels_that_are_there():
    logits = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    labels = np.array([[2, 1], [0, NO_LABEL], [NO_LABEL, NO_LABEL]], np.int32)

    def surprise(row: int, start: int, end: int, label: int) -> float:
        of_task = np.exp(logits[row, start:end].astype(float))
        return -np.log(of_task[label] / of_task.sum())

    expected = (surprise(0, 0, 3, 2) + surprise(0, 3, 5, 1) + surprise(1, 0, 3, 0)) / 3
    assert float(np.mean(losses.tasks((3, 2)).losses(logits, labels))) == pytest.approx(expected, rel=1e-5)


def test_pretraining_goes_on_from_any_checkpoint_to_the_same_bits(monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_BATCHES", 10)
    checkpoints = []
    whole, _ = trained(on_checkpoint=checkpoints.append)
    assert len(checkpoints) > 3  # within epochs too
    for checkpoint in checkpoints[1::6]:
        again, _ = trained(start=checkpoint)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(again.get_weights(), whole.get_weights(), strict=True))


def test_what_is_handed_on_are_the_weights_between_word_vectors_and_output():
    model = build_multi_task(NETWORK, (3, 2), VOCABULARY, None, 1)
    assert {name.split("/")[0] for name in reader_weights(model)} == {"bidirectional_lstm"}


def test_nothing_to_learn_from_is_refused():
    model = build_multi_task(NETWORK, (2,), VOCABULARY, None, 1)
    nothing = MultiTaskTexts(np.array([], np.int32), np.array([0]), np.empty((0, 1), np.int32), (2,))
    with pytest.raises(ValueError, match="too few"):
        pretrain(model, nothing, NETWORK, SETTINGS, 1)


def test_a_training_that_diverges_stops_in_the_epoch_and_says_what_to_change():
    model = build_multi_task(NETWORK, texts().classes, VOCABULARY, None, 1)
    wild = SETTINGS.model_copy(update={"learning_rate": 1e4})
    with pytest.raises(DivergenceError, match=r"pre-trained .* diverged: .*epoch 1; .*Lower learning_rate"):
        pretrain(model, texts(), NETWORK, wild, 1)


def test_guessing_costs_the_logarithm_of_the_classes_of_every_label_there_is():
    labels = np.array([[0, 1], [2, NO_LABEL], [NO_LABEL, NO_LABEL], [1, 0]])
    assert guessing_loss(labels, (3, 2)) == pytest.approx((3 * np.log(3) + 2 * np.log(2)) / 4)
