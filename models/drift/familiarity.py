"""Which single texts a model has no ground to judge: their script is not one that it learned, or none of their words.

A model answers them all the same, often close to its threshold, so the answer must say so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.text import Tokens
from models.text.scripts import dominant_scripts

LEAST_SHARE = 0.01  # of the training texts, or of the known words: a script of fewer was hardly learned
# Of 3,800 held-out English tweets .9 % are marked by these two, of random Spanish, German and Indonesian sentences
# 53, 97 and 98 %: a language that shares many short words with the learned one is found less often.
LEAST_WORDS, MOSTLY = 5, 0.6
NO_KNOWN_WORD, MOSTLY_UNKNOWN, SCRIPT = "no known word", "mostly unknown words", "unknown script: "

STAND_IN = re.compile(r"<\w+>")
NOTHING = pa.scalar(None, pa.string())


def count_scripts(texts: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """How many of the texts are written in each script, the most frequent first; those without letters in none.

    >>> count_scripts(pa.array(["Fire", "smoke", "Пожар", "!"]))
    {'Latin': 2, 'Cyrillic': 1}
    """
    pairs = [each.as_py() for each in pc.value_counts(dominant_scripts(texts).drop_null())]
    return {pair["values"]: pair["counts"] for pair in sorted(pairs, key=lambda pair: -pair["counts"])}


class WordCounts(NamedTuple):
    """Of each text, int64 (texts,): words that begin with a letter, those of them that a model lacks, known tokens."""

    written: np.ndarray
    unknown: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Familiarity:
    """What a model learned from: the scripts of its texts, and the words that it knows; None where unknown."""

    scripts: frozenset[str] | None
    words: pa.StringArray | None

    @classmethod
    def of(cls, scripts: Mapping[str, int] | None, words: pa.StringArray | None) -> "Familiarity":
        """Of a model with so many training texts in each script, or without that record, of these words alone."""
        if not scripts and words is not None:
            scripts = count_scripts(words.filter(pc.match_substring_regex(words, r"^\pL")))
        total = sum(scripts.values()) if scripts else 0
        common = frozenset(name for name, count in (scripts or {}).items() if count >= LEAST_SHARE * total)
        return cls(common or None, words)

    def doubts(self, texts: pa.Array, tokens: Tokens) -> pa.StringArray:
        """What keeps the model from judging each text, null where nothing does: its script first, then its words.

        `tokens` are those of the same texts without keywords, as the model cuts them.
        """
        scripts = dominant_scripts(texts)
        if self.scripts is None:
            strange = pa.array(np.zeros(len(texts), bool))
        else:
            strange = pc.and_(pc.is_valid(scripts), pc.invert(pc.is_in(scripts, pa.array(sorted(self.scripts)))))
        named = pc.binary_join_element_wise(pa.scalar(SCRIPT), scripts, "")
        return pc.coalesce(pc.if_else(strange, named, NOTHING), self._of_words(tokens))

    def knows(self, words: pa.StringArray) -> np.ndarray:
        """Which of these distinct words the model knows, bool; the stand-ins for addresses are not words."""
        known = self._known
        return np.array([word in known for word in words.to_pylist()], bool)

    def count_words(self, tokens: Tokens) -> "WordCounts":
        """How many words of each text are written in letters, how many of these are unknown, how many tokens known."""
        known = self.knows(tokens.words)
        letters = np.array([word[0].isalpha() for word in tokens.words.to_pylist()], bool)
        return WordCounts(*(per_text(tokens, marked) for marked in (letters, letters & ~known, known)))

    @cached_property
    def _known(self) -> frozenset[str]:
        """A set, since Arrow would build one at every call."""
        words = self.words.to_pylist() if self.words is not None else []
        return frozenset(word for word in words if not STAND_IN.fullmatch(word))

    def _of_words(self, tokens: Tokens) -> pa.StringArray:
        if self.words is None:
            return pa.nulls(len(tokens), pa.string())
        counts = self.count_words(tokens)
        mostly = (counts.written >= LEAST_WORDS) & (counts.unknown >= MOSTLY * counts.written)
        none = counts.known == 0
        return pc.case_when(pc.make_struct(pa.array(none), pa.array(mostly)), NO_KNOWN_WORD, MOSTLY_UNKNOWN)


NO_RECORD = Familiarity(None, None)


def per_text(tokens: Tokens, marked: np.ndarray) -> np.ndarray:
    """How many tokens of each text are among the marked distinct words, int64 (texts,)."""
    running = np.concatenate([[0], np.cumsum(marked[tokens.codes])])
    counts: np.ndarray = running[tokens.offsets[1:]] - running[tokens.offsets[:-1]]
    return counts


def count_doubts(doubts: Mapping[str, int]) -> dict[str, object]:
    """The rows in doubt by kind, for a summary, from how many rows carry each doubt.

    >>> count_doubts({"unknown script: Arabic": 3, "no known word": 1})
    {'rows': 4, 'unknown_script': {'Arabic': 3}, 'no_known_word': 1, 'mostly_unknown_words': 0}
    """
    scripts = {name.removeprefix(SCRIPT): count for name, count in sorted(doubts.items()) if name.startswith(SCRIPT)}
    return {
        "rows": sum(doubts.values()),
        "unknown_script": scripts,
        "no_known_word": doubts.get(NO_KNOWN_WORD, 0),
        "mostly_unknown_words": doubts.get(MOSTLY_UNKNOWN, 0),
    }
