"""Token streams to training examples: what CBOW and skip-gram see of a text, written out in full.

The teaching form, for small texts and the exact model; `models.word2vec.sampling` lays the same windows for millions of
words without writing the examples down. Ids are those of a vocabulary: 0 is padding.
"""

import numpy as np

from models.text.vocabulary import PADDING_ID


def context_windows(ids: np.ndarray, offsets: np.ndarray, window: int) -> np.ndarray:
    """The context of every token, left to right, padding last: int32 (tokens, 2 * window).

    ids (tokens,), offsets (documents + 1,). Contexts end at the borders of a document, where padding (0) fills up.

    >>> context_windows(np.array([5, 6, 7]), np.array([0, 3]), window=1).tolist()
    [[6, 0], [5, 7], [6, 0]]
    """
    if window < 1:
        raise ValueError(f"window must be >= 1, got {window}")
    lengths = np.diff(offsets)
    document = np.repeat(np.arange(len(lengths)), lengths)
    distances = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
    positions = np.arange(len(ids))[:, None] + distances
    inside = np.clip(positions, 0, max(len(ids) - 1, 0))
    present = (positions == inside) & (document[inside] == document[:, None])
    contexts = np.where(present, ids[inside], PADDING_ID)
    words_first = np.argsort(~present, axis=1, kind="stable")
    return np.take_along_axis(contexts, words_first, axis=1).astype(np.int32)


def cbow_examples(ids: np.ndarray, offsets: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Contexts int32 (examples, 2 * window), padded, and the word to predict from each, int32 (examples, 1).

    A token without neighbours makes no example.
    """
    contexts = context_windows(ids, offsets, window)
    usable = contexts[:, 0] != PADDING_ID
    return contexts[usable], ids[usable, None].astype(np.int32)


def skip_gram_examples(ids: np.ndarray, offsets: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Words int32 (examples, 1), and the context words to predict from each, int32 (examples, 2 * window), padded."""
    contexts, words = cbow_examples(ids, offsets, window)
    return words, contexts


def single_context_examples(ids: np.ndarray, offsets: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """CBOW with one context word: every word with every neighbour, int32 (pairs, 1) each, in reading order.

    >>> inputs, outputs = single_context_examples(np.array([5, 6, 7]), np.array([0, 3]), window=1)
    >>> np.hstack([inputs, outputs]).tolist()
    [[5, 6], [6, 5], [6, 7], [7, 6]]
    """
    words, contexts = skip_gram_examples(ids, offsets, window)
    row, place = np.nonzero(contexts != PADDING_ID)
    return words[row], contexts[row, place][:, None]
