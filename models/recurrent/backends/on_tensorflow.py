"""TensorFlow: one graph for batches of every shape, sparse updates of the embedding."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from models.recurrent.backends.adversarial import adversarial_loss
from models.recurrent.backends.choice import GRADIENT_NORM, TrainingStep
from models.recurrent.backends.lazy_adam import LazyAdam, sum_repeated_rows


def training_step(network: keras.Model, adversarial: float = 0.0) -> TrainingStep:
    """One step of lazy Adam, traced once."""
    tf.config.experimental.enable_op_determinism()
    weights = network.trainable_variables
    optimizer = LazyAdam()
    optimizer.build(weights)
    loss_of = adversarial_loss(network, adversarial) if adversarial else partial(_loss, network)

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.float32)])
    def step(ids, targets):
        with tf.GradientTape() as tape:
            loss = loss_of(ids, targets)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients, _ = tf.clip_by_global_norm([sum_repeated_rows(g) for g in gradients], GRADIENT_NORM)
        optimizer.apply(gradients, weights)
        return loss

    def run(ids, targets, rate):
        optimizer.learning_rate.assign(rate)
        return step(ids, targets)

    return TrainingStep(run, optimizer.variables)


def _loss(network: keras.Model, ids: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    logits = tf.squeeze(network(ids, training=True), axis=1)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))


def logits(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Ids (batch, length) -> logits (batch,), traced once for all shapes."""

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def forward(ids):
        return tf.squeeze(network(ids, training=False), axis=1)

    return lambda ids: forward(ids).numpy()
