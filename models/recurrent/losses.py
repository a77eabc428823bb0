"""What networks learn by: the loss of every document of a batch, the same code on every backend of Keras."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keras import ops

NO_LABEL = -1


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


def _class_losses(logits: Any, labels: Any) -> Any:
    """Cross-entropy of logits (batch, classes) with labels (batch,), zero where there is no label."""
    there = ops.cast(ops.not_equal(labels, NO_LABEL), "float32")
    own = ops.sum(logits * ops.one_hot(ops.maximum(labels, 0), logits.shape[1]), axis=1)
    return there * (ops.logsumexp(logits, axis=1) - own)
