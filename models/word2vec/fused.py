"""What stands between the products of a step, compiled by XLA: errors, scales and the adding of rows.

One pass over memory where single operations take five, and rows added in 96 ns a token where ResourceScatterAdd takes
259; on the CPU its sums have one order only. Shapes as in `models.word2vec.step`.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import tensorflow as tf

from models.word2vec.sampling import CHUNK

MOST_SCORE = 16.0
F = TypeVar("F", bound=Callable[..., Any])


def fused(function: F) -> F:
    """The function as one compiled piece of a TensorFlow graph; on the CPU its sums have one order only."""
    return cast(F, tf.function(function, jit_compile=True, autograph=False))


def code_rows(codes: tf.Tensor) -> tf.Tensor:
    """Rows of the context masks for window codes (chunks, CHUNK)."""
    return codes * CHUNK + tf.range(CHUNK)


def error(scores: tf.Tensor) -> tf.Tensor:
    """The slope of the logistic loss at scores that ought to be negative; beyond MOST_SCORE that of a logarithm.

    Where vectors have grown so long that a score is wrong by more than MOST_SCORE, a whole step along the slope would
    turn it into one that is more wrong the other way; there error x score is no more than MOST_SCORE. No score of an
    ordinary text is wrong by so much.
    """
    return tf.sigmoid(scores) * tf.minimum(1.0, MOST_SCORE / tf.maximum(scores, 1.0))


@fused
def pair_errors(
    scores: tf.Tensor, masks: tf.Tensor, codes: tf.Tensor, near_rate: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Errors of the positive pairs (chunks, tokens, span), and the same times the rate of the context word."""
    pull = tf.gather(masks, code_rows(codes)) * error(-scores)
    return pull, pull * near_rate[:, None, :]


@fused
def target_errors(mean: tf.Tensor, target: tf.Tensor, active: tf.Tensor) -> tf.Tensor:
    """Errors of the one positive pair of each token (chunks, tokens); mean and target (chunks, tokens, width)."""
    # A product with ones: XLA adds up rows four times as fast so.
    rows = tf.reshape(mean * target, [-1, mean.shape[-1]])
    scores = tf.linalg.matvec(rows, tf.ones([mean.shape[-1]]))
    return active * error(-tf.reshape(scores, active.shape))


@fused
def add_scaled(change: tf.Tensor, vectors: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Vectors (chunks, tokens, width) times their scale (chunks, tokens), added to a change (chunks, tokens, width)."""
    return change + scale[:, :, None] * vectors


@fused
def scaled_masks(masks: tf.Tensor, codes: tf.Tensor, around_rate: tf.Tensor) -> tf.Tensor:
    """The context masks of a step's tokens times the rates of the context words: (chunks, tokens, span)."""
    return tf.gather(masks, code_rows(codes)) * around_rate[:, None, :]


@fused
def noise_errors(scores: tf.Tensor, weight: tf.Tensor, noise_rate: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Errors of the negative pairs (groups, tokens of a group, shared), and the same times the rate of the negative."""
    push = weight * error(scores)
    return push, push * noise_rate[:, None, :]


@fused
def add_rows(table: tf.Variable, *changes: Sequence[tf.Tensor]) -> None:
    """Add changes: each is rows (...) of the table and what to add (..., width); a row named twice takes both."""
    total = table.read_value()
    for rows, change in changes:
        total = add_to(total, rows, change)
    table.assign(total)


@fused
def add_scaled_rows(table: tf.Variable, *changes: Sequence[tf.Tensor]) -> None:
    """Add changes: each is rows (...), two changes (..., width) to them, and the scale (...) of both."""
    total = table.read_value()
    for rows, change, other, scale in changes:
        total = add_to(total, rows, (change + other) * scale[..., None])
    table.assign(total)


@fused
def add_target_rows(
    table: tf.Variable, targets: Sequence[Sequence[tf.Tensor]], noise: Sequence[Sequence[tf.Tensor]]
) -> None:
    """Add to targets (...) their means (..., width) times a scale (...), and then the changes of the negatives."""
    total = table.read_value()
    for rows, mean, scale in targets:
        total = add_to(total, rows, scale[..., None] * mean)
    for rows, change in noise:
        total = add_to(total, rows, change)
    table.assign(total)


def add_to(table: tf.Tensor, rows: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """The table (vocabulary, width) with changes (..., width) added to rows (...)."""
    return tf.tensor_scatter_nd_add(table, tf.reshape(rows, [-1, 1]), tf.reshape(change, [-1, table.shape[1]]))
