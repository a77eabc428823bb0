"""Adversarial training (Miyato, Dai & Goodfellow 2017): learn from each document also as it would be hardest to read.

Its token vectors are moved together, against the loss, by a share of their own length; the label stays. A network that
must not be thrown by the nearest misleading document leans less on single words of few training tweets.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from models.recurrent.losses import Objective

SMALLEST = 1e-12  # a document without a gradient, such as an empty one, is moved nowhere


def adversarial_loss(
    network: keras.Model, objective: Objective, share: float
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A function (ids, targets) -> the mean of a batch's loss as it is and its loss after the worst move.

    The move is taken as a constant: weights get no gradient through it.
    """
    embedding = network.get_layer("embedding")
    read = keras.Model(network.inputs, [embedding.output, network.output])

    def loss_of(ids: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        vectors, logits = read(ids, training=True)
        return vectors, objective.losses(logits, targets)

    def loss(ids: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            vectors, plain = loss_of(ids, targets)
        uphill = worst_move(vectors, tape.gradient(plain, vectors), share)
        embedding.move = tf.stop_gradient(uphill)
        try:
            _, moved = loss_of(ids, targets)
        finally:
            embedding.move = None
        return tf.reduce_mean(plain + moved) / 2

    return loss


def worst_move(vectors: tf.Tensor, gradient: tf.Tensor, share: float) -> tf.Tensor:
    """The step along the gradient that is, for each document (batch, length, width), this share of its vectors long."""
    return share * _length(vectors) * gradient / tf.maximum(_length(gradient), SMALLEST)


def _length(documents: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_sum(tf.square(documents), axis=[1, 2], keepdims=True))
