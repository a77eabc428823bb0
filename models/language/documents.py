"""Encoded documents as a language model reads them: framed by a mark, cut into pieces, some of them held out."""

import zlib
from typing import NamedTuple

import numpy as np

from models.text import Tokens, offsets_of


class Documents(NamedTuple):
    """Document i is ids[offsets[i]:offsets[i + 1]]: ids int32 (tokens,), offsets int64 (documents + 1,)."""

    ids: np.ndarray
    offsets: np.ndarray


def frame_documents(documents: Documents, mark: int, max_length: int) -> Documents:
    """The documents with `mark` before the first and after the last word, cut into pieces that predict `max_length`.

    A piece begins with the last token of the one before it, so that every word, and every end, is predicted once.
    Documents without tokens are left out.

    >>> pieces = frame_documents(Documents(np.array([5, 6, 7]), np.array([0, 3])), mark=9, max_length=2)
    >>> pieces.ids.tolist(), pieces.offsets.tolist()
    ([9, 5, 6, 6, 7, 9], [0, 3, 6])
    """
    lengths = np.diff(documents.offsets)
    lengths = lengths[lengths > 0] + 2
    starts = offsets_of(lengths)
    framed = np.full(starts[-1], mark, np.int32)
    inside = np.ones(len(framed), bool)
    inside[starts[:-1]] = inside[starts[1:] - 1] = False
    framed[inside] = documents.ids
    pieces = -(-(lengths - 1) // max_length)
    number = np.arange(pieces.sum()) - np.repeat(offsets_of(pieces)[:-1], pieces)
    first = number * max_length
    sizes = np.minimum(first + max_length + 1, np.repeat(lengths, pieces)) - first
    return Documents(framed[_spans(np.repeat(starts[:-1], pieces) + first, sizes)], offsets_of(sizes))


def hold_out(tokens: Tokens, share: float) -> tuple[Tokens, Tokens]:
    """Documents to learn from and documents to be judged by, about this share of them; the empty ones are neither.

    A checksum of its words decides where a document goes, so that copies of one text are never on both sides.
    """
    words = np.array([zlib.crc32(word.encode()) for word in tokens.words.to_pylist()], np.uint64)
    place = np.arange(len(tokens.codes)) - np.repeat(tokens.offsets[:-1], tokens.lengths)
    running = offsets_of(words[tokens.codes] * (2 * place + 1).astype(np.uint64)).astype(np.uint64)
    sums = running[tokens.offsets[1:]] - running[tokens.offsets[:-1]]
    # The golden ratio's multiple spreads sums that differ little over the whole range.
    held = (sums * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) < share * 2**32
    filled = tokens.lengths > 0
    return tokens.take(np.flatnonzero(filled & ~held)), tokens.take(np.flatnonzero(filled & held))


def _spans(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Positions start, start + 1, ... of every span, one span after the other."""
    offsets = offsets_of(lengths)
    places: np.ndarray = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return places
