"""One training step of skip-gram and of CBOW with shared negatives: a few batched matrix products between row moves.

Shapes: `chunks` chunks of `tokens` consecutive tokens, `span` = tokens + 2 window positions around them, `groups` of
chunks with `shared` negatives each, `width` numbers per vector. No automatic differentiation: the gradient of the
logistic loss is label - sigmoid(score), so a step is a few products and additions of rows, each worth its line.

A step is computed in PARTS, whose operations depend on none of each other's, so that as many processors are busy;
their changes are then added in one order. What stands between products is compiled by XLA (`models.word2vec.fused`);
products stay with oneDNN, which is faster at them. Where the time goes: tests/benchmarks/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from models.word2vec.fused import (
    add_rows,
    add_scaled,
    add_scaled_rows,
    add_target_rows,
    code_rows,
    noise_errors,
    pair_errors,
    scaled_masks,
    target_errors,
)
from models.word2vec.sampling import CHUNK, GROUPS, window_code

PARTS = 2  # at most: each has GROUPS groups or more, see groups_of
Change: TypeAlias = tuple[tf.Tensor, ...]


@dataclass(frozen=True)
class Changes:
    """What one part of a step does to the inputs, to the outputs, and to the outputs as negatives."""

    inputs: Change
    outputs: Change
    noise: Change


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
            place = i + window
            masks[window_code(left, right, window), i, place - left : place + right + 1] = 1
            masks[window_code(left, right, window), i, place] = 0
    return masks.reshape(-1, CHUNK + 2 * window)


def skip_gram_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> None:
    """Move each token towards its context words and away from the negatives, which count once for every pair.

    context (chunks, span), negatives (groups, shared), codes (chunks, tokens) integers; rate a scalar.
    """
    parts = apply_step(skip_gram_changes, tables, windows, context, negatives, codes, rate)
    add_scaled_rows(tables.inputs, *(part.inputs for part in parts))
    add_rows(tables.outputs, *(part.outputs for part in parts), *(part.noise for part in parts))


def cbow_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> None:
    """Move the mean of each token's context towards the token and away from the negatives; arguments as above.

    As in word2vec.c and gensim (cbow_mean=1), every context word takes the whole error, not its share of the mean.
    """
    parts = apply_step(cbow_changes, tables, windows, context, negatives, codes, rate)
    add_rows(tables.inputs, *(part.inputs for part in parts))
    add_target_rows(tables.outputs, [part.outputs for part in parts], [part.noise for part in parts])


def apply_step(
    changes: Callable[..., Changes],
    tables: Tables,
    windows: Windows,
    context: tf.Tensor,
    negatives: tf.Tensor,
    codes: tf.Tensor,
    rate: tf.Tensor,
) -> list[Changes]:
    """The changes of each part of a step, all from the tables as they are."""
    number = max(min(PARTS, negatives.shape[0] // GROUPS), 1)
    parts = zip(*(tf.split(each, number) for each in (context, negatives, codes)), strict=True)
    return [changes(tables, windows, *part, rate) for part in parts]


def skip_gram_changes(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> Changes:
    """Inputs: rows, two changes and their scale; outputs and noise: rows and changes."""
    centers = center(context)
    word = tf.gather(tables.inputs, centers)  # (chunks, tokens, width)
    near = tf.gather(tables.outputs, context)  # (chunks, span, width)
    near_rate = rate * tf.gather(tables.output_scale, context)
    pull, pull_near = pair_errors(tf.matmul(word, near, transpose_b=True), windows.masks, codes, near_rate)
    negative = negative_update(tables, word, negatives, tf.gather(windows.sizes, codes), rate)
    word_rate = rate * tf.gather(tables.input_scale, centers)
    return Changes(
        inputs=(centers, tf.matmul(pull, near), negative.word_change, word_rate),
        outputs=(context, tf.matmul(pull_near, word, transpose_a=True)),
        noise=(negatives, negative.noise_change),
    )


def cbow_changes(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> Changes:
    """Inputs and noise: rows and changes; outputs: rows, means and their scale."""
    targets = center(context)
    around = tf.gather(tables.inputs, context)  # (chunks, span, width)
    target = tf.gather(tables.outputs, targets)  # (chunks, tokens, width)
    around_rate = rate * tf.gather(tables.input_scale, context)
    target_rate = rate * tf.gather(tables.output_scale, targets)
    active = tf.minimum(tf.gather(windows.sizes, codes), 1.0)  # a token without context teaches nothing
    mean = tf.matmul(tf.gather(windows.means, code_rows(codes)), around)
    pull = target_errors(mean, target, active)
    negative = negative_update(tables, mean, negatives, active, rate)
    taken = scaled_masks(windows.masks, codes, around_rate)
    mean_change = add_scaled(negative.word_change, target, pull)
    return Changes(
        inputs=(context, tf.matmul(taken, mean_change, transpose_a=True)),
        outputs=(targets, mean, pull * target_rate),
        noise=(negatives, negative.noise_change),
    )


def center(context: tf.Tensor) -> tf.Tensor:
    """The chunk's own tokens (chunks, tokens) of its span (chunks, span)."""
    window = (context.shape[-1] - CHUNK) // 2
    return context[:, window : window + CHUNK]


@dataclass(frozen=True)
class NegativeUpdate:
    """What negatives do: word_change (chunks, tokens, width) before its rate, noise_change (groups, shared, width)."""

    word_change: tf.Tensor
    noise_change: tf.Tensor


def negative_update(tables: Tables, word: tf.Tensor, negatives: tf.Tensor, pairs: tf.Tensor, rate: tf.Tensor) -> NegativeUpdate:
    """Move word (chunks, tokens, width) and negatives (groups, shared) apart, as often as pairs (chunks, tokens) says.

    Each group of consecutive chunks shares its negatives; together they weigh as much as `negatives` draws a pair.
    """
    groups, width = negatives.shape[0], word.shape[-1]
    noise = tf.gather(tables.outputs, negatives)  # (groups, shared, width)
    noise_rate = rate * tables.noise_scale * tf.gather(tables.output_scale, negatives)
    grouped = tf.reshape(word, [groups, -1, width])
    weight = tf.reshape(pairs * -tables.noise_weight, [groups, -1, 1])
    push, push_noise = noise_errors(tf.matmul(grouped, noise, transpose_b=True), weight, noise_rate)
    word_change = tf.reshape(tf.matmul(push, noise), tf.shape(word))
    return NegativeUpdate(word_change, tf.matmul(push_noise, grouped, transpose_a=True))
