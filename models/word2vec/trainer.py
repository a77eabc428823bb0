"""The compiled loop of word2vec steps, the blocks that it is given, and how far it has come."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from models.seeds import generator
from models.settings import EmbeddingSettings
from models.training.checkpoints import Checkpoint, OnCheckpoint
from models.training.divergence import MOST_NORM, TrainingWatch
from models.vectors import WordVectors
from models.word2vec.compiled_steps import compile_steps
from models.word2vec.fused import fused
from models.word2vec.loss import SAMPLED_NOISE, SampleLoss
from models.word2vec.sampling import (
    CHUNK,
    SHARED,
    Block,
    draw_blocks,
    groups_of,
    keep_probabilities,
    noise_probabilities,
    read_stream,
)
from models.word2vec.stability import (
    Piece,
    PieceScales,
    choose_chunks,
    kept_frequency,
    noise_scale,
    piece_scales,
)
from models.word2vec.state import Epoch, Matrices, TrainingState
from models.word2vec.tables import Tables
from models.word2vec.word_rows import StepRows, WordRows, step_rows

Shard: TypeAlias = tuple[np.ndarray, np.ndarray]  # ids int32 (tokens,), offsets int64 (documents + 1,)
MIN_LEARNING_RATE = 1e-4  # of the first; as gensim's min_alpha
CHECKPOINT_BLOCKS = 32  # some seconds of training, of which copying both matrices takes less than a hundredth
CHECK_WORDS = 4_000_000  # words between two looks at loss and norms: some seconds, of which a look takes a hundredth


@dataclass(frozen=True)
class TrainingHooks:
    """What a caller of a training wants to hear, and where the training begins.

    `on_epoch(epoch, record, matrices)` is called as each epoch ends; `on_progress` hears how many words have been read,
    all epochs together; `on_check(words, {"loss", "norm"})` the loss on the fixed sample and the longest row, as each
    epoch ends and every CHECK_WORDS. `start` is one of the checkpoints that `on_checkpoint` got. `initial` are
    vectors from elsewhere: the input rows of their words begin with them.
    """

    on_epoch: Callable[[int, Epoch, Matrices], None] | None = None
    on_progress: Callable[[float], None] | None = None
    on_check: Callable[[int, Epoch], None] | None = None
    on_checkpoint: OnCheckpoint | None = None
    start: Checkpoint | None = None
    initial: WordVectors | None = None


class Work(NamedTuple):
    """A block to train on, how many words its shard has, its scales, and with subwords the rows of its words.

    Without a block, the end of a shard or of an epoch.
    """

    block: Block | None = None
    words: int = 0
    scales: PieceScales | None = None
    rows: StepRows | None = None
    ends_epoch: bool = False


class Trainer:
    """The two tables of word2vec, the compiled loop of steps that trains them, and how far it has come."""

    def __init__(
        self,
        counts: np.ndarray,
        words: int,
        settings: EmbeddingSettings,
        seed: int,
        hooks: TrainingHooks,
        known: WordRows | None = None,
    ) -> None:
        """Fresh tables; counts int64 (vocabulary,) of the words that have a row, in a text of so many words.

        `known` says of which input rows each word is made; of its own one only when not given.
        """
        self.settings, self.seed, self.hooks, self.words = settings, seed, hooks, words
        self.counts = counts
        self.epochs = settings.epochs_for(words)
        self.keep, self.noise = keep_probabilities(counts, settings.subsample), noise_probabilities(counts)
        self.known = known or WordRows.alone(len(counts))
        self.chunks = choose_chunks(kept_frequency(counts * self.keep), settings, self.known)
        self.tables = new_tables(self.noise, self.chunks, settings, seed, len(self.known))
        self.state = TrainingState(self.tables.inputs, self.tables.outputs, self.known, counts)
        self.run = compile_steps(self.tables, settings, self.chunks)
        self.start_clock()

    def watch_loss(self, rows: np.ndarray) -> None:
        """Measure the loss on these rows (sample, 2 window + 1), -1 for none, from now on."""
        random = generator(self.seed, "loss/noise")
        noise = random.choice(len(self.noise), SAMPLED_NOISE, p=self.noise).astype(np.int32)
        self.loss = SampleLoss(rows, self.keep, noise, self.settings)
        self.watch = TrainingWatch(
            name=f"{self.settings.architecture} vectors",
            remedy=f"Lower learning_rate (now {self.settings.starting_rate}) or step_tokens.",
            nothing=self.loss.of_nothing,
            most_norm=MOST_NORM,
        )

    def compile(self) -> None:
        """Have the steps compiled while the first block is still being made, by one of padding, which moves nothing."""
        padding = np.zeros((1, self.chunks, CHUNK + 2 * self.settings.window), np.int32)
        negatives = np.zeros((1, groups_of(self.chunks), SHARED[self.settings.architecture]), np.int32)
        scales = PieceScales(np.ones(len(self.known), np.float32), np.ones(len(self.noise), np.float32))
        rows = self.step_rows(padding)
        self.run(padding, negatives, padding[..., :CHUNK], np.zeros(1, np.float32), scales, rows)

    def start_clock(self) -> None:
        """What has passed until now is not a time of training."""
        self.last = time.perf_counter()

    def work(self, shards: Iterable[Shard], row_of: np.ndarray) -> Iterator[Work]:
        """All that is left to do, from where the state is now; row_of int32 (words,), -1 where a word has no row."""
        scales: dict[int, PieceScales] = {}
        epoch, shard, block = len(self.state.history), self.state.shards, self.state.blocks
        for number in range(epoch, self.epochs):
            for place, (ids, offsets) in enumerate(shards):
                if (number, place) >= (epoch, shard):
                    rows = row_of[ids]
                    if place not in scales:
                        scales[place] = self.scales(rows)
                    blocks = self.blocks(rows, offsets, f"epoch-{number}/shard-{place}")
                    done = block if (number, place) == (epoch, shard) else 0
                    for each in islice(blocks, done, None):
                        yield Work(each, len(ids), scales[place], self.step_rows(each.context))
                    yield Work()
            yield Work(ends_epoch=True)

    def scales(self, rows: np.ndarray) -> PieceScales:
        """How far rows are slowed in a piece of text, int32 (tokens,), -1 for a word without a row."""
        piece = Piece.of(rows, self.keep, self.counts, self.settings)
        return piece_scales(piece, self.noise, self.chunks, self.settings, self.known)

    def step_rows(self, context: np.ndarray) -> StepRows | None:
        """The input rows of a block's words, context (steps, chunks, span); None where words have no other than one."""
        if not self.settings.subwords.enabled:
            return None
        window = self.settings.window
        skip_gram = self.settings.architecture == "skip-gram"
        return step_rows(self.known, context[..., window : window + CHUNK] if skip_gram else context)

    def blocks(self, rows: np.ndarray, offsets: np.ndarray, name: str) -> Iterator[Block]:
        """One pass over a shard: rows int32 (tokens,) of the tables, -1 where a word has none."""
        settings, random = self.settings, generator(self.seed, f"{self.settings.architecture}/{name}")
        stream = read_stream(rows, offsets, self.keep, settings.window, random)
        return draw_blocks(stream, self.noise, settings.window, self.chunks, SHARED[settings.architecture], random)

    def follow(self, work: Work) -> None:
        """Do a piece of work, and take note of it."""
        if work.block is not None and work.scales is not None:
            self.train(work.block, work.words, work.scales, work.rows)
        elif not work.ends_epoch:
            self.state.end_shard()
            self.offer_checkpoint()
        else:
            seconds = max(self.state.seconds, 1e-9)
            checked = self.check(f"at the end of epoch {len(self.state.history) + 1}")
            record = {"words_per_second": self.words / seconds, "seconds": seconds, "loss": checked["loss"]}
            self.state.end_epoch(record)

    def train(self, block: Block, words: int, scales: PieceScales, rows: StepRows | None) -> None:
        """The steps of one block of a shard of so many words."""
        state, read = self.state, self.state.words + block.share * words
        share = np.linspace(state.words, read, len(block.codes), endpoint=False) / (self.epochs * self.words)
        self.run(block.context, block.negatives, block.codes, self.rates(share), scales, rows)
        if state.words // CHECK_WORDS < read // CHECK_WORDS:
            self.check(f"after {read:,.0f} words, in epoch {len(state.history) + 1}", read)
        state.words, state.blocks = read, state.blocks + 1
        now = time.perf_counter()
        state.seconds, self.last = state.seconds + now - self.last, now
        if self.hooks.on_progress:
            self.hooks.on_progress(read)
        if state.blocks % CHECKPOINT_BLOCKS == 0:
            self.offer_checkpoint()

    def check(self, when: str, words: float | None = None) -> Epoch:
        """Loss on the sample and norm of the longest row, told to the caller. Raises DivergenceError."""
        checked = {"loss": self.loss.measure(self.state.look_up, self.state.outputs), "norm": self.largest_norm()}
        if self.hooks.on_check:
            self.hooks.on_check(round(self.state.words if words is None else words), checked)
        self.watch.check(when, **checked)
        return checked

    def largest_norm(self) -> float:
        """Of all rows of both tables; NaN when one number is."""
        return float(np.sqrt(np.max([largest_square(self.state.inputs), largest_square(self.state.outputs)])))

    def offer_checkpoint(self) -> None:
        """Hand the state to the hook that keeps checkpoints."""
        if self.hooks.on_checkpoint:
            self.hooks.on_checkpoint(self.state.to_checkpoint())

    def rates(self, share: np.ndarray) -> np.ndarray:
        """Learning rates float32 when so much of the training (0-1) is behind: linear to nearly zero."""
        return (self.settings.starting_rate * np.maximum(1 - share, MIN_LEARNING_RATE)).astype(np.float32)


@fused
def largest_square(table: tf.Variable) -> tf.Tensor:
    """Of the norms of a table's rows (vocabulary, width); NaN or infinite where one number is."""
    squares = tf.reduce_sum(tf.square(table), axis=1)
    return tf.where(tf.reduce_all(tf.math.is_finite(squares)), tf.reduce_max(squares), np.nan)


def new_tables(
    noise: np.ndarray, chunks: int, settings: EmbeddingSettings, seed: int, rows: int | None = None
) -> Tables:
    """Input rows, as many as words when not given, uniform within 0.5 / width as in word2vec.c; output rows zero.

    No row is slowed.
    """
    random = generator(seed, f"{settings.architecture}/initial")
    rows = len(noise) if rows is None else rows
    initial = random.random((rows, settings.dimensions), dtype=np.float32) - np.float32(0.5)
    return Tables(
        inputs=tf.Variable(initial / settings.dimensions),
        outputs=tf.Variable(tf.zeros((len(noise), settings.dimensions))),
        input_scale=tf.ones(rows),
        output_scale=tf.ones(len(noise)),
        noise_weight=settings.negatives / SHARED[settings.architecture],
        noise_scale=noise_scale(chunks, settings),
    )
