"""Copies and contradictions are counted exactly, in whatever order the rows come."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from models.splitting.duplicates import (
    Repetition,
    contradicting_rows,
    count_repetition,
    earlier_copies,
    found_among,
    keys_of,
    normalise,
)

TEXTS = ["fire", "calm", "fire", "smoke", "fire", "calm", ""]
LABELS = np.array([1, 0, 0, 1, 1, 0, -1])
ROWS = np.arange(len(TEXTS))

labelled_texts = st.lists(st.tuples(st.sampled_from("abcdé"), st.sampled_from([-1, 0, 1, 2])))


def test_repeated_texts_and_those_under_both_labels_are_counted() -> None:
    assert count_repetition(keys_of(TEXTS), LABELS) == Repetition(2, 5, 1, 3)


def test_figures_of_parts_add_up() -> None:
    assert Repetition(1, 2, 3, 4) + Repetition(1, 1, 1, 1) == Repetition(2, 3, 4, 5)


def test_every_row_of_a_contradiction_names_one_of_the_other_label() -> None:
    assert contradicting_rows(keys_of(TEXTS), LABELS, ROWS).tolist() == [2, -1, 0, -1, 2, -1, -1]


def test_of_three_classes_a_row_names_the_first_of_another_class() -> None:
    keys, labels = keys_of(["fire"] * 4), np.array([2, 2, 0, 1])
    assert contradicting_rows(keys, labels, np.arange(4)).tolist() == [2, 2, 0, 0]


def test_copies_name_the_first_row_and_the_first_is_none() -> None:
    assert earlier_copies(keys_of(TEXTS), ROWS).tolist() == [-1, -1, 0, -1, 0, 1, -1]


def test_texts_of_another_table_are_found() -> None:
    assert found_among(keys_of(["calm", "rain"]), keys_of(TEXTS)).tolist() == [True, False]


def test_nothing_holds_nothing_repeated() -> None:
    none = keys_of([])
    assert count_repetition(none, np.array([], int)) == Repetition()
    assert found_among(none, none).tolist() == []
    assert earlier_copies(none, np.array([], int)).tolist() == []
    assert contradicting_rows(none, np.array([], int), np.array([], int)).tolist() == []


def test_one_character_more_is_another_text() -> None:
    assert len({key.tobytes() for key in keys_of(["fire", "fire ", "Fire", "fire\n", "fire\u200b"])}) == 5


@settings(deadline=None)
@given(labelled_texts)
def test_counts_agree_with_a_dictionary(rows: list[tuple[str, int]]) -> None:
    found = defaultdict(list)
    for text, label in rows:
        found[text].append(label)
    repeated = [labels for labels in found.values() if len(labels) > 1]
    both = [labels for labels in repeated if len({0, 1, 2} & set(labels)) > 1]
    expected = Repetition(len(repeated), sum(map(len, repeated)), len(both), sum(map(len, both)))
    labels = np.array([label for _, label in rows], int)
    assert count_repetition(keys_of([text for text, _ in rows]), labels) == expected


def test_published_normalisation_keeps_digits_and_hashes() -> None:
    texts = ["AT&amp;T: 2 fires! @user http://t.co/x", "at t   2 fires", None, "#Fire_2"]
    assert normalise(pa.array(texts)).to_pylist() == ["at t 2 fires", "at t 2 fires", "", "#fire 2"]
