"""Parts of a table of tweets that a model may serve better or worse than the whole, and its scores on each.

Slices look at the tweets alone, never at a prediction, so that two models are compared on the same ones.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.metrics.scores import wilson_interval
from models.text import Tokens

ADDRESS, MENTION, HASHTAG = r"https?://|www\.", r"(?:^|[^\w@])@\w", r"(?:^|[^\w&])#\w*[A-Za-z]"  # in RE2
# The quartiles of real disaster tweets lie near 11, 15 and 19 words between blanks.
WORDS = (10, 15, 20)
UNKNOWN = (0.1, 0.25)
FREQUENT_KEYWORDS = 20
FEWEST_ROWS = 10  # of a keyword: fewer say nothing, whatever they say

Interval = tuple[float, float]


@dataclass(frozen=True)
class SliceScore:
    """How a model does on one slice, with 95 % intervals; F1 is None where nothing is positive, in truth or by it.

    Of several classes nothing is positive, and `positives` is None.
    """

    name: str
    rows: int
    positives: int | None
    accuracy: float
    accuracy_interval: Interval
    f1: float | None
    f1_interval: Interval | None


def slice_scores(
    tweets: pa.Table, called: np.ndarray, unknown: np.ndarray | None = None, several: bool = False
) -> list[SliceScore]:
    """The scores of every slice of labelled tweets (text, keyword, target), the surely worst first.

    `called` (rows,) is the class that each is called; of `several` classes, more than two, accuracy alone is scored.
    Sorted by the upper end of the accuracy's interval: a small slice is not called bad for a stroke of bad luck.
    `unknown` (rows,) is each tweet's share of words that the model does not know, see `unknown_shares`.
    """
    labels, score = tweets["target"].to_numpy(), _accuracy if several else _score
    scores = [score(name, labels[rows], called[rows]) for name, rows in slice_rows(tweets, unknown).items()]
    return sorted(scores, key=lambda score: (score.accuracy_interval[1], score.name))


def slice_rows(tweets: pa.Table, unknown: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Which rows belong to each slice, bool (rows,) by its name; slices without a row are left out."""
    texts = pc.fill_null(tweets["text"].cast(pa.string()), "")
    words = pc.list_value_length(pc.ascii_split_whitespace(texts)).to_numpy(zero_copy_only=False)
    found = {
        **_with_and_without(texts, "address", ADDRESS),
        **_with_and_without(texts, "mention", MENTION),
        **_with_and_without(texts, "hashtag", HASHTAG),
        **_length_bands(words),
        **({} if unknown is None else _unknown_bands(unknown)),
        **_keywords(tweets["keyword"].cast(pa.string())),
    }
    return {name: rows for name, rows in found.items() if rows.any()}


def unknown_shares(tokens: Tokens, known: pa.StringArray | None) -> np.ndarray:
    """Of each document the share of tokens that are not among these words, float64 (documents,); 0 of no tokens.

    None knows every word.
    """
    if known is None:
        return np.zeros(len(tokens))
    strange = ~pc.is_in(tokens.words, known).to_numpy(zero_copy_only=False)
    counts = np.add.reduceat(np.append(strange[tokens.codes], False).astype(float), tokens.offsets[:-1])
    return np.where(tokens.lengths > 0, counts / np.maximum(tokens.lengths, 1), 0.0)


def _with_and_without(texts: pa.ChunkedArray, name: str, pattern: str) -> dict[str, np.ndarray]:
    has = pc.match_substring_regex(texts, pattern).to_numpy()
    return {f"with {name}": has, f"without {name}": ~has}


def _length_bands(words: np.ndarray) -> dict[str, np.ndarray]:
    short, middle, long = WORDS
    return {
        f"under {short} words": words < short,
        f"{short} to {middle - 1} words": (words >= short) & (words < middle),
        f"{middle} to {long - 1} words": (words >= middle) & (words < long),
        f"{long} words and more": words >= long,
    }


def _unknown_bands(unknown: np.ndarray) -> dict[str, np.ndarray]:
    few, many = UNKNOWN
    return {
        "no unknown word": unknown == 0,
        f"up to {few:.0%} unknown words": (unknown > 0) & (unknown <= few),
        f"{few:.0%} to {many:.0%} unknown words": (unknown > few) & (unknown <= many),
        f"over {many:.0%} unknown words": unknown > many,
    }


def _keywords(keywords: pa.ChunkedArray) -> dict[str, np.ndarray]:
    """The most frequent keywords, ties by name, and the rows without one where there are others."""
    values = keywords.to_numpy(zero_copy_only=False).astype(object)
    given = np.array([value is not None and value != "" for value in values], bool)
    names, counts = np.unique(values[given].astype(str), return_counts=True)
    frequent = np.lexsort((names, -counts))[:FREQUENT_KEYWORDS]
    found = {f"keyword {names[each]}": values == names[each] for each in frequent if counts[each] >= FEWEST_ROWS}
    return {**found, "no keyword": ~given} if given.any() else {}


def _score(name: str, labels: np.ndarray, called: np.ndarray) -> SliceScore:
    right, hits = float(np.mean(called == labels)), float(np.sum((called == 1) & (labels == 1)))
    mistakes = float(np.sum(called != labels))
    # F1 = 2 F* / (1 + F*), where F* = hits / (hits + mistakes) is a share (Hand, Christen & Kirielle 2021): the Wilson
    # interval of the one, given how many rows are hits or mistakes, is an interval of the other.
    relevant = hits + mistakes
    share = hits / relevant if relevant else None
    return SliceScore(
        name=name,
        rows=len(labels),
        positives=int(labels.sum()),
        accuracy=right,
        accuracy_interval=_interval(right, len(labels)),
        f1=None if share is None else _f1_of(share),
        f1_interval=None if share is None else _f1_interval(share, relevant),
    )


def _accuracy(name: str, labels: np.ndarray, called: np.ndarray) -> SliceScore:
    right = float(np.mean(called == labels))
    return SliceScore(name, len(labels), None, right, _interval(right, len(labels)), None, None)


def _f1_interval(share: float, relevant: float) -> Interval:
    low, high = _interval(share, relevant)
    return _f1_of(low), _f1_of(high)


def _f1_of(share: float) -> float:
    return 2 * share / (1 + share)


def _interval(share: float, count: float) -> Interval:
    low, high = wilson_interval(np.array([share]), np.array([count]))
    return float(low[0]), float(high[0])
