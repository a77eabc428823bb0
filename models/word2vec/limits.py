"""How often one step moves each row, counted in the step itself, and the rates that keep every move within its bound.

`models.word2vec.stability` slows rows down by what a step of their piece of text holds on average. Steps differ from
the average, by chance and because words come in clumps; what passes STEP_SLACK times the bound is cut back here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from models.word2vec.fused import fused
from models.word2vec.sampling import CHUNK
from models.word2vec.stability import MOST_MOVED, MOST_PUSHED, MOST_SHARED, STEP_SLACK
from models.word2vec.tables import Tables, Windows, center


class StepRates(NamedTuple):
    """The learning rate of each position of a step, within the bounds.

    inputs, outputs as the step's rows of that matrix: (chunks, tokens) for its own tokens, (chunks, span) for their
    context; noise (groups, shared).
    """

    inputs: tf.Tensor
    outputs: tf.Tensor
    noise: tf.Tensor


def compiled(rates: Callable[..., StepRates], *arguments: object) -> StepRates:
    """The rates, made in one compiled piece."""
    return fused(lambda: rates(*arguments))()


def skip_gram_rates(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> StepRates:
    """Inputs are the step's own tokens, outputs their context; arguments as of `models.word2vec.step`."""
    sizes = tf.gather(windows.sizes, codes)
    centers, weight = center(context), 1 + tables.noise_weight * negatives.shape[-1]
    taken = add_up(tables.input_scale, (centers, weight * sizes))
    given = add_up(tables.output_scale, (context, covered(windows, codes)))
    return StepRates(
        limited(
            rate * tf.gather(tables.input_scale, centers),
            tf.gather(taken, centers),
            STEP_SLACK["skip-gram"] * MOST_MOVED,
        ),
        limited(
            rate * tf.gather(tables.output_scale, context),
            tf.gather(given, context),
            STEP_SLACK["skip-gram"] * MOST_MOVED,
        ),
        noise_rates(tables, negatives, sizes, rate, STEP_SLACK["skip-gram"]),
    )


def cbow_rates(
    tables: Tables, windows: Windows, context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rate: tf.Tensor
) -> StepRates:
    """Inputs are the context, outputs the step's own tokens.

    An input row is bounded by its share of the contexts it is in, and all together by how far their mean may move.
    """
    active = tf.minimum(tf.gather(windows.sizes, codes), 1.0)
    centers, weight = center(context), 1 + tables.noise_weight * negatives.shape[-1]
    taken = weight * covered(windows, codes)
    shared = add_up(tables.input_scale, (context, taken * local_shares(context, (context.shape[-1] - CHUNK) // 2)))
    given = add_up(tables.output_scale, (centers, active))
    inputs = limited(
        rate * tf.gather(tables.input_scale, context), tf.gather(shared, context), STEP_SLACK["cbow"] * MOST_SHARED
    )
    moved = inputs * tf.gather(add_up(tables.input_scale, (context, taken)), context)
    joint = tf.reduce_sum(moved * taken) / tf.maximum(tf.reduce_sum(taken), 1e-30)
    return StepRates(
        inputs * tf.minimum(1.0, STEP_SLACK["cbow"] * MOST_MOVED / tf.maximum(joint, 1e-30)),
        limited(
            rate * tf.gather(tables.output_scale, centers), tf.gather(given, centers), STEP_SLACK["cbow"] * MOST_MOVED
        ),
        noise_rates(tables, negatives, active, rate, STEP_SLACK["cbow"]),
    )


def noise_rates(tables: Tables, negatives: tf.Tensor, pairs: tf.Tensor, rate: tf.Tensor, slack: float) -> tf.Tensor:
    """Rates (groups, shared) of negatives, each paired as often as all tokens of its group: pairs (chunks, tokens)."""
    groups = negatives.shape[0]
    each = tables.noise_weight * tf.reduce_sum(tf.reshape(pairs, [groups, -1]), axis=1)
    pushed = add_up(tables.output_scale, (negatives, tf.broadcast_to(each[:, None], negatives.shape)))
    slowed = rate * tables.noise_scale * tf.gather(tables.output_scale, negatives)
    return limited(slowed, tf.gather(pushed, negatives), slack * MOST_PUSHED)


def covered(windows: Windows, codes: tf.Tensor) -> tf.Tensor:
    """Contexts that each position (chunks, span) is expected to be in; none in a chunk of padding."""
    active = tf.cast(tf.reduce_max(codes, axis=1, keepdims=True) > 0, tf.float32)
    return active * windows.coverage


def add_up(like: tf.Tensor, *parts: Sequence[tf.Tensor]) -> tf.Tensor:
    """What each row is named with, added up: parts are rows (...) and weights (...); (vocabulary,) as `like` is."""
    total = tf.zeros_like(like)
    for rows, weights in parts:
        total = tf.tensor_scatter_nd_add(total, tf.reshape(rows, [-1, 1]), tf.reshape(weights, [-1]))
    return total


def local_shares(rows: tf.Tensor, window: int) -> tf.Tensor:
    """Expected share (0-1) of a context that is the word of each position: rows (chunks, span), shares alike.

    Half of the words within `window` are in the average context, which has `window` + 1 words, this one among them.
    """
    span = rows.shape[-1]
    padded = tf.pad(rows, [[0, 0], [window, window]], constant_values=-1)
    shifts = [shift for shift in range(2 * window + 1) if shift != window]
    same = tf.add_n([tf.cast(padded[:, shift : shift + span] == rows, tf.float32) for shift in shifts])
    return (1 + same / 2) / (window + 1)


def limited(rate: tf.Tensor, pairs: tf.Tensor, most: float) -> tf.Tensor:
    """Rates (...) of rows, lowered where rate x pairs (...), how far the step moves the row, would pass `most`."""
    return rate * tf.minimum(1.0, most / tf.maximum(rate * pairs, 1e-30))
