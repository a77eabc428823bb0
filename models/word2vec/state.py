"""Where the training of word vectors is: both matrices and the place in the corpus, as a checkpoint and back."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import tensorflow as tf

from models.training.checkpoints import Checkpoint
from models.vectors import SubwordVectors, WordVectors
from models.vectors.subword_vectors import NgramVectors
from models.word2vec.word_rows import WordRows

Epoch: TypeAlias = dict[str, float]
Source: TypeAlias = Literal["input", "output", "mean"]


@dataclass(frozen=True)
class Matrices:
    """The input-hidden and the hidden-output matrix, float32 (vocabulary, width), and the word of each row.

    With subwords `inputs` are the means of the rows of `table`, float32 (rows, width), of which words are made.
    """

    words: pa.StringArray
    inputs: np.ndarray
    outputs: np.ndarray
    table: np.ndarray
    known: WordRows
    counts: np.ndarray

    def vectors(self, source: Source) -> WordVectors:
        """Word vectors from one of the matrices, or from the mean of both; with subwords, "input" knows any word."""
        if source == "input" and self.known.settings.enabled:
            ngrams = NgramVectors(self.known.settings, self.known.buckets, self.table[len(self.words) :])
            return SubwordVectors(self.words, self.inputs, ngrams, self.counts)
        if source == "mean":
            return WordVectors(self.words, (self.inputs + self.outputs) / 2)
        return WordVectors(self.words, {"input": self.inputs, "output": self.outputs}[source])


@dataclass
class TrainingState:
    """The tables, the epochs that are done, and how far the one begun has come: shards, and blocks of the next one.

    `words` counts those read so far, all epochs together; `seconds` is what the epoch begun has taken.
    """

    inputs: tf.Variable
    outputs: tf.Variable
    known: WordRows
    counts: np.ndarray
    history: list[Epoch] = field(default_factory=list)
    shards: int = 0
    blocks: int = 0
    words: float = 0.0
    seconds: float = 0.0

    def begin_with(self, initial: WordVectors, words: pa.StringArray) -> None:
        """Start the input rows of the words that have an initial vector from it; the others stay as they are.

        As gensim's `intersect_word2vec_format` does; output rows start from zero. Raises ValueError for another width,
        and with subwords, where a word's vector is a mean of rows and no row of its own.
        """
        if self.known.settings.enabled:
            raise ValueError("training with subwords cannot start from other vectors: leave one of the two out")
        if initial.width != self.inputs.shape[1]:
            raise ValueError(f"vectors of {initial.width} numbers cannot start a training of {self.inputs.shape[1]}")
        rows, found = initial.rows_for(words)
        self.inputs.assign(np.where(found[:, None], rows, self.inputs.numpy()))

    def end_shard(self) -> None:
        """Go on to the next shard."""
        self.shards, self.blocks = self.shards + 1, 0

    def end_epoch(self, record: Epoch) -> None:
        """Take note of an epoch's speed and begin the next one."""
        self.history.append(record)
        self.shards, self.seconds = 0, 0.0

    def matrices(self, words: pa.StringArray) -> Matrices:
        """A copy of both matrices."""
        table = self.inputs.numpy()
        return Matrices(words, self.known.vectors(table), self.outputs.numpy(), table, self.known, self.counts)

    def look_up(self, words: np.ndarray) -> np.ndarray:
        """The input vectors (words, width) of words (words,), distinct ones."""
        rows, place = np.unique(self.known.members(words), return_inverse=True)
        return WordRows(place, np.append(0, np.cumsum(self.known.sizes[words])), self.known.buckets).vectors(
            tf.gather(self.inputs, rows).numpy()
        )

    def to_checkpoint(self) -> Checkpoint:
        """A copy of this state as named arrays."""
        return {
            "inputs": self.inputs.numpy(),
            "outputs": self.outputs.numpy(),
            "words_per_second": np.array([epoch["words_per_second"] for epoch in self.history]),
            "epoch_seconds": np.array([epoch["seconds"] for epoch in self.history]),
            "epoch_loss": np.array([epoch["loss"] for epoch in self.history]),
            "place": np.array([self.shards, self.blocks]),
            "words": np.array(self.words),
            "seconds": np.array(self.seconds),
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to where this checkpoint was made. Raises KeyError or ValueError for one of other tables."""
        self.inputs.assign(checkpoint["inputs"])
        self.outputs.assign(checkpoint["outputs"])
        records = [checkpoint[name].tolist() for name in ("words_per_second", "epoch_seconds", "epoch_loss")]
        self.history = [
            {"words_per_second": speed, "seconds": seconds, "loss": loss}
            for speed, seconds, loss in zip(*records, strict=True)
        ]
        self.shards, self.blocks = (int(number) for number in checkpoint["place"])
        self.words, self.seconds = float(checkpoint["words"]), float(checkpoint["seconds"])
