"""The store: equal content has one address, and what is damaged is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.runtime import atomic_files, state_folder
from tasks.store import artifact_store

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
    with artifact_store.new_artifact("tables") as draft:
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
        with artifact_store.new_artifact("arrays") as draft:
            np.savez(draft / "arrays.npz", array=array)
        return draft.final.name

    base = seal_array(np.arange(4, dtype=np.float32))
    assert seal_array(np.arange(4, dtype=np.float32)) == base
    assert seal_array(np.arange(4, dtype=np.float64)) != base
    assert seal_array(np.arange(4, dtype=np.float32).reshape(2, 2)) != base


def test_a_pickle_in_an_array_file_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"), artifact_store.new_artifact("arrays") as draft:
        np.savez(draft / "arrays.npz", array=np.array([{"not": "an array"}], dtype=object))


def test_an_error_while_writing_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(OSError, match="disk full"), artifact_store.new_artifact("tables") as draft:
        (draft / "half.txt").write_text("half")
        raise OSError("disk full")
    assert list((home / "store" / "tables").iterdir()) == []


def test_a_damaged_file_is_noticed_and_mended_by_writing_again(home: Path) -> None:
    artifact = seal(TABLE)
    (artifact / "table.parquet").write_bytes(b"damaged")
    with pytest.raises(artifact_store.DamagedArtifactError, match="not what was written"):
        artifact_store.verify(artifact)
    assert seal(TABLE) == artifact
    artifact_store.verify(artifact)


def test_a_missing_file_is_noticed(home: Path) -> None:
    artifact = seal(TABLE)
    (artifact / "table.parquet").unlink()
    with pytest.raises(artifact_store.DamagedArtifactError, match="missing"):
        artifact_store.verify(artifact)


def test_the_state_folder_is_readable_by_its_owner_only(home: Path) -> None:
    assert state_folder.state_home().stat().st_mode & 0o777 == 0o700


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    atomic_files.write_atomically(tmp_path / "a.json", "old")
    atomic_files.write_atomically(tmp_path / "a.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "new"


def test_what_a_dead_process_left_unfinished_is_deleted_and_what_a_live_one_uses_is_not(home: Path) -> None:
    script = (
        "import sys, time\n"
        "from tasks.store import artifact_store as storage\n"
        "from tasks.ingestion.outputs import scratch\n"
        "from tasks.runtime.atomic_files import draft_file\n"
        "from tasks.runtime.state_folder import state_home\n"
        "with scratch() as folder, storage.new_artifact('tweets') as draft, "
        "draft_file(state_home() / 'actions' / 'step'):\n"
        "    (draft / 'half.txt').write_text('half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        assert atomic_files.remove_leftovers() == 0
        process.kill()
    assert len(list(home.rglob(".draft-*"))) == 3
    with artifact_store.new_artifact("tweets") as mine:
        (mine / "whole.txt").write_text("whole")
        assert atomic_files.remove_leftovers() == 3
    assert list(home.rglob(".draft-*")) == []
    assert (mine.final / "whole.txt").exists()


def test_one_process_at_a_time_is_inside_a_lock(home: Path) -> None:
    script = (
        "import time\n"
        "from pathlib import Path\n"
        "from tasks.runtime import state_folder as storage\n"
        "counter = storage.state_home() / 'counter'\n"
        "for _ in range(50):\n"
        "    with storage.locked('counter'):\n"
        "        seen = int(counter.read_text()) if counter.exists() else 0\n"
        "        time.sleep(0.001)\n"
        "        counter.write_text(str(seen + 1))\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert (home / "counter").read_text() == "150"


def test_many_processes_that_seal_the_same_content_agree_on_one_intact_artifact(home: Path) -> None:
    artifact = seal(TABLE)
    (artifact / "table.parquet").write_bytes(b"damaged")
    script = (
        "import sys, pyarrow as pa, pyarrow.parquet as pq\n"
        "from tasks.store import artifact_store as storage\n"
        f"table = pq.read_table({str(home.parent / 'table.parquet')!r})\n"
        "for _ in range(20):\n"
        "    with storage.new_artifact('tables') as draft:\n"
        "        pq.write_table(table, draft / 'table.parquet')\n"
        "    storage.verify(draft.final)\n"
        "print(draft.final)\n"
    )
    pq.write_table(TABLE, home.parent / "table.parquet")
    command = [sys.executable, "-c", script]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert said == [str(artifact)] * 4
    assert list((home / "store" / "tables").iterdir()) == [artifact]


def test_drafts_of_another_machine_are_deleted_once_they_are_a_week_old(home: Path) -> None:
    (home / "store" / "tweets").mkdir(parents=True)
    drafts = [home / "store" / "tweets" / f".draft-0badbeef.{number}.boot-1-abc" for number in (1, 2)]
    for draft in drafts:
        draft.mkdir()
    os.utime(drafts[0], times=(0, 0))
    assert atomic_files.remove_leftovers() == 1
    assert [draft.exists() for draft in drafts] == [False, True]
