"""The main job: seconds, peak memory, what a second run reuses, and what orchestration and tracking cost.

    python tests/benchmarks/bench_main.py                                     the bundled sample
    python tests/benchmarks/bench_main.py --tweets train.csv --corpus wiki.train.tokens.zip

Every run is a process of its own in a new state folder. Overhead is what is left of the first run's time once the
bodies of its steps are taken off, and the time that those bodies spent in calls to MLflow is added again.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from typing import Any


def main() -> None:
    """Run the job twice and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", help="labelled tweets; default: the bundled sample")
    parser.add_argument("--corpus", action="append", default=[], help="unlabelled text; repeatable")
    parser.add_argument("--recipe", default="standard")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(run_inside(given)))
        return
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="crisisflow-bench-") as home:
        for name in ("first", "again"):
            show(name, run_outside(home))
    print(f"load after: {os.getloadavg()[0]:.1f}")


def run_outside(home: str) -> dict[str, Any]:
    """Start this file again in a process of its own; add wall-clock seconds and peak memory of that process."""
    start = time.monotonic()
    command = [sys.executable, __file__, "--inside", *sys.argv[1:]]
    done = subprocess.run(
        command, env={**os.environ, "CRISISFLOW_HOME": home}, stdout=subprocess.PIPE, text=True, check=True
    )
    facts: dict[str, Any] = json.loads(done.stdout)
    return {**facts, "wall": time.monotonic() - start}


def run_inside(given: argparse.Namespace) -> dict[str, Any]:
    """The job as the command line runs it, with clocks in it."""
    clocks = {"bodies": 0.0, "tracking": 0.0, "server": 0.0}
    from tasks.runtime import environment

    environment.prepare_environment()
    from tasks.scheduling.prefect_server import prefect_server

    begun = time.monotonic()
    with prefect_server():
        clocks["server"] = time.monotonic() - begun
        from flows.ingest import SAMPLE_CORPUS, TweetSource
        from flows.retrain import RetrainRequest, retrain

        put_clocks_in(clocks)
        source = TweetSource(source=given.tweets) if given.tweets else TweetSource()
        corpora = tuple(given.corpus) or (() if given.tweets else (str(SAMPLE_CORPUS),))
        start = time.monotonic()
        result = retrain(RetrainRequest(tweets=source, corpora=corpora, recipe=given.recipe))
        flow = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**clocks, "flow": flow, "peak_mb": peak, "steps": result["steps"], "models": result["models"]}


def put_clocks_in(clocks: dict[str, float]) -> None:
    """Time the bodies of steps, and the calls to MLflow, wherever they are made."""
    import mlflow

    from tasks import steps

    depth = 0

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            if name == "tracking" and depth:
                return function(*args, **kwargs)
            depth += name == "tracking"
            start = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                depth -= name == "tracking"
                clocks[name] += time.monotonic() - start

        return call

    for name in ("create_run", "log_batch", "log_artifact", "log_artifacts", "log_text", "log_table", "log_inputs"):
        setattr(mlflow.MlflowClient, name, timed("tracking", getattr(mlflow.MlflowClient, name)))
    for name in ("set_tag", "set_terminated", "search_runs", "get_run", "create_model_version"):
        setattr(mlflow.MlflowClient, name, timed("tracking", getattr(mlflow.MlflowClient, name)))
    mlflow.pyfunc.log_model = timed("tracking", mlflow.pyfunc.log_model)
    compute = steps._compute

    def clocked_compute(key: Any, function: Any, *rest: Any) -> Any:
        def body(*args: Any, **kwargs: Any) -> Any:
            before = clocks["tracking"]
            start = time.monotonic()
            try:
                return function(*args, **kwargs)
            finally:
                clocks["bodies"] += time.monotonic() - start - (clocks["tracking"] - before)

        return compute(key, body, *rest)

    steps._compute = clocked_compute


def show(name: str, facts: dict[str, Any]) -> None:
    """One run, in words."""
    overhead = facts["flow"] - facts["bodies"]
    print(
        f"{name}: {facts['wall']:.1f} s wall, of which server start {facts['server']:.1f} s and the flow "
        f"{facts['flow']:.1f} s; peak {facts['peak_mb']:,.0f} MB; "
        f"{facts['steps']['run']} steps computed, {facts['steps']['cached']} reused"
    )
    print(
        f"  reading, computing, writing {facts['bodies']:.1f} s; MLflow calls {facts['tracking']:.1f} s; "
        f"orchestration and tracking {overhead:.1f} s = {overhead / facts['flow']:.1%} of the flow"
    )
    if name == "first":
        for model in facts["models"]:
            print(f"  {model['name']:24} accuracy {model['accuracy']:.3f}  F1 {model['f1']:.3f}")


if __name__ == "__main__":
    main()
