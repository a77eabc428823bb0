"""Learned phrases: words that stand together more often than chance would have it become one token, new_york.

As in Mikolov et al. 2013, section 4, and gensim's Phrases, whose scores these are; but over dictionary codes, so that a
pass over millions of tokens is a few array operations. Fitted on training text only; repeat it for longer phrases.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import PhraseSettings
from models.text import Tokens
from models.text.pieces import codes_in, count_words, map_pieces
from models.text.tokens import offsets_of

JOINT = "_"
# Masks such as <url> stand for anything, and punctuation stands beside anything: neither is part of a name.
NO_PART_OF_PHRASES = r"^<.*>$|^[^\pL\pN]*$"


@dataclass(frozen=True, eq=False)
class Phrases:
    """Pairs of words to read as one: first[i] followed by second[i], the best scored first."""

    first: pa.StringArray
    second: pa.StringArray
    counts: np.ndarray  # int64 (phrases,): how often the pair was seen
    scores: np.ndarray  # float64 (phrases,)

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.first)

    @property
    def joined(self) -> pa.StringArray:
        """The one token that stands for each pair: new_york."""
        return pc.binary_join_element_wise(self.first, self.second, JOINT)

    def to_table(self) -> pa.Table:
        """Columns first, second, count, score."""
        return pa.table({"first": self.first, "second": self.second, "count": self.counts, "score": self.scores})

    @classmethod
    def from_table(cls, table: pa.Table) -> "Phrases":
        """The inverse of `to_table`."""
        ends = [table[name].combine_chunks().cast(pa.string()) for name in ("first", "second")]
        return cls(ends[0], ends[1], table["count"].to_numpy(), table["score"].to_numpy())


def learn_phrases(pieces: Iterable[Tokens], settings: PhraseSettings) -> tuple[Iterable[Tokens], list[Phrases]]:
    """The text with its phrases joined, and what was joined in each pass; a pass that finds nothing is the last.

    The pieces of the text are read twice a pass, and those returned join their phrases whenever they are read.
    """
    passes: list[Phrases] = []
    for _ in range(settings.passes):
        phrases = fit_phrases(pieces, settings)
        if len(phrases) == 0:
            break
        passes.append(phrases)
        pieces = map_pieces(pieces, partial(join_phrases, phrases=phrases))
    return pieces, passes


def fit_phrases(pieces: Iterable[Tokens], settings: PhraseSettings) -> Phrases:
    """The pairs of neighbours, within a document, that are seen `min_count` times and score above the threshold."""
    seen = count_words(pieces)
    pairs, counts = count_pairs(codes_in(seen.words, piece) for piece in pieces)
    first, second = np.divmod(pairs, max(len(seen.words), 1))
    scores = score_pairs(seen.counts, first, second, counts, settings)
    wanted = _can_be_part(seen.words)
    chosen = (counts >= settings.min_count) & (scores > settings.least_score) & wanted[first] & wanted[second]
    order = np.flatnonzero(chosen)[np.argsort(-scores[chosen], kind="stable")]
    ends = [seen.words.take(pa.array(codes[order])) for codes in (first, second)]
    return Phrases(ends[0], ends[1], counts[order], scores[order])


def count_pairs(pieces: Iterable[Tokens]) -> tuple[np.ndarray, np.ndarray]:
    """The keys of all distinct pairs of pieces over common words, in rising order, and how often each is seen."""
    pairs, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for piece in pieces:
        more = np.unique(_pair_keys(piece), return_counts=True)
        pairs, places = np.unique(np.concatenate([pairs, more[0]]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, more[1]]), len(pairs)).astype(np.int64)
    return pairs, counts


def score_pairs(
    words: np.ndarray, first: np.ndarray, second: np.ndarray, counts: np.ndarray, settings: PhraseSettings
) -> np.ndarray:
    """Scores of all distinct pairs (first, second) seen `counts` times, where word i is seen words[i] times.

    "ratio" is eq. 6 of Mikolov et al. 2013 times the number of distinct words and pairs, as gensim scales it; "npmi" is
    normalised pointwise mutual information, -1 to 1 (Bouma 2009).
    """
    if settings.score == "ratio":
        scale = np.count_nonzero(words) + len(counts)
        ratio: np.ndarray = (counts - settings.min_count) / (words[first] * words[second]) * scale
        return ratio
    tokens = words.sum()
    together = counts / tokens
    chance = (words[first] / tokens) * (words[second] / tokens)
    # A text of one pair over and over: together is 1, and so is the score.
    npmi: np.ndarray = np.log(together / chance) / np.maximum(-np.log(together), 1e-300)
    return npmi


def join_phrases(tokens: Tokens, phrases: Phrases) -> Tokens:
    """The documents with every phrase as one token; of overlapping phrases the one that starts first.

    >>> new_york = Phrases(pa.array(["new"]), pa.array(["york"]), np.array([9]), np.array([99.0]))
    >>> join_phrases(Tokens.from_lists([["in", "new", "york"], ["york", "new"]]), new_york).to_lists()
    [['in', 'new_york'], ['york', 'new']]
    """
    first, second = (
        pc.index_in(ends, tokens.words).fill_null(-1).to_numpy() for ends in (phrases.first, phrases.second)
    )
    known = np.flatnonzero((first >= 0) & (second >= 0))
    keys = first[known].astype(np.int64) * len(tokens.words) + second[known]
    starts, found = _first_of_overlapping(tokens, keys)
    codes = tokens.codes.copy()
    codes[starts] = len(tokens.words) + known[found]
    kept = np.ones(len(codes), bool)
    kept[starts + 1] = False
    lengths = np.diff(np.append(0, np.cumsum(kept))[tokens.offsets])
    # A joined word may be one that the text holds already.
    words = pa.concat_arrays([tokens.words, phrases.joined]).dictionary_encode()
    return Tokens(offsets_of(lengths), words.indices.to_numpy()[codes[kept]], words.dictionary)


def _first_of_overlapping(tokens: Tokens, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a phrase starts, read from left to right, and which of `keys` it is: two int64 (phrases found,).

    In an unbroken run of overlapping pairs every other one is taken, which is what reading from the left does.
    """
    order = np.argsort(keys)
    pairs, places = _pair_keys(tokens), _pair_places(tokens)
    found = np.searchsorted(keys[order], pairs)
    hits = np.flatnonzero(keys[order][np.minimum(found, len(keys) - 1)] == pairs) if len(keys) else np.array([], int)
    starts = places[hits]
    breaks = np.diff(starts, prepend=-2) != 1
    run = np.maximum.accumulate(np.where(breaks, np.arange(len(starts)), 0))
    taken = (np.arange(len(starts)) - run) % 2 == 0
    return starts[taken], order[found[hits][taken]]


def _pair_places(tokens: Tokens) -> np.ndarray:
    """Every position that has a right neighbour in its document, int64 (pairs,)."""
    has_next = np.ones(len(tokens.codes), bool)
    has_next[tokens.offsets[1:][tokens.lengths > 0] - 1] = False
    return np.flatnonzero(has_next)


def _pair_keys(tokens: Tokens) -> np.ndarray:
    """One number for each pair of neighbours, in reading order: int64 (pairs,)."""
    places = _pair_places(tokens)
    keys: np.ndarray = tokens.codes[places].astype(np.int64) * len(tokens.words) + tokens.codes[places + 1]
    return keys


def _can_be_part(words: pa.StringArray) -> np.ndarray:
    """Whether each word may be part of a phrase: bool (distinct words,)."""
    marks: np.ndarray = pc.match_substring_regex(words, NO_PART_OF_PHRASES).to_numpy(zero_copy_only=False)
    return ~marks
