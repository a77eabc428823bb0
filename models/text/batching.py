"""Documents of unequal length as rectangular batches with little padding, in an order that (seed, epoch) decides."""

import numpy as np

from models.seeds import generator

PADDING = 0
# Batches sorted by length together: enough for nearly equal lengths, few enough to mix differently each epoch.
POOL_BATCHES = 24


def pad_documents(ids: np.ndarray, offsets: np.ndarray, max_length: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `max_length` ids of every document, int32 (documents, longest), and their lengths (documents,).

    Document i is ids[offsets[i]:offsets[i + 1]]; what is missing at its end is 0.

    >>> pad_documents(np.array([5, 6, 7, 8]), np.array([0, 1, 1, 4]), max_length=2)[0].tolist()
    [[5, 0], [0, 0], [6, 7]]
    """
    if max_length < 1:
        raise ValueError(f"max_length must be >= 1, got {max_length}")
    lengths = np.minimum(np.diff(offsets), max_length)
    columns = np.arange(max(1, lengths.max(initial=0)))
    inside = columns < lengths[:, None]
    padded = np.full(inside.shape, PADDING, dtype=np.int32)
    padded[inside] = ids[(np.asarray(offsets)[:-1, None] + columns)[inside]]
    return padded, lengths


def epoch_batches(lengths: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of every batch of one epoch, each row once; a pure function of its arguments.

    Rows are shuffled, cut into pools of POOL_BATCHES batches, sorted by length within a pool and batched; the batches
    are then shuffled too. The last batch of a pool may be smaller.
    """
    random = generator(seed, f"batches/epoch-{epoch}")
    shuffled = random.permutation(len(lengths))
    pools = np.split(shuffled, np.arange(POOL_BATCHES * batch_size, len(lengths), POOL_BATCHES * batch_size))
    batches = [batch for pool in pools for batch in length_batches(lengths, batch_size, pool)]
    return [batches[position] for position in random.permutation(len(batches))]


def length_batches(lengths: np.ndarray, batch_size: int, rows: np.ndarray | None = None) -> list[np.ndarray]:
    """The rows (all by default) sorted by length, equal lengths in the order given, cut into batches."""
    rows = np.arange(len(lengths)) if rows is None else rows
    if not len(rows):
        return []
    ordered = rows[np.argsort(lengths[rows], kind="stable")]
    return np.split(ordered, np.arange(batch_size, len(ordered), batch_size))
