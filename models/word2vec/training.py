"""Word vectors from token streams by negative sampling (Mikolov et al. 2013), as fast as TensorFlow moves rows."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import tensorflow as tf

from models.seeds import generator
from models.settings import EmbeddingSettings
from models.text.vocabulary import RESERVED
from models.threads import ahead
from models.vectors import WordVectors
from models.word2vec.loss import TextSample
from models.word2vec.state import Epoch
from models.word2vec.trainer import Shard, Trainer, TrainingHooks
from models.word2vec.word_rows import WordRows
from models.wording import counted

BLOCKS_AHEAD = 8  # more than a second of training: in that time the next shard's stream is made ready
SUBWORD_BLOCKS_AHEAD = 2  # 100 MB: each takes as long as four without subwords, and twenty times the room
NO_HOOKS = TrainingHooks()


def train_vectors(
    ids: np.ndarray,
    offsets: np.ndarray,
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    hooks: TrainingHooks = NO_HOOKS,
) -> tuple[WordVectors, list[Epoch]]:
    """Vectors of the frequent words of an encoded corpus, most frequent first, and one record per epoch.

    ids int32 (tokens,) and offsets int64 (documents + 1,) as `Vocabulary.encode` gives them; words[i] is the word of id
    i. Words rarer than `min_count`, and the reserved ones, get no vector and are dropped before windows are laid. Equal
    arguments give equal bytes, whatever the number of threads, and so does a start from a checkpoint. Raises ValueError
    when fewer than two words are left, or the window is too wide, and DivergenceError when the training goes wrong.
    """
    return train_on_shards([(ids, offsets)], words, settings, seed, hooks)


def train_on_shards(
    shards: Iterable[Shard],
    words: pa.StringArray,
    settings: EmbeddingSettings,
    seed: int,
    hooks: TrainingHooks = NO_HOOKS,
) -> tuple[WordVectors, list[Epoch]]:
    """The same for a corpus in pieces, of which two are in memory: one that is trained on, and one made ready.

    `shards` is read once to count and once an epoch, so it must be iterable again and again, in the same order.
    """
    tf.config.experimental.enable_op_determinism()  # of the gathers and products; what XLA compiles has one order
    trainer, kept_words, row_of = _prepare(shards, words, settings, seed, hooks)
    state = trainer.state
    blocks = SUBWORD_BLOCKS_AHEAD if settings.subwords.enabled else BLOCKS_AHEAD
    for work in ahead(trainer.work(shards, row_of), blocks, meanwhile=trainer.compile):
        trainer.follow(work)
        if work.ends_epoch:
            if hooks.on_epoch:
                hooks.on_epoch(len(state.history) - 1, state.history[-1], state.matrices(kept_words))
            trainer.start_clock()
    return state.matrices(kept_words).vectors(settings.vectors_from), state.history


def _prepare(
    shards: Iterable[Shard], words: pa.StringArray, settings: EmbeddingSettings, seed: int, hooks: TrainingHooks
) -> tuple[Trainer, pa.StringArray, np.ndarray]:
    """The trainer in the state from which it goes on, the words that are kept, and the row of each id (-1: none)."""
    sample = TextSample(settings.window, generator(seed, "loss/sample"))
    counts = count_ids(shards, len(words), sample)
    kept = frequent_ids(counts, settings)
    row_of = np.full(len(words), -1, np.int32)
    row_of[kept] = np.arange(len(kept), dtype=np.int32)
    kept_words = words.take(pa.array(kept))
    known = WordRows.of(kept_words, settings.subwords)
    trainer = Trainer(counts[kept], int(counts.sum()), settings, seed, hooks, known)
    trainer.watch_loss(np.append(row_of, -1)[sample.ids])
    if hooks.initial is not None:
        trainer.state.begin_with(hooks.initial, kept_words)
    if hooks.start is not None:
        trainer.state.restore(hooks.start)
    return trainer, kept_words, row_of


def count_ids(shards: Iterable[Shard], size: int, sample: TextSample) -> np.ndarray:
    """Occurrences of each id over all shards, int64 (size,); the sample is drawn from them as they are read.

    Raises ValueError for what cannot be trained on.
    """
    counts, longest = np.zeros(size, np.int64), 0
    for ids, offsets in shards:
        if len(ids) and not 0 <= ids.min() <= ids.max() < size:
            raise ValueError(f"ids must be 0 to {size - 1}, one for each word, got {ids.min()} to {ids.max()}")
        counts += np.bincount(ids, minlength=size)
        sample.read(ids, offsets)
        longest = max(longest, int(np.diff(offsets).max(initial=0)))
    if sample.window > longest > 0:
        raise ValueError(
            f"window {sample.window} is longer than every document (at most {counted(longest, 'word')}): lower it"
        )
    return counts


def frequent_ids(counts: np.ndarray, settings: EmbeddingSettings) -> np.ndarray:
    """Ids of the words that get a vector, the most frequent first, ties by id."""
    kept = np.flatnonzero(counts >= settings.min_count)
    kept = kept[kept >= len(RESERVED)]
    kept = kept[np.argsort(-counts[kept], kind="stable")][: settings.max_vocabulary]
    if len(kept) < 2:
        raise ValueError(
            f"word vectors need at least 2 words that occur {settings.min_count} times, got {len(kept)} "
            f"in {counted(int(counts.sum()), 'token')}: give more text or lower min_count"
        )
    return kept
