"""What networks learn by: the loss of every document of a batch, the same code on every backend of Keras."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from models.classifiers.text_kinds import NO_LABEL


class Objective(NamedTuple):
    """`losses(outputs, targets)`, outputs (batch, width), gives the loss of each document (batch,).

    A batch's targets have the shape (batch, *shape) and this dtype.
    """

    losses: Callable[[Any, Any], Any]
    shape: tuple[int, ...]
    dtype: str


def _label_losses(outputs: Any, targets: Any) -> Any:
    logits = ops.squeeze(outputs, 1)
    # Not by |logits|, whose slope at 0, the logit of an empty document, JAX takes for 1.
    return ops.softplus(logits) - logits * targets


# Cross-entropy of log-odds (batch, 1) with targets 0-1.
LABEL = Objective(_label_losses, (), "float32")


def label_of(classes: int, smoothing: float) -> Objective:
    """Cross-entropy of logits (batch, classes) with the number of a class, float32 (batch,), smoothed.

    Smoothing takes its share from the class and gives all classes alike (Szegedy et al. 2016).
    """

    def losses(outputs: Any, targets: Any) -> Any:
        own = ops.sum(outputs * ops.one_hot(ops.cast(targets, "int32"), classes), axis=1)
        mean = ops.mean(outputs, axis=1)
        return ops.logsumexp(outputs, axis=1) - (1 - smoothing) * own - smoothing * mean

    return Objective(losses, (), "float32")


def tasks(classes: Sequence[int]) -> Objective:
    """Cross-entropies of the labels that are there, summed over tasks; labels are NO_LABEL where there is none.

    The logits of all tasks stand side by side, so many for each; labels int32 (batch, tasks).
    """
    ends = [sum(classes[: number + 1]) for number in range(len(classes))]

    def losses(outputs: Any, labels: Any) -> Any:
        return sum(
            _class_losses(outputs[:, end - count : end], labels[:, task])
            for task, (count, end) in enumerate(zip(classes, ends, strict=True))
        )

    return Objective(losses, (len(classes),), "int32")


def label_and_tasks(classes: Sequence[int], label: Objective = LABEL, width: int = 1) -> Objective:
    """The sum of both, of outputs that stand side by side: the `width` of the label, then the logits of all tasks.

    Targets float32 (batch, 1 + tasks): that of the label, then the label of each task; NO_LABEL where there is none.
    """
    of_tasks = tasks(classes)

    def losses(outputs: Any, targets: Any) -> Any:
        there = ops.cast(targets[:, 0] >= 0, "float32")
        of_label = there * label.losses(outputs[:, :width], ops.maximum(targets[:, 0], 0.0))
        return of_label + of_tasks.losses(outputs[:, width:], ops.cast(targets[:, 1:], "int32"))

    return Objective(losses, (1 + len(classes),), "float32")


def guessing_loss(labels: np.ndarray, classes: Sequence[int]) -> float:
    """The mean loss of texts, labels (texts, tasks), when every class of a task has the same chance."""
    return float(((labels != NO_LABEL) @ np.log(classes)).mean())


def _class_losses(logits: Any, labels: Any) -> Any:
    """Cross-entropy of logits (batch, classes) with labels (batch,), zero where there is no label."""
    there = ops.cast(ops.not_equal(labels, NO_LABEL), "float32")
    own = ops.sum(logits * ops.one_hot(ops.maximum(labels, 0), logits.shape[1]), axis=1)
    return there * (ops.logsumexp(logits, axis=1) - own)
