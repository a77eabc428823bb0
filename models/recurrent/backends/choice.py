"""Which backend Keras runs on, and what is asked of one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

GRADIENT_NORM = 1.0  # gradients are clipped to it, over all weights together


class TrainingStep(NamedTuple):
    """`run(ids, targets, rate)` makes one step on a batch at this learning rate and returns its mean loss.

    `variables` are the optimizer's.
    """

    run: Callable[[np.ndarray, np.ndarray, float], Any]
    variables: list[keras.Variable]


class Backend(NamedTuple):
    """The two functions in which backends differ; both take the network from ids to logits (batch, 1).

    A training step also takes how far adversarial documents lie from real ones, 0 for none.
    """

    training_step: Callable[[keras.Model, float], TrainingStep]
    logits: Callable[[keras.Model], Callable[[np.ndarray], np.ndarray]]


def current_backend() -> Backend:
    """That of Keras in this process. Raises ValueError for one on which the classifiers do not run."""
    name = keras.backend.backend()
    if name == "tensorflow":
        from models.recurrent.backends import on_tensorflow

        return Backend(on_tensorflow.training_step, on_tensorflow.logits)
    if name == "jax":
        from models.recurrent.backends import on_jax

        return Backend(on_jax.training_step, on_jax.logits)
    if name == "torch":
        from models.recurrent.backends import on_torch

        return Backend(on_torch.training_step, on_torch.logits)
    raise ValueError(f"KERAS_BACKEND must be tensorflow, jax or torch, got {name!r}")


def refuse_adversarial(share: float) -> None:
    """Raise ValueError where adversarial training is asked of a backend that does not know it."""
    if share:
        raise ValueError(
            f"adversarial must be 0 on KERAS_BACKEND={keras.backend.backend()}, got {share}: use tensorflow"
        )
