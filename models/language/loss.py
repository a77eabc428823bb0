"""The softmax over all words, and the one over a sample of them, with as few passes over the scores as there can be.

Both take the places in parts, which TensorFlow works on beside each other; each needs only its own scores.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf


class Places(NamedTuple):
    """States (places, width), the words to predict there (places,), and 1 for each, 0 for padding."""

    states: tf.Tensor
    targets: tf.Tensor
    weights: tf.Tensor


def next_word_loss(parts: Sequence[Places], table: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Mean of -ln P(target) over places, weighted; softmax of states . table (words, width) + bias (words,)."""
    total = tf.add_n([tf.reduce_sum(part.weights) for part in parts])
    return tf.add_n([_loss(part.states, table, bias, part.targets, part.weights / total) for part in parts])


@tf.custom_gradient
def _loss(
    states: tf.Tensor, table: tf.Tensor, bias: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor | None, ...]]]:
    """Sum of -ln P(target) over places, weighted.

    The softmax is oneDNN's, which takes a seventh of the time of TensorFlow's operation for the cross-entropy; the
    logarithm of its sum comes from the largest score and the largest probability. The weights (places,) go to the small
    matrices of the gradient's products instead of the large one.
    """
    scores = tf.nn.bias_add(tf.matmul(states, table, transpose_b=True), bias)
    chances = tf.nn.softmax(scores)
    own = tf.stack([tf.range(tf.size(targets)), targets], axis=1)
    above = tf.reduce_max(scores, axis=1) - tf.gather_nd(scores, own)  # first: equal scores cancel exactly
    losses = above - tf.math.log(tf.reduce_max(chances, axis=1))

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        share = (weights * upstream)[:, None]
        slopes = tf.tensor_scatter_nd_sub(chances, own, tf.ones_like(losses))
        to_states = tf.matmul(slopes, table) * share
        to_table = tf.matmul(slopes, states * share, transpose_a=True)
        to_bias = tf.squeeze(tf.matmul(slopes, share, transpose_a=True), axis=1)
        return to_states, to_table, to_bias, None, None

    return tf.reduce_sum(losses * weights), gradient


def sampled_loss(
    parts: Sequence[Places],
    table: tf.Tensor,
    bias: tf.Tensor,
    drawn: tf.Tensor,
    noise: tf.Tensor,
    frequency: tf.Tensor,
) -> tf.Tensor:
    """The same over a sample of words: those drawn (samples,) and all targets of the step, each once.

    Scores are lowered by the logarithm of the chance that a word came into the sample, so that the expectation has its
    minimum where the full softmax has (Jean et al. 2015): drawn from `noise` (vocabulary,), or one of the targets,
    which are as good as drawn from the words' `frequency` (vocabulary,). Gradients name the sampled rows only.
    """
    rows, places = tf.unique(tf.concat([*(part.targets for part in parts), drawn], axis=0))
    samples, read = tf.cast(tf.size(drawn), tf.float32), tf.add_n([tf.reduce_sum(part.weights) for part in parts])
    missed = samples * tf.math.log1p(-tf.gather(noise, rows)) + read * tf.math.log1p(-tf.gather(frequency, rows))
    chance = tf.math.log(-tf.math.expm1(missed))
    *theirs, _ = tf.split(places, [*(tf.size(part.targets) for part in parts), tf.size(drawn)])
    renamed = [part._replace(targets=targets) for part, targets in zip(parts, theirs, strict=True)]
    return next_word_loss(renamed, tf.gather(table, rows), tf.gather(bias, rows) - chance)
