"""What a cluster gains and costs: each part runs alone.

    python tests/benchmarks/bench_cluster.py counting --tokens 17_000_000
    python tests/benchmarks/bench_cluster.py score --data FOLDER_OF_REAL_DATA --tweets 1_000_000
    python tests/benchmarks/bench_cluster.py folds --tweets train.csv --recipe quick --folds 5
    python tests/benchmarks/bench_cluster.py overhead --units 10_000 --seconds 0.5
    python tests/benchmarks/bench_cluster.py kills --tweets train.csv --rounds 20
    python tests/benchmarks/bench_cluster.py replay --tokens 17_000_000

`counting`, `score` and `folds` compare no cluster, one worker and two, the start of the workers apart, and fail at the
first digest that differs. `overhead` sleeps instead of computing, so that it needs no processors: seconds over what the
naps alone take, and the memory of the scheduler's process as units go by. `kills` ends a worker by SIGKILL at moments
drawn uniformly, and the scheduler once. `replay` measures every unit of `counting` in one process and deals their times
out to 2 to 256 simulated workers, first come first served; phases wait for each other, and the command's own share is
added.
"""

import argparse
import heapq
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import million
import numpy as np
import psutil

from tasks.runtime.environment import prepare_environment

PLACES = ("none", "local:1", "local:2")
SIMULATED = (1, 2, 4, 8, 16, 32, 64, 128, 256)
VOCABULARY, DOCUMENT, SHARD_TOKENS = 60_000, 200, 1_000_000
MEBIBYTE = 1 << 20


def zipf_corpus(tokens: int) -> Path:
    """Tokenized made-up text with Zipf's frequencies, in shards."""
    import pyarrow as pa

    from models.text import Tokens
    from models.text.tokens import offsets_of
    from tasks.store import formats

    words = pa.array([f"w{number}" for number in range(VOCABULARY)])
    weights = 1 / np.arange(1, VOCABULARY + 1)
    draw = np.random.default_rng(0)

    def shards() -> Iterator[tuple[pa.Array, Tokens]]:
        for start in range(0, tokens, SHARD_TOKENS):
            count = min(SHARD_TOKENS, tokens - start) // DOCUMENT
            codes = draw.choice(VOCABULARY, count * DOCUMENT, p=weights / weights.sum()).astype(np.int32)
            ids = pa.array([f"{start}-{number}" for number in range(count)])
            yield ids, Tokens(offsets_of(np.full(count, DOCUMENT)), codes, words)

    return formats.write_tokens(shards())


def count(corpus: Path) -> tuple[float, str]:
    """Seconds of counting co-occurrences, and a digest of the matrix."""
    import hashlib

    from models.settings import CooccurrenceSettings
    from tasks.training import counting

    start = time.monotonic()
    matrix = counting.count_pairs(counting.text_pieces_of(None, None, corpus), CooccurrenceSettings()).matrix()
    seconds = time.monotonic() - start
    return seconds, hashlib.sha256(matrix.data.tobytes() + matrix.indices.tobytes()).hexdigest()[:16]


def report(seconds: dict[str, float], digests: dict[str, str]) -> None:
    """Print how the places compare, and fail unless they came to the same."""
    print(f"two workers over one {seconds['local:1'] / seconds['local:2']:.2f}")
    print(f"local:2 over none {seconds['local:2'] / seconds['none']:.2f}; load {os.getloadavg()[0]:.1f}")
    if len(set(digests.values())) > 1:
        raise SystemExit("the digests differ")


def compared(work: Callable[[], tuple[float, str]]) -> None:
    """Do the work in each place; print seconds and ratios, and fail unless the digests are equal."""
    from tasks.cluster.using import using

    seconds: dict[str, float] = {}
    digests: dict[str, str] = {}
    for place in PLACES:
        began = time.monotonic()
        with using(place):
            ready = time.monotonic() - began
            seconds[place], digests[place] = work()
        print(f"{place:8} {seconds[place]:8.1f} s, workers ready after {ready:.1f} s, {digests[place]}", flush=True)
    report(seconds, digests)


def bench_counting(asked: argparse.Namespace) -> None:
    """Co-occurrence."""
    corpus = zipf_corpus(asked.tokens)
    compared(lambda: count(corpus))


