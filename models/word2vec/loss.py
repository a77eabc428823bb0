"""The loss of word vectors while they are trained, on a fixed sample drawn evenly over the whole text.

The loss of the steps themselves would follow the pieces of the text; this one is the same question each time. Only the
draw of the sample is random: subsampling and the drawn window are replaced by their chances, as weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import tensorflow as tf

from models.settings import EmbeddingSettings

SAMPLED = 2048  # tokens, with their contexts: some 15 ms a look
SAMPLED_NOISE = 64  # negatives, the same ones for every pair


@dataclass
class TextSample:
    """Tokens with their surroundings, drawn evenly from all text read: ids (SAMPLED, 2 window + 1), -1 for none."""

    window: int
    random: np.random.Generator
    tokens: int = 0
    ids: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no text at all."""
        self.ids = np.full((SAMPLED, 2 * self.window + 1), -1, np.int32)

    def read(self, ids: np.ndarray, offsets: np.ndarray) -> None:
        """Take the share of the sample that a shard has in all that has been read: ids and offsets of its documents."""
        if not len(ids):
            return
        self.tokens += len(ids)
        places = self.random.integers(0, len(ids), SAMPLED)
        documents = np.searchsorted(offsets, places, side="right") - 1
        around = places[:, None] + np.arange(-self.window, self.window + 1)
        inside = (around >= offsets[documents, None]) & (around < offsets[documents + 1, None])
        drawn = np.where(inside, ids[np.clip(around, 0, len(ids) - 1)], -1)
        taken = self.random.random(SAMPLED) < len(ids) / self.tokens
        self.ids[taken] = drawn[taken]


@dataclass(frozen=True)
class SampleLoss:
    """Mean loss of a sample's pairs (CBOW: tokens) with their negatives.

    rows (sample, 2 window + 1) of the tables, -1 for none, the token itself at `window`; keep (vocabulary,) are
    survival chances; noise (negatives,) rows.
    """

    rows: np.ndarray
    keep: np.ndarray
    noise: np.ndarray
    settings: EmbeddingSettings

    @property
    def of_nothing(self) -> float:
        """The loss while all scores are 0, as before the first step."""
        return (1 + self.settings.negatives) * float(np.log(2))

    @cached_property
    def weights(self) -> np.ndarray:
        """Chance that training meets each context word (sample, 2 window); rows sum to 0 where the token is dropped."""
        window = self.settings.window
        chances = np.where(self.rows >= 0, np.append(self.keep, 0)[self.rows], 0)
        reach = (window + 1 - np.abs(np.arange(-window, window + 1))) / window
        return np.delete(chances * reach * chances[:, [window]], window, axis=1)

    def measure(self, look_up: Callable[[np.ndarray], np.ndarray], outputs: tf.Variable) -> float:
        """The loss of these vectors, 0 when the sample holds no pair.

        `look_up` gives the input vectors (words, width) of words (words,); outputs are (vocabulary, width).
        """
        total = self.weights.sum()
        if not total:
            return 0.0
        rows = np.maximum(self.rows, 0)
        words, context = rows[:, self.settings.window], np.delete(rows, self.settings.window, axis=1)
        skip_gram = self.settings.architecture == "skip-gram"
        asked, targets = (words, context) if skip_gram else (context, words)
        distinct, places = np.unique(asked, return_inverse=True)
        hidden, target = look_up(distinct)[places.reshape(asked.shape)], tf.gather(outputs, targets).numpy()
        word, near = (hidden, target) if skip_gram else (target, hidden)
        noise = tf.gather(outputs, self.noise).numpy()
        losses = self._skip_gram(word, near, noise) if skip_gram else self._cbow(word, near, noise)
        return float(np.sum(losses) / total)

    def _skip_gram(self, word: np.ndarray, near: np.ndarray, noise: np.ndarray) -> np.ndarray:
        pulled = np.logaddexp(0, -np.einsum("nd,ncd->nc", word, near))
        return self.weights * (pulled + self._pushed(word, noise)[:, None])

    def _cbow(self, target: np.ndarray, near: np.ndarray, noise: np.ndarray) -> np.ndarray:
        taken = self.weights.sum(axis=1)
        mean = np.einsum("nc,ncd->nd", self.weights, near) / np.maximum(taken, 1e-30)[:, None]
        return taken * (np.logaddexp(0, -np.einsum("nd,nd->n", mean, target)) + self._pushed(mean, noise))

    def _pushed(self, hidden: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """What the negatives of one pair cost: (sample,)."""
        return self.settings.negatives * np.logaddexp(0, hidden @ noise.T).mean(axis=1)
