"""A table of word vectors and the questions people ask it: neighbours, analogies, odd one out, similarity."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.wording import counted

AnalogyMethod = Literal["add", "multiply"]
EPSILON = 1e-3  # keeps 3CosMul finite; the value of Levy and Goldberg 2014


class UnknownWordError(ValueError):
    """A word that has no vector; the message names close words that have one."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """tokens (vocabulary,) distinct words, the most frequent first; vectors float32 (vocabulary, width)."""

    tokens: pa.StringArray
    vectors: np.ndarray

    def __post_init__(self) -> None:
        """Raise ValueError unless there is one finite float32 vector for each distinct word."""
        if self.vectors.ndim != 2 or self.vectors.dtype != np.float32 or len(self.vectors) != len(self.tokens):
            raise ValueError(
                f"{counted(len(self.tokens), 'word')} need vectors float32 ({len(self.tokens)}, width), "
                f"got {self.vectors.dtype} {self.vectors.shape}"
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError("vectors must be finite, got NaN or infinity: train again with a lower learning rate")
        if pc.count_distinct(self.tokens).as_py() != len(self.tokens):
            raise ValueError("each word may have one vector only: drop the repeated words")

    def __len__(self) -> int:
        """The number of words."""
        return len(self.tokens)

    def __contains__(self, word: str) -> bool:
        """Whether the word has a vector."""
        return word in self.rows

    @property
    def width(self) -> int:
        """Numbers in one vector."""
        width: int = self.vectors.shape[1]
        return width

    def scaled(self, factor: np.float32) -> "WordVectors":
        """The same, each vector times the factor."""
        return WordVectors(self.tokens, self.vectors * factor)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each word."""
        return {token: row for row, token in enumerate(self.tokens.to_pylist())}

    @cached_property
    def directions(self) -> np.ndarray:
        """Vectors scaled to length 1, float32 (vocabulary, width); a zero vector stays zero."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        return self.vectors / np.where(lengths == 0, 1, lengths)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of words and numbers: equal digests are equal bytes."""
        digest = hashlib.sha256("\n".join(self.tokens.to_pylist()).encode())
        digest.update(f"{self.vectors.shape}".encode())
        digest.update(np.ascontiguousarray(self.vectors, dtype="<f4").tobytes())
        return digest.hexdigest()

    def row(self, word: str) -> int:
        """The row of a word. Raises UnknownWordError with close words."""
        if word not in self.rows:
            near = self.close_words(word)
            raise UnknownWordError(
                f"{word!r} has no vector" + (f"; close words that have one: {', '.join(near)}" if near else "")
            )
        return self.rows[word]

    def close_words(self, word: str, count: int = 3) -> list[str]:
        """Words spelt nearly so, the best first: those that differ in case, then by common letters."""
        folded = [known for known in self.rows if known.lower() == word.lower()]
        candidates = [
            known
            for known in self.rows
            if abs(len(known) - len(word)) <= 2 and (known[:1] == word[:1] or known[-2:] == word[-2:])
        ]
        return (folded + [near for near in get_close_matches(word, candidates, count) if near not in folded])[:count]

    def direction(self, phrase: str) -> np.ndarray:
        """Direction of a word, or of the mean of the words' directions of a phrase: float32 (width,), length 1 or 0."""
        words = self.words_of(phrase)
        if not words:
            raise ValueError("an empty phrase has no direction: give at least one word")
        return normalize(self.directions_of(words).mean(axis=0))

    def directions_of(self, words: Sequence[str]) -> np.ndarray:
        """Directions of these words, float32 (words, width). Raises UnknownWordError for one without a vector."""
        unseen = [word for word in words if word not in self.rows]
        found, known = self.unseen_vectors(pa.array(unseen, pa.string()))
        if not known.all():
            self.row(unseen[int(np.argmin(known))])
        others = dict(zip(unseen, map(normalize, found), strict=True))
        return np.stack([self.directions[self.rows[word]] if word in self.rows else others[word] for word in words])

    def unseen_vectors(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of words outside the vocabulary, float32 (words, width), and whether they have one: here none has."""
        return np.zeros((len(words), self.width), np.float32), np.zeros(len(words), bool)

    def words_of(self, phrase: str) -> list[str]:
        """The words whose vectors a phrase is made of: itself, or as learned (new_york), else each of its words."""
        learned = "_".join(phrase.split())
        return next(([known] for known in (phrase, learned) if known in self.rows), phrase.split())

    def similarity(self, one: str, other: str) -> float:
        """Cosine, -1 to 1, between two words or phrases."""
        return float(np.clip(self.direction(one) @ self.direction(other), -1, 1))

    def neighbours(self, phrase: str, count: int = 10) -> list[tuple[str, float]]:
        """The words nearest to a word or phrase, with their cosines, the nearest first; never its own words."""
        own = [self.rows[word] for word in {phrase, *self.words_of(phrase), *phrase.split()} if word in self.rows]
        return self.near(self.direction(phrase), count, own)

    def near(self, vector: np.ndarray, count: int = 10, excluded: Sequence[int] = ()) -> list[tuple[str, float]]:
        """The words nearest to any vector (width,), with their cosines, those of the excluded rows left out.

        Raises ValueError for a vector of another width.
        """
        if vector.shape != (self.width,):
            raise ValueError(f"these vectors have {self.width} numbers, got one of shape {vector.shape}")
        return self._best(self.directions @ normalize(vector), excluded, count)

    def analogy(
        self, one: str, other: str, third: str, count: int = 10, method: AnalogyMethod = "add"
    ) -> list[tuple[str, float]]:
        """What is to `third` as `other` is to `one`: man, king, woman -> queen; the best first, with scores.

        "add" is 3CosAdd, the cosine with other - one + third (king - man + woman); "multiply" is 3CosMul (Levy and
        Goldberg 2014), on cosines moved to 0-1. The three words themselves are never answers.
        """
        directions = self.directions_of((one, other, third))
        asked = [self.rows[word] for word in (one, other, third) if word in self.rows]
        if method == "add":
            scores = self.directions @ normalize(directions[1] - directions[0] + directions[2])
        else:
            scores = cosine_product(*(directions @ self.directions.T))
        return self._best(scores, asked, count)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word least like the mean of all: breakfast cereal dinner lunch -> cereal."""
        if len(words) < 3:
            raise ValueError(f"odd one out needs at least 3 words, got {len(words)}")
        directions = self.directions_of(words)
        return words[int(np.argmin(directions @ directions.mean(axis=0)))]

    def rows_for(self, words: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of other words' ids, as an Embedding layer takes them: float32 (words, width), and bool (words,).

        A word without a vector gets zeros, and False in the second array; with subwords hardly any is without.
        """
        rows = pc.index_in(words, value_set=self.tokens).fill_null(-1).to_numpy(zero_copy_only=False)
        found = rows >= 0
        vectors = np.where(found[:, None], self.vectors[rows], np.float32(0))
        vectors[~found], found[~found] = self.unseen_vectors(words.filter(pa.array(~found)))
        return vectors, found

    def _best(self, scores: np.ndarray, excluded: Sequence[int], count: int) -> list[tuple[str, float]]:
        """The words of the highest scores, those of the excluded rows left out; ties in row order."""
        if count < 1:
            raise ValueError(f"count must be >= 1, got {count}")
        scores[list(excluded)] = -np.inf
        count = min(count, len(scores) - len(set(excluded)))
        if count == 0:
            return []
        best = np.argpartition(scores, len(scores) - count)[-count:]
        best = best[np.lexsort((best, -scores[best]))]
        return [(self.tokens[int(row)].as_py(), float(scores[row])) for row in best]


def cosine_product(one: np.ndarray, other: np.ndarray, third: np.ndarray) -> np.ndarray:
    """3CosMul scores from the cosines of every word with the three asked ones."""
    products: np.ndarray = (1 + other) * (1 + third) / (2 * (1 + one + 2 * EPSILON))
    return products


def normalize(vector: np.ndarray) -> np.ndarray:
    """The same direction with length 1; a zero vector stays zero."""
    length = np.linalg.norm(vector)
    return vector / length if length else vector
