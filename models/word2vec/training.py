"""Word vectors from token streams by negative sampling (Mikolov et al. 2013), as fast as TensorFlow moves rows."""

import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pyarrow as pa
import tensorflow as tf

from models.seeds import generator
from models.settings import EmbeddingSettings
from models.vectors import WordVectors
from models.vocabulary import RESERVED
from models.word2vec.sampling import (
    SHARED,
    draw_blocks,
    keep_probabilities,
    noise_probabilities,
    read_stream,
)
from models.word2vec.stability import choose_chunks, input_scale, noise_scale, output_scale
from models.word2vec.step import (
    Tables,
    cbow_step,
    skip_gram_step,
    window_tables,
)

Shard = tuple[np.ndarray, np.ndarray]  # ids int32 (tokens,), offsets int64 (documents + 1,)
Epoch = dict[str, float]
MIN_LEARNING_RATE = 1e-4  # of the first; as gensim's min_alpha


def train_vectors(
    ids: np.ndarray,
    offsets: np.ndarray,
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    on_epoch: Callable[[int, Epoch], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[WordVectors, list[Epoch]]:
    """Vectors of the frequent words of an encoded corpus, most frequent first, and one record per epoch.

    ids int32 (tokens,) and offsets int64 (documents + 1,) as `Vocabulary.encode` gives them; words[i] is the word of id
    i. Words rarer than `min_count`, and the reserved ones, get no vector and are dropped before windows are laid.
    `on_progress` hears how many words have been read, all epochs together. Equal arguments give equal bytes, whatever
    the number of threads. Raises ValueError when fewer than two words are left, or the window is too wide.
    """
    return train_on_shards([(ids, offsets)], words, settings, seed, on_epoch, on_progress)


def train_on_shards(
    shards: Iterable[Shard],
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    on_epoch: Callable[[int, Epoch], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[WordVectors, list[Epoch]]:
    """The same for a corpus in pieces, of which one is in memory at a time.

    `shards` is read once to count and once an epoch, so it must be iterable again and again, in the same order.
    """
    tf.config.experimental.enable_op_determinism()  # else rows are added in the order in which threads come along
    counts = count_ids(shards, len(words), settings.window)
    kept = frequent_ids(counts, settings)
    row_of = np.full(len(words), -1, np.int32)
    row_of[kept] = np.arange(len(kept), dtype=np.int32)
    trainer = Trainer(counts[kept], settings, seed, on_progress)
    history: list[Epoch] = []
    epochs = settings.epochs_for(int(counts.sum()))
    for epoch in range(epochs):
        started = time.perf_counter()
        for shard, (ids, offsets) in enumerate(shards):
            trainer.train(row_of[ids], offsets, f"epoch-{epoch}/shard-{shard}", epochs * counts.sum())
        seconds = time.perf_counter() - started
        history.append({"words_per_second": counts.sum() / seconds, "seconds": seconds})
        if on_epoch:
            on_epoch(epoch, history[-1])
    return WordVectors(words.take(pa.array(kept)), trainer.vectors()), history


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
    """The two tables of word2vec, and the compiled loop of steps that trains them."""

    def __init__(
        self,
        counts: np.ndarray,
        settings: EmbeddingSettings,
        seed: int,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """Fresh tables for words with these counts, int64 (vocabulary,)."""
        self.settings, self.seed, self.on_progress = settings, seed, on_progress
        self.keep = keep_probabilities(counts, settings.subsample)
        self.noise = noise_probabilities(counts)
        frequency = counts * self.keep / (counts * self.keep).sum()
        self.chunks = choose_chunks(frequency, settings)
        self.words = 0.0
        self.tables = new_tables(frequency, self.noise, self.chunks, settings, seed)
        self.run = compile_steps(self.tables, settings)

    def train(self, rows: np.ndarray, offsets: np.ndarray, name: str, all_words: int) -> None:
        """One pass over a shard: rows int32 (tokens,) of the tables, -1 where a word has none.

        `name` says which pass over which shard it is, `all_words` how many all passes together read.
        """
        settings, before = self.settings, self.words
        random = generator(self.seed, f"{settings.architecture}/{name}")
        stream = read_stream(rows, offsets, self.keep, settings.window, random)
        for block in draw_blocks(stream, self.noise, settings.window, self.chunks, random):
            words = before + block.done * len(rows)
            share = np.linspace(self.words, words, len(block.codes), endpoint=False) / all_words
            self.run(block.context, block.negatives, block.codes, self.rates(share))
            self.words = words
            if self.on_progress:
                self.on_progress(words)

    def rates(self, share: np.ndarray) -> np.ndarray:
        """Learning rates float32 when so much of the training (0-1) is behind: linear to nearly zero."""
        return (self.settings.starting_rate * np.maximum(1 - share, MIN_LEARNING_RATE)).astype(np.float32)

    def vectors(self) -> np.ndarray:
        """The vectors asked for, float32 (vocabulary, width)."""
        inputs, outputs = self.tables.inputs.numpy(), self.tables.outputs.numpy()
        return {"input": inputs, "output": outputs, "mean": (inputs + outputs) / 2}[self.settings.vectors_from]


def new_tables(frequency: np.ndarray, noise: np.ndarray, chunks: int, settings: EmbeddingSettings, seed: int) -> Tables:
    """Input rows uniform within 0.5 / width as in word2vec.c, output rows zero; scales by the traffic of each row."""
    random = generator(seed, f"{settings.architecture}/initial")
    shape = (len(noise), settings.dimensions)
    return Tables(
        inputs=tf.Variable((random.random(shape, dtype=np.float32) - np.float32(0.5)) / settings.dimensions),
        outputs=tf.Variable(tf.zeros(shape)),
        input_scale=tf.constant(input_scale(frequency, chunks, settings)),
        output_scale=tf.constant(output_scale(frequency, noise, chunks, settings)),
        noise_weight=settings.negatives / SHARED,
        noise_scale=noise_scale(chunks, settings),
    )


def compile_steps(tables: Tables, settings: EmbeddingSettings) -> Callable[..., None]:
    """A compiled loop of steps over context, negatives and codes with a leading axis of steps, and rates (steps,)."""
    step = partial(
        skip_gram_step if settings.architecture == "skip-gram" else cbow_step,
        tables,
        window_tables(settings.window),
    )

    @tf.function(autograph=False, reduce_retracing=True)
    def run(context: tf.Tensor, negatives: tf.Tensor, codes: tf.Tensor, rates: tf.Tensor) -> None:
        def body(i: tf.Tensor) -> list[tf.Tensor]:
            with tf.control_dependencies([step(context[i], negatives[i], codes[i], rates[i])]):
                return [i + 1]

        tf.while_loop(lambda i: i < tf.shape(rates)[0], body, [0], parallel_iterations=1)

    return run
