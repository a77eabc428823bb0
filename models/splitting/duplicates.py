"""Copies, contradictions and contamination, counted on 128-bit keys of texts rather than on the texts.

A key is two unsigned 64-bit numbers, a row of an array (rows, 2). Keys of one bucket are all that these functions see
at a time: callers with more texts than memory deal the keys out by their first number and add up the figures.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NO_ROW = -1
NEVER = np.iinfo(np.int64).max
HTML_ENTITY = r"&#?\w+;"


@dataclass(frozen=True)
class Repetition:
    """How often texts occur more than once: distinct texts, their rows, and the same of those under several labels."""

    texts: int = 0
    rows: int = 0
    conflicting_texts: int = 0
    conflicting_rows: int = 0

    def __add__(self, other: "Repetition") -> "Repetition":
        return Repetition(
            self.texts + other.texts,
            self.rows + other.rows,
            self.conflicting_texts + other.conflicting_texts,
            self.conflicting_rows + other.conflicting_rows,
        )


def keys_of(texts: Sequence[str]) -> np.ndarray:
    """Keys (texts, 2) uint64: equal texts have equal keys, and two others never will in practice."""
    digests = b"".join([hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts])
    return np.frombuffer(digests, "<u8").reshape(-1, 2)


def normalise(texts: pa.Array) -> pa.StringArray:
    """The texts as published counts of the Kaggle disaster tweets compare them; ours is `splits.fold_texts`.

    HTML entities decoded, lower case, addresses and mentions and then all but a-z, 0-9 and # replaced by one blank.

    >>> normalise(pa.array(["Fire &amp; SMOKE, see http://t.co/x @bbc #fire 911!"])).to_pylist()
    ['fire smoke see #fire 911']
    """
    import html

    texts = texts.cast(pa.string()).fill_null("")
    coded = pc.match_substring_regex(texts, HTML_ENTITY)
    decoded = pa.array([html.unescape(text) for text in texts.filter(coded).to_pylist()], pa.string())
    texts = pc.utf8_lower(pc.replace_with_mask(texts, coded, decoded) if len(decoded) else texts)
    return pc.utf8_trim(pc.replace_substring_regex(texts, r"(?:http\S*|@\w+|[^a-z0-9#])+", " "), " ")


def number_groups(keys: np.ndarray) -> np.ndarray:
    """A number for every row, int64, equal where the keys are; 0 to distinct keys - 1."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    new = np.any(keys[order[1:]] != keys[order[:-1]], axis=1)
    numbers = np.empty(len(keys), np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(new)])[: len(keys)]
    return numbers


def count_repetition(keys: np.ndarray, labels: np.ndarray) -> Repetition:
    """Repeated texts among rows with labels 0, 1, ... or -1 (none)."""
    groups = number_groups(keys)
    sizes = np.bincount(groups)
    both = _label_counts(groups, labels, len(sizes)) > 1
    return Repetition(int((sizes > 1).sum()), int(sizes[sizes > 1].sum()), int(both.sum()), int(sizes[both].sum()))


def contradicting_rows(keys: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For every row, the first row with the same text and another label; -1 where none has. int64."""
    groups = number_groups(keys)
    first = np.full((max(2, labels.max(initial=-1) + 1), groups.max(initial=-1) + 1), NEVER)
    for label in range(len(first)):
        np.minimum.at(first[label], groups[labels == label], rows[labels == label])
    earliest, second = np.sort(first, axis=0)[:2]  # under two different labels
    conflict = (second < NEVER)[groups] & (labels >= 0)
    own = first[np.maximum(labels, 0), groups] == earliest[groups]
    return np.where(conflict, np.where(own, second[groups], earliest[groups]), NO_ROW)


def _label_counts(groups: np.ndarray, labels: np.ndarray, size: int) -> np.ndarray:
    """How many different labels the rows of each group carry, (groups,)."""
    found = [np.bincount(groups, labels == label, size) > 0 for label in range(labels.max(initial=-1) + 1)]
    return np.sum(found, axis=0, dtype=int) if found else np.zeros(size, int)


def earlier_copies(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For every row, the first row with the same key if that is an earlier one, else -1. int64."""
    groups = number_groups(keys)
    first = np.full(groups.max(initial=-1) + 1, NEVER)
    np.minimum.at(first, groups, rows)
    return np.where(first[groups] < rows, first[groups], NO_ROW)


def found_among(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each key is one of the others, bool (rows,)."""
    groups = number_groups(np.concatenate([keys, others]))
    return np.isin(groups[: len(keys)], groups[len(keys) :])
