"""Retrainings and scorings at once on one PostgreSQL, each with a state folder of its own; the server is killed.

    python tests/benchmarks/bench_postgresql.py --retrains 4 --scores 10 --away 30

Nothing may be lost, doubled or left RUNNING, in MLflow and in Prefect, and a replay must make the same artifacts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench_together import finish, write_tweets
from postgres import Postgres

NAME = "flood"
RECIPE = """
name = "flood"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
cooccurrence = { min_count = 1, dimensions = 8 }
embeddings = [{ architecture = "skip-gram", dimensions = 8, min_count = 1, epochs = 1 }]
classifiers = [{ kind = "lstm", features = "skip-gram", units = 4, epochs = 2 }]
logistic = { inverse_strengths = [1.0] }
nb_svm = { representations = [] }
served = { refit = "none" }
"""
PLACES = ("harbour", "mill", "school", "bridge", "market", "valley", "station", "forest", "church", "depot")
FORMS = ("my desk is a disaster like the {} {} today", "crews fight a fire near the {} this {} night")
LONGEST_START_SECONDS = 300.0
OWN = ("MLFLOW_", "PREFECT_", "CRISISFLOW_DATABASE", "CRISISFLOW_ARTIFACTS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
ROOTS = """SELECT r.run_uuid, s.value, r.status FROM mlflow.runs r
JOIN mlflow.tags s ON s.run_uuid = r.run_uuid AND s.key = 'stage'
WHERE NOT EXISTS (SELECT 1 FROM mlflow.tags p WHERE p.run_uuid = r.run_uuid AND p.key = 'mlflow.parentRunId')"""
BELOW = """SELECT s.value, count(*) FROM mlflow.tags t JOIN mlflow.tags s ON s.run_uuid = t.run_uuid AND s.key = 'stage'
WHERE t.key = 'root_run_id' AND t.value = '{}' GROUP BY s.value"""
POINTS = """SELECT count(*) FROM mlflow.metrics m JOIN mlflow.tags t ON t.run_uuid = m.run_uuid
WHERE t.key = 'root_run_id' AND t.value = '{}'"""


class Team:
    """A server, a folder of artifacts, and state folders that use them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.server = folder, Postgres()

    def start(self, home: str, *arguments: object) -> subprocess.Popen[str]:
        """One command in a process of its own, with a state folder of its own."""
        environment = {
            **ENVIRONMENT,
            "CRISISFLOW_HOME": str(self.folder / home),
            "CRISISFLOW_DATABASE": self.server.address(NAME),
            "CRISISFLOW_ARTIFACTS": str(self.folder / "artifacts"),
        }
        command = [sys.executable, "-m", "flows", *map(str, arguments), "--json"]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self.server.run(statement, NAME)


def check(team: Team, first: dict[str, Any], retrained: list[dict[str, Any]], scored: list[dict[str, Any]]) -> None:
    """Every run is there once and finished; each retraining has the runs and metrics that the quiet one has."""
    roots = team.ask(ROOTS)
    expected = {each["run_id"] for each in [first, *retrained, *scored]}
    assert {run for run, _, _ in roots} == expected, f"{len(roots)} roots for {len(expected)} commands"
    assert Counter(dict(team.ask("SELECT status, count(*) FROM mlflow.runs GROUP BY status"))).keys() == {"FINISHED"}
    quiet = dict(team.ask(BELOW.format(first["run_id"])))
    points = team.ask(POINTS.format(first["run_id"]))
    for each in retrained:
        found = dict(team.ask(BELOW.format(each["run_id"])))
        assert found == quiet, f"{each['run_id']} has {found}, the quiet retraining {quiet}"
        print(f"  metrics of {each['run_id']}: {team.ask(POINTS.format(each['run_id']))[0][0]}, quiet {points[0][0]}")
    for table in ("flow_run", "task_run"):
        states = dict(team.ask(f"SELECT state_type::text, count(*) FROM prefect.{table} GROUP BY 1"))
        print(f"  Prefect's {table}: {states}")
        assert states.keys() == {"COMPLETED"}, f"{table}: {states}"
    changes = team.ask("SELECT value FROM mlflow.registered_model_tags WHERE key LIKE '%accession.%'")
    promoted = [each for each in [first, *retrained] if each["promoted"]]
    assert len(changes) == len(promoted), f"{len(changes)} changes of champion for {len(promoted)} promotions"
    line = sorted(json.loads(value)["time"] + json.loads(value)["version"] for (value,) in changes)
    print(
        f"  changes of champion: {len(line)}; versions: {team.ask('SELECT count(*) FROM mlflow.model_versions')[0][0]}"
    )


