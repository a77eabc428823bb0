"""Where each microsecond of a training step goes: its parts one by one, what they must move and compute, and the limit.

    python tests/benchmarks/bench_vector_step.py [--architecture cbow] [--tokens 4096]
    python tests/benchmarks/bench_vector_step.py --threads 2

Words are drawn with Zipf's frequencies, as many as make a corpus of Wikipedia and Wikinews (68,667 with 5 occurrences).
Every part runs alone, many times inside one compiled loop, on one thread; seconds are of the processor, which other
work on the machine hardly stretches. Beside each stand the floating-point operations and the bytes that it cannot do
without, and the time they would take at the pace that this same process reaches in one large product and in copying
rows of a table from random places. With --threads the whole step is timed by the clock instead, worked out in 1, 2 and
4 parts: that wants an idle machine.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

WORDS, WIDTH, WINDOW, STEPS = 68_667, 100, 5, 64
Clock = Callable[[], float]
FLOAT = 4


@dataclass(frozen=True)
class Part:
    """One part of a step; `run(i)` is that of step i and returns a tensor, so that nothing is pruned."""

    name: str
    run: Callable[[Any], Any]
    flops: float = 0.0
    moved: float = 0.0  # bytes


@dataclass(frozen=True)
class Pace:
    """What this machine does at best on one thread: operations and bytes of random rows a second."""

    flops: float
    row_bytes: float

    def limit(self, part: Part) -> float:
        """Seconds of the slower of computing and moving."""
        return max(part.flops / self.flops, part.moved / self.row_bytes)


def looped(run: Callable[[Any], Any], steps: int) -> Callable[[], Any]:
    """So many steps in one compiled loop, as training runs them."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def loop() -> Any:
        def body(i: Any, total: Any) -> tuple[Any, Any]:
            return i + 1, total + tf.reshape(run(i), [-1])[0]

        return tf.while_loop(lambda i, _: i < steps, body, [0, 0.0], parallel_iterations=1)[1]

    return loop


def seconds(run: Callable[[Any], Any], steps: int = STEPS, rounds: int = 5, clock: Clock = time.process_time) -> float:
    """Seconds of one step, by default of the processor: the best of several rounds, traced before."""
    loop = looped(run, steps)
    loop()
    return min(timed(loop, clock) for _ in range(rounds)) / steps


def timed(call: Callable[[], Any], clock: Clock) -> float:
    """Seconds of one call."""
    start = clock()
    call()
    return clock() - start


def measure_pace() -> Pace:
    """One product of two large matrices, and rows of a table gathered from everywhere."""
    import tensorflow as tf

    square = tf.random.normal((1024, 1024))
    table = tf.Variable(tf.random.normal((WORDS, WIDTH)))
    rows = tf.random.uniform((STEPS, 8192), 0, WORDS, tf.int32)
    product = seconds(lambda i: tf.matmul(square, square + tf.cast(i, tf.float32)[None, None]), 8)
    gather = seconds(lambda i: tf.gather(table, rows[i]))
    return Pace(2 * 1024**3 / product, 2 * 8192 * WIDTH * FLOAT / gather)


@dataclass(frozen=True)
class Case:
    """Tables and the input of STEPS steps."""

    tables: Any
    windows: Any
    context: Any
    negatives: Any
    codes: Any


