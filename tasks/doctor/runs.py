"""What the databases say of runs, models and schedules, against what there is."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.doctor import team
from tasks.doctor.databases import read_rows
from tasks.doctor.finding import Finding
from tasks.runtime import processes
from tasks.runtime.state_folder import state_home
from tasks.store import layout
from tasks.tracking import tracking_uri
from tasks.tracking.artifacts import ROOT, artifacts_beside, database_in

RUNNING = """
SELECT runs.run_uuid, runs.name, host.value, number.value, started.value FROM runs
LEFT JOIN tags host ON host.run_uuid = runs.run_uuid AND host.key = 'host'
LEFT JOIN tags number ON number.run_uuid = runs.run_uuid AND number.key = 'process'
LEFT JOIN tags started ON started.run_uuid = runs.run_uuid AND started.key = 'process_started'
WHERE runs.status = 'RUNNING' AND runs.lifecycle_stage = 'active'
"""
VERSIONS = "SELECT name, version, storage_location FROM model_versions WHERE current_stage <> 'Deleted_Internal'"
ADDRESSES = """
SELECT artifact_uri FROM runs WHERE lifecycle_stage = 'active'
UNION SELECT artifact_location FROM logged_models WHERE lifecycle_stage = 'active'
"""


def running() -> Iterator[Finding]:
    """Runs that seem to go on: those of living processes, of dead ones, and of other machines."""
    living = []
    for run, name, host, process, started in read_rows("mlflow", RUNNING):
        if host != socket.gethostname():
            yield Finding(
                "runs",
                False,
                f"run {run} ({name}) seems to go on at {host or 'an unknown machine'}, which cannot be asked from here",
                'if nothing runs there any more, mark it as killed: python -c "import mlflow; mlflow.MlflowClient('
                f"'{tracking_uri()}').set_terminated('{run}', 'KILLED')\"",
            )
        elif process and processes.alive(int(str(process)), str(started)):
            living.append(f"{name} (process {process})")
        else:
            yield Finding(
                "runs", False, f"run {run} ({name}) seems to go on, but its process is gone", "any training closes it"
            )
    yield Finding("runs", True, f"going on: {', '.join(living) or 'none'}")


def artifacts() -> Iterator[Finding]:
    """Registered models whose files are gone, and addresses that lead out of the folder."""
    folder, complete = team.artifact_root() or artifacts_beside(database_in(state_home())), 0
    for name, version, location in read_rows("mlflow", VERSIONS):
        if not str(location).startswith(ROOT) or (folder / str(location).removeprefix(ROOT) / "MLmodel").is_file():
            complete += 1
            continue
        remedy = "restore a backup that has it, go back with `crisisflow rollback`, or retrain"
        yield Finding("models", False, f"model {name}/{version} has lost its files: no {location} in {folder}", remedy)
    outside = [address for (address,) in read_rows("mlflow", ADDRESSES) if _is_outside(str(address), folder)]
    if outside:
        yield Finding(
            "models",
            False,
            f"{len(outside)} runs or models keep their files elsewhere on this machine, such as {outside[0]}: a moved "
            "or copied folder shares them",
            "nothing, if that is meant; else copy those files by hand",
        )
    yield Finding("models", True, f"registered and complete: {complete}")


def schedules() -> Iterator[Finding]:
    """Schedules that read or write another state folder: a copy has them from its original."""
    for name, parameters in read_rows("prefect", "SELECT name, CAST(parameters AS text) FROM deployment"):
        for path in _paths(json.loads(str(parameters or "null"))):
            other = next((each for each in path.parents if (each / layout.MARK).is_file()), state_home())
            if other != state_home():
                yield Finding(
                    "schedules",
                    False,
                    f"the schedule {name} uses {path}, in another state folder",
                    f"`crisisflow schedule remove {name}`, and add it again with paths of this folder",
                )


def _is_outside(address: str, folder: Path) -> bool:
    """Whether this is a place on this machine, and not in the folder."""
    if address.startswith("file:"):
        return not address.startswith(folder.as_uri())
    return address.startswith("/")


def _paths(value: Any) -> Iterator[Path]:
    """Every whole path among these parameters, however deep."""
    if isinstance(value, str) and value.startswith("/"):
        yield Path(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _paths(each)
    elif isinstance(value, list):
        for each in value:
            yield from _paths(each)
