"""What every backend offers, and what all of them share."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np

GRADIENT_NORM = 1.0  # gradients are clipped to it, over all weights together


class TrainingStep(NamedTuple):
    """`run(ids, targets, rate)` makes one step on a batch at this learning rate and returns its mean loss.

    `variables` are the optimizer's.
    """

    run: Callable[[np.ndarray, np.ndarray, float], Any]
    variables: list[keras.Variable]


class Logits(Protocol):
    """What gives the logits (batch, width) of a batch of documents."""

    def __call__(self, ids: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        """Of ids int32 (batch, length); those from the vocabulary's size on are rows of `beyond` (words, width)."""


def refuse_adversarial(share: float) -> None:
    """Raise ValueError where adversarial training is asked of a backend that does not know it."""
    if share:
        raise ValueError(
            f"adversarial must be 0 on KERAS_BACKEND={keras.backend.backend()}, got {share}: use tensorflow"
        )
