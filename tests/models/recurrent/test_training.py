"""Training: it learns, stops, repeats itself bit for bit, and steps as Adam should."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.recurrent import build_classifier, predict_probabilities, train_classifier, training
from models.recurrent.backends.lazy_adam import LazyAdam, sum_repeated_rows
from models.settings import ClassifierSettings
from models.training.checkpoints import TrainingHooks
from models.training.divergence import DivergenceError

VOCABULARY = 30


def settings(**changes) -> ClassifierSettings:
    small = {"units": 8, "dimensions": 8, "batch_size": 8, "epochs": 4, "dropout": 0.1, "learning_rate": 1e-2}
    return ClassifierSettings(**{**small, **changes})


def ordered_pairs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents that hold words 2 and 3 among noise; positive when 2 comes first, which no bag of words can see."""
    random = np.random.default_rng(seed)
    rows, labels = [], random.integers(0, 2, count).astype(np.int8)
    for label in labels:
        words = random.integers(4, VOCABULARY, random.integers(4, 9))
        first, second = np.sort(random.choice(len(words), 2, replace=False))
        words[first], words[second] = (2, 3) if label else (3, 2)
        rows.append(words)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return np.concatenate(rows).astype(np.int32), offsets, labels


def accuracy(model: keras.Model, rows) -> float:
    return float(np.mean((predict_probabilities(model, *rows[:2]) >= 0.5) == rows[2]))


def trained(run: ClassifierSettings, seed: int = 1, train=None, **options) -> tuple[keras.Model, list]:
    model = build_classifier(run, VOCABULARY, None, seed)
    history = train_classifier(
        model, train or ordered_pairs(200, 0), ordered_pairs(60, 1), run, seed, TrainingHooks(**options)
    )
    return model, history


@pytest.mark.parametrize(("kind", "enough"), [("lstm", 0.95), ("gru", 0.95)])
def test_word_order_is_learned_by_what_reads_in_order(kind, enough):
    model, _ = trained(settings(kind=kind, epochs=12, bidirectional=False), train=ordered_pairs(400, 0))
    assert accuracy(model, ordered_pairs(200, 2)) > enough


def test_word_order_is_lost_on_averaged_vectors():
    model, _ = trained(settings(kind="feed-forward", epochs=6), train=ordered_pairs(400, 0))
    assert accuracy(model, ordered_pairs(200, 2)) < 0.65


@pytest.mark.parametrize("kind", ["feed-forward", "rnn", "lstm", "gru"])
def test_the_loss_falls_on_eight_documents(kind):
    run = settings(kind=kind, epochs=30, patience=30, dropout=0.0, label_smoothing=0.0, bidirectional=False)
    _, history = trained(run, train=ordered_pairs(8, 3))
    assert history[-1]["train/loss"] < 0.3 * history[0]["train/loss"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    run = settings(epochs=2)
    (first, told), (again, retold), (other, _) = trained(run), trained(run), trained(run, seed=2)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    assert [epoch["train/loss"] for epoch in told] == [epoch["train/loss"] for epoch in retold]
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_training_stops_when_validation_stops_improving_and_keeps_the_best_weights():
    run = settings(epochs=40, patience=2, label_smoothing=0.0, learning_rate=0.05)
    noise = (*ordered_pairs(60, 0)[:2], np.random.default_rng(0).integers(0, 2, 60))
    seen = []
    model, history = trained(run, train=noise, on_epoch=lambda epoch, scores: seen.append((epoch, scores)))
    losses = [epoch["validation/log_loss"] for epoch in history]
    assert len(history) == np.argmin(losses) + 1 + run.patience < run.epochs
    assert seen == list(enumerate(history))
    ids, offsets, labels = ordered_pairs(60, 1)
    probabilities = predict_probabilities(model, ids, offsets)
    restored = -np.mean(np.log(np.where(labels == 1, probabilities, 1 - probabilities)))
    assert restored == pytest.approx(min(losses), rel=1e-6)


def weights_and_history(model: keras.Model, history: list) -> tuple[list[bytes], list[dict]]:
    """All that two trainings must have in common: every bit of the weights, every figure but times."""
    timed = {"seconds", "tweets_per_second"}
    figures = [{name: value for name, value in epoch.items() if name not in timed} for epoch in history]
    return [weights.tobytes() for weights in model.get_weights()], figures


@pytest.mark.parametrize(
    ("kind", "batches", "schedule"), [("lstm", 10, "one-cycle"), ("feed-forward", 500, "constant")]
)
def test_training_goes_on_from_any_checkpoint_to_the_same_bits(kind, batches, schedule, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_BATCHES", batches)
    run = settings(kind=kind, epochs=3, dropout=0.3, schedule=schedule)
    checkpoints = []
    whole = trained(run, on_checkpoint=checkpoints.append)
    assert len(checkpoints) == (9 if batches == 10 else 3)  # 25 batches an epoch: after 10, after 20, at the end
    for checkpoint in checkpoints[::2]:  # in mid-epoch and at the end of one
        assert weights_and_history(*trained(run, start=checkpoint)) == weights_and_history(*whole)


def test_a_one_cycle_schedule_is_trained_to_its_end_and_keeps_the_last_weights():
    noise = (*ordered_pairs(60, 0)[:2], np.random.default_rng(0).integers(0, 2, 60))
    run = settings(epochs=6, patience=1, label_smoothing=0.0, learning_rate=0.05, schedule="one-cycle")
    model, history = trained(run, train=noise)
    assert len(history) == 6
    ids, offsets, labels = ordered_pairs(60, 1)
    probabilities = predict_probabilities(model, ids, offsets)
    last = -np.mean(np.log(np.where(labels == 1, probabilities, 1 - probabilities)))
    assert last == pytest.approx(history[-1]["validation/log_loss"], rel=1e-6)
    assert last > min(epoch["validation/log_loss"] for epoch in history)  # noise: the first epochs were better


def test_a_training_that_had_stopped_early_is_not_taken_up_again():
    run = settings(epochs=40, patience=1, label_smoothing=0.0, learning_rate=0.05)
    noise = (*ordered_pairs(60, 0)[:2], np.random.default_rng(0).integers(0, 2, 60))
    checkpoints = []
    whole = trained(run, train=noise, on_checkpoint=checkpoints.append)
    again = trained(run, train=noise, start=checkpoints[-1], on_checkpoint=checkpoints.append)
    assert len(checkpoints) == len(whole[1]) == len(again[1])
    assert weights_and_history(*again) == weights_and_history(*whole)


def test_a_checkpoint_of_another_network_is_refused():
    checkpoints = []
    trained(settings(epochs=1), on_checkpoint=checkpoints.append)
    with pytest.raises(ValueError, match="shape"):
        trained(settings(epochs=1, units=6), start=checkpoints[0])


def test_frozen_vectors_stay_as_they_were():
    run = settings(train_vectors=False, epochs=1)
    before = build_classifier(run, VOCABULARY, None, 1).get_layer("embedding").get_weights()[0]
    model, _ = trained(run)
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], before)


