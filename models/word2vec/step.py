"""One training step of skip-gram and of CBOW with shared negatives: a few batched matrix products between row moves.

Shapes: `chunks` chunks of `tokens` consecutive tokens, `span` = tokens + 2 window positions around them, `groups` of
chunks with `shared` negatives each, `width` numbers per vector. No automatic differentiation: the gradient of the
logistic loss is label - sigmoid(score), so a step is a few products and additions of rows, each worth its line.

A step is computed in PARTS, whose operations depend on none of each other's, so that as many processors are busy;
their changes are then added in one order. What stands between products is compiled by XLA (`models.word2vec.fused`);
products stay with oneDNN, which is faster at them. Where the time goes: tests/benchmarks/README.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

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
from models.word2vec.limits import StepRates, cbow_rates, compiled, skip_gram_rates
from models.word2vec.sampling import GROUPS
from models.word2vec.tables import Tables, Windows, center

PARTS = 2  # at most: each has GROUPS groups or more, see groups_of
Change: TypeAlias = tuple[tf.Tensor, ...]


class Batch(NamedTuple):
    """What a step, or a part of it, reads, and the rows of the input matrix at its positions."""

    context: tf.Tensor
    negatives: tf.Tensor
    codes: tf.Tensor
    words: tf.Tensor


@dataclass(frozen=True)
class Changes:
    """What one part of a step does to the inputs, to the outputs, and to the outputs as negatives."""

    inputs: Change
    outputs: Change
    noise: Change


def skip_gram_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> None:
    """Move each token towards its context words and away from the negatives, which count once for every pair.

    context (chunks, span), negatives (groups, shared), codes (chunks, tokens) integers; rate a scalar.
    """
    rates = compiled(skip_gram_rates, tables, windows, context, negatives, codes, rate)
    parts = apply_step(skip_gram_changes, tables, windows, (context, negatives, codes, center(context)), rates)
    add_scaled_rows(tables.inputs, *(part.inputs for part in parts))
    add_rows(tables.outputs, *(part.outputs for part in parts), *(part.noise for part in parts))


def cbow_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> None:
    """Move the mean of each token's context towards the token and away from the negatives; arguments as above.

    As in word2vec.c and gensim (cbow_mean=1), every context word takes the whole error, not its share of the mean.
    """
    rates = compiled(cbow_rates, tables, windows, context, negatives, codes, rate)
    parts = apply_step(cbow_changes, tables, windows, (context, negatives, codes, context), rates)
    add_rows(tables.inputs, *(part.inputs for part in parts))
    add_target_rows(tables.outputs, [part.outputs for part in parts], [part.noise for part in parts])


def apply_step(
    changes: Callable[..., Changes], tables: Tables, windows: Windows, batch: Sequence[tf.Tensor], rates: StepRates
) -> list[Changes]:
    """The changes of each part of a step, all from the tables as they are.

    A batch is context, negatives, codes, and the rows of the input matrix at each of its positions: the step's own
    tokens in skip-gram, their context in CBOW.
    """
    number = max(min(PARTS, batch[1].shape[0] // GROUPS), 1)
    parts = zip(*(tf.split(each, number) for each in (*batch, *rates)), strict=True)
    return [changes(tables, windows, Batch(*part[:4]), StepRates(*part[4:])) for part in parts]


def skip_gram_changes(tables: Tables, windows: Windows, batch: Batch, rates: StepRates) -> Changes:
    """Inputs: rows, two changes and their scale; outputs and noise: rows and changes."""
    context, negatives, codes, centers = batch
    word = tf.gather(tables.inputs, centers)  # (chunks, tokens, width)
    near = tf.gather(tables.outputs, context)  # (chunks, span, width)
    pull, pull_near = pair_errors(tf.matmul(word, near, transpose_b=True), windows.masks, codes, rates.outputs)
    negative = negative_update(tables, word, negatives, tf.gather(windows.sizes, codes), rates.noise)
    return Changes(
        inputs=(centers, tf.matmul(pull, near), negative.word_change, rates.inputs),
        outputs=(context, tf.matmul(pull_near, word, transpose_a=True)),
        noise=(negatives, negative.noise_change),
    )


def cbow_changes(tables: Tables, windows: Windows, batch: Batch, rates: StepRates) -> Changes:
    """Inputs and noise: rows and changes; outputs: rows, means and their scale."""
    context, negatives, codes, words = batch
    targets = center(context)
    around = tf.gather(tables.inputs, words)  # (chunks, span, width)
    target = tf.gather(tables.outputs, targets)  # (chunks, tokens, width)
    active = tf.minimum(tf.gather(windows.sizes, codes), 1.0)  # a token without context teaches nothing
    mean = tf.matmul(tf.gather(windows.means, code_rows(codes)), around)
    pull = target_errors(mean, target, active)
    negative = negative_update(tables, mean, negatives, active, rates.noise)
    taken = scaled_masks(windows.masks, codes, rates.inputs)
    mean_change = add_scaled(negative.word_change, target, pull)
    return Changes(
        inputs=(words, tf.matmul(taken, mean_change, transpose_a=True)),
        outputs=(targets, mean, pull * rates.outputs),
        noise=(negatives, negative.noise_change),
    )


@dataclass(frozen=True)
class NegativeUpdate:
    """What negatives do: word_change (chunks, tokens, width) before its rate, noise_change (groups, shared, width)."""

    word_change: tf.Tensor
    noise_change: tf.Tensor


def negative_update(
    tables: Tables, word: tf.Tensor, negatives: tf.Tensor, pairs: tf.Tensor, noise_rate: tf.Tensor
) -> NegativeUpdate:
    """Move word (chunks, tokens, width) and negatives (groups, shared) apart, as often as pairs (chunks, tokens) says.

    Each group of consecutive chunks shares its negatives; together they weigh as much as `negatives` draws a pair.
    """
    groups, width = negatives.shape[0], word.shape[-1]
    noise = tf.gather(tables.outputs, negatives)  # (groups, shared, width)
    grouped = tf.reshape(word, [groups, -1, width])
    weight = tf.reshape(pairs * -tables.noise_weight, [groups, -1, 1])
    push, push_noise = noise_errors(tf.matmul(grouped, noise, transpose_b=True), weight, noise_rate)
    word_change = tf.reshape(tf.matmul(push, noise), tf.shape(word))
    return NegativeUpdate(word_change, tf.matmul(push_noise, grouped, transpose_a=True))
