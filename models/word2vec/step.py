"""One training step of skip-gram and of CBOW with shared negatives, as a handful of batched matrix products.

Shapes: `chunks` chunks of `tokens` consecutive tokens, `span` = tokens + 2 window positions around them, `groups` of
chunks with SHARED negatives each, `width` numbers per vector. No automatic differentiation: the gradient of the
logistic loss is label - sigmoid(score), so a step is a few products and scatter-additions, each worth its line.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.word2vec.sampling import CHUNK, window_code


@dataclass(frozen=True)
class Tables:
    """The two matrices of word2vec and the most that each row may be moved by one update. Rows are words.

    inputs, outputs (vocabulary, width) variables; input_scale, output_scale (vocabulary,) constants, 0-1; noise_weight
    is what one shared negative counts for in a pair, noise_scale (0-1) slows rows down when they are negatives.
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
    same divided by their number; sizes (codes,): that number.
    """

    masks: tf.Tensor
    means: tf.Tensor
    sizes: tf.Tensor


def window_tables(window: int) -> Windows:
    """The look-up tables of all window codes."""
    masks = context_masks(window)
    sizes = masks.sum(axis=1, keepdims=True)
    means = masks / np.maximum(sizes, 1)
    return Windows(tf.constant(masks), tf.constant(means), tf.constant(sizes[::CHUNK, 0]))


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


def code_rows(codes: tf.Tensor) -> tf.Tensor:
    """Rows of the context masks for window codes (chunks, CHUNK)."""
    return codes * CHUNK + tf.range(CHUNK)


def skip_gram_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> tf.Operation:
    """Move each token towards its context words and away from the negatives, which count once for every pair.

    context (chunks, span), negatives (groups, SHARED), codes (chunks, tokens) integers; rate a scalar.
    """
    window = (context.shape[-1] - CHUNK) // 2
    centres = context[:, window : window + CHUNK]
    mask = tf.gather(windows.masks, code_rows(codes))  # (chunks, tokens, span)
    word = tf.gather(tables.inputs, centres)  # (chunks, tokens, width)
    near = tf.gather(tables.outputs, context)  # (chunks, span, width)
    word_rate = rate * tf.gather(tables.input_scale, centres)
    near_rate = rate * tf.gather(tables.output_scale, context)
    pull = mask * tf.sigmoid(-tf.matmul(word, near, transpose_b=True))
    pushed = push_away(tables, word, negatives, tf.gather(windows.sizes, codes), rate)
    word_change = tf.matmul(pull, near) + pushed.word_change
    near_change = tf.matmul(pull * near_rate[:, None, :], word, transpose_a=True)
    return add_changes(tables, centres, word_change * word_rate[:, :, None], context, near_change, negatives, pushed)


def cbow_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> tf.Operation:
    """Move the mean of each token's context towards the token and away from the negatives; arguments as above.

    As in word2vec.c and gensim (cbow_mean=1), every context word takes the whole error, not its share of the mean.
    """
    window = (context.shape[-1] - CHUNK) // 2
    targets = context[:, window : window + CHUNK]
    mask = tf.gather(windows.masks, code_rows(codes))  # (chunks, tokens, span)
    around = tf.gather(tables.inputs, context)  # (chunks, span, width)
    target = tf.gather(tables.outputs, targets)  # (chunks, tokens, width)
    around_rate = rate * tf.gather(tables.input_scale, context)
    target_rate = rate * tf.gather(tables.output_scale, targets)
    active = tf.minimum(tf.gather(windows.sizes, codes), 1.0)  # a token without context teaches nothing
    mean = tf.matmul(tf.gather(windows.means, code_rows(codes)), around)
    pull = active * tf.sigmoid(-tf.reduce_sum(mean * target, axis=2))
    pushed = push_away(tables, mean, negatives, active, rate)
    mean_change = pull[:, :, None] * target + pushed.word_change
    around_change = tf.matmul(mask * around_rate[:, None, :], mean_change, transpose_a=True)
    target_change = (pull * target_rate)[:, :, None] * mean
    return add_changes(tables, context, around_change, targets, target_change, negatives, pushed)


@dataclass(frozen=True)
class Push:
    """What negatives do: word_change (chunks, tokens, width) before its rate, noise_change (groups, SHARED, width)."""

    word_change: tf.Tensor
    noise_change: tf.Tensor


def push_away(tables: Tables, word: tf.Tensor, negatives: tf.Tensor, pairs: tf.Tensor, rate: tf.Tensor) -> Push:
    """Move word (chunks, tokens, width) and negatives (groups, SHARED) apart, as often as pairs (chunks, tokens) says.

    Each group of consecutive chunks shares its negatives; together they weigh as much as `negatives` draws a pair.
    """
    groups, width = negatives.shape[0], word.shape[-1]
    noise = tf.gather(tables.outputs, negatives)  # (groups, SHARED, width)
    noise_rate = rate * tables.noise_scale * tf.gather(tables.output_scale, negatives)
    grouped = tf.reshape(word, [groups, -1, width])
    weight = tf.reshape(pairs * -tables.noise_weight, [groups, -1, 1])
    push = weight * tf.sigmoid(tf.matmul(grouped, noise, transpose_b=True))  # (groups, tokens of a group, SHARED)
    word_change = tf.reshape(tf.matmul(push, noise), tf.shape(word))
    return Push(word_change, tf.matmul(push * noise_rate[:, None, :], grouped, transpose_a=True))


def add_changes(
    tables: Tables,
    input_rows: tf.Tensor,
    input_change: tf.Tensor,
    output_rows: tf.Tensor,
    output_change: tf.Tensor,
    negatives: tf.Tensor,
    pushed: Push,
) -> tf.Operation:
    """Add all changes of a step, in an order that is always the same: sums of floats depend on it."""
    with tf.control_dependencies([input_change, output_change, pushed.noise_change]):  # all read before any is written
        inputs = add_rows(tables.inputs, input_rows, input_change)
        outputs = add_rows(tables.outputs, output_rows, output_change)
    with tf.control_dependencies([outputs]):
        noise = add_rows(tables.outputs, negatives, pushed.noise_change)
    return tf.group(inputs, outputs, noise)


def add_rows(table: tf.Variable, rows: tf.Tensor, changes: tf.Tensor) -> tf.Operation:
    """Add changes (..., width) to the named rows (...); a row named twice takes both."""
    return tf.raw_ops.ResourceScatterAdd(resource=table.handle, indices=rows, updates=changes)
