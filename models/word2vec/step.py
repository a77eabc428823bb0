"""One training step of skip-gram and of CBOW with shared negatives, as a handful of batched matrix products.

Shapes: `chunks` chunks of `tokens` consecutive tokens, `span` = tokens + 2 window positions around them, `shared`
negatives per chunk, `width` numbers per vector. No automatic differentiation: the gradient of the logistic loss is
label - sigmoid(score), so the step is three products and two scatter-additions, each worth its line.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.word2vec.sampling import CHUNK, window_code

LIMIT = 100.0  # pairs that may move a row in one step at the full learning rate; more are scaled down to it


@dataclass(frozen=True)
class Tables:
    """The two matrices of word2vec and the most that each row may be moved by one update. Rows are words.

    inputs, outputs (vocabulary, width) variables; input_scale, output_scale (vocabulary,) constants, 0-1.
    """

    inputs: tf.Variable
    outputs: tf.Variable
    input_scale: tf.Tensor
    output_scale: tf.Tensor


def row_scale(expected_updates: np.ndarray) -> np.ndarray:
    """Share of the learning rate that a row gets when a step is expected to update it so many times.

    All updates of a step start from the same point, so n of them together move a row n times as far as one: past about
    1 / (learning rate x curvature) they overshoot and diverge. See test_word2vec for corpora of 1 and 3 words.
    """
    return np.minimum(1.0, LIMIT / np.maximum(expected_updates, 1e-30)).astype(np.float32)


def reaches(window: int) -> list[tuple[int, int]]:
    """(left, right) of every window code, in the order of the codes."""
    return [(left, right) for left in range(window + 1) for right in range(window + 1)]


def context_masks(window: int) -> np.ndarray:
    """1 where a position of the span is context of a token: (codes * CHUNK, CHUNK + 2 window), row code * CHUNK + i."""
    masks = np.zeros(((window + 1) ** 2, CHUNK, CHUNK + 2 * window), np.float32)
    for left, right in reaches(window):
        for i in range(CHUNK):
            centre = i + window
            masks[window_code(left, right, window), i, centre - left : centre + right + 1] = 1
            masks[window_code(left, right, window), i, centre] = 0
    return masks.reshape(-1, CHUNK + 2 * window)


def skip_gram_weights(window: int, negatives: int, shared: int) -> np.ndarray:
    """How much each of a token's scores counts: (codes * CHUNK, CHUNK + 2 window + shared).

    1 for context words, and for the shared negatives `negatives` a pair between them.
    """
    masks = context_masks(window)
    pairs = masks.sum(axis=1, keepdims=True)
    return np.hstack([masks, np.repeat(pairs * np.float32(negatives / shared), shared, axis=1)])


def cbow_weights(window: int, negatives: int, shared: int) -> np.ndarray:
    """The same for CBOW, where a token's scores are those of the chunk's own words: (codes * CHUNK, CHUNK + shared)."""
    active = (context_masks(window).sum(axis=1, keepdims=True) > 0).astype(np.float32)
    own = np.tile(np.eye(CHUNK, dtype=np.float32), ((window + 1) ** 2, 1))
    return np.hstack([own, np.full((len(own), shared), negatives / shared, np.float32)]) * active


def code_rows(codes: tf.Tensor) -> tf.Tensor:
    """Rows of the mask and weight tables for window codes (chunks, CHUNK)."""
    return codes * CHUNK + tf.range(CHUNK)


def skip_gram_step(
    tables: Tables, weights: tf.Tensor, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> tf.Operation:
    """Move each token towards its context words and away from the negatives.

    context (chunks, span), negatives (chunks, shared), codes (chunks, tokens) integers; rate a scalar.
    """
    span = context.shape[-1]
    window = (span - CHUNK) // 2
    centres = context[:, window : window + CHUNK]
    others = tf.concat([context, negatives], axis=1)
    word = tf.gather(tables.inputs, centres)  # (chunks, tokens, width)
    other = tf.gather(tables.outputs, others)  # (chunks, span + shared, width)
    label = tf.concat([tf.ones(span), tf.zeros(others.shape[-1] - span)], axis=0)
    score = tf.matmul(word, other, transpose_b=True)  # (chunks, tokens, span + shared)
    error = tf.gather(weights, code_rows(codes)) * (label - tf.sigmoid(score))
    word_rate = rate * tf.gather(tables.input_scale, centres)
    other_rate = rate * tf.gather(tables.output_scale, others)
    word_change = tf.matmul(error * word_rate[:, :, None], other)
    other_change = tf.matmul(error * other_rate[:, None, :], word, transpose_a=True)
    return tf.group(add_rows(tables.inputs, centres, word_change), add_rows(tables.outputs, others, other_change))


def cbow_step(
    tables: Tables,
    weights: tuple[tf.Tensor, tf.Tensor],
    context: tf.Tensor,
    negatives: tf.Tensor,
    codes: tf.Tensor,
    rate: tf.Tensor,
) -> tf.Operation:
    """Move the mean of each token's context towards the token and away from the negatives.

    As in word2vec.c and gensim (cbow_mean=1), every context word takes the whole error, not its share of the mean.
    """
    masks, score_weights = weights
    window = (context.shape[-1] - CHUNK) // 2
    targets = tf.concat([context[:, window : window + CHUNK], negatives], axis=1)
    mask = tf.gather(masks, code_rows(codes))  # (chunks, tokens, span)
    around = tf.gather(tables.inputs, context)  # (chunks, span, width)
    target = tf.gather(tables.outputs, targets)  # (chunks, tokens + shared, width)
    mean = tf.matmul(mask / tf.maximum(tf.reduce_sum(mask, axis=2, keepdims=True), 1.0), around)
    label = tf.concat([tf.ones(CHUNK), tf.zeros(targets.shape[-1] - CHUNK)], axis=0)
    score = tf.matmul(mean, target, transpose_b=True)  # (chunks, tokens, tokens + shared)
    error = tf.gather(score_weights, code_rows(codes)) * (label - tf.sigmoid(score))
    mean_change = tf.matmul(error, target)
    around_rate = rate * tf.gather(tables.input_scale, context)
    target_rate = rate * tf.gather(tables.output_scale, targets)
    around_change = tf.matmul(mask * around_rate[:, None, :], mean_change, transpose_a=True)
    target_change = tf.matmul(error * target_rate[:, None, :], mean, transpose_a=True)
    return tf.group(add_rows(tables.inputs, context, around_change), add_rows(tables.outputs, targets, target_change))


def add_rows(table: tf.Variable, rows: tf.Tensor, changes: tf.Tensor) -> tf.Operation:
    """Add changes (..., width) to the named rows (...); a row named twice takes both."""
    return tf.raw_ops.ResourceScatterAdd(resource=table.handle, indices=rows, updates=changes)