def made_up(architecture: str, tokens: int | None) -> Case:
    """A step of real size: as many chunks as training would take, or as asked."""
    import tensorflow as tf

    from models.settings import EmbeddingSettings
    from models.word2vec.sampling import (
        CHUNK,
        SHARED,
        draw_blocks,
        keep_probabilities,
        noise_probabilities,
        read_stream,
    )
    from models.word2vec.stability import choose_chunks
    from models.word2vec.tables import window_tables
    from models.word2vec.trainer import new_tables
    from models.word2vec.word_rows import WordRows

    settings = EmbeddingSettings(architecture=architecture, dimensions=WIDTH, window=WINDOW)
    counts = np.maximum(17_000_000 / np.arange(8, WORDS + 8) / np.log(WORDS), 5)
    keep, noise = keep_probabilities(counts, 1e-3), noise_probabilities(counts)
    frequency = counts * keep / (counts * keep).sum()
    chunks = tokens // CHUNK if tokens else choose_chunks(frequency, settings, WordRows.alone(len(counts)))
    random = np.random.default_rng(0)
    rows = random.choice(WORDS, STEPS * chunks * CHUNK * 3, p=counts / counts.sum()).astype(np.int32)
    stream = read_stream(rows, np.arange(0, len(rows) + 1, 96), keep, WINDOW, random)
    blocks = list(draw_blocks(stream, noise, WINDOW, chunks, SHARED[architecture], random))
    context, negatives, codes = (
        tf.constant(np.concatenate([getattr(block, name) for block in blocks])[:STEPS])
        for name in ("context", "negatives", "codes")
    )
    tables = new_tables(noise, chunks, settings, 1)
    return Case(tables, window_tables(WINDOW), context, negatives, codes)


def parts_of(case: Case, architecture: str) -> list[Part]:
    """The parts of a step, in its order."""
    return (skip_gram_parts if architecture == "skip-gram" else cbow_parts)(case)


def skip_gram_parts(case: Case) -> list[Part]:
    """Words meet their context: three products of tokens by span, three of tokens by negatives."""
    import tensorflow as tf

    from models.word2vec import fused
    from models.word2vec.tables import center

    sizes = Sizes.of(case)
    word, near, scale = sizes.tensor("tokens"), sizes.tensor("span"), sizes.scale("span")
    scores = tf.random.normal((sizes.chunks, sizes.token_rows, sizes.span_rows))
    change, near_change, noise_change = word * 1e-3, near * 1e-3, sizes.noise() * 1e-3
    tables, word_scale = case.tables, sizes.scale("tokens")
    return [
        Part(
            "read rows",
            lambda i: (
                tf.gather(tables.inputs, center(case.context[i]))[0, 0]
                + tf.gather(tables.outputs, case.context[i])[0, 0]
            ),
            moved=2 * (sizes.tokens + sizes.span) * WIDTH * FLOAT,
        ),
        Part("words x context", lambda i: three_products(word, near, scores, i), 3 * sizes.pair_flops),
        Part(
            "errors of pairs",
            lambda i: fused.pair_errors(scores, case.windows.masks, case.codes[i], scale)[0],
            moved=4 * sizes.tokens * sizes.span_rows * FLOAT,
        ),
        *pushing(case, sizes, word),
        Part(
            "add rows to inputs",
            lambda i: done(fused.add_scaled_rows, tables.inputs, (center(case.context[i]), change, change, word_scale)),
            moved=4 * sizes.tokens * WIDTH * FLOAT,
        ),
        Part(
            "add rows to outputs",
            lambda i: done(
                fused.add_rows, tables.outputs, (case.context[i], near_change), (case.negatives[i], noise_change)
            ),
            moved=3 * (sizes.span + sizes.noise_rows) * WIDTH * FLOAT,
        ),
    ]


