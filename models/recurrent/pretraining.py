"""Multi-task pre-training: one network learns many people's labels at once, before it sees the tweets that count.

Tasks share word vectors and network and differ in one dense output each (Caruana 1997; Collobert & Weston 2008). The
outputs stand side by side in one layer: a batch may mix texts of all tasks, and a text may carry several labels.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np

from models.classifiers.text_kinds import NO_LABEL
from models.recurrent.backends import current_backend
from models.recurrent.losses import guessing_loss, tasks
from models.recurrent.network import TASKS, build_reader, start_weights
from models.recurrent.state import TrainingState
from models.recurrent.training import PaddedRows, epoch_trainer
from models.recurrent.watch import NetworkWatch
from models.seeds import generator
from models.settings import NetworkSettings, PretrainingSettings
from models.text.batching import pad_documents
from models.training.checkpoints import NO_HOOKS, Epoch, TrainingHooks

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
    model = keras.Model(ids, keras.layers.Dense(sum(classes), dtype="float32", name=TASKS)(document), name="multi_task")
    start_weights(model, network, vectors, seed)
    return model


def pretrain(
    model: keras.Model,
    texts: MultiTaskTexts,
    network: NetworkSettings,
    settings: PretrainingSettings,
    seed: int,
    hooks: TrainingHooks = NO_HOOKS,
) -> list[Epoch]:
    """Fit the model to all tasks and return the scores of every epoch, the accuracy of task t as `task/t`.

    The loss of a batch is the sum of the cross-entropies of all labels in it over the number of its texts. One text in
    fifty is held out to be scored. Same seed, same bytes; checkpoints as `models.recurrent.training` has them.
    Raises ValueError when there is nothing to learn from.
    """
    if len(texts.labels) < 2 or not texts.classes:
        raise ValueError(f"{len(texts.labels)} labelled texts of {len(texts.classes)} tasks are too few to learn from")
    padded, lengths = pad_documents(texts.ids, texts.offsets, network.max_length)
    held_out = generator(seed, "pretraining/held-out").random(len(lengths)) < HELD_OUT_SHARE
    held, trained = (PaddedRows(padded[part], lengths[part], texts.labels[part]) for part in (held_out, ~held_out))
    backend = current_backend()
    step, answer = backend.training_step(model, tasks(texts.classes), 0.0), backend.logits(model)
    state = TrainingState([*model.variables, *step.variables], [])
    if hooks.start is not None:
        state.restore(hooks.start)
    watch = NetworkWatch(
        model, f"pre-trained {network.kind}", guessing_loss(trained.targets, texts.classes), settings.learning_rate
    )
    train_epoch = epoch_trainer(step.run, trained, settings, seed, watch)
    while state.epoch < settings.epochs:
        scores = {**train_epoch(state, hooks), **_accuracies(answer, held, texts.classes)}
        state.end_epoch(scores)
        hooks.end_epoch(state.epoch - 1, scores, state.to_checkpoint)
    return state.history


def _accuracies(answer: Callable[[np.ndarray], np.ndarray], held: PaddedRows, classes: Sequence[int]) -> Epoch:
    """The share of held-out labels of each task that the network gives back; tasks without any are left out."""
    if not len(held.ids):
        return {}
    parts = np.split(np.arange(len(held.ids)), np.arange(HELD_OUT_AT_ONCE, len(held.ids), HELD_OUT_AT_ONCE))
    logits = np.concatenate([answer(held.ids[part, : max(1, held.lengths[part].max())]) for part in parts])
    scores, first = {}, 0
    for task, count in enumerate(classes):
        labels, said = held.targets[:, task], logits[:, first : first + count].argmax(axis=1)
        there = labels != NO_LABEL
        if there.any():
            scores[f"task/{task}"] = float(np.mean(said[there] == labels[there]))
        first += count
    return scores
