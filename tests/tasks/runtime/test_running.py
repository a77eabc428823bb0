"""What `crisisflow up` announces, and who believes it."""

import os
import shutil
from pathlib import Path

import pytest

from tasks.runtime import running


def test_the_servers_of_the_original_are_not_those_of_a_copy(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    running.announce({"mlflow": "http://127.0.0.1:1"})
    shutil.copytree(home, tmp_path / "copy")
    assert running.read_state()["mlflow"] == "http://127.0.0.1:1"
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "copy"))
    assert running.read_state() == {}


def test_a_folder_is_not_used_that_was_moved_under_its_servers(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    running.announce({})
    running.refuse_moved()
    moved = home.rename(tmp_path / "moved")
    monkeypatch.setenv("CRISISFLOW_HOME", str(moved))
    with pytest.raises(ValueError, match=f"moved from {home} .* `kill {os.getpid()}"):
        running.refuse_moved()