def bench_score(asked: argparse.Namespace) -> None:
    """Scoring by the standard network."""
    from tasks import scoring, sources
    from tasks.cluster import units
    from tasks.packaging import mlflow_model
    from tasks.runtime.environment import load_tensorflow
    from tasks.store.digests import file_sha256

    load_tensorflow()
    folder = Path(tempfile.mkdtemp(dir=os.environ["CRISISFLOW_HOME"]))
    texts = million.real_texts(asked.data)
    source = sources.fetch(str(million.write_csv(folder / "t.csv", million.recombined(texts, asked.tweets, 1))))
    uri = million.log_standard_network(texts)
    model = mlflow_model.load_model(uri)
    scorer = mlflow_model.scorer_of(model)

    def score() -> tuple[float, str]:
        out, start = folder / f"scored-{time.monotonic_ns()}.parquet", time.monotonic()
        with units.exchange() as shared:
            copy = mlflow_model.copy_model(uri, shared) if units.in_use() else None
            loaded = scoring.SharedModel(mlflow_model.load_scorer, copy) if copy else None
            told = {"familiarity": scorer.familiarity, "learned": scorer.learned, "shared_model": loaded}
            scoring.ScoringJob(source, str(out), **told).run(model, out.stem, "bench", "1")
        return time.monotonic() - start, file_sha256(out)[:16]

    compared(score)


def command(arguments: list[str], home: Path, place: str) -> subprocess.Popen[str]:
    """A command of crisisflow, as a user types it, in a state folder."""
    environment = {**os.environ, "CRISISFLOW_HOME": str(home), "CRISISFLOW_CLUSTER": place}
    started = [sys.executable, "-m", "flows", *arguments, "--json"]
    return subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def evaluation(asked: argparse.Namespace) -> list[str]:
    """The arguments of the evaluation that is measured."""
    models = ["--models", asked.models] if asked.models else []
    return ["evaluate", "--tweets", asked.tweets, "--recipe", asked.recipe, "--folds", str(asked.folds), *models]


def finished(process: "subprocess.Popen[str]") -> tuple[dict[str, Any], str]:
    """What a command printed as JSON, and on stderr."""
    out, said = process.communicate()
    return (json.loads(out) if out.strip().startswith("{") else {}), said


def bench_folds(asked: argparse.Namespace) -> None:
    """Folds of an evaluation, each place with a state folder of its own."""
    seconds: dict[str, float] = {}
    digests: dict[str, str] = {}
    for place in PLACES:
        home = Path(tempfile.mkdtemp(dir=os.environ["CRISISFLOW_HOME"]))
        found, said = finished(command(evaluation(asked), home, place))
        if "predictions" not in found:
            raise SystemExit(said)
        seconds[place], digests[place] = found["seconds"], Path(found["predictions"]).parent.name
        print(f"{place:8} {seconds[place]:8.1f} s, {digests[place]}", flush=True)
    report(seconds, digests)


