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
    composed = replace(tables, inputs=compose_words(tables.inputs, known))
    return apply_step(changes, composed, windows, batch, rates._replace(inputs=tf.ones_like(rates.inputs)))


def compose_words(table: tf.Variable, known: StepRows) -> tf.Tensor:
    """The vectors (words, width) of the step's words, in two halves that two processors work out at once.

    Rows are read where they stand: to copy the step's distinct rows first reads fewer, and takes longer.
    """
    values, (word, member) = table.read_value(), (known.halves[0], known.halves[1])
    sums = [
        tf.sparse.segment_sum(values, known.table_row[:member], known.word[:member], num_segments=word),
        tf.sparse.segment_sum(
            values, known.table_row[member:], known.word[member:] - word, num_segments=tf.shape(known.sizes)[0] - word
        ),
    ]
    return tf.concat(sums, axis=0) / known.sizes[:, None]


@fused
def add_words(sizes: tf.Tensor, place: tf.Tensor, pairs: tf.Tensor, *changes: Sequence[tf.Tensor]) -> tf.Tensor:
    """The changes of each of the step's words and, as the last column, the pairs that it has: (words, width + 1)."""
    total = tf.zeros((sizes.shape[0], changes[0][1].shape[-1]))
    for places, change in changes:
        total = add_to(total, places, change)
    counted = tf.tensor_scatter_nd_add(tf.zeros_like(sizes), tf.reshape(place, [-1, 1]), tf.reshape(pairs, [-1]))
    return tf.concat([total, counted[:, None]], axis=1)


def move_rows(tables: Tables, known: StepRows, change: tf.Tensor, rate: tf.Tensor, architecture: Architecture) -> None:
    """Add to each row the changes of its words (words, width + 1), within the bounds of `models.word2vec.limits`."""
    rates = row_rates(tables.input_scale, rate, change[:, -1], known.sizes, *known[2:5], architecture == "cbow")
    halves = (tf.split(each, 2) for each in known[3:5])
    moves = [
        (tf.gather(known.rows, moved), scaled_moves(change, rates, moved, mover))
        for moved, mover in zip(*halves, strict=True)
    ]
    add_rows(tables.inputs, *moves)


@fused
def row_rates(
    scale: tf.Tensor, rate: tf.Tensor, pairs: tf.Tensor, sizes: tf.Tensor, rows: tf.Tensor, moved: tf.Tensor,
    mover: tf.Tensor, joint: bool,
) -> tf.Tensor:  # fmt: skip
    """The rate (distinct,) of each of the step's rows, whose words have so many pairs (words,).

    The vector of a word moves by the mean of what its rows move by, each of them for all words that it is part of. So
    rate x pairs is bounded in the mean over the rows of each word and, where contexts are means of words, over all of
    them jointly.
    """
    real, word = tf.cast(mover >= 0, tf.float32), tf.maximum(mover, 0)
    row_pairs = add_at(tf.zeros_like(rows, tf.float32), moved, real * tf.gather(pairs, word))
    rates = rate * tf.gather(scale, rows)
    slowed = tf.minimum(
        1.0, WORD_SLACK * MOST_WORDS / tf.maximum(moved_words(rates * row_pairs, sizes, moved, mover), 1e-30)
    )
    least = tf.where(mover >= 0, tf.gather(slowed, word), 1.0)
    rates = rates * tf.tensor_scatter_nd_min(tf.ones_like(rows, tf.float32), moved[:, None], least)
    if joint:
        each = moved_words(rates * row_pairs, sizes, moved, mover)
        mean = tf.reduce_sum(each * pairs) / tf.maximum(tf.reduce_sum(pairs), 1e-30)
        rates = rates * tf.minimum(1.0, WORD_SLACK * MOST_MOVED / tf.maximum(mean, 1e-30))
    return rates


def moved_words(rows: tf.Tensor, sizes: tf.Tensor, moved: tf.Tensor, mover: tf.Tensor) -> tf.Tensor:
    """How far each word (words,) is moved: the mean over its rows of how far they are moved (distinct,)."""
    each = tf.cast(mover >= 0, tf.float32) * tf.gather(rows, moved)
    return add_at(tf.zeros_like(sizes), tf.maximum(mover, 0), each) / sizes


def add_at(totals: tf.Tensor, places: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Totals (n,) with values (...) added at places (...)."""
    return tf.tensor_scatter_nd_add(totals, places[:, None], values)


@fused
def scaled_moves(change: tf.Tensor, rates: tf.Tensor, moved: tf.Tensor, mover: tf.Tensor) -> tf.Tensor:
    """What each member (members, width) adds to its row: the change of its word at the rate of the row."""
    taken = tf.where(mover >= 0, tf.gather(rates, moved), 0.0)
    return taken[:, None] * tf.gather(change[:, :-1], tf.maximum(mover, 0))
