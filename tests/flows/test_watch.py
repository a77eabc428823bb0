"""Watched sources: what is new is dealt with once, and nothing new is said."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from flows.watch import NOTHING_NEW, WatchedScoreRequest, WatchRequest, ingest_new, score_new
from tasks import tracking
from tasks.sources import watched
from tasks.store.artifact_store import new_artifact


def state_name(flow: Any, request: Any) -> str:
    """The name of the state that a run of the flow ends in."""
    return str(flow(request, return_state=True).name)


def test_a_watched_folder_is_checked_when_it_has_changed_and_not_before(
    retrained: dict[str, Any], inputs: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    request = WatchRequest(source=str(folder))
    assert state_name(ingest_new, request) == NOTHING_NEW
    shutil.copy(inputs["tweets"], folder / "monday.csv")
    assert ingest_new(request)["data"]["read"] == 240
    runs = len(tracking.find_runs(""))
    (folder / "monday.csv").touch()
    assert state_name(ingest_new, request) == NOTHING_NEW
    assert len(tracking.find_runs("")) == runs
    shutil.copy(inputs["tweets"], folder / "tuesday.csv")
    counts = ingest_new(request)["data"]
    assert counts["read"] == 480
    assert counts["kept"] == 240  # what Tuesday brought was there on Monday


def test_only_new_files_are_scored_into_a_folder_of_the_day(retrained: dict[str, Any], tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    request = WatchedScoreRequest(source=str(folder), out=str(out))
    assert state_name(score_new, request) == NOTHING_NEW
    (folder / "a.csv").write_text("id,text\n1,forest fire near the mill\n2,what a train wreck of an exam\n")
    first = score_new(request)
    assert first["rows"] == 2
    drift = first["results"][0]["drift"]
    assert (drift["verdict"], drift["reason"]) == ("cannot tell", "2 different texts in 2 rows, it takes 30 to compare")
    assert tracking.read_run(drift["run_id"]).data.tags["verdict"] == "cannot tell"
    (folder / "deep" / "b.csv").write_text("id,text\n3,flood at the harbour\n")
    (folder / "copy.csv").write_text((folder / "a.csv").read_text())
    result = score_new(request)
    assert (result["files"], result["rows"]) == (1, 1)
    assert state_name(score_new, request) == NOTHING_NEW
    table = ds.dataset(out, partitioning="hive").to_table().sort_by("id")
    assert table["id"].to_pylist() == ["1", "2", "3"]
    assert "scored_on" in table.column_names


def test_nothing_is_scored_into_the_watched_folder_itself(retrained: dict[str, Any], tmp_path: Path) -> None:
    """Every run would score what the one before has written."""
    (tmp_path / "a.csv").write_text("id,text\n1,forest fire near the mill\n")
    with pytest.raises(ValueError, match="lies in the source folder"):
        score_new(WatchedScoreRequest(source=str(tmp_path), out=str(tmp_path / "scored")))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_file_is_known_by_its_bytes_and_of_twins_the_first_by_name(home: Path) -> None:
    with new_artifact("raw", opaque=True) as draft:
        (draft / "files").mkdir()
        for name, text in (("b.csv", "same"), ("a.csv", "same"), ("c.csv", "other")):
            (draft / f"files/{name}").write_text(text)
    assert sorted(watched.file_digests(draft.final).values()) == ["a.csv", "c.csv"]


@pytest.mark.parametrize("name", [".hidden", ".git/config"])
def test_hidden_files_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    assert watched.snapshot_if_any(str(tmp_path)) is None
