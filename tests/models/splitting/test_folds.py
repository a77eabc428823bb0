"""Folds hold out every row once and never part near-duplicates; their inner splits use kept rows alone."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.splitting.folds import UNUSED, Fold, assign_folds, fold_splits

NAMES = st.lists(st.integers(0, 30), min_size=6, max_size=120).filter(lambda names: len(set(names)) >= 5)
MANY = pa.array([f"group {number // 2}" for number in range(4_000)])


def groups_of(numbers: list[int]) -> pa.StringArray:
    return pa.array([f"group {number}" for number in numbers])


@given(NAMES, st.integers(2, 5), st.integers(0, 9))
def test_every_row_is_held_out_once_and_no_group_is_divided(numbers: list[int], folds: int, seed: int) -> None:
    kept = np.arange(len(numbers)) % 7 > 0
    splits = [
        np.array(fold_splits(groups_of(numbers), kept, Fold(folds=folds, number=number, seed=seed)).to_pylist())
        for number in range(1, folds + 1)
    ]
    held_out = np.array([each == "test" for each in splits])
    assert (held_out.sum(axis=0) == 1).all()
    for each in splits:
        for group in set(numbers):
            found = {split for split, number in zip(each, numbers, strict=True) if number == group}
            assert len(found - {UNUSED}) <= 1
            assert found == {"test"} or "test" not in found


@given(NAMES, st.integers(2, 5), st.integers(0, 9))
def test_folds_differ_by_one_groups_rows_at_most(numbers: list[int], folds: int, seed: int) -> None:
    sizes = np.bincount(assign_folds(groups_of(numbers), folds, seed), minlength=folds + 1)[1:]
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= max(map(numbers.count, numbers))


@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(numbers: list[int], random) -> None:
    order = list(range(len(numbers)))
    random.shuffle(order)
    shuffled = assign_folds(groups_of([numbers[row] for row in order]), 3, seed=1)
    assert shuffled.tolist() == assign_folds(groups_of(numbers), 3, seed=1)[order].tolist()


def test_another_seed_is_another_partition() -> None:
    assert (assign_folds(MANY, 5, seed=1) != assign_folds(MANY, 5, seed=2)).mean() > 0.7


def test_rows_that_were_not_kept_are_scored_and_never_learned_from() -> None:
    kept = np.arange(len(MANY)) % 3 > 0
    splits = np.array(fold_splits(MANY, kept, Fold()).to_pylist())
    assert set(splits[~kept]) == {"test", UNUSED}
    assert set(splits[kept]) == {"test", "train", "validation"}


def test_the_shares_are_of_all_groups() -> None:
    splits = fold_splits(MANY, np.ones(len(MANY), bool), Fold(folds=5, validation_share=0.2)).to_pylist()
    shares = {name: splits.count(name) / len(splits) for name in set(splits)}
    assert shares == pytest.approx({"test": 0.2, "validation": 0.2, "train": 0.6}, abs=0.03)


def test_smaller_training_shares_lie_within_larger_ones_and_move_nothing_else() -> None:
    kept = np.ones(len(MANY), bool)
    by_share = [
        np.array(fold_splits(MANY, kept, Fold(training_share=share)).to_pylist()) for share in (0.1, 0.4, 0.7, 1.0)
    ]
    for small, large in pairwise(by_share):
        assert not (small == "train")[large != "train"].any()
        assert (small == "train").sum() < (large == "train").sum()
        for split in ("test", "validation"):
            assert ((small == split) == (large == split)).all()


def test_what_leaves_nothing_to_hold_out_or_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="2 groups of tweets cannot be dealt out to 3 folds"):
        assign_folds(groups_of([1, 2, 2]), 3, seed=1)
    with pytest.raises(ValueError, match="nothing is left to train on"):
        fold_splits(MANY, np.ones(len(MANY), bool), Fold(folds=2, validation_share=0.5))
