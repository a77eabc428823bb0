"""Multi-task pre-training: one network learns many people's labels at once, before it sees the tweets that count.

Tasks share word vectors and network and differ in one dense output each (Caruana 1997; Collobert & Weston 2008). The
outputs stand side by side in one layer: a batch may mix texts of all tasks, and a text may carry several labels.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from models.batching import epoch_batches, pad_documents
from models.checkpoints import Checkpoint, OnCheckpoint
from models.recurrent.backends.choice import GRADIENT_NORM
from models.recurrent.backends.lazy_adam import LazyAdam, sum_repeated_rows
from models.recurrent.network import build_reader, start_weights
from models.recurrent.schedules import learning_rate
from models.recurrent.state import Epoch, TrainingState
from models.recurrent.training import CHECKPOINT_BATCHES
from models.seeds import generator
from models.settings import NetworkSettings, PretrainingSettings

NO_LABEL = -1
HELD_OUT_SHARE = 0.02
HELD_OUT_AT_ONCE = 256


class MultiTaskTexts(NamedTuple):
    """Encoded texts with labels of many tasks.

    Text i is ids[offsets[i]:offsets[i + 1]]; labels int32 (texts, tasks), the class within the task or NO_LABEL;
    `classes` holds how many classes each task has.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    classes: Sequence[int]


def build_multi_task(
    network: NetworkSettings, classes: Sequence[int], vocabulary_size: int, vectors: np.ndarray | None, seed: int
) -> keras.Model:
    """A network over ids int32 (batch, length) whose layer `tasks` gives a logit for every class of every task."""
    ids, document = build_reader(network, vocabulary_size, vectors, seed)
    model = keras.Model(
        ids, keras.layers.Dense(sum(classes), dtype="float32", name="tasks")(document), name="multi_task"
    )
    start_weights(model, network, vectors, seed)
    return model


def pretrain(
    model: keras.Model,
    texts: MultiTaskTexts,
    network: NetworkSettings,
    settings: PretrainingSettings,
    seed: int,
    on_epoch: Callable[[int, Epoch], None] | None = None,
    *,
    start: Checkpoint | None = None,
    on_checkpoint: OnCheckpoint | None = None,
) -> list[Epoch]:
    """Fit the model to all tasks and return the scores of every epoch, the accuracy of task t as `task/t`.

    The loss of a batch is the sum of the cross-entropies of all labels in it over the number of its texts. One text in
    fifty is held out to be scored. Same seed, same bytes; checkpoints as `models.recurrent.training` has them.
    Raises ValueError when there is nothing to learn from.
    """
    tf.config.experimental.enable_op_determinism()
    if len(texts.labels) < 2 or not texts.classes:
        raise ValueError(f"{len(texts.labels)} labelled texts of {len(texts.classes)} tasks are too few to learn from")
    padded, lengths = pad_documents(texts.ids, texts.offsets, network.max_length)
    held_out = generator(seed, "pretraining/held-out").random(len(lengths)) < HELD_OUT_SHARE
    optimizer = LazyAdam(settings.learning_rate)
    optimizer.build(model.trainable_variables)
    state = TrainingState([*model.variables, *optimizer.variables], [])
    if start is not None:
        state.restore(start)

    def offer_checkpoint() -> None:
        if on_checkpoint is not None:
            on_checkpoint(state.to_checkpoint())

    step, answer, trained = _step(model, optimizer, texts.classes), _answers(model), np.flatnonzero(~held_out)

    def train_batch(rows: np.ndarray, rate: float) -> tf.Tensor:
        optimizer.learning_rate.assign(rate)
        return step(padded[rows, : max(1, lengths[rows].max())], texts.labels[rows])

    while len(state.history) < settings.epochs:
        batches = [trained[each] for each in epoch_batches(lengths[trained], settings.batch_size, seed, state.epoch)]
        scores = _train_epoch(state, batches, settings, train_batch, offer_checkpoint)
        scores |= _accuracies(answer, padded, lengths, texts, np.flatnonzero(held_out))
        state.end_epoch(scores)
        if on_epoch is not None:
            on_epoch(state.epoch - 1, scores)
        offer_checkpoint()
    return state.history


def _train_epoch(
    state: TrainingState,
    batches: Sequence[np.ndarray],
    settings: PretrainingSettings,
    train_batch: Callable[[np.ndarray, float], tf.Tensor],
    offer_checkpoint: Callable[[], None],
) -> Epoch:
    """Train the rest of an epoch from the batch where the state is; mean loss and speed of the whole."""
    start, texts = time.perf_counter() - state.seconds, sum(map(len, batches))
    for number in range(len(state.losses), len(batches)):
        rate = learning_rate(settings, state.epoch * len(batches) + number, settings.epochs * len(batches))
        state.losses.append(train_batch(batches[number], rate) * len(batches[number]))
        if len(state.losses) % CHECKPOINT_BATCHES == 0:
            state.seconds = time.perf_counter() - start
            offer_checkpoint()
    loss = float(np.sum(np.array([float(each) for each in state.losses], dtype=np.float32)) / texts)
    seconds = time.perf_counter() - start
    return {"train/loss": loss, "seconds": seconds, "texts_per_second": texts / seconds}


def _step(model: keras.Model, optimizer: LazyAdam, classes: Sequence[int]) -> Callable[..., tf.Tensor]:
    """One optimizer step over (ids, labels) of any shape, traced once; returns the batch's loss for each text."""
    weights = model.trainable_variables

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, len(classes)), tf.int32)])
    def step(ids, labels):
        with tf.GradientTape() as tape:
            loss = _loss(model(ids, training=True), labels, classes)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients, _ = tf.clip_by_global_norm([sum_repeated_rows(each) for each in gradients], GRADIENT_NORM)
        optimizer.apply(gradients, weights)
        return loss

    return step


def _loss(logits, labels, classes: Sequence[int]):
    """Cross-entropy of the labels that are there, summed over tasks, over the number of texts."""
    total = tf.constant(0.0)
    for task, of_task in enumerate(tf.split(logits, list(classes), axis=1)):
        label = labels[:, task]
        there = tf.cast(label != NO_LABEL, tf.float32)
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(label, 0), of_task)
        total += tf.reduce_sum(there * each)
    return total / tf.cast(tf.shape(labels)[0], tf.float32)


def _answers(model: keras.Model) -> Callable[[np.ndarray], tf.Tensor]:
    return tf.function(lambda ids: model(ids, training=False), input_signature=[tf.TensorSpec((None, None), tf.int32)])


def _accuracies(
    answer: Callable[[np.ndarray], tf.Tensor],
    padded: np.ndarray,
    lengths: np.ndarray,
    texts: MultiTaskTexts,
    rows: np.ndarray,
) -> Epoch:
    """The share of held-out labels of each task that the network gives back; tasks without any are left out."""
    if not len(rows):
        return {}
    parts = np.split(rows, np.arange(HELD_OUT_AT_ONCE, len(rows), HELD_OUT_AT_ONCE))
    logits = np.concatenate([answer(padded[part, : max(1, lengths[part].max())]).numpy() for part in parts])
    scores, first = {}, 0
    for task, count in enumerate(texts.classes):
        labels, said = texts.labels[rows, task], logits[:, first : first + count].argmax(axis=1)
        there = labels != NO_LABEL
        if there.any():
            scores[f"task/{task}"] = float(np.mean(said[there] == labels[there]))
        first += count
    return scores
