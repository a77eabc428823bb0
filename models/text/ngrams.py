"""The character n-grams of words, as fastText cuts and hashes them, so that both name the same rows of a table.

Bojanowski et al. 2017, section 3.2; the code that decides is Dictionary::computeSubwords and Dictionary::hash of
fastText, and gensim's ft_ngram_hashes, with which the tests compare.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import SubwordSettings

FNV_OFFSET, FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
CONTINUES = 0b1100_0000, 0b1000_0000  # mask and value of a byte of UTF-8 that continues a character
WORDS_AT_A_TIME = 100_000  # bounds the memory: some 100 bytes for each character of a word


class Hashing(NamedTuple):
    """Which character n-grams of a word count, by their length from 1 on, and how many buckets they share."""

    shortest: int
    longest: int
    buckets: int


@dataclass(frozen=True)
class WordNgrams:
    """The buckets of words' n-grams: those of word i are buckets[offsets[i]:offsets[i + 1]], in the order of fastText.

    buckets int32 (n-grams,), 0 to `SubwordSettings.buckets` - 1; offsets int64 (words + 1,). A bucket that two n-grams
    of a word share stands there twice, as in fastText.
    """

    buckets: np.ndarray
    offsets: np.ndarray


def hash_ngrams(words: pa.StringArray, settings: SubwordSettings | Hashing) -> WordNgrams:
    """The buckets of the n-grams of each word, its edges marked: "where" has <wh, whe, her, ere and re> of length 3.

    The whole word within its marks is one of its n-grams where it is no longer than `longest`. A word of one character
    may have none at all, if `shortest` is above 3.
    """
    parts = [_hash_some(words[at : at + WORDS_AT_A_TIME], settings) for at in range(0, len(words), WORDS_AT_A_TIME)]
    counts = [np.diff(part.offsets) for part in parts]
    return WordNgrams(
        np.concatenate([np.zeros(0, np.int32), *(part.buckets for part in parts)]),
        np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *counts]))]),
    )


def _hash_some(words: pa.StringArray, settings: SubwordSettings | Hashing) -> WordNgrams:
    """The same for words few enough to hash at once: every n-gram grows by a character at a time, all side by side."""
    text, starts, word = _characters(words)
    limits = np.append(np.searchsorted(word, np.arange(len(words)), side="right"), 0)[word]  # character behind the word
    first = np.arange(len(word))
    hashes = np.full(len(word), FNV_OFFSET)
    buckets = np.full((len(word), settings.longest), -1, np.int64)
    for length in range(1, settings.longest + 1):
        inside = np.flatnonzero(first + length <= limits)
        last = first[inside] + length - 1
        hashes[inside] = _hash_character(hashes[inside], text, starts[last], starts[last + 1])
        buckets[inside, length - 1] = hashes[inside] % np.uint32(settings.buckets)
    if settings.shortest == 1:  # the marks alone are not n-grams
        buckets[np.append(True, word[1:] != word[:-1]) | np.append(word[1:] != word[:-1], True), 0] = -1
    buckets = buckets[:, settings.shortest - 1 :]
    found = buckets >= 0
    counts = np.bincount(word, found.sum(axis=1), len(words)).astype(np.int64)
    return WordNgrams(buckets[found].astype(np.int32), np.concatenate([[0], np.cumsum(counts)]))


def _characters(words: pa.StringArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The marked words as bytes int8, where each character starts, one more for the end, and which word it is of."""
    marked = pc.binary_join_element_wise("<", words, ">", "").cast(pa.large_string())
    lengths = pc.binary_length(marked).to_numpy(zero_copy_only=False)
    text = np.frombuffer("".join(marked.to_pylist()).encode(), np.int8)
    starts = np.flatnonzero((text.view(np.uint8) & CONTINUES[0]) != CONTINUES[1])
    return text, np.append(starts, len(text)), np.repeat(np.arange(len(words)), lengths)[starts]


def _hash_character(hashes: np.ndarray, text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Hashes uint32 after the bytes of one more character each; a byte counts as signed, as in fastText since 2016."""
    hashes = hashes.copy()
    for place in range(int((ends - starts).max(initial=0))):
        longer = starts + place < ends
        byte = text[starts[longer] + place].astype(np.int32).view(np.uint32)
        hashes[longer] = (hashes[longer] ^ byte) * FNV_PRIME
    return hashes
