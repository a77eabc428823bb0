"""TensorFlow: one graph for batches of every shape, sparse updates of the embedding."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from models.recurrent.backends.adversarial import adversarial_loss
from models.recurrent.backends.base import GRADIENT_NORM, Logits, TrainingStep
from models.recurrent.backends.lazy_adam import LazyAdam, sum_repeated_rows
from models.recurrent.layers import reading_beyond
from models.recurrent.losses import Objective

IDS = tf.TensorSpec((None, None), tf.int32)
VECTORS = tf.TensorSpec((None, None), tf.float32)


def training_step(network: keras.Model, objective: Objective, adversarial: float = 0.0) -> TrainingStep:
    """One step of lazy Adam, traced once."""
    tf.config.experimental.enable_op_determinism()
    weights = network.trainable_variables
    optimizer = LazyAdam()
    optimizer.build(weights)
    loss_of = adversarial_loss(network, objective, adversarial) if adversarial else plain_loss(network, objective)

    @tf.function(input_signature=[IDS, tf.TensorSpec((None, *objective.shape), objective.dtype)])
    def step(ids: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(ids, targets)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        gradients, _ = tf.clip_by_global_norm([sum_repeated_rows(g) for g in gradients], GRADIENT_NORM)
        optimizer.apply(gradients, weights)
        return loss

    def run(ids: np.ndarray, targets: np.ndarray, rate: float) -> tf.Tensor:
        optimizer.learning_rate.assign(rate)
        return step(ids, targets)

    return TrainingStep(run, optimizer.variables)


def plain_loss(network: keras.Model, objective: Objective) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """The mean loss of a batch of ids and targets, as the objective has it."""
    return lambda ids, targets: tf.reduce_mean(objective.losses(network(ids, training=True), targets))


def logits(network: keras.Model) -> Logits:
    """Ids (batch, length) -> logits (batch, width), traced once for all shapes."""
    forward = tf.function(lambda ids: network(ids, training=False), input_signature=[IDS])

    @tf.function(input_signature=[IDS, VECTORS], autograph=False)
    def forward_beyond(ids: tf.Tensor, beyond: tf.Tensor) -> tf.Tensor:
        with reading_beyond(network, beyond):
            return network(ids, training=False)

    def answer(ids: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        found: np.ndarray = (forward(ids) if beyond is None else forward_beyond(ids, beyond)).numpy()
        return found

    return answer
