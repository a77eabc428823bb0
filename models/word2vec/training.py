"""Word vectors from token streams by negative sampling (Mikolov et al. 2013), as fast as TensorFlow moves rows."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import tensorflow as tf

from models.checkpoints import Checkpoint, OnCheckpoint
from models.seeds import generator
from models.settings import EmbeddingSettings
from models.text.vocabulary import RESERVED
from models.threads import ahead
from models.vectors import WordVectors
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
from models.word2vec.stability import choose_chunks, input_scale, noise_scale, output_scale
from models.word2vec.state import Epoch, Matrices, TrainingState
from models.word2vec.step import (
    Tables,
    cbow_step,
    skip_gram_step,
    window_tables,
)

Shard: TypeAlias = tuple[np.ndarray, np.ndarray]  # ids int32 (tokens,), offsets int64 (documents + 1,)
OnEpoch: TypeAlias = Callable[[int, Epoch, Matrices], None]
MIN_LEARNING_RATE = 1e-4  # of the first; as gensim's min_alpha
BLOCKS_AHEAD = 8  # more than a second of training: in that time the next shard's stream is made ready
CHECKPOINT_BLOCKS = 32  # some seconds of training, of which copying both matrices takes less than a hundredth


def train_vectors(
    ids: np.ndarray,
    offsets: np.ndarray,
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    on_epoch: OnEpoch | None = None,
    on_progress: Callable[[float], None] | None = None,
    *,
    start: Checkpoint | None = None,
    on_checkpoint: OnCheckpoint | None = None,
) -> tuple[WordVectors, list[Epoch]]:
    """Vectors of the frequent words of an encoded corpus, most frequent first, and one record per epoch.

    ids int32 (tokens,) and offsets int64 (documents + 1,) as `Vocabulary.encode` gives them; words[i] is the word of id
    i. Words rarer than `min_count`, and the reserved ones, get no vector and are dropped before windows are laid.
    `on_epoch(epoch, record, matrices)` is called as each epoch ends; `on_progress` hears how many words have been read,
    all epochs together. Equal arguments give equal bytes, whatever the number of threads, and so does `start`, one of
    the checkpoints that `on_checkpoint` got. Raises ValueError when fewer than two words are left, or the window is too
    wide.
    """
    return train_on_shards(
        [(ids, offsets)], words, settings, seed, on_epoch, on_progress, start=start, on_checkpoint=on_checkpoint
    )


def train_on_shards(
    shards: Iterable[Shard],
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    on_epoch: OnEpoch | None = None,
    on_progress: Callable[[float], None] | None = None,
    *,
    start: Checkpoint | None = None,
    on_checkpoint: OnCheckpoint | None = None,
) -> tuple[WordVectors, list[Epoch]]:
    """The same for a corpus in pieces, of which two are in memory: one that is trained on, and one made ready.

    `shards` is read once to count and once an epoch, so it must be iterable again and again, in the same order.
    """
    tf.config.experimental.enable_op_determinism()  # of the gathers and products; what XLA compiles has one order
    counts = count_ids(shards, len(words), settings.window)
    kept = frequent_ids(counts, settings)
    row_of = np.full(len(words), -1, np.int32)
    row_of[kept] = np.arange(len(kept), dtype=np.int32)
    trainer = Trainer(counts, kept, settings, seed, on_progress, on_checkpoint)
    state, kept_words = trainer.state, words.take(pa.array(kept))
    if start is not None:
        state.restore(start)
    for work in ahead(trainer.work(shards, row_of), BLOCKS_AHEAD, meanwhile=trainer.compile):
        if work.block is not None:
            trainer.train(work.block, work.words)
        elif not work.ends_epoch:
            state.end_shard()
            trainer.offer_checkpoint()
        else:
            seconds = max(state.seconds, 1e-9)
            state.end_epoch({"words_per_second": counts.sum() / seconds, "seconds": seconds})
            if on_epoch:
                on_epoch(len(state.history) - 1, state.history[-1], state.matrices(kept_words))
            trainer.start_clock()
    return state.matrices(kept_words).vectors(settings.vectors_from), state.history


class Work(NamedTuple):
    """A block to train on and how many words its shard has, or the end of a shard or of an epoch."""

    block: Block | None = None
    words: int = 0
    ends_epoch: bool = False


def count_ids(shards: Iterable[Shard], size: int, window: int) -> np.ndarray:
    """Occurrences of each id over all shards, int64 (size,). Raises ValueError for what cannot be trained on."""
    counts, longest = np.zeros(size, np.int64), 0
    for ids, offsets in shards:
        if len(ids) and not 0 <= ids.min() <= ids.max() < size:
            raise ValueError(f"ids must be 0 to {size - 1}, one for each word, got {ids.min()} to {ids.max()}")
        counts += np.bincount(ids, minlength=size)
        longest = max(longest, int(np.diff(offsets).max(initial=0)))
    if window > longest > 0:
        raise ValueError(f"window {window} is longer than every document (at most {longest} words): lower it")
    return counts


def frequent_ids(counts: np.ndarray, settings: EmbeddingSettings) -> np.ndarray:
    """Ids of the words that get a vector, the most frequent first, ties by id."""
    kept = np.flatnonzero(counts >= settings.min_count)
    kept = kept[kept >= len(RESERVED)]
    kept = kept[np.argsort(-counts[kept], kind="stable")][: settings.max_vocabulary]
    if len(kept) < 2:
        raise ValueError(
            f"word vectors need at least 2 words that occur {settings.min_count} times, got {len(kept)} "
            f"in {counts.sum():,} tokens: give more text or lower min_count"
        )
    return kept


class Trainer:
    """The two tables of word2vec, the compiled loop of steps that trains them, and how far it has come."""

    def __init__(
        self,
        counts: np.ndarray,
        kept: np.ndarray,
        settings: EmbeddingSettings,
        seed: int,
        on_progress: Callable[[float], None] | None = None,
        on_checkpoint: OnCheckpoint | None = None,
    ) -> None:
        """Fresh tables for the kept ones of all ids; counts int64 (ids,)."""
        self.settings, self.seed, self.on_progress, self.on_checkpoint = settings, seed, on_progress, on_checkpoint
        self.epochs = settings.epochs_for(int(counts.sum()))
        self.all_words = self.epochs * counts.sum()
        self.keep = keep_probabilities(counts[kept], settings.subsample)
        self.noise = noise_probabilities(counts[kept])
        frequency = counts[kept] * self.keep / (counts[kept] * self.keep).sum()
        self.chunks = choose_chunks(frequency, settings)
        tables = new_tables(frequency, self.noise, self.chunks, settings, seed)
        self.state = TrainingState(tables.inputs, tables.outputs)
        self.run = compile_steps(tables, settings, self.chunks)
        self.start_clock()

    def compile(self) -> None:
        """Have the steps compiled while the first block is still being made, by one of padding, which moves nothing."""
        padding = np.zeros((1, self.chunks, CHUNK + 2 * self.settings.window), np.int32)
        negatives = np.zeros((1, groups_of(self.chunks), SHARED[self.settings.architecture]), np.int32)
        self.run(padding, negatives, padding[..., :CHUNK], np.zeros(1, np.float32))

    def start_clock(self) -> None:
        """What has passed until now is no time of training."""
        self.last = time.perf_counter()

    def work(self, shards: Iterable[Shard], row_of: np.ndarray) -> Iterator[Work]:
        """All that is left to do, from where the state is now; row_of int32 (words,), -1 where a word has no row."""
        epoch, shard, block = len(self.state.history), self.state.shards, self.state.blocks
        for number in range(epoch, self.epochs):
            for place, (ids, offsets) in enumerate(shards):
                if (number, place) >= (epoch, shard):
                    blocks = self.blocks(row_of[ids], offsets, f"epoch-{number}/shard-{place}")
                    done = block if (number, place) == (epoch, shard) else 0
                    yield from (Work(each, len(ids)) for each in islice(blocks, done, None))
                    yield Work()
            yield Work(ends_epoch=True)

    def blocks(self, rows: np.ndarray, offsets: np.ndarray, name: str) -> Iterator[Block]:
        """One pass over a shard: rows int32 (tokens,) of the tables, -1 where a word has none."""
        settings, random = self.settings, generator(self.seed, f"{self.settings.architecture}/{name}")
        stream = read_stream(rows, offsets, self.keep, settings.window, random)
        return draw_blocks(stream, self.noise, settings.window, self.chunks, SHARED[settings.architecture], random)

    def train(self, block: Block, words: int) -> None:
        """The steps of one block of a shard of so many words."""
        state, read = self.state, self.state.words + block.share * words
        share = np.linspace(state.words, read, len(block.codes), endpoint=False) / self.all_words
        self.run(block.context, block.negatives, block.codes, self.rates(share))
        state.words, state.blocks = read, state.blocks + 1
        now = time.perf_counter()
        state.seconds, self.last = state.seconds + now - self.last, now
        if self.on_progress:
            self.on_progress(read)
        if state.blocks % CHECKPOINT_BLOCKS == 0:
            self.offer_checkpoint()

    def offer_checkpoint(self) -> None:
        """Hand the state to whoever keeps it."""
        if self.on_checkpoint:
            self.on_checkpoint(self.state.to_checkpoint())

    def rates(self, share: np.ndarray) -> np.ndarray:
        """Learning rates float32 when so much of the training (0-1) is behind: linear to nearly zero."""
        return (self.settings.starting_rate * np.maximum(1 - share, MIN_LEARNING_RATE)).astype(np.float32)


def new_tables(frequency: np.ndarray, noise: np.ndarray, chunks: int, settings: EmbeddingSettings, seed: int) -> Tables:
    """Input rows uniform within 0.5 / width as in word2vec.c, output rows zero; scales by the traffic of each row."""
    random = generator(seed, f"{settings.architecture}/initial")
    shape = (len(noise), settings.dimensions)
    return Tables(
        inputs=tf.Variable((random.random(shape, dtype=np.float32) - np.float32(0.5)) / settings.dimensions),
        outputs=tf.Variable(tf.zeros(shape)),
        input_scale=tf.constant(input_scale(frequency, chunks, settings)),
        output_scale=tf.constant(output_scale(frequency, noise, chunks, settings)),
        noise_weight=settings.negatives / SHARED[settings.architecture],
        noise_scale=noise_scale(chunks, settings),
    )


def compile_steps(tables: Tables, settings: EmbeddingSettings, chunks: int) -> Callable[..., None]:
    """A compiled loop of steps over context, negatives and codes with a leading axis of steps, and rates (steps,)."""
    shapes = (chunks, CHUNK + 2 * settings.window), (groups_of(chunks), SHARED[settings.architecture]), (chunks, CHUNK)
    blocks = [tf.TensorSpec((None, *shape), tf.int32) for shape in shapes]
    step = partial(
        skip_gram_step if settings.architecture == "skip-gram" else cbow_step,
        tables,
        window_tables(settings.window),
    )

    @tf.function(autograph=False, input_signature=[*blocks, tf.TensorSpec((None,), tf.float32)])
    def run(context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rates: tf.Tensor) -> None:
        def body(i: tf.Tensor) -> list[tf.Tensor]:
            step(context[i], negatives[i], codes[i], rates[i])
            return [i + 1]

        tf.while_loop(lambda i: i < tf.shape(rates)[0], body, [0], parallel_iterations=1)

    return run
