"""Length buckets: every row once, little padding, an order that (seed, epoch) alone decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.batching import epoch_batches, length_batches, pad_documents

LENGTHS = st.lists(st.integers(0, 40), max_size=300).map(lambda values: np.array(values, dtype=np.int64))


def encoded(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return np.arange(1, offsets[-1] + 1, dtype=np.int32), offsets


@given(lengths=LENGTHS, max_length=st.integers(1, 50))
def test_padded_rows_hold_the_first_ids_of_their_document_and_zeros(lengths, max_length):
    ids, offsets = encoded(lengths)
    padded, kept = pad_documents(ids, offsets, max_length)
    assert padded.shape == (len(lengths), max(1, min(lengths.max(initial=0), max_length)))
    for row, length, start in zip(padded, kept, offsets, strict=False):
        assert row[:length].tolist() == ids[start : start + length].tolist()
        assert not row[length:].any()


@given(lengths=LENGTHS, batch_size=st.integers(1, 32), seed=st.integers(0, 5), epoch=st.integers(1, 3))
def test_an_epoch_holds_every_row_once_and_repeats_exactly(lengths, batch_size, seed, epoch):
    batches = epoch_batches(lengths, batch_size, seed, epoch)
    rows = np.concatenate([*batches, np.empty(0, int)])
    assert sorted(rows.tolist()) == list(range(len(lengths)))
    assert max(map(len, batches), default=0) <= batch_size
    again = epoch_batches(lengths, batch_size, seed, epoch)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


def test_another_epoch_or_seed_gives_another_order():
    lengths = np.arange(500) % 30
    orders = {
        tuple(np.concatenate(epoch_batches(lengths, 32, seed, epoch)).tolist())
        for seed, epoch in [(1, 1), (1, 2), (2, 1)]
    }
    assert len(orders) == 3


def test_batches_of_like_length_leave_little_padding():
    lengths = np.random.default_rng(0).integers(1, 33, 5_000)
    padded_steps = sum(len(rows) * lengths[rows].max() for rows in epoch_batches(lengths, 32, seed=1, epoch=1))
    assert padded_steps < 1.05 * lengths.sum()


def test_equal_lengths_keep_their_order():
    assert [rows.tolist() for rows in length_batches(np.array([2, 1, 2, 1]), 2)] == [[1, 3], [0, 2]]


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match="max_length must be >= 1, got 0"):
        pad_documents(np.array([1]), np.array([0, 1]), 0)
