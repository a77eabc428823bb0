"""Many commands at once on one new state folder: none may fail, lose an update, or leave a torn file.

    python tests/benchmarks/bench_together.py --ingests 10 --retrains 2

Ten ingests of ten tables and of one and the same; two retrainings; then scoring, again and again, while a retraining
promotes. Every command starts its own Prefect server, and the first ones make the databases.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tasks.store import artifact_store

ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL")}
RECIPE = """
name = "together"
embeddings = [{ architecture = "skip-gram", dimensions = 8, min_count = 1, epochs = 1 }]
classifiers = [{ kind = "lstm", features = "skip-gram", units = 4, epochs = 2 }]
"""


def start(home: Path, *arguments: object) -> subprocess.Popen[str]:
    """One command, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows", *map(str, arguments), "--json"],
        env={**ENVIRONMENT, "CRISISFLOW_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(processes: Sequence[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    """What all of them printed. Ends with the first that failed."""
    said = [process.communicate() for process in processes]
    for process, (_, errors) in zip(processes, said, strict=True):
        if process.returncode:
            raise SystemExit(f"{' '.join(process.args[2:])} ended with code {process.returncode}:\n{errors}")
        if "locked" in errors:
            raise SystemExit(f"a database was locked:\n{errors}")
    return [json.loads(out) for out, _ in said]


def write_tweets(path: Path, first: int) -> Path:
    """A table of a hundred tweets that no other table has."""
    rows = [
        f"{n},{'fire' if n % 2 else 'song'} number {'abcdefghij'[n % 10] * (n % 7 + 1)} {n},{n % 2}"
        for n in range(first, first + 100)
    ]
    path.write_text("\n".join(["id,text,target", *rows]) + "\n")
    return path


def check_state(home: Path, roots: int) -> None:
    """Every run finished and has its parent, every artifact is whole, nothing is left over."""
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection:
        statuses = dict(connection.execute("select status, count(*) from runs group by status").fetchall())
        runs = {run for (run,) in connection.execute("select run_uuid from runs")}
        parents = connection.execute("select value from tags where key = 'mlflow.parentRunId'").fetchall()
    for artifact in (home / "store").glob("*/*/"):
        artifact_store.verify(artifact)
    assert set(statuses) == {"FINISHED"}, statuses
    assert len(runs) - len(parents) == roots, f"{len(runs) - len(parents)} roots for {roots} commands"
    assert {parent for (parent,) in parents} <= runs, "a run has lost its parent"
    assert not list(home.rglob(".draft-*"))


def ingest_together(home: Path, count: int) -> None:
    """Half of the tables differ, half are the same one."""
    tables = [write_tweets(home.parent / f"{min(n, count // 2)}.csv", 1000 * min(n, count // 2)) for n in range(count)]
    results = finish([start(home, "ingest", table) for table in tables])
    assert all(
        result["data"]["read"] == 100 == result["data"]["kept"] + result["data"]["quarantined"] for result in results
    )
    assert len({result["table"] for result in results[count // 2 :]}) == 1
    check_state(home, count)


def retrain_together(home: Path, count: int, recipe: Path) -> None:
    """The same retraining twice at once gives the same models; one champion."""
    results = finish([start(home, "retrain", "--recipe", recipe) for _ in range(count)])
    scores = [[(each["name"], each["f1"], each["log_loss"]) for each in result["models"]] for result in results]
    assert all(each == scores[0] for each in scores)
    assert sum(result["promoted"] for result in results) == 1


def score_while_promoting(home: Path, recipe: Path, tweets: Path) -> int:
    """Score over and over until a retraining with another seed is done; every row by one version; how often."""
    process, times = start(home, "retrain", "--recipe", recipe, "--seed", 2), 0
    while process.poll() is None:
        out = home.parent / "scored.jsonl"
        (result,) = finish([start(home, "score", tweets, "--out", out)])
        versions = {json.loads(line)["version"] for line in out.read_text().splitlines()}
        assert versions == {result["version"]}
        times += 1
    finish([process])
    return times


def main() -> None:
    """All three, with their seconds."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ingests", type=int, default=10)
    options.add_argument("--retrains", type=int, default=2)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisisflow-together-") as folder:
        recipe = Path(folder) / "together.toml"
        recipe.write_text(RECIPE)
        began = time.monotonic()
        ingest_together(Path(folder) / "ingests", given.ingests)
        print(f"{given.ingests} ingests at once: {time.monotonic() - began:.0f} s, all whole", flush=True)
        began, home = time.monotonic(), Path(folder) / "retrains"
        retrain_together(home, given.retrains, recipe)
        check_state(home, given.retrains)
        print(
            f"{given.retrains} retrainings at once: {time.monotonic() - began:.0f} s, same models, one champion",
            flush=True,
        )
        times = score_while_promoting(home, recipe, write_tweets(Path(folder) / "tonight.csv", 0))
        check_state(home, given.retrains + times + 1)
        print(f"scored {times} times while another champion was trained: one version in each file")


if __name__ == "__main__":
    main()
