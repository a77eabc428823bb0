"""JAX: functions of values, compiled for each shape; so shapes are few."""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np

from models.recurrent.backends.base import GRADIENT_NORM, Logits, TrainingStep, refuse_adversarial
from models.recurrent.backends.dense_adam import adam, clip_together, moments_for, tables_among
from models.recurrent.layers import reading_beyond
from models.recurrent.losses import Objective

Values: TypeAlias = list[jax.Array]

STEPS_APART = 8  # lengths are rounded up to a multiple of it, and a network is compiled for each


def training_step(network: keras.Model, objective: Objective, adversarial: float = 0.0) -> TrainingStep:
    """One step of lazy Adam; rows put in to round the batch up weigh nothing."""
    refuse_adversarial(adversarial)
    trained, others, moments = (
        network.trainable_variables,
        network.non_trainable_variables,
        moments_for(network.trainable_variables),
    )
    tables = tables_among(network)

    def loss_of(
        weights: Values, rest: Values, ids: jax.Array, targets: jax.Array, share: jax.Array
    ) -> tuple[jax.Array, Values]:
        outputs, rest = network.stateless_call(weights, rest, ids, training=True)
        return jnp.sum(objective.losses(outputs, targets) * share), rest

    @jax.jit
    def step(
        weights: Values, rest: Values, moments: Values, rate: jax.Array, *batch: jax.Array
    ) -> tuple[jax.Array, Values, Values, Values]:
        (loss, rest), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights, rest, *batch)
        weights, moments = adam(weights, clip_together(gradients, GRADIENT_NORM), moments, tables, rate)
        return loss, weights, rest, moments

    def run(ids: np.ndarray, targets: np.ndarray, rate: float) -> jax.Array:
        rounded = rounded_up(ids)
        spare = len(rounded) - len(ids)
        share = np.pad(np.full(len(ids), 1 / len(ids), np.float32), (0, spare))
        states = [[variable.value for variable in group] for group in (trained, others, moments)]
        loss, *states = step(*states, np.float32(rate), rounded, _with_rows(targets, spare), share)
        for group, values in zip((trained, others, moments), states, strict=True):
            _assign(group, values)
        return loss

    return TrainingStep(run, moments)


def _with_rows(values: np.ndarray, spare: int) -> np.ndarray:
    return np.pad(values, [(0, spare)] + [(0, 0)] * (values.ndim - 1))


def _assign(variables: list[keras.Variable], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def rounded_up(ids: np.ndarray) -> np.ndarray:
    """The ids with padding after them, up to a power of two of rows and a multiple of STEPS_APART columns."""
    rows, columns = ids.shape
    rows_apart = 1 << max(0, rows - 1).bit_length()
    return np.pad(ids, ((0, rows_apart - rows), (0, -columns % STEPS_APART)))


def logits(network: keras.Model) -> Logits:
    """Ids (batch, length) -> logits (batch, width)."""

    @jax.jit
    def forward(weights: Values, rest: Values, ids: jax.Array) -> jax.Array:
        return network.stateless_call(weights, rest, ids, training=False)[0]

    @jax.jit
    def forward_beyond(weights: Values, rest: Values, ids: jax.Array, beyond: jax.Array) -> jax.Array:
        with reading_beyond(network, beyond):
            return network.stateless_call(weights, rest, ids, training=False)[0]

    def answer(ids: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        groups = network.trainable_variables, network.non_trainable_variables
        states = [[each.value for each in group] for group in groups]
        if beyond is None:
            values = forward(*states, rounded_up(ids))
        else:
            rows = 1 << max(0, len(beyond) - 1).bit_length()
            values = forward_beyond(*states, rounded_up(ids), _with_rows(beyond, rows - len(beyond)))
        return np.asarray(values)[: len(ids)]

    return answer