def bench_overhead(asked: argparse.Namespace) -> None:
    """Units that sleep."""
    from tasks.cluster.units import Unit, run
    from tasks.cluster.using import using

    with using(f"local:{asked.workers}"):
        (node,) = [each for each in psutil.Process().children() if "tasks.cluster.node" in " ".join(each.cmdline())]
        start, used = time.monotonic(), sum(node.cpu_times()[:2])
        naps = run(Unit("nap", time.sleep, (asked.seconds,)) for _ in range(asked.units))
        for number, _ in enumerate(naps, start=1):
            if number % max(asked.units // 10, 1) == 0:
                print(f"{number:7} units, scheduler {node.memory_info().rss / MEBIBYTE:.0f} MiB", flush=True)
        seconds, used = time.monotonic() - start, sum(node.cpu_times()[:2]) - used
    naps_alone = asked.units * asked.seconds / asked.workers
    print(f"{seconds:.1f} s where the naps alone take {naps_alone:.1f}: overhead {seconds / naps_alone - 1:.1%}")
    print(f"processor seconds of the scheduler {used:.1f}, of the command {sum(psutil.Process().cpu_times()[:2]):.1f}")


@contextmanager
def lasting_cluster(home: Path) -> Iterator[dict[str, Any]]:
    """A cluster of two workers for the block, as `cluster start` starts it."""
    started = command(["cluster", "start", "--port", "0", "--dashboard-port", "0"], home, "none")
    facts, said = finished(started)
    if not facts:
        raise SystemExit(said)
    try:
        yield facts
    finally:
        subprocess.run(
            [sys.executable, "-m", "flows", "cluster", "stop"],
            env={**os.environ, "CRISISFLOW_HOME": str(home)},
            check=True,
            stdout=subprocess.DEVNULL,
        )


def workers_of(node: int) -> list[psutil.Process]:
    """The worker processes of a cluster."""
    below = psutil.Process(node).children()
    return [each for each in below if "spawn_main" in " ".join(each.cmdline())]


def killed_once(asked: argparse.Namespace, within: float, scheduler: bool) -> str:
    """The digest of an evaluation in whose course a worker, or the scheduler, was killed; it leaves no run open."""
    home = Path(tempfile.mkdtemp(dir=os.environ["CRISISFLOW_HOME"]))
    with lasting_cluster(home) as facts:
        process = command(evaluation(asked), home, facts["address"])
        moment = random.uniform(0.1, 0.9) * within
        time.sleep(moment)
        if scheduler:
            os.killpg(facts["process"], signal.SIGKILL)
        else:
            os.kill(random.choice(workers_of(facts["process"])).pid, signal.SIGKILL)
        found, said = finished(process)
    if scheduler:
        print(re.sub(r"\s+", " ", said)[-300:])
        with lasting_cluster(home) as facts:
            found, said = finished(command(evaluation(asked), home, facts["address"]))
    if "predictions" not in found:
        raise SystemExit(said)
    refuse_open_runs(home)
    print(f"killed after {moment:.1f} s: {found['seconds']} s, {found['steps']}", flush=True)
    return Path(found["predictions"]).parent.name


def refuse_open_runs(home: Path) -> None:
    """End with an error where a run is RUNNING."""
    import sqlite3

    with sqlite3.connect(home / "mlflow" / "mlflow.db") as database:
        ((running,),) = database.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'")
    if running:
        raise SystemExit(f"{running} runs are RUNNING")


def bench_kills(asked: argparse.Namespace) -> None:
    """Workers killed at random moments, the scheduler once."""
    home = Path(tempfile.mkdtemp(dir=os.environ["CRISISFLOW_HOME"]))
    start = time.monotonic()
    quiet, said = finished(command(evaluation(asked), home, "local:2"))
    within = time.monotonic() - start
    if "predictions" not in quiet:
        raise SystemExit(said)
    expected = Path(quiet["predictions"]).parent.name
    for number in range(asked.rounds + 1):
        if killed_once(asked, within, scheduler=number == asked.rounds) != expected:
            raise SystemExit("the digests differ")
    print(f"{asked.rounds} workers and one scheduler killed, the same bytes each time")


@dataclass
class Recording:
    """A cluster that is this process, and keeps how long each unit took."""

    workers: int = 1
    phases: list[list[float]] = field(default_factory=list)

    def results(self, units: Iterable[Any]) -> Iterator[Any]:
        """The results, one after the other; what is asked for together is a phase."""
        self.phases.append([])
        seconds = self.phases[-1]
        for unit in units:
            start = time.monotonic()
            result = unit.function(*unit.arguments)
            seconds.append(time.monotonic() - start)
            yield result

    def stop(self) -> None:
        """Nothing runs elsewhere."""


def simulated(phases: list[list[float]], serial: float, workers: int) -> float:
    """Seconds with so many workers: units go to whoever is free, phases and the command's share one after the other."""
    whole = serial
    for seconds in phases:
        free = [0.0] * workers
        for each in seconds:
            heapq.heapreplace(free, free[0] + each)
        whole += max(free)
    return whole


def bench_replay(asked: argparse.Namespace) -> None:
    """The serial share of counting, and what it makes of many workers."""
    from tasks.cluster.units import running_on

    corpus, recording = zipf_corpus(asked.tokens), Recording()
    with running_on(recording):
        whole, _ = count(corpus)
    seconds = [each for phase in recording.phases for each in phase]
    serial = whole - sum(seconds)
    print(f"{whole:.1f} s, {len(seconds)} units of {np.mean(seconds):.2f} s in {len(recording.phases)} phases")
    print(f"serial {serial:.2f} s, {serial / whole:.1%}; longest unit {max(seconds):.2f} s")
    for workers in SIMULATED:
        took = simulated(recording.phases, serial, workers)
        print(f"{workers:4} workers {took:8.2f} s, {whole / took:6.1f} times as fast")


def main() -> None:
    """Run one part in a state folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("counting", "replay"):
        parts.add_parser(name).add_argument("--tokens", type=int, default=17_000_000)
    score = parts.add_parser("score")
    score.add_argument("--data", type=Path, required=True)
    score.add_argument("--tweets", type=int, default=1_000_000)
    for name in ("folds", "kills"):
        part = parts.add_parser(name)
        part.add_argument("--tweets", required=True)
        part.add_argument("--recipe", default="quick")
        part.add_argument("--folds", type=int, default=5)
        part.add_argument("--models", default="")
        part.add_argument("--rounds", type=int, default=20)
    overhead = parts.add_parser("overhead")
    overhead.add_argument("--units", type=int, default=10_000)
    overhead.add_argument("--seconds", type=float, default=0.5)
    overhead.add_argument("--workers", type=int, default=8)
    asked = parser.parse_args()
    measure = {
        "counting": bench_counting, "score": bench_score, "folds": bench_folds, "overhead": bench_overhead,
        "kills": bench_kills, "replay": bench_replay,
    }[asked.part]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-cluster-", ignore_cleanup_errors=True) as home:
        os.environ["CRISISFLOW_HOME"] = home
        prepare_environment()
        measure(asked)


if __name__ == "__main__":
    main()
