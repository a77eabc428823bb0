"""The loop over a block's steps, compiled: one call of TensorFlow for a quarter of a million tokens."""

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from models.settings import Architecture, EmbeddingSettings
from models.word2vec.sampling import CHUNK, SHARED, groups_of
from models.word2vec.step import cbow_step, skip_gram_step
from models.word2vec.subword_step import cbow_subword_step, skip_gram_subword_step
from models.word2vec.tables import Tables, window_tables
from models.word2vec.word_rows import StepRows


def compile_steps(tables: Tables, settings: EmbeddingSettings, chunks: int) -> Callable[..., None]:
    """A compiled loop of steps.

    It takes context, negatives and codes with a leading axis of steps, rates (steps,), the scales of the piece of text
    that the steps are of, and the rows of their words, None without subwords.
    """
    shapes = (chunks, CHUNK + 2 * settings.window), (groups_of(chunks), SHARED[settings.architecture]), (chunks, CHUNK)
    blocks = [tf.TensorSpec((None, *shape), tf.int32) for shape in shapes]
    vectors = [
        tf.TensorSpec(shape, tf.float32) for shape in ((None,), tables.input_scale.shape, tables.output_scale.shape)
    ]
    take = take_step(settings)
    positions = shapes[2] if settings.architecture == "skip-gram" else shapes[0]
    subwords = [*row_specs(positions)] if settings.subwords.enabled else []

    @tf.function(autograph=False, input_signature=[*blocks, *vectors, *subwords])
    def run(
        context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rates: tf.Tensor, inputs: tf.Tensor,
        outputs: tf.Tensor, *rows: tf.Tensor,
    ) -> None:  # fmt: skip
        scaled = replace(tables, input_scale=inputs, output_scale=outputs)

        def body(i: tf.Tensor) -> list[tf.Tensor]:
            known = [StepRows(*rows).step(i)] if rows else []
            take(scaled, context[i], negatives[i], codes[i], rates[i], *known)
            return [i + 1]

        tf.while_loop(lambda i: i < tf.shape(rates)[0], body, [0], parallel_iterations=1)

    return lambda context, negatives, codes, rates, scales, rows: run(
        context, negatives, codes, rates, scales.inputs, scales.outputs, *(rows or ())
    )


def take_step(settings: EmbeddingSettings) -> Callable[..., None]:
    """The step of these settings, without its windows."""
    steps: dict[tuple[Architecture, bool], Callable[..., None]] = {
        ("skip-gram", False): skip_gram_step,
        ("cbow", False): cbow_step,
        ("skip-gram", True): skip_gram_subword_step,
        ("cbow", True): cbow_subword_step,
    }
    step, windows = steps[settings.architecture, settings.subwords.enabled], window_tables(settings.window)
    return lambda tables, *arguments: step(tables, windows, *arguments)


def row_specs(positions: tuple[int, int]) -> StepRows:
    """What a compiled loop expects of the rows of its steps, each with so many chunks and tokens."""
    by_step, flat = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)
    return StepRows(
        place=tf.TensorSpec((None, *positions), tf.int32),
        sizes=tf.TensorSpec((None, positions[0] * positions[1]), tf.float32),
        rows=by_step,
        moved=by_step,
        mover=by_step,
        halves=tf.TensorSpec((None, 2), tf.int32),
        ends=flat,
        table_row=flat,
        word=flat,
    )
