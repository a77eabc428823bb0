"""A state folder for one replay: empty but for what the run read, which it only looks at where it lies."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.caching.machine import NUMERIC
from tasks.runtime import environment, state_folder
from tasks.runtime.progress import say
from tasks.sources import provenance
from tasks.store import artifact_store
from tasks.tracking.requests import FILE, Request

# What belongs to the home of the original run, or says what its command line would say.
OWN = ("MLFLOW_", "PREFECT_", "CRISISFLOW_", "PYTHONPATH", "MPLCONFIGDIR", "KERAS_HOME")
RERUN, STEPS = "flows.rerun", "steps.json"
LINES_SHOWN = 12


def link_inputs(names: Iterable[str], home: Path, sources: str) -> None:
    """Let the new home see these artifacts of the store, by links. Raises ValueError naming what is gone or damaged."""
    for name in names:
        original = state_folder.state_home() / "store" / name
        try:
            artifact_store.verify(original)
        except artifact_store.DamagedArtifactError as error:
            raise ValueError(f"{error}. {_origin(original, sources)}") from error
        shelf = home / "store" / original.parent.name
        shelf.mkdir(parents=True, exist_ok=True)
        if not (shelf / original.name).exists():
            (shelf / original.name).symlink_to(original, target_is_directory=True)


def _origin(snapshot: Path, sources: str) -> str:
    """Where a snapshot came from, as far as anybody still knows, and what to do."""
    fetches = provenance(snapshot)
    known = f"It came from {fetches[-1]['source']} on {fetches[-1]['time']}" if fetches else f"The run read {sources}"
    return f"{known}. Ingest that again: the same bytes go to the same place, and the run can be replayed."


def run_again(request: Request, root: Path, home: Path, folder: Path) -> dict[str, Any]:
    """Run the request over the code in `root` with the state folder `home`; return what its steps made.

    Raises RuntimeError with the end of what was said when the run fails.
    """
    request.write(folder / FILE)
    command = [sys.executable, "-m", RERUN, str(folder)]
    log = folder / "rerun.log"
    say("  running again, with nothing cached")
    with log.open("wb") as stream:
        done = subprocess.run(
            command, cwd=root, env=_variables(request, root, home), stdout=stream, stderr=stream, check=False
        )
    if done.returncode:
        said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES_SHOWN:])
        raise RuntimeError(f"the run could not be run again (exit code {done.returncode}):\n{said}")
    return dict(json.loads((folder / STEPS).read_text(encoding="utf-8")))


def _variables(request: Request, root: Path, home: Path) -> Mapping[str, str]:
    """This environment, without what belongs to the original home, and with what numbers depend on as it was then."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*OWN, *NUMERIC))}
    kept |= {name: value for name, value in environment.defaults(home).items() if name.startswith("TF_CPP")}
    return {**kept, **request.environment, "CRISISFLOW_HOME": str(home), "PYTHONPATH": str(root)}
