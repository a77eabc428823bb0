"""Which backend Keras runs on, and what is asked of one."""

from collections.abc import Callable
from typing import NamedTuple

import keras

from models.recurrent.backends.base import Logits, TrainingStep
from models.recurrent.losses import Objective


class Backend(NamedTuple):
    """The functions in which backends differ; all take the network from ids to logits (batch, width).

    A training step also takes what is learned, and how far adversarial documents lie from real ones, 0 for none.
    `frozen_logits` may compute in advance what does not change while the weights stay.
    """

    training_step: Callable[[keras.Model, Objective, float], TrainingStep]
    logits: Callable[[keras.Model], Logits]
    frozen_logits: Callable[[keras.Model], Logits]


def current_backend() -> Backend:
    """That of Keras in this process. Raises ValueError for one on which the classifiers do not run."""
    name = keras.backend.backend()
    if name == "tensorflow":
        from models.recurrent.backends import on_tensorflow, on_tensorflow_frozen

        return Backend(on_tensorflow.training_step, on_tensorflow.logits, on_tensorflow_frozen.logits)
    if name == "jax":
        from models.recurrent.backends import on_jax

        return Backend(on_jax.training_step, on_jax.logits, on_jax.logits)
    if name == "torch":
        from models.recurrent.backends import on_torch

        return Backend(on_torch.training_step, on_torch.logits, on_torch.logits)
    raise ValueError(f"KERAS_BACKEND must be tensorflow, jax or torch, got {name!r}")