def test_no_training_documents_are_refused():
    with pytest.raises(ValueError, match="no training documents"):
        trained(settings(), train=(np.array([], np.int32), np.array([0]), np.array([], np.int8)))


def adam_by_hand(weights: np.ndarray, gradients: list[np.ndarray], rate: float) -> np.ndarray:
    """Kingma & Ba (2015), algorithm 1, with the epsilon of TensorFlow; one row of weights, each step touches it."""
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step, gradient in enumerate(gradients, start=1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights = weights - rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step) * mean / (np.sqrt(square) + 1e-7)
    return weights


def test_a_token_that_occurs_twice_is_one_gradient_to_adam():
    table, dense = keras.Variable(np.ones((4, 2), np.float32)), keras.Variable(np.ones((1, 2), np.float32))
    optimizer = LazyAdam(0.1)
    optimizer.build([table, dense])
    values = np.array([[0.3, -0.2], [0.1, 0.4], [-0.2, 0.1]], np.float32)
    for scale in (1.0, -0.5, 0.25):
        repeated = tf.IndexedSlices(tf.constant(values * scale), tf.constant([2, 2, 2]), tf.constant([4, 2]))
        optimizer.apply(
            [sum_repeated_rows(repeated), tf.constant(values.sum(0, keepdims=True) * scale)], [table, dense]
        )
    expected = adam_by_hand(np.ones(2), [values.sum(0) * scale for scale in (1.0, -0.5, 0.25)], 0.1)
    np.testing.assert_allclose(table.numpy()[2], expected, rtol=1e-5)
    np.testing.assert_allclose(dense.numpy()[0], expected, rtol=1e-5)
    np.testing.assert_array_equal(table.numpy()[[0, 1, 3]], 1.0)


def test_a_training_that_diverges_stops_in_the_epoch_and_says_what_to_change():
    with pytest.raises(DivergenceError, match=r"at the end of epoch 1; .* Lower learning_rate \(now 10000"):
        trained(settings(learning_rate=1e4))


def test_a_long_epoch_that_diverges_stops_before_its_end(monkeypatch):
    monkeypatch.setattr("models.recurrent.training.CHECKPOINT_BATCHES", 2)
    with pytest.raises(DivergenceError, match="in epoch 1, after batch"):
        trained(settings(learning_rate=1e4))


def test_vectors_of_a_wild_scale_stop_a_network_that_starts_from_them():
    run, wild = settings(), np.full((VOCABULARY, 8), 4.6e6, np.float32)
    model = build_classifier(run, VOCABULARY, wild, 1)
    with pytest.raises(DivergenceError, match="start from word vectors of an ordinary scale"):
        train_classifier(model, ordered_pairs(200, 0), ordered_pairs(60, 1), run, 1)
