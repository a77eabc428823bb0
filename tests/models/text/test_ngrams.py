"""Character n-grams and their buckets: the examples of the paper, and the very numbers of fastText."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import SubwordSettings
from models.text import ngrams
from models.text.ngrams import hash_ngrams

SETTINGS = SubwordSettings(enabled=True)


def buckets_of(words: list[str], settings: SubwordSettings = SETTINGS) -> list[list[int]]:
    """The buckets of each word."""
    found = hash_ngrams(pa.array(words, pa.string()), settings)
    return [part.tolist() for part in np.split(found.buckets, found.offsets[1:-1])]


def hash_by_hand(text: str) -> int:
    """FNV-1a over the bytes of UTF-8, each taken as a signed number."""
    number = 2166136261
    for byte in text.encode():
        number = ((number ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) % 2**32
    return number


def test_the_ngrams_of_where_are_those_of_the_paper() -> None:
    asked = SubwordSettings(shortest=3, longest=3, buckets=1000)
    expected = [hash_by_hand(ngram) % 1000 for ngram in ("<wh", "whe", "her", "ere", "re>")]
    assert buckets_of(["where"], asked) == [expected]


def test_accented_letters_and_emoji_are_one_character_each() -> None:
    asked = SubwordSettings(shortest=3, longest=3, buckets=1000)
    assert buckets_of(["né", "🔥"], asked) == [
        [hash_by_hand(ngram) % 1000 for ngram in ("<né", "né>")],
        [hash_by_hand("<🔥>") % 1000],
    ]


def test_a_word_shorter_than_the_shortest_ngram_has_none() -> None:
    asked = SubwordSettings(shortest=4, longest=4, buckets=1000)
    assert buckets_of(["a", "as"], asked) == [[], [hash_by_hand("<as>") % 1000]]


@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=6),
    shortest=st.integers(1, 4),
    more=st.integers(0, 3),
    buckets=st.sampled_from([1, 7, 100_000, 2_000_000]),
)
def test_buckets_are_those_of_gensim(words: list[str], shortest: int, more: int, buckets: int) -> None:
    fasttext = pytest.importorskip("gensim.models.fasttext")
    asked = SubwordSettings(shortest=shortest, longest=shortest + more, buckets=buckets)
    assert buckets_of(words, asked) == [
        list(fasttext.ft_ngram_hashes(word, shortest, shortest + more, buckets)) for word in words
    ]


def test_words_hashed_in_parts_have_the_same_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"w{number}" * (number % 4 + 1) for number in range(25)]
    whole = buckets_of(words)
    monkeypatch.setattr(ngrams, "WORDS_AT_A_TIME", 7)
    assert buckets_of(words) == whole


def test_no_words_have_no_ngrams() -> None:
    found = hash_ngrams(pa.array([], pa.string()), SETTINGS)
    assert (len(found.buckets), found.offsets.tolist()) == (0, [0])
