"""Kill a retraining at moments drawn over its whole time, run the same command again, and compare every digest.

Each trial has a state folder of its own: `crisisflow retrain` on the bundled sample is ended by SIGKILL and started
again, against one Prefect server for all. The second must end with the artifacts and scores of an uninterrupted run,
leave no run RUNNING, no draft and no checkpoint, and name the run that it resumes. Where too few of the kills fell
into training, more follow that are drawn over the first seconds of one.

    python tests/benchmarks/bench_kills.py --kills 20 --in-training 8
"""

import argparse
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tasks.runtime import environment
from tasks.scheduling import prefect_server

RECIPE = """
name = "kills"
embeddings = [{ architecture = "skip-gram", dimensions = 50, epochs = 8 }]
classifiers = [
  { kind = "lstm", features = "skip-gram", units = 32, epochs = 8, patience = 8 },
  { kind = "rnn", features = "scratch", units = 32, epochs = 8, patience = 8 },
]
"""
TRAINING = ("train_vectors", "train_network")
SECONDS_OF_TRAINING = 5.0
OUTPUTS = """
select name.value, output.value from tags name
join tags output on output.run_uuid = name.run_uuid and output.key = 'output'
join tags root on root.run_uuid = name.run_uuid and root.key = 'root_run_id' and root.value = ?
where name.key = 'mlflow.runName'
"""
STAGES = """
select stage.value from runs join tags stage on stage.run_uuid = runs.run_uuid and stage.key = 'stage'
where runs.status = 'RUNNING' order by runs.start_time desc
"""
ROOT = """
select runs.run_uuid from runs join tags stage on stage.run_uuid = runs.run_uuid
where stage.key = 'stage' and stage.value = 'retrain' and runs.status = 'RUNNING'
"""
TAG = "select value from tags where run_uuid = ? and key = ?"


OURS = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL")}


@contextmanager
def prefect(home: Path) -> Iterator[None]:
    """A Prefect server for all trials: starting one for each would take half of the time."""
    os.environ["CRISISFLOW_HOME"] = str(home)
    environment.prepare_environment()
    server = prefect_server.start_temporary_prefect()
    OURS["PREFECT_API_URL"] = f"{server.url}/api"
    try:
        server.wait_until_healthy()
        yield
    finally:
        server.stop()


def start(home: Path, recipe: Path, **more: str) -> subprocess.Popen[str]:
    """The command as a user types it."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows", "retrain", "--recipe", str(recipe), "--json"],
        env={**OURS, "CRISISFLOW_HOME": str(home), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(home: Path, recipe: Path) -> tuple[dict[str, Any], float]:
    """The summary of a run that is left alone, and the seconds it took."""
    began = time.monotonic()
    process = start(home, recipe)
    out, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"the run ended with code {process.returncode}:\n{errors}")
    return json.loads(out), time.monotonic() - began


def kill(home: Path, recipe: Path, after_seconds: float, in_training: bool) -> bool:
    """Start a run and end it by SIGKILL so long after its start, or that of a training; whether it was running yet."""
    process = start(home, recipe)
    while in_training and process.poll() is None and not set(TRAINING) & {stage for (stage,) in query(home, STAGES)}:
        time.sleep(0.2)
    try:
        process.wait(after_seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


def query(home: Path, statement: str, *values: str) -> list[tuple[Any, ...]]:
    """Rows of the tracking database; none where there is no database yet."""
    database = home / "mlflow" / "mlflow.db"
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(statement, values).fetchall()


def made(home: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """Everything that must be the same: the artifact of every step, and the scores of every model."""
    outputs = query(home, OUTPUTS, summary["run_id"])
    changing = ("run_id", "train_seconds")
    scores = {each["name"]: {k: v for k, v in each.items() if k not in changing} for each in summary["models"]}
    return {**{name.removesuffix(" (reused)"): output for name, output in outputs}, "scores": scores}


def faults(home: Path, summary: dict[str, Any], killed: str | None) -> list[str]:
    """What the killed run and its successor should not have left."""
    found = [f"RUNNING: {stage}" for (stage,) in query(home, STAGES)]
    found += [f"left: {path}" for path in home.rglob(".draft-*")]
    found += [f"left: {path}" for path in home.glob("checkpoints/*")]
    if killed is not None:
        if query(home, "select status from runs where run_uuid = ?", killed) != [("KILLED",)]:
            found.append("the killed run is not KILLED")
        if query(home, TAG, summary["run_id"], "resumes") != [(killed,)]:
            found.append("the second run does not name the first")
    return found


def trial(
    number: int, folder: Path, recipe: Path, after_seconds: float, expected: dict[str, Any], in_training: bool = False
) -> str:
    """Kill one run, finish it, print what was found; return the step in which it was killed."""
    home = folder / f"trial-{number}"
    if not kill(home, recipe, after_seconds, in_training):
        return "finished"
    stages = [stage for (stage,) in query(home, STAGES)]
    roots = query(home, ROOT)
    summary, seconds = finish(home, recipe)
    differs = [name for name, value in made(home, summary).items() if expected.get(name) != value]
    wrong = differs + faults(home, summary, roots[0][0] if roots else None)
    where = stages[0] if stages else "start"
    print(
        f"{number:3} killed after {after_seconds:5.1f} s in {where:20} second run {seconds:5.1f} s, "
        f"{summary['steps']['cached']:2} steps reused, {wrong or 'identical'}",
        flush=True,
    )
    if wrong:
        raise SystemExit(f"kill {number} was not recovered from; its state folder: {home}")
    return where


def main() -> None:
    """Make the folder and start the server."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--in-training", type=int, default=8)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="crisisflow-kills-"))
    recipe = folder / "kills.toml"
    recipe.write_text(RECIPE)
    with prefect(folder / "prefect"):
        run_trials(given, folder, recipe)


def run_trials(given: argparse.Namespace, folder: Path, recipe: Path) -> None:
    """Run it whole once, then kill until there were enough kills, and enough of them in training."""
    draw = random.Random(given.seed)
    summary, seconds = finish(folder / "whole", recipe)
    expected = made(folder / "whole", summary)
    print(f"uninterrupted: {seconds:.1f} s, {len(expected)} digests; kill times by seed {given.seed}", flush=True)
    steps: list[str] = []
    attempts = itertools.count()  # one that finished before it was killed has filled its state folder
    while len(steps) < given.kills:
        where = trial(next(attempts), folder, recipe, draw.uniform(0, seconds), expected)
        steps += [where] if where != "finished" else []
    while sum(step in TRAINING for step in steps) < given.in_training:
        where = trial(next(attempts), folder, recipe, draw.uniform(0, SECONDS_OF_TRAINING), expected, in_training=True)
        steps += [where] if where != "finished" else []
    print(f"{len(steps)} kills, {sum(step in TRAINING for step in steps)} in training: all runs identical")


if __name__ == "__main__":
    main()
