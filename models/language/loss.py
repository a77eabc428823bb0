"""The softmax over all words, and the one over a sample of them, with as few passes over the scores as there can be."""

import tensorflow as tf


@tf.custom_gradient
def next_word_loss(states, table, bias, targets, weights):
    """Mean of -ln P(target) over places, weighted; softmax of states (places, width) . table (words, width) + bias.

    One fused operation gives loss and softmax - one-hot together; the weights (places,) go to the small matrices of the
    gradient's products instead of the large one.
    """
    scores = tf.matmul(states, table, transpose_b=True) + bias
    losses, slopes = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=scores, labels=targets)
    weights /= tf.reduce_sum(weights)

    def gradient(upstream):
        share = (weights * upstream)[:, None]
        to_states = tf.matmul(slopes, table) * share
        to_table = tf.matmul(slopes, states * share, transpose_a=True)
        to_bias = tf.squeeze(tf.matmul(slopes, share, transpose_a=True), axis=1)
        return to_states, to_table, to_bias, None, None

    return tf.reduce_sum(losses * weights), gradient


def sampled_loss(states, table, bias, targets, weights, drawn, noise, frequency):
    """The same over a sample of words: those drawn (samples,) and all targets of the step, each once.

    Scores are lowered by the logarithm of the chance that a word came into the sample, so that the expectation has its
    minimum where the full softmax has (Jean et al. 2015): drawn from `noise` (vocabulary,), or one of the targets,
    which are as good as drawn from the words' `frequency` (vocabulary,). Gradients name the sampled rows only.
    """
    rows, places = tf.unique(tf.concat([targets, drawn], axis=0))
    count, samples = tf.size(targets), tf.cast(tf.size(drawn), tf.float32)
    places_read = tf.reduce_sum(weights)
    missed = samples * tf.math.log1p(-tf.gather(noise, rows)) + places_read * tf.math.log1p(-tf.gather(frequency, rows))
    chance = tf.math.log(-tf.math.expm1(missed))
    return next_word_loss(states, tf.gather(table, rows), tf.gather(bias, rows) - chance, places[:count], weights)
