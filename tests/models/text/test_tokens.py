"""Tokens: documents as slices of codes, and their way through Arrow and Parquet."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import Tokens, concat

DOCUMENTS = st.lists(st.lists(st.sampled_from(["fire", "flood", "", "é", "<url>", "n't"]), max_size=5), max_size=6)


@given(DOCUMENTS)
def test_lists_come_back(documents: list[list[str]]) -> None:
    assert Tokens.from_lists(documents).to_lists() == documents


@given(DOCUMENTS)
def test_arrow_lists_come_back(documents: list[list[str]]) -> None:
    array = Tokens.from_lists(documents).to_arrow()
    assert array.type == pa.list_(pa.dictionary(pa.int32(), pa.string()))
    assert Tokens.from_arrow(array).to_lists() == documents


def test_tokens_come_back_from_parquet_in_many_row_groups(tmp_path: Path) -> None:
    documents = [[f"word{number % 7}"] * (number % 4) for number in range(100)]
    table = pa.table({"tokens": Tokens.from_lists(documents).to_arrow()})
    pq.write_table(table, tmp_path / "tokens.parquet", row_group_size=13)
    stored = pq.read_table(tmp_path / "tokens.parquet")["tokens"]
    assert stored.type == table["tokens"].type
    assert Tokens.from_arrow(stored).to_lists() == documents


def test_tokens_come_back_from_shards_with_different_dictionaries() -> None:
    parts = [Tokens.from_lists([["a", "b"]]).to_arrow(), Tokens.from_lists([["c"], ["b"]]).to_arrow()]
    assert Tokens.from_arrow(pa.chunked_array(parts)).to_lists() == [["a", "b"], ["c"], ["b"]]


@pytest.mark.parametrize("value", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_other_lists_of_strings_are_read_too(value: pa.DataType) -> None:
    array = pa.array([["x"], ["a", "b"], None, ["b"]], pa.list_(pa.string())).cast(pa.list_(value))
    assert Tokens.from_arrow(array.slice(1)).to_lists() == [["a", "b"], [], ["b"]]


def test_a_column_that_is_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match="a list of strings for each document, got string"):
        Tokens.from_arrow(pa.array(["a b"]))


def test_offsets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets must run from 0 to the 1 codes"):
        Tokens(np.array([0, 2]), np.array([0], np.int32), pa.array(["a"]))


@given(DOCUMENTS, st.data())
def test_taking_documents_keeps_their_words_and_order(documents: list[list[str]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(documents) - 1))) if documents else []
    taken = Tokens.from_lists(documents).take(np.array(rows, np.int64))
    assert taken.to_lists() == [documents[row] for row in rows]


def test_documents_are_taken_by_a_mask_too() -> None:
    assert Tokens.from_lists([["a"], ["b"]]).take(np.array([False, True])).to_lists() == [["b"]]


@given(st.lists(DOCUMENTS, max_size=4))
def test_parts_put_together_hold_all_documents(parts: list[list[list[str]]]) -> None:
    together = concat([Tokens.from_lists(part) for part in parts])
    assert together.to_lists() == [document for part in parts for document in part]


def test_words_and_the_documents_that_hold_them_are_counted() -> None:
    tokens = Tokens.from_lists([["fire", "fire", "flood"], [], ["fire"]])
    assert (tokens.counts().tolist(), tokens.document_counts().tolist()) == ([3, 1], [2, 1])
