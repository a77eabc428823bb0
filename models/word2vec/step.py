"""One training step of skip-gram and of CBOW with shared negatives: a few batched matrix products between row moves.

Shapes: `chunks` chunks of `tokens` consecutive tokens, `span` = tokens + 2 window positions around them, `groups` of
chunks with SHARED negatives each, `width` numbers per vector. No automatic differentiation: the gradient of the
logistic loss is label - sigmoid(score), so a step is a few products and additions of rows, each worth its line.

What stands between products is compiled by XLA (`fused`): one pass over memory where single operations take five, and
rows added in 96 ns a token where ResourceScatterAdd takes 259. Products stay with oneDNN, which is faster at them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import tensorflow as tf

from models.word2vec.sampling import CHUNK, window_code

F = TypeVar("F", bound=Callable[..., Any])


def fused(function: F) -> F:
    """The function as one compiled piece of a TensorFlow graph; on the CPU its sums have one order only."""
    return cast(F, tf.function(function, jit_compile=True, autograph=False))


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
) -> None:
    """Move each token towards its context words and away from the negatives, which count once for every pair.

    context (chunks, span), negatives (groups, SHARED), codes (chunks, tokens) integers; rate a scalar.
    """
    centres = middle(context)
    word = tf.gather(tables.inputs, centres)  # (chunks, tokens, width)
    near = tf.gather(tables.outputs, context)  # (chunks, span, width)
    near_rate = rate * tf.gather(tables.output_scale, context)
    pull, pull_near = pair_errors(tf.matmul(word, near, transpose_b=True), windows.masks, codes, near_rate)
    pushed = push_away(tables, word, negatives, tf.gather(windows.sizes, codes), rate)
    word_rate = rate * tf.gather(tables.input_scale, centres)
    near_change = tf.matmul(pull_near, word, transpose_a=True)
    add_scaled_rows(tables.inputs, centres, tf.matmul(pull, near), pushed.word_change, word_rate)
    add_rows(tables.outputs, context, near_change, negatives, pushed.noise_change)


def cbow_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> None:
    """Move the mean of each token's context towards the token and away from the negatives; arguments as above.

    As in word2vec.c and gensim (cbow_mean=1), every context word takes the whole error, not its share of the mean.
    """
    targets = middle(context)
    around = tf.gather(tables.inputs, context)  # (chunks, span, width)
    target = tf.gather(tables.outputs, targets)  # (chunks, tokens, width)
    around_rate = rate * tf.gather(tables.input_scale, context)
    target_rate = rate * tf.gather(tables.output_scale, targets)
    active = tf.minimum(tf.gather(windows.sizes, codes), 1.0)  # a token without context teaches nothing
    mean = tf.matmul(tf.gather(windows.means, code_rows(codes)), around)
    pull = target_errors(mean, target, active)
    pushed = push_away(tables, mean, negatives, active, rate)
    taken = scaled_masks(windows.masks, codes, around_rate)
    mean_change = add_scaled(pushed.word_change, target, pull)
    add_rows(tables.inputs, context, tf.matmul(taken, mean_change, transpose_a=True))
    add_target_rows(tables.outputs, targets, mean, pull * target_rate, negatives, pushed.noise_change)


def middle(context: tf.Tensor) -> tf.Tensor:
    """The chunk's own tokens (chunks, tokens) of its span (chunks, span)."""
    window = (context.shape[-1] - CHUNK) // 2
    return context[:, window : window + CHUNK]


@fused
def pair_errors(
    scores: tf.Tensor, masks: tf.Tensor, codes: tf.Tensor, near_rate: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Errors of the positive pairs (chunks, tokens, span), and the same times the rate of the context word."""
    pull = tf.gather(masks, code_rows(codes)) * tf.sigmoid(-scores)
    return pull, pull * near_rate[:, None, :]


@fused
def target_errors(mean: tf.Tensor, target: tf.Tensor, active: tf.Tensor) -> tf.Tensor:
    """Errors of the one positive pair of each token (chunks, tokens)."""
    return active * tf.sigmoid(-tf.reduce_sum(mean * target, axis=2))


@fused
def add_scaled(change: tf.Tensor, vectors: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Vectors (chunks, tokens, width) times their scale (chunks, tokens), added to a change (chunks, tokens, width)."""
    return change + scale[:, :, None] * vectors


@fused
def scaled_masks(masks: tf.Tensor, codes: tf.Tensor, around_rate: tf.Tensor) -> tf.Tensor:
    """The context masks of a step's tokens times the rates of the context words: (chunks, tokens, span)."""
    return tf.gather(masks, code_rows(codes)) * around_rate[:, None, :]


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
    push, push_noise = noise_errors(tf.matmul(grouped, noise, transpose_b=True), weight, noise_rate)
    word_change = tf.reshape(tf.matmul(push, noise), tf.shape(word))
    return Push(word_change, tf.matmul(push_noise, grouped, transpose_a=True))


@fused
def noise_errors(scores: tf.Tensor, weight: tf.Tensor, noise_rate: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Errors of the negative pairs (groups, tokens of a group, SHARED), and the same times the rate of the negative."""
    push = weight * tf.sigmoid(scores)
    return push, push * noise_rate[:, None, :]


@fused
def add_rows(table: tf.Variable, *changes: tf.Tensor) -> None:
    """Add to rows (...) of a table changes (..., width), rows and changes in turn; a row named twice takes both."""
    total = table.read_value()
    for rows, change in zip(changes[::2], changes[1::2], strict=True):
        total = add_to(total, rows, change)
    table.assign(total)


@fused
def add_scaled_rows(table: tf.Variable, rows: tf.Tensor, change: tf.Tensor, other: tf.Tensor, scale: tf.Tensor) -> None:
    """Add two changes (..., width) to the same rows (...), both times the scale (...) of the row."""
    table.assign(add_to(table.read_value(), rows, (change + other) * scale[..., None]))


@fused
def add_target_rows(
    table: tf.Variable,
    targets: tf.Tensor,
    mean: tf.Tensor,
    scale: tf.Tensor,
    negatives: tf.Tensor,
    noise_change: tf.Tensor,
) -> None:
    """Add each mean (..., width) times its scale (...) to its target (...), and then the changes of the negatives."""
    total = add_to(table.read_value(), targets, scale[..., None] * mean)
    table.assign(add_to(total, negatives, noise_change))


def add_to(table: tf.Tensor, rows: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """The table (vocabulary, width) with changes (..., width) added to rows (...)."""
    return tf.tensor_scatter_nd_add(table, tf.reshape(rows, [-1, 1]), tf.reshape(change, [-1, table.shape[1]]))
