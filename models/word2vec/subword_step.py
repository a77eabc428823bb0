"""A training step whose input vectors are means of several rows: of a word and its n-grams (Bojanowski et al. 2017).

As in fastText and gensim, the whole change of a word's vector is added to each of its rows, not its share of the mean.
The products in between are those of `models.word2vec.step`, over the step's distinct words instead of all.
Shapes as there; `words` and `rows` are the step's distinct words and rows, padded, as in `models.word2vec.word_rows`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import tensorflow as tf

from models.settings import Architecture
from models.word2vec.fused import add_rows, add_target_rows, add_to, fused
from models.word2vec.limits import StepRates, cbow_rates, compiled, covered, skip_gram_rates
from models.word2vec.stability import MOST_MOVED, MOST_WORDS, WORD_SLACK
from models.word2vec.step import Changes, apply_step, cbow_changes, skip_gram_changes
from models.word2vec.tables import Tables, Windows
from models.word2vec.word_rows import StepRows


def skip_gram_subword_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor,
    known: StepRows,
) -> None:  # fmt: skip
    """As `skip_gram_step`, the input vector of a word being the mean of its rows."""
    rates = compiled(skip_gram_rates, tables, windows, context, negatives, codes, rate)
    pairs = (1 + tables.noise_weight * negatives.shape[-1]) * tf.gather(windows.sizes, codes)
    parts = changes_of_words(skip_gram_changes, tables, windows, (context, negatives, codes, known.place), rates, known)
    change = add_words(
        known.sizes, known.place, pairs, *((p[0], (p[1] + p[2])) for p in (part.inputs for part in parts))
    )
    move_rows(tables, known, change, rate, "skip-gram")
    add_rows(tables.outputs, *(part.outputs for part in parts), *(part.noise for part in parts))


def cbow_subword_step(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor,
    known: StepRows,
) -> None:  # fmt: skip
    """As `cbow_step`, the input vector of a context word being the mean of its rows."""
    rates = compiled(cbow_rates, tables, windows, context, negatives, codes, rate)
    pairs = (1 + tables.noise_weight * negatives.shape[-1]) * covered(windows, codes)
    parts = changes_of_words(cbow_changes, tables, windows, (context, negatives, codes, known.place), rates, known)
    change = add_words(known.sizes, known.place, pairs, *(part.inputs for part in parts))
    move_rows(tables, known, change, rate, "cbow")
    add_target_rows(tables.outputs, [part.outputs for part in parts], [part.noise for part in parts])


def changes_of_words(
    changes: Callable[..., Changes],
    tables: Tables,
    windows: Windows,
    batch: Sequence[tf.Tensor],
    rates: StepRates,
    known: StepRows,
) -> list[Changes]:
    """The changes of each part of a step; those of inputs are to the step's words, before any rate."""
    words = tf.math.divide(sum_rows(tf.gather(tables.inputs, known.rows), known), known.sizes[:, None])
    composed = replace(tables, inputs=words)
    return apply_step(changes, composed, windows, batch, rates._replace(inputs=tf.ones_like(rates.inputs)))


def sum_rows(values: tf.Tensor, known: StepRows) -> tf.Tensor:
    """For each of the step's words the sum over its rows of values (rows, ...): (words, ...)."""
    return tf.sparse.segment_sum(values, known.row, known.word, num_segments=tf.shape(known.sizes)[0])


def sum_words(values: tf.Tensor, known: StepRows) -> tf.Tensor:
    """For each of the step's rows the sum over its words of values (words, ...): (rows, ...)."""
    return tf.sparse.segment_sum(values, known.by_row_word, known.by_row, num_segments=tf.shape(known.rows)[0])


@fused
def add_words(sizes: tf.Tensor, place: tf.Tensor, pairs: tf.Tensor, *changes: Sequence[tf.Tensor]) -> tf.Tensor:
    """The changes of each of the step's words and, as the last column, the pairs that it has: (words, width + 1)."""
    total = tf.zeros((sizes.shape[0], changes[0][1].shape[-1]))
    for places, change in changes:
        total = add_to(total, places, change)
    counted = tf.tensor_scatter_nd_add(tf.zeros_like(sizes), tf.reshape(place, [-1, 1]), tf.reshape(pairs, [-1]))
    return tf.concat([total, counted[:, None]], axis=1)


def move_rows(tables: Tables, known: StepRows, change: tf.Tensor, rate: tf.Tensor, architecture: Architecture) -> None:
    """Add to each row the changes of its words (words, width + 1), within the bounds of `models.word2vec.limits`.

    The vector of a word moves by the mean of what its rows move by, each of them for all words that it is part of. So
    rate x pairs is bounded in the mean over the rows of each word, and in CBOW over all contexts too.
    """
    moves = sum_words(change, known)
    rates = rate * tf.gather(tables.input_scale, known.rows)
    moved = moved_words(rates, moves, known)
    slowed = tf.minimum(1.0, WORD_SLACK * MOST_WORDS / tf.maximum(moved, 1e-30))
    rates = rates * slowest_word(slowed, known)
    if architecture == "cbow":
        pairs = change[:, -1]
        joint = tf.reduce_sum(moved_words(rates, moves, known) * pairs) / tf.maximum(tf.reduce_sum(pairs), 1e-30)
        rates = rates * tf.minimum(1.0, WORD_SLACK * MOST_MOVED / tf.maximum(joint, 1e-30))
    add_moves(tables.inputs, known.rows, moves, rates)


def moved_words(rates: tf.Tensor, moves: tf.Tensor, known: StepRows) -> tf.Tensor:
    """How far each word is moved (words,): rate x pairs, the last column of moves (rows, width + 1), over its rows."""
    return sum_rows((rates * moves[:, -1])[:, None], known)[:, 0] / known.sizes


def slowest_word(slowed: tf.Tensor, known: StepRows) -> tf.Tensor:
    """For each row the least of what its words (words,) are slowed to: (rows,); 1 for padding."""
    found = tf.math.segment_min(tf.gather(slowed, known.by_row_word), known.by_row)
    return tf.pad(found, [[0, tf.shape(known.rows)[0] - tf.shape(found)[0]]], constant_values=1)


@fused
def add_moves(table: tf.Variable, rows: tf.Tensor, moves: tf.Tensor, rates: tf.Tensor) -> None:
    """Add moves (rows, width + 1), but for the last column, at their rates (rows,)."""
    table.assign(add_to(table.read_value(), rows, moves[:, :-1] * rates[:, None]))