def cbow_parts(case: Case) -> list[Part]:
    """Means of the context: two products of tokens by span, three of tokens by negatives."""
    import tensorflow as tf

    from models.word2vec import fused
    from models.word2vec.tables import center

    sizes = Sizes.of(case)
    word, around, scale = sizes.tensor("tokens"), sizes.tensor("span"), sizes.scale("span")
    tables, active = case.tables, sizes.scale("tokens")
    change, noise_change, target_scale = around * 1e-3, sizes.noise() * 1e-3, active * 1e-3
    taken = tf.random.normal((sizes.chunks, sizes.token_rows, sizes.span_rows))
    return [
        Part(
            "read rows",
            lambda i: (
                tf.gather(tables.outputs, center(case.context[i]))[0, 0]
                + tf.gather(tables.inputs, case.context[i])[0, 0]
            ),
            moved=2 * (sizes.tokens + sizes.span) * WIDTH * FLOAT,
        ),
        Part(
            "means of contexts, and back",
            lambda i: (
                tf.matmul(tf.gather(case.windows.means, fused.code_rows(case.codes[i])), around)[0, 0]
                + tf.matmul(taken, word, transpose_a=True)[0, 0]
            ),
            2 * sizes.pair_flops,
        ),
        Part(
            "errors and masks",
            lambda i: (
                fused.target_errors(word, word, active)[0, 0]
                + fused.scaled_masks(case.windows.masks, case.codes[i], scale)[0, 0, 0]
                + fused.add_scaled(word, word, active)[0, 0, 0]
            ),
            moved=(2 * sizes.tokens * sizes.span_rows + 5 * sizes.tokens * WIDTH) * FLOAT,
        ),
        *pushing(case, sizes, word),
        Part(
            "add rows to inputs",
            lambda i: done(fused.add_rows, tables.inputs, (case.context[i], change)),
            moved=3 * sizes.span * WIDTH * FLOAT,
        ),
        Part(
            "add rows to outputs",
            lambda i: done(
                fused.add_target_rows, tables.outputs, [(center(case.context[i]), word, target_scale)],
                [(case.negatives[i], noise_change)],
            ),
            moved=3 * (sizes.tokens + sizes.noise_rows) * WIDTH * FLOAT,
        ),
    ]  # fmt: skip


def pushing(case: Case, sizes: "Sizes", word: Any) -> list[Part]:
    """The negatives: their rows, three products, their errors; the same in both architectures."""
    import tensorflow as tf

    from models.word2vec import step

    pairs, noise_rate = sizes.scale("tokens"), tf.fill(case.negatives.shape[1:], 0.01)
    return [
        Part(
            "negatives",
            lambda i: both(step.negative_update(case.tables, word, case.negatives[i], pairs, noise_rate)),
            3 * sizes.noise_flops,
            2 * sizes.noise_rows * WIDTH * FLOAT,
        )
    ]


def both(pushed: Any) -> Any:
    """One number of each result, so that neither is pruned."""
    return pushed.word_change[0, 0] + pushed.noise_change[0, 0]


def three_products(word: Any, near: Any, scores: Any, i: Any) -> Any:
    """Scores of all pairs, and the changes of both sides."""
    import tensorflow as tf

    moved = word + tf.cast(i, tf.float32) * 0.0
    return (
        tf.matmul(moved, near, transpose_b=True)[0, 0, :1]
        + tf.matmul(scores, near)[0, 0, :1]
        + tf.matmul(scores, moved, transpose_a=True)[0, 0, :1]
    )


def done(function: Callable[..., None], *arguments: Any) -> Any:
    """What a function that returns nothing returns here."""
    import tensorflow as tf

    function(*arguments)
    return tf.zeros(1)


@dataclass(frozen=True)
class Sizes:
    """How many rows of what a step has."""

    chunks: int
    groups: int
    shared: int
    span_rows: int
    token_rows: int

    @classmethod
    def of(cls, case: Case) -> "Sizes":
        """Those of a case."""
        _, chunks, span = case.context.shape
        return cls(chunks, case.negatives.shape[1], case.negatives.shape[2], span, case.codes.shape[2])

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        return self.chunks * self.token_rows

    @property
    def span(self) -> int:
        """Context rows of a step."""
        return self.chunks * self.span_rows

    @property
    def noise_rows(self) -> int:
        """Negative rows of a step."""
        return self.groups * self.shared

    @property
    def pair_flops(self) -> float:
        """One product of tokens by span."""
        return 2.0 * self.tokens * self.span_rows * WIDTH

    @property
    def noise_flops(self) -> float:
        """One product of tokens by negatives."""
        return 2.0 * self.tokens * self.shared * WIDTH

    def tensor(self, what: str) -> Any:
        """Vectors of all tokens, or of the span."""
        import tensorflow as tf

        return tf.random.normal((self.chunks, self.token_rows if what == "tokens" else self.span_rows, WIDTH))

    def scale(self, what: str) -> Any:
        """A number for all tokens, or for the span."""
        import tensorflow as tf

        return tf.random.uniform((self.chunks, self.token_rows if what == "tokens" else self.span_rows))

    def noise(self) -> Any:
        """Vectors of the negatives."""
        import tensorflow as tf

        return tf.random.normal((self.groups, self.shared, WIDTH))


