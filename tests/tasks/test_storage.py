"""The store: equal content has one address, and what is damaged is noticed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import storage

TABLE = pa.table(
    {
        "text": ["fire", None, "é"],
        "tokens": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
        "vector": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
        "flag": [True, None, False],
        "nothing": pa.nulls(3),
    }
)


def seal(table: pa.Table, **options: object) -> Path:
    with storage.new_artifact("tables") as draft:
        pq.write_table(table, draft / "table.parquet", **options)
    return draft.final


def test_a_table_has_one_address_however_it_is_laid_out(home: Path) -> None:
    encoded = TABLE.set_column(0, "text", TABLE["text"].dictionary_encode())
    assert seal(TABLE) == seal(TABLE, row_group_size=1) == seal(TABLE, compression="none") == seal(encoded)


@pytest.mark.parametrize(
    "changed",
    [
        TABLE.set_column(0, "text", pa.array(["fire", "", "é"])),
        TABLE.set_column(0, "text", pa.array(["fir", None, "eé"])),
        TABLE.set_column(1, "tokens", pa.array([["a"], ["b"], None], pa.list_(pa.string()))),
        TABLE.set_column(1, "tokens", pa.array([["a", "b"], None, []], pa.list_(pa.string()))),
        TABLE.set_column(3, "flag", pa.array([True, False, None])),
        TABLE.rename_columns(["words", "tokens", "vector", "flag", "nothing"]),
        TABLE.slice(0, 2),
        TABLE.take([1, 0, 2]),
    ],
)
def test_any_change_of_content_changes_the_address(home: Path, changed: pa.Table) -> None:
    assert seal(changed) != seal(TABLE)


def test_arrays_are_addressed_by_value_type_and_shape(home: Path) -> None:
    def seal_array(array: np.ndarray) -> str:
        with storage.new_artifact("arrays") as draft:
            np.savez(draft / "arrays.npz", array=array)
        return draft.final.name

    base = seal_array(np.arange(4, dtype=np.float32))
    assert seal_array(np.arange(4, dtype=np.float32)) == base
    assert seal_array(np.arange(4, dtype=np.float64)) != base
    assert seal_array(np.arange(4, dtype=np.float32).reshape(2, 2)) != base


def test_a_pickle_in_an_array_file_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"), storage.new_artifact("arrays") as draft:
        np.savez(draft / "arrays.npz", array=np.array([{"not": "an array"}], dtype=object))


def test_an_error_while_writing_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(OSError, match="disk full"), storage.new_artifact("tables") as draft:
        (draft / "half.txt").write_text("half")
        raise OSError("disk full")
    assert list((home / "store" / "tables").iterdir()) == []


def test_a_damaged_file_is_noticed_and_mended_by_writing_again(home: Path) -> None:
    artifact = seal(TABLE)
    (artifact / "table.parquet").write_bytes(b"damaged")
    with pytest.raises(storage.DamagedArtifactError, match="not what was written"):
        storage.verify(artifact)
    assert seal(TABLE) == artifact
    storage.verify(artifact)


def test_a_missing_file_is_noticed(home: Path) -> None:
    artifact = seal(TABLE)
    (artifact / "table.parquet").unlink()
    with pytest.raises(storage.DamagedArtifactError, match="missing"):
        storage.verify(artifact)


def test_the_state_folder_is_readable_by_its_owner_only(home: Path) -> None:
    assert storage.state_home().stat().st_mode & 0o777 == 0o700


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    storage.write_atomically(tmp_path / "a.json", "old")
    storage.write_atomically(tmp_path / "a.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "new"
