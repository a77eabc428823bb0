"""From token streams to the integer arrays of training steps: subsampling, windows, negatives, chunks in random order.

A step trains on chunks: runs of CHUNK consecutive kept tokens from random places of the corpus. A chunk's words are
read from the tables once and meet all their context words, and the chunk's shared negatives, in one matrix product.
Each token carries a window code that says how far its context reaches to the left and to the right: the dynamic window
of word2vec.c, cut at the borders of its document.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.settings import Architecture

CHUNK = 32  # consecutive tokens: long enough for fast products, short enough that few words repeat in one step
GROUP = 8  # chunks that share their negatives: a longer product, and fewer rows to fetch and to write back
GROUPS = 4  # of a step at least: see groups_of
# Negatives of a group. Skip-gram: with 8 a chunk, analogies fell from 11.2 to 8.9 % (4 M words; gensim 10.8 %).
# CBOW: 16 take a tenth of its time away and a twentieth of its analogies, which stay above gensim's.
SHARED: dict[Architecture, int] = {"skip-gram": 32, "cbow": 16}
BLOCK_TOKENS = 1 << 18  # tokens prepared at a time and handed to one call of the compiled loop of steps


@dataclass(frozen=True)
class Stream:
    """Kept tokens of one shard in reading order, with their window codes: rows and codes int32 (tokens,)."""

    rows: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Block:
    """Several steps' worth of chunks. A step holds `chunks` of them; a padding chunk has window codes 0 throughout.

    context (steps, chunks, CHUNK + 2 window) rows of the chunk's tokens with their surroundings;
    negatives (steps, groups, shared); codes (steps, chunks, CHUNK); share (0-1) is its part of the stream.
    """

    context: np.ndarray
    negatives: np.ndarray
    codes: np.ndarray
    share: float


def keep_probabilities(counts: np.ndarray, threshold: float) -> np.ndarray:
    """Chance (0-1) that one occurrence of each word survives subsampling; all 1 when threshold is 0.

    The form used by word2vec.c and gensim, sqrt(t/f) + t/f, not eq. 5 of Mikolov et al. 2013.
    """
    if threshold == 0:
        return np.ones(len(counts))
    frequencies = np.maximum(counts / max(counts.sum(), 1), 1e-300)
    kept: np.ndarray = np.minimum(np.sqrt(threshold / frequencies) + threshold / frequencies, 1.0)
    return kept


def noise_probabilities(counts: np.ndarray) -> np.ndarray:
    """Chance of each word as a negative sample: counts to the power 3/4 (Mikolov et al. 2013), summing to 1."""
    weights = counts.astype(np.float64) ** 0.75
    probabilities: np.ndarray = weights / weights.sum()
    return probabilities


def groups_of(chunks: int) -> int:
    """Groups of a step's chunks, a power of two as they are: as few as GROUP allows, but at least GROUPS.

    oneDNN gives whole matrices of a batch to threads when their number divides the batch, and otherwise cuts matrices
    up, which changes the last bits: powers of two from 4 on keep one digest on 1, 2 and 4 threads (test_word2vec).
    """
    return max(GROUPS, chunks // GROUP)


def window_code(left: Any, right: Any, window: int) -> Any:
    """One integer for a context that reaches `left` words back and `right` words on; 0 is not a context at all."""
    return left * (window + 1) + right


def read_stream(
    rows: np.ndarray, offsets: np.ndarray, keep: np.ndarray, window: int, random: np.random.Generator
) -> Stream:
    """Subsample one shard and draw each kept token's window.

    rows int32 (tokens,) are table rows, -1 for a word without one, which is dropped before windows are drawn, as in
    gensim; offsets (documents + 1,) mark the documents; keep (vocabulary,) are survival chances. Contexts never cross
    the border of a document.
    """
    chances = np.append(keep, 0).astype(np.float32)  # the last one is that of row -1, a word without a row
    kept = random.random(len(rows), dtype=np.float32) < chances[rows]
    before = np.concatenate([[0], np.cumsum(kept)])[offsets].astype(np.int32)
    lengths, position = np.diff(before), np.arange(before[-1], dtype=np.int32)
    reach = random.integers(1, window + 1, before[-1], dtype=np.int32)
    left = np.minimum(reach, position - np.repeat(before[:-1], lengths))
    right = np.minimum(reach, np.repeat(before[1:] - 1, lengths) - position)
    return Stream(rows[kept], window_code(left, right, window))


def draw_blocks(
    stream: Stream, noise: np.ndarray, window: int, chunks: int, shared: int, random: np.random.Generator
) -> Iterator[Block]:
    """All chunks of a stream once, in random order, `chunks` to a step; noise (vocabulary,) are negative chances."""
    pad = -len(stream.rows) % CHUNK
    rows = np.pad(stream.rows, (window, window + pad))
    codes = np.pad(stream.codes, (0, pad)).reshape(-1, CHUNK)
    context = np.lib.stride_tricks.sliding_window_view(rows, CHUNK + 2 * window)[::CHUNK]
    cumulative = np.cumsum(noise)
    order = random.permutation(len(codes))
    steps = max(1, BLOCK_TOKENS // (CHUNK * chunks))
    for start in range(0, len(order), steps * chunks):
        chosen = order[start : start + steps * chunks]
        held = -(-len(chosen) // chunks)
        missing = held * chunks - len(chosen)
        drawn = np.searchsorted(cumulative, random.random((held, groups_of(chunks), shared)), side="right")
        yield Block(
            context=np.pad(context[chosen], ((0, missing), (0, 0))).reshape(held, chunks, -1),
            negatives=np.minimum(drawn, len(noise) - 1).astype(np.int32),
            codes=np.pad(codes[chosen], ((0, missing), (0, 0))).reshape(held, chunks, CHUNK),
            share=len(chosen) / len(order),
        )
