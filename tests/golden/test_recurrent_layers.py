"""The fast recurrences against Keras' own layers: states and gradients, both directions, documents of any length."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.recurrent import layers

PAIRS = [
    (layers.SimpleRNN, keras.layers.SimpleRNN),
    (layers.LSTM, keras.layers.LSTM),
    (layers.GRU, keras.layers.GRU),
]


def weights_like(layer: keras.Layer, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in layer.get_weights()]


def states_and_gradients(layer: keras.Layer, inputs: tf.Tensor, lengths: list[int], every_state: bool) -> list:
    """States of real steps, and the gradients of a sum that weighs each state differently."""
    mask = tf.sequence_mask(lengths, inputs.shape[1])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        states = layer(inputs, mask=mask)
        if every_state:
            present = mask[:, ::-1] if layer.go_backwards else mask
            states *= tf.cast(present, tf.float32)[..., None]
        factors = tf.reshape(tf.cos(tf.range(tf.size(states), dtype=tf.float32)), tf.shape(states))
        total = tf.reduce_sum(factors * states)
    return [states, *tape.gradient(total, [inputs, *[weight.value for weight in layer.trainable_variables]])]


@pytest.mark.parametrize("every_state", [True, False])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("fast", "plain"), PAIRS)
def test_states_and_gradients_are_those_of_keras(fast, plain, backwards, every_state):
    inputs = tf.constant(np.random.default_rng(1).normal(size=(5, 7, 3)).astype(np.float32))
    options = {"return_sequences": every_state, "go_backwards": backwards}
    ours, theirs = fast(4, **options), plain(4, **options)
    ours.build(inputs.shape)
    theirs.build(inputs.shape)
    theirs.set_weights(weights_like(theirs, 2))
    ours.set_weights(theirs.get_weights())
    lengths = [7, 3, 1, 5, 0]
    expected = states_and_gradients(theirs, inputs, lengths, every_state)
    for got, wanted in zip(states_and_gradients(ours, inputs, lengths, every_state), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-5)


@pytest.mark.parametrize(("fast", "plain"), PAIRS)
def test_the_plain_case_never_reaches_the_loop_of_keras(fast, plain, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the loop of Keras ran")

    monkeypatch.setattr(plain, "inner_loop", refuse)
    with pytest.raises(AssertionError, match="the loop of Keras ran"):
        plain(4)(np.ones((2, 3, 2), np.float32))
    assert fast(4)(np.ones((2, 3, 2), np.float32)).shape == (2, 4)


def test_a_given_initial_state_is_left_to_keras():
    inputs, state = np.ones((2, 3, 2), np.float32), [np.full((2, 4), 0.5, np.float32)] * 2
    ours, theirs = layers.LSTM(4), keras.layers.LSTM(4)
    ours.build(inputs.shape)
    theirs.build(inputs.shape)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_array_equal(ours(inputs, initial_state=state), theirs(inputs, initial_state=state))
