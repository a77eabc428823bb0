"""`crisisflow serve` under load: requests a second, and how long one waits, beside MLflow's own scoring server.

    python tests/benchmarks/bench_serve.py --data FOLDER_OF_REAL_DATA [--model URI]

wrk (`apt install wrk`, `brew install wrk`) asks from a process of its own, 10,000 different real tweets, one to a
request: first as many as independent users would at 300 requests a second (150 connections, pauses drawn from an
exponential distribution), then without a pause over 1, 16 and 64 connections, then at 300 a second while a promotion is
taken over. What wrk measures runs from sending a request to the end of its answer. Both share the processor with it.
Without --model, the network of the standard recipe is trained first (two epochs: its weights make no difference to the
time); a model that is named must lie in the state folder in force.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from bench_parity import real_tweets, trained
from ports import free_port

from tasks import tracking
from tasks.runtime.environment import prepare_environment

SCRIPT = Path(__file__).with_suffix(".lua")
OFFERED, CONNECTIONS = 300, 150


def write_bodies(data: Path, folder: Path) -> dict[str, Path]:
    """Files with a request to a line, as we and as MLflow take it."""
    tweets = real_tweets(data).astype(object)
    tweets = tweets.where(tweets.notna(), None)
    pairs = list(zip(tweets["text"], tweets["keyword"], strict=True))
    ours = [json.dumps({"text": text, "keyword": keyword}) for text, keyword in pairs]
    theirs = [json.dumps({"dataframe_split": {"columns": ["text", "keyword"], "data": [pair]}}) for pair in pairs]
    files = {"ours": folder / "ours.jsonl", "theirs": folder / "theirs.jsonl"}
    files["ours"].write_text("\n".join(ours) + "\n")
    files["theirs"].write_text("\n".join(theirs) + "\n")
    return files


@contextmanager
def running(command: list[str], health: str, log: Path) -> Iterator[psutil.Process]:
    """The server for the block."""
    from tasks.runtime.servers import answers

    with log.open("w") as stream:
        # MLflow looks for uvicorn on the path.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": tracking.tracking_uri()}
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
        try:
            while not answers(health):
                if process.poll() is not None:
                    raise SystemExit(f"the server ended: {log.read_text()[-2000:]}")
                time.sleep(0.2)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def cpu_seconds(server: psutil.Process) -> float:
    """Of the server and its children so far."""
    times = [each.cpu_times() for each in [server, *server.children(recursive=True)]]
    return sum(each.user + each.system for each in times)


def load(server: psutil.Process, url: str, bodies: Path, connections: int, pause: float, seconds: float) -> str:
    """What wrk found, in words."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    used = cpu_seconds(server)
    done = subprocess.run([*command, "--", str(bodies), str(pause)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT ")[2])
    busy = (cpu_seconds(server) - used) / found["seconds"]
    rate = found["requests"] / found["seconds"]
    return (
        f"{rate:7.1f} requests/s   p50 {found['p50']:6.1f}   p95 {found['p95']:6.1f}   p99 {found['p99']:6.1f}   "
        f"max {found['max']:6.1f} ms   failed {found['failed']}   server {busy:.2f} cores"
    )


def rounds(server: psutil.Process, url: str, bodies: Path, seconds: float) -> None:
    """Print a line for each kind of load."""
    load(server, url, bodies, 16, 0, min(3.0, seconds))
    pause = 1e3 * CONNECTIONS / OFFERED
    print(f"  {OFFERED}/s offered    {load(server, url, bodies, CONNECTIONS, pause, seconds)}", flush=True)
    for connections in (1, 16, 64):
        print(f"  {connections:3} without pause {load(server, url, bodies, connections, 0, seconds / 2)}", flush=True)


def crown(uri: str, artifact: str) -> str:
    """Make this logged model champion as a version of its own."""
    from models.gate import Rule, Verdict
    from tasks import registry
    from tasks.packaging import mlflow_model

    run_id = mlflow_model.load_model(uri).metadata.run_id
    candidate = registry.Candidate(run_id, "standard network", uri, artifact, "rows", 0.5)
    return registry.promote(candidate, lambda _: Verdict((Rule("better", True, "by decree of the benchmark"),))).version


def promote_soon(uri: str, seconds: float) -> threading.Thread:
    """Put the same model in use under another version after so many seconds, from a process of its own."""
    code = f"import time, bench_serve as b; time.sleep({seconds}); b.crown({uri!r}, 'promoted')"
    command = [sys.executable, "-c", code]
    thread = threading.Thread(target=lambda: subprocess.run(command, cwd=SCRIPT.parent, check=True))
    thread.start()
    return thread


def measure(uri: str, data: Path, folder: Path, seconds: float, beside_mlflow: bool) -> None:
    """Print everything."""
    files = write_bodies(data, folder)
    crown(uri, f"bench-{time.time()}")
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "serve.log"
    with running([sys.executable, "-m", "flows", "serve", "--port", str(port)], f"{url}/health", log) as server:
        print(f"crisisflow serve   {server.memory_info().rss / 2**20:,.0f} MiB", flush=True)
        rounds(server, f"{url}/predict", files["ours"], seconds)
        promotion = promote_soon(uri, 3.0)
        line = load(server, f"{url}/predict", files["ours"], CONNECTIONS, 1e3 * CONNECTIONS / OFFERED, 2 * seconds)
        promotion.join()
        print(f"  promoted under way {line}   {server.memory_info().rss / 2**20:,.0f} MiB", flush=True)
    if not beside_mlflow:
        return
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager", "local"]
    with running([*command, "--port", str(port)], f"http://127.0.0.1:{port}/ping", folder / "mlflow.log") as server:
        print("mlflow models serve", flush=True)
        rounds(server, f"http://127.0.0.1:{port}/invocations", files["theirs"], seconds)


def main() -> None:
    """Train where there is nothing to serve yet, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", help="logged model to serve, from the state folder in force")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--without-mlflow", action="store_true")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed, which asks: apt install wrk, or brew install wrk")
    with tempfile.TemporaryDirectory() as folder:
        if given.model is None:
            os.environ["CRISISFLOW_HOME"] = folder
        prepare_environment()
        uri = given.model or trained(given.data, Path(folder))[0]
        measure(uri, given.data, Path(folder), given.seconds, not given.without_mlflow)


if __name__ == "__main__":
    main()