def main() -> None:
    """All of it, with its seconds."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--retrains", type=int, default=4)
    options.add_argument("--scores", type=int, default=10)
    options.add_argument("--apart", type=float, default=5.0, help="seconds between the starts of two commands")
    options.add_argument("--away", type=float, default=30.0, help="seconds without a server")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisisflow-postgresql-") as name:
        folder = Path(name)
        (folder / "flood.toml").write_text(RECIPE)
        rows = (
            f"{n},{FORMS[n % 2].format(PLACES[n % 10], 'abcdefghijkl'[n % 12] + chr(97 + n // 12))},{n % 2}"
            for n in range(240)
        )
        (folder / "tweets.csv").write_text("\n".join(["id,text,target", *rows]) + "\n")
        team = Team(folder)
        try:
            _measure(team, given)
        finally:
            team.server.close()


def _measure(team: Team, given: argparse.Namespace) -> None:
    folder, began = team.folder, time.monotonic()
    retrain = ("retrain", "--recipe", folder / "flood.toml", "--tweets", folder / "tweets.csv", "--seed")
    (first,) = finish([team.start("quiet", *retrain, 1)])
    print(f"one retraining alone: {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    tables = [write_tweets(folder / f"{n}.csv", 1000 * n) for n in range(given.scores)]
    commands = [(f"retrain-{n}", *retrain, n + 2) for n in range(given.retrains)]
    commands += [(f"score-{n}", "score", each, "--out", f"{each}.jsonl") for n, each in enumerate(tables)]
    started = [_start(team, each, given.apart) for each in commands]
    _wait_until_busy(team, given)
    going = sum(each.poll() is None for each in started)
    running = team.ask("SELECT count(*) FROM mlflow.runs WHERE status = 'RUNNING'")[0][0]
    team.server.kill()
    seconds = time.monotonic() - began
    print(f"killed after {seconds:.0f} s, with {going} commands and {running} runs going on", flush=True)
    time.sleep(given.away)
    team.server.start()
    print(f"started again after {given.away:.0f} s", flush=True)
    results = finish(started)
    print(f"{given.retrains} retrainings and {given.scores} scorings: {time.monotonic() - began:.0f} s", flush=True)
    retrained, scored = results[: given.retrains], results[given.retrains :]
    check(team, first, retrained, scored)
    for number, table in enumerate(tables):
        rows = Path(f"{table}.jsonl").read_text().splitlines()
        assert len({json.loads(row)["id"] for row in rows}) == len(rows) == 100, f"rows of scoring {number}"
    (replayed,) = finish([team.start("retrain-0", "replay", retrained[0]["run_id"])])
    print(f"replay: {replayed['verdict']}")
    assert replayed["verdict"] == "identical"


def _start(team: Team, command: tuple[Any, ...], pause: float) -> subprocess.Popen[str]:
    """Start one command, and wait: on two cores, fourteen at the same moment need minutes to begin."""
    time.sleep(pause)
    return team.start(*command)


def _wait_until_busy(team: Team, given: argparse.Namespace) -> None:
    """Return when every retraining has begun, and half of the scorings have begun or are done."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        begun = Counter(stage for _, stage, _ in team.ask(ROOTS))
        if begun["retrain"] > given.retrains and begun["score"] >= given.scores / 2:
            return
        time.sleep(1)


if __name__ == "__main__":
    main()
