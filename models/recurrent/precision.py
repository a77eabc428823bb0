"""Narrow arithmetic for graphics cards: training multiplies in bfloat16, and what is kept and served is float32.

bfloat16 has the range of float32, so that losses need no scaling; weights, optimizer, embedding and log-odds stay
float32. A model saved under a policy computes by it wherever it is loaded, which would make answers depend on how a
model was trained: hence the twin.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras

from models.settings import Precision


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Layers built in the block compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(trained: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """The trained network itself, or where it computes in less than float32 its twin, which `build` makes."""
    if {layer.compute_dtype for layer in trained.layers} == {"float32"}:
        return trained
    twin = build()
    twin.set_weights(trained.get_weights())
    return twin
