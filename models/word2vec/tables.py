"""What a training step reads: the two matrices with the scale of each row, and what each window code means."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.word2vec.sampling import CHUNK, window_code


@dataclass(frozen=True)
class Tables:
    """The two matrices of word2vec and the most that each row may be moved by one update. Rows are words.

    inputs, outputs (vocabulary, width) variables; input_scale, output_scale (vocabulary,), 0-1, are of the piece of
    text that is trained on; noise_weight is what one shared negative counts for in a pair, noise_scale (0-1) slows
    rows down when they are negatives.
    """

    inputs: tf.Variable
    outputs: tf.Variable
    input_scale: tf.Tensor
    output_scale: tf.Tensor
    noise_weight: float
    noise_scale: float


@dataclass(frozen=True)
class Windows:
    """What each window code means, looked up rather than worked out: a gather costs a third of a division.

    masks (codes * CHUNK, span), row code * CHUNK + i: 1 where a position of the span is context of token i; means: the
    same divided by their number; sizes (codes,): that number; coverage (span,): in how many contexts of a chunk a
    position is expected to be.
    """

    masks: tf.Tensor
    means: tf.Tensor
    sizes: tf.Tensor
    coverage: tf.Tensor


def window_tables(window: int) -> Windows:
    """The look-up tables of all window codes."""
    masks = context_masks(window)
    sizes = masks.sum(axis=1, keepdims=True)
    means = masks / np.maximum(sizes, 1)
    return Windows(
        tf.constant(masks), tf.constant(means), tf.constant(sizes[::CHUNK, 0]), tf.constant(expected_coverage(window))
    )


def expected_coverage(window: int) -> np.ndarray:
    """Contexts that each position of a span is in on average, float32 (span,): windows are drawn from 1 to `window`."""
    distances = np.abs(np.arange(CHUNK + 2 * window)[:, None] - window - np.arange(CHUNK))
    chances = np.clip((window + 1 - distances) / window, 0, 1) * (distances > 0)
    return chances.sum(axis=1).astype(np.float32)


def reaches(window: int) -> list[tuple[int, int]]:
    """(left, right) of every window code, in the order of the codes."""
    return [(left, right) for left in range(window + 1) for right in range(window + 1)]


def context_masks(window: int) -> np.ndarray:
    """1 where a position of the span is context of a token: (codes * CHUNK, CHUNK + 2 window), row code * CHUNK + i."""
    masks = np.zeros(((window + 1) ** 2, CHUNK, CHUNK + 2 * window), np.float32)
    for left, right in reaches(window):
        for i in range(CHUNK):
            place = i + window
            masks[window_code(left, right, window), i, place - left : place + right + 1] = 1
            masks[window_code(left, right, window), i, place] = 0
    return masks.reshape(-1, CHUNK + 2 * window)


def center(context: tf.Tensor) -> tf.Tensor:
    """The chunk's own tokens (chunks, tokens) of its span (chunks, span)."""
    window = (context.shape[-1] - CHUNK) // 2
    return context[:, window : window + CHUNK]
