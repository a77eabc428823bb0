"""A replay as a user types it, from a git clone: data, recipe and uncommitted change are gone from their places."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.caching import PACKAGES, ROOT

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@example.org")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A git repository of this project's code."""
    folder = tmp_path / "clone"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "start"]):
        subprocess.run(["git", *AUTHOR, *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def surroundings(
    clone: Path, prefect_address: str, begin_state: Callable[[Path], Path], tmp_path: Path
) -> dict[str, str]:
    """The variables of a command over the code of the clone, with a state folder of its own."""
    home = begin_state(tmp_path / "home")
    own = {"CRISISFLOW_HOME": str(home), "PYTHONPATH": str(clone), "PREFECT_API_URL": prefect_address}
    return {**os.environ, **own}


def crisisflow(surroundings: dict[str, str], *arguments: object) -> tuple[int, dict[str, Any], str]:
    """A command over the code of the clone: exit code, JSON, what it said."""
    command = [sys.executable, "-m", "flows", *map(str, arguments), "--json"]
    folder = surroundings["PYTHONPATH"]
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_comes_out_the_same_from_its_record_and_the_raw_snapshots(
    clone: Path, surroundings: dict[str, str], inputs: dict[str, Any], tmp_path: Path
) -> None:
    home, tweets = tmp_path / "home", Path(shutil.copy(inputs["tweets"], tmp_path / "mine.csv"))
    settings = clone / "models" / "settings" / "data.py"
    committed = settings.read_text()
    settings.write_text(committed.replace("Field(5_000, ", "Field(44, "))  # a longer text is quarantined
    code, recorded, said = crisisflow(surroundings, "ingest", tweets)
    assert code == 0, said
    assert recorded["data"]["quarantined"] > 0
    settings.write_text(committed)
    tweets.unlink()
    before = contents(home / "store")

    code, result, said = crisisflow(surroundings, "replay", recorded["run_id"])

    assert code == 0, said
    assert result["identical"]
    assert result["same_code"]
    assert result["run_id"] == recorded["run_id"] != result["replayed_run_id"]
    (artifact,) = result["artifacts"]
    digest = f"tweets/{Path(recorded['table']).name}"
    assert artifact == {"name": "check tweets", "recorded": digest, "replayed": digest, "identical": True}
    assert contents(home / "store") == before
    assert subprocess.check_output(["git", "worktree", "list"], cwd=clone).count(b"\n") == 1

    (raw,) = (home / "store" / "raw").glob("*/files/mine.csv")
    raw.write_bytes(raw.read_bytes().replace(b"fire", b"Fire", 1))
    code, _, said = crisisflow(surroundings, "replay", recorded["run_id"])
    assert code == 2
    assert f"{raw} is not what was written there. It came from {tweets}" in said