def main(asked: argparse.Namespace) -> None:
    """A line for each part, their sum, and the step as it is trained; or the step by the clock."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": str(asked.threads)}
    from bench_vectors import prepare_tensorflow

    prepare_tensorflow()
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(0)
    if asked.threads > 1:
        for architecture in ("skip-gram", "cbow"):
            show_clock(architecture, made_up(architecture, asked.tokens), asked.threads)
    else:
        show_parts(asked.architecture, made_up(asked.architecture, asked.tokens))


def show_parts(architecture: str, case: Case) -> None:
    """The table of the parts."""
    pace, sizes = measure_pace(), Sizes.of(case)
    print(f"one thread: {pace.flops / 1e9:.0f} GFLOP/s in one product, {pace.row_bytes / 1e9:.1f} GB/s of random rows")
    print(f"{architecture}, {sizes.tokens:,} tokens a step; per step:")
    print(f"{'':28} {'us':>7} {'ns/token':>9} {'MFLOP':>7} {'MB':>6} {'limit us':>9}")
    parts, taken = parts_of(case, architecture), []
    for part in parts:
        taken.append(seconds(part.run))
        show_line(part.name, taken[-1], part, pace.limit(part), sizes.tokens)
    every = Part("sum of the parts", parts[0].run, sum(p.flops for p in parts), sum(p.moved for p in parts))
    limit = sum(map(pace.limit, parts))
    show_line(every.name, sum(taken), every, limit, sizes.tokens)
    together = seconds(whole_step(architecture, case))
    show_line("the step as it is trained", together, every, limit, sizes.tokens)
    print(f"the step takes {together / limit:.1f} times its limit; load {os.getloadavg()[0]:.1f}")


def whole_step(architecture: str, case: Case) -> Callable[[Any], Any]:
    """The step as it is trained."""
    import tensorflow as tf

    from models.word2vec import step

    whole = step.skip_gram_step if architecture == "skip-gram" else step.cbow_step
    rate = tf.constant(1e-4)
    return lambda i: done(whole, case.tables, case.windows, case.context[i], case.negatives[i], case.codes[i], rate)


def show_clock(architecture: str, case: Case, threads: int) -> None:
    """Seconds by the clock of a step in 1, 2 and 4 parts."""
    from models.word2vec import step

    tokens, usual = Sizes.of(case).tokens, step.PARTS
    for parts in (1, 2, 4):
        step.PARTS = parts
        taken = seconds(whole_step(architecture, case), rounds=20, clock=time.perf_counter)
        print(
            f"{architecture:9} {threads} threads, {parts} parts{' (usual)' if parts == usual else '':8}: "
            f"{taken * 1e6:6.0f} us a step, {taken / tokens * 1e9:5.0f} ns a token, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    step.PARTS = usual


def show_line(name: str, measured: float, part: Part, limit: float, tokens: int) -> None:
    """One line of the table."""
    print(
        f"{name:28} {measured * 1e6:7.0f} {measured / tokens * 1e9:9.0f} {part.flops / 1e6:7.1f} "
        f"{part.moved / 1e6:6.2f} {limit * 1e6:9.0f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=["skip-gram", "cbow"], default="skip-gram")
    parser.add_argument("--tokens", type=int, help="of a step; by default as training takes them")
    parser.add_argument("--threads", type=int, default=1, help="more than 1: the whole step by the clock")
    main(parser.parse_args())
