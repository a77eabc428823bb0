"""The same data, settings, seed and lock give the same bytes: in another process, another place, another hash order."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks import tracking

ROOT = Path(__file__).parents[2]
# The command line; its pictures, which are not compared, are left blank.
PROGRAM = """
from tasks.runtime.environment import prepare_environment
prepare_environment()
from pathlib import Path
from matplotlib.figure import Figure
Figure.savefig = lambda figure, file, **_: file.write(b"") if hasattr(file, "write") else Path(file).touch()
from flows.cli import main
main()
"""


def outputs(run_id: str) -> dict[str, str]:
    """The artifact of every step below a run, by the step's title."""
    found = {run.data.tags.get("step", ""): run.data.tags.get("output") for run in tracking.descendants(run_id)}
    return {name: output for name, output in found.items() if output}


def test_another_process_in_another_folder_makes_the_same_artifacts_and_scores(
    retrained: dict[str, Any],
    inputs: dict[str, Any],
    prefect_address: str,
    begin_state: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = outputs(retrained["run_id"])
    command = [sys.executable, "-c", PROGRAM, "retrain", "--tweets", inputs["tweets"], "--corpus", inputs["corpus"]]
    surroundings = {
        "CRISISFLOW_HOME": begin_state(tmp_path / "state"),
        "PYTHONPATH": ROOT,
        "PYTHONHASHSEED": 7,
        "TZ": "Asia/Tokyo",
    }
    surroundings["PREFECT_API_URL"] = prefect_address
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_TRACKING", "PREFECT_"))
    }
    done = subprocess.run(
        [*map(str, command), "--pretrain-on", str(inputs["labelled"]), "--recipe", str(inputs["recipe"]), "--json"],
        cwd=tmp_path,
        env={**inherited, **{name: str(value) for name, value in surroundings.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there["tracking_uri"])
    assert outputs(there["run_id"]) == here
    assert len(here) >= 15
    for first, second in zip(retrained["models"], there["models"], strict=True):
        assert {**first, "run_id": "", "train_seconds": 0} == {**second, "run_id": "", "train_seconds": 0}
