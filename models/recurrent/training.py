"""Training a classifier: length buckets, sparse steps, early stopping; the same bytes for the same seed."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np

from models.classifiers.target import TWO, Target
from models.classifiers.text_kinds import NO_LABEL
from models.recurrent.backends import current_backend
from models.recurrent.layers import reading_beyond
from models.recurrent.losses import LABEL, Objective, guessing_loss, label_and_tasks, label_of
from models.recurrent.prediction import classes_of, output_network, predict_probabilities
from models.recurrent.schedules import learning_rate
from models.recurrent.state import TrainingState
from models.recurrent.watch import NetworkWatch
from models.settings import ClassifierSettings, TrainingSettings
from models.text.batching import epoch_batches, pad_documents
from models.training.checkpoints import NO_HOOKS, Epoch, TrainingHooks

# About ten seconds of a small network's steps: copying the state, some tens of milliseconds, is lost among them.
CHECKPOINT_BATCHES = 500


class PaddedRows(NamedTuple):
    """Documents as steps take them: ids int32 (documents, longest), lengths (documents,), targets (documents, ...)."""

    ids: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray


class LabelledDocuments(NamedTuple):
    """Encoded documents, ids int32 (tokens,) and offsets int64 (documents + 1,), and labels (documents,), from 0 on.

    Where there are further tasks, of so many `classes`, `tasks` int32 (documents, tasks) holds their labels. A document
    may lack any label: it has NO_LABEL in its place. `beyond` (words, width) are what n-grams make of words
    outside the vocabulary, whose ids come after its own.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    tasks: np.ndarray | None = None
    classes: Sequence[int] = ()
    beyond: np.ndarray | None = None


Documents: TypeAlias = LabelledDocuments | tuple[np.ndarray, np.ndarray, np.ndarray]


def train_classifier(
    model: keras.Model,
    train: Documents,
    validation: Documents,
    settings: ClassifierSettings,
    seed: int,
    hooks: TrainingHooks = NO_HOOKS,
    epochs: int | None = None,
    target: Target = TWO,
) -> list[Epoch]:
    """Fit the model's weights and return the scores of every epoch; `target` is what its label can be.

    At a constant rate it stops after `settings.patience` epochs without a lower validation log loss and leaves the
    weights of the best one; a one-cycle schedule is trained to its end, where it is best, and leaves the last weights:
    it needs no validation documents. With `epochs` it trains so many at whatever schedule, and leaves the last weights.
    Further tasks of the training documents are learned beside the label, by the sum of both losses, and are not scored.
    Labels are smoothed, gradients clipped to norm 1. A checkpoint is handed out after every epoch, and every
    CHECKPOINT_BATCHES batches of a long one; with one of them as `hooks.start`, the same weights come out as without
    the interruption, bit for bit, and the same history but times. Raises ValueError where documents are missing.
    """
    train, validation = LabelledDocuments(*train), LabelledDocuments(*validation)
    stops_early = settings.schedule == "constant" and epochs is None
    _refuse_missing(train, validation, stops_early)
    network = output_network(model)
    step = current_backend().training_step(network, _objective(model, train, settings), settings.adversarial)
    state = TrainingState([*model.variables, *step.variables], model.get_weights())
    if hooks.start is not None:
        state.restore(hooks.start)
    watch = NetworkWatch(model, settings.name, _guessing_loss(train, target.size), settings.learning_rate)
    train_epoch = epoch_trainer(step.run, padded_rows(train, settings, target.size), settings, seed, watch)
    beyond = None if train.beyond is None or not len(train.beyond) else keras.ops.convert_to_tensor(train.beyond)
    limit = settings.epochs if epochs is None else epochs
    patience = settings.patience if stops_early else limit + 1
    while len(state.history) < limit and state.epochs_since_best < patience:
        with reading_beyond(model, beyond):
            scores = train_epoch(state, hooks)
        if len(validation.labels):
            scores |= _validation_scores(model, validation, target)
        state.end_epoch(scores, model.get_weights() if stops_early else None)
        hooks.end_epoch(len(state.history) - 1, scores, state.to_checkpoint)
    if stops_early:
        model.set_weights(state.best_weights)
    return state.history


