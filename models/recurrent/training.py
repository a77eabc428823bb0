"""Training a classifier: length buckets, sparse steps, early stopping; the same bytes for the same seed."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from models.batching import epoch_batches, pad_documents
from models.metrics import classification_metrics
from models.recurrent.optimizer import LazyAdam, sum_repeated_rows
from models.recurrent.prediction import predict_probabilities
from models.settings import ClassifierSettings

GRADIENT_NORM = 1.0


class LabelledDocuments(NamedTuple):
    """Encoded documents, ids int32 (tokens,) and offsets int64 (documents + 1,), and labels 0/1 (documents,)."""

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray


Documents: TypeAlias = LabelledDocuments | tuple[np.ndarray, np.ndarray, np.ndarray]
Epoch: TypeAlias = dict[str, float]


def train_classifier(
    model: keras.Model,
    train: Documents,
    validation: Documents,
    settings: ClassifierSettings,
    seed: int,
    on_epoch: Callable[[int, Epoch], None] | None = None,
) -> list[Epoch]:
    """Fit the model's weights and return the scores of every epoch.

    Stops after `settings.patience` epochs without a lower validation log loss and leaves the weights of the best one.
    `on_epoch(epoch, scores)` is called as each ends, counting from 0. Labels are smoothed, gradients clipped to norm 1.
    """
    tf.config.experimental.enable_op_determinism()
    train, validation = LabelledDocuments(*train), LabelledDocuments(*validation)
    if not len(train.labels):
        raise ValueError("no training documents: give at least one")
    run_epoch = _epoch_runner(model, train, settings, seed)
    history: list[Epoch] = []
    best, best_loss, best_weights = 0, np.inf, model.get_weights()
    for epoch in range(settings.epochs):
        scores = {**run_epoch(epoch), **_validation_scores(model, validation)}
        history.append(scores)
        if on_epoch is not None:
            on_epoch(epoch, scores)
        if scores["validation/log_loss"] < best_loss:
            best, best_loss, best_weights = epoch, scores["validation/log_loss"], model.get_weights()
        elif epoch - best >= settings.patience:
            break
    model.set_weights(best_weights)
    return history


def _validation_scores(model: keras.Model, validation: LabelledDocuments) -> Epoch:
    probabilities = predict_probabilities(model, validation.ids, validation.offsets)
    scores = classification_metrics(validation.labels, probabilities)
    return {f"validation/{name}": scores[name] for name in ("log_loss", "accuracy", "f1")}


def _epoch_runner(
    model: keras.Model, train: LabelledDocuments, settings: ClassifierSettings, seed: int
) -> Callable[[int], Epoch]:
    """A function that trains one epoch and returns its mean loss and speed."""
    padded, lengths = pad_documents(train.ids, train.offsets, settings.max_length)
    targets = train.labels * (1 - settings.label_smoothing) + settings.label_smoothing / 2
    targets = targets.astype(np.float32)
    step = _training_step(model, settings)

    def run_epoch(epoch: int) -> Epoch:
        start = time.perf_counter()
        losses = []
        for rows in epoch_batches(lengths, settings.batch_size, seed, epoch):
            ids = padded[rows, : max(1, lengths[rows].max())]
            losses.append(step(ids, targets[rows]) * len(rows))
        loss = float(np.sum([value.numpy() for value in losses]) / len(targets))
        seconds = time.perf_counter() - start
        return {"train/loss": loss, "seconds": seconds, "tweets_per_second": len(targets) / seconds}

    return run_epoch


def _training_step(model: keras.Model, settings: ClassifierSettings) -> Callable[..., tf.Tensor]:
    """One optimizer step over (ids, targets) of any shape, traced once; returns the batch's mean loss."""
    network = keras.Model(model.inputs, model.get_layer("logit").output)
    weights = network.trainable_variables
    optimizer = LazyAdam(settings.learning_rate)
    optimizer.build(weights)

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.float32)])
    def step(ids, targets):
        with tf.GradientTape() as tape:
            logits = tf.squeeze(network(ids, training=True), axis=1)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients, _ = tf.clip_by_global_norm([sum_repeated_rows(g) for g in gradients], GRADIENT_NORM)
        optimizer.apply(gradients, weights)
        return loss

    return step
