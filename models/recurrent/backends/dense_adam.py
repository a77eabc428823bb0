"""Lazy Adam where gradients of an embedding are dense: JAX and PyTorch have summed the occurrences already.

The rule is that of lazy_adam.py: moments and weights of rows that a batch does not use stay as they are. Such a row is
known by its gradient, which is zero throughout.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def moments_for(weights: Sequence[keras.Variable]) -> list[keras.Variable]:
    """Zeros: the number of steps made, then the mean and the mean square of each weight's gradient."""
    steps = keras.Variable(ops.zeros((), "int32"), trainable=False, name="steps")
    return [steps, *(_zeros_like(weight) for weight in weights for _ in range(2))]


def _zeros_like(weight: keras.Variable) -> keras.Variable:
    return keras.Variable(ops.zeros(weight.shape, "float32"), trainable=False)


def tables_among(network: keras.Model) -> list[bool]:
    """For each trainable weight of the network, whether it is an embedding's table, of which a batch uses some rows."""
    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    tables = {id(layer.embeddings) for layer in layers}
    return [id(weight) in tables for weight in network.trainable_variables]


def clip_together(gradients: Sequence[Any], norm: float) -> list[Any]:
    """The gradients, scaled down together where their common norm is above this one."""
    total = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    return [gradient * (norm / ops.maximum(total, norm)) for gradient in gradients]


def adam(
    weights: Sequence[Any], gradients: Sequence[Any], moments: Sequence[Any], tables: Sequence[bool], rate: Any
) -> tuple[list[Any], list[Any]]:
    """Weights and moments after a step (Kingma & Ba 2015, algorithm 1); the rate is a number or a scalar array."""
    steps = moments[0] + 1
    count = ops.cast(steps, "float32")
    rate = rate * ops.sqrt(1 - ops.power(BETA_2, count)) / (1 - ops.power(BETA_1, count))
    new_weights, new_moments = [], [steps]
    pairs = zip(moments[1::2], moments[2::2], strict=True)
    for weight, gradient, (first, second), is_table in zip(weights, gradients, pairs, tables, strict=True):
        mean = BETA_1 * first + (1 - BETA_1) * gradient
        square = BETA_2 * second + (1 - BETA_2) * ops.square(gradient)
        moved = weight - rate * mean / (ops.sqrt(square) + EPSILON)
        if is_table:
            used = ops.any(ops.not_equal(gradient, 0), axis=1, keepdims=True)
            moved, mean, square = (
                ops.where(used, new, old) for new, old in ((moved, weight), (mean, first), (square, second))
            )
        new_weights.append(moved)
        new_moments += [mean, square]
    return new_weights, new_moments