def _objective(model: keras.Model, train: LabelledDocuments, settings: ClassifierSettings) -> Objective:
    """What the network learns by: the label, and further tasks where there are any."""
    classes = classes_of(model)
    label = label_of(classes, settings.label_smoothing) if classes else LABEL
    return label_and_tasks(train.classes, label, classes or 1) if train.classes else label


def _refuse_missing(train: LabelledDocuments, validation: LabelledDocuments, stops_early: bool) -> None:
    if not len(train.labels):
        raise ValueError("no training documents: give at least one")
    if not len(validation.labels) and stops_early:
        raise ValueError("no validation documents to stop early by: give some, or a one-cycle schedule")


def padded_rows(train: LabelledDocuments, settings: ClassifierSettings, classes: int = TWO.size) -> PaddedRows:
    """The documents as steps take them, labels of two classes smoothed; several are smoothed by their loss."""
    padded, lengths = pad_documents(train.ids, train.offsets, settings.max_length)
    targets = train.labels
    if classes == TWO.size:
        targets = train.labels * (1 - settings.label_smoothing) + settings.label_smoothing / 2
    if train.tasks is not None:
        known = np.where(train.labels == NO_LABEL, NO_LABEL, targets)
        targets = np.column_stack([known, train.tasks])
    return PaddedRows(padded, lengths, targets.astype(np.float32))


def _guessing_loss(train: LabelledDocuments, classes: int) -> float:
    """The mean loss of the documents when everything has the same chance."""
    of_label = float(np.log(classes))
    if train.tasks is None:
        return of_label
    return of_label * float(np.mean(train.labels != NO_LABEL)) + guessing_loss(train.tasks, train.classes)


def _validation_scores(model: keras.Model, validation: LabelledDocuments, target: Target) -> Epoch:
    probabilities = predict_probabilities(model, validation.ids, validation.offsets, validation.beyond)
    scores = target.scores(validation.labels, probabilities)
    return {f"validation/{name}": scores[name] for name in ("log_loss", "accuracy", "f1")}


def epoch_trainer(
    step: Callable[..., Any], rows: PaddedRows, settings: TrainingSettings, seed: int, watch: NetworkWatch
) -> Callable[[TrainingState, TrainingHooks], Epoch]:
    """A function that trains the rest of an epoch from the batch where the state is; returns mean loss and speed.

    It raises DivergenceError as `watch` does, after every CHECKPOINT_BATCHES and at the end.
    """
    padded, lengths, targets = rows

    def train_epoch(state: TrainingState, hooks: TrainingHooks) -> Epoch:
        start = time.perf_counter() - state.seconds
        batches = epoch_batches(lengths, settings.batch_size, seed, state.epoch)
        for number in range(len(state.losses), len(batches)):
            chosen, done = batches[number], state.epoch * len(batches) + number
            rate = learning_rate(settings, done, settings.epochs * len(batches))
            ids = padded[chosen, : max(1, lengths[chosen].max())]
            state.losses.append(step(ids, targets[chosen], rate) * len(chosen))
            if len(state.losses) % CHECKPOINT_BATCHES == 0:
                state.seconds = time.perf_counter() - start
                seen = sum(map(len, batches[: number + 1]))
                watch.check(state.epoch, mean_loss(state.losses, seen), number + 1)
                hooks.offer(state.to_checkpoint)
        loss, seconds = mean_loss(state.losses, len(targets)), time.perf_counter() - start
        norm = watch.check(state.epoch, loss)
        return {
            "train/loss": loss,
            "train/largest_norm": norm,
            "seconds": seconds,
            "tweets_per_second": len(targets) / seconds,
        }

    return train_epoch


def mean_loss(losses: Sequence[Any], number: int) -> float:
    """The losses of batches, each summed over its documents, over so many documents."""
    return float(np.sum(np.array([float(loss) for loss in losses], dtype=np.float32)) / number)
