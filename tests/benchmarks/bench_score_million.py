"""A million distinct tweets through `crisisflow score`: tweets a second, and memory over time.

    python tests/benchmarks/bench_score_million.py --data FOLDER_OF_REAL_DATA --plot score-million.png

The tweets are real ones recombined, every link a new one (million.py); the model is the standard recipe's network of 64
units, logged as training logs it. The command runs in a process of its own, as a user types it, its memory sampled
twice a second; the file that it wrote is then checked row by row. Two rates are printed: from the first row read to the
finished file, and of the whole command with the start of Python, TensorFlow and Prefect's temporary server.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import million
import numpy as np
import psutil
import pyarrow.parquet as pq

from tasks.runtime.environment import load_tensorflow, prepare_environment

SECONDS_APART = 0.5
STEADY_SHARE = 0.8  # of the time of scoring, at its end, over which growth is fitted
MEBIBYTE = 1 << 20


def sampled(command: list[str]) -> tuple[dict[str, Any], np.ndarray]:
    """What the command printed, and samples (seconds, MiB of it, MiB of it and all processes that it started)."""
    began, samples = time.monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                own = watched.memory_info().rss
                others = sum(child.memory_info().rss for child in watched.children(recursive=True))
            except psutil.NoSuchProcess:
                continue
            samples.append((time.monotonic() - began, own / MEBIBYTE, (own + others) / MEBIBYTE))
            time.sleep(SECONDS_APART)
        printed = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the command ended with code {process.returncode}")
    return json.loads(printed) | {"command_seconds": time.monotonic() - began}, np.array(samples)


def growth(samples: np.ndarray, seconds: float) -> float:
    """MiB a minute of the process's own memory over the last part of so many seconds, by least squares."""
    late = samples[samples[:, 0] >= samples[-1, 0] - STEADY_SHARE * seconds]
    return 60 * float(np.polyfit(late[:, 0], late[:, 1], 1)[0])


def check(out: Path, rows: int) -> None:
    """End with an error unless every row is there once, in order, with an answer."""
    table = pq.read_table(out)
    probabilities = table["probability"].to_numpy()
    in_order = np.array_equal(table["id"].to_numpy(zero_copy_only=False).astype(int), np.arange(rows))
    if not in_order or np.isnan(probabilities).any() or len(table["version"].unique()) != 1:
        raise SystemExit(f"{out} does not hold each of {rows:,} rows once, in order, answered by one model")


def draw(samples: np.ndarray, title: str, path: Path) -> None:
    """Memory over time, as a picture."""
    from models.figures.style import BLUE, GREY, new_axes

    figure, axes = new_axes(title, "seconds since the command began", "MiB in memory")
    axes.plot(samples[:, 0], samples[:, 2], color=GREY, label="with Prefect's temporary server")
    axes.plot(samples[:, 0], samples[:, 1], color=BLUE, label="the scoring process")
    axes.set_ylim(0, 2048)
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Make tweets and model, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisisflow-million-") as name:
        folder = Path(name)
        os.environ["CRISISFLOW_HOME"] = str(folder / "state")
        prepare_environment()
        load_tensorflow()
        texts = million.real_texts(given.data)
        tweets = million.write_csv(folder / "tweets.csv", million.recombined(texts, given.rows, 1))
        uri = million.log_standard_network(texts)
        print(f"{given.rows:,} tweets, {tweets.stat().st_size / MEBIBYTE:,.0f} MiB, load {os.getloadavg()[0]:.1f}")
        command = [sys.executable, "-m", "flows", "score", str(tweets), "--model", uri, "--json"]
        result, samples = sampled([*command, "--out", str(folder / "scored.parquet")])
        check(folder / "scored.parquet", given.rows)
    rate = f"{result['tweets_per_second']:,.0f} tweets/s"
    print(f"scored in {result['seconds']:.1f} s: {rate}, reading and writing included")
    whole = result["command_seconds"]
    print(f"the whole command: {whole:.1f} s, {given.rows / whole:,.0f} tweets/s")
    peak = f"{samples[:, 1].max():,.0f} MiB"
    print(f"peak memory {peak}, {samples[:, 2].max():,.0f} MiB with the processes it started")
    slope = growth(samples, result["seconds"])
    print(f"growth over the last {STEADY_SHARE:.0%} of the time of scoring: {slope:+.1f} MiB a minute")
    if given.plot:
        draw(samples, f"{given.rows:,} tweets scored at {rate}", given.plot)


if __name__ == "__main__":
    main()
