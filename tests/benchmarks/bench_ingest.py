"""How fast and in how much memory a million tweets are read, validated, grouped, split and written.

    python tests/benchmarks/bench_ingest.py [--tweets train.csv] [--rows 1000000]

The rows of a file of labelled tweets are repeated, each time with another id and another tag at the end of the text, so
that every repetition holds the file's own duplicates and contradictions. Each contender runs in a process of its own.
The rival is pandas doing a part of the work: read, drop duplicates, write.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "tweets.csv"
DATA = os.environ.get("CRISISFLOW_TEST_DATA")
DEFAULT = Path(DATA, "disaster_tweets", "train.csv") if DATA else SAMPLE

CRISISFLOW = """
import sys, time
from tasks.runtime.environment import prepare_environment
prepare_environment()
from pathlib import Path
from tasks import sources
from tasks.ingestion import ingest_tweets
snapshot = sources.fetch(sys.argv[1])
start = time.perf_counter()
ingest_tweets(snapshot)
"""
PANDAS = """
import sys, time
import pandas as pd
start = time.perf_counter()
table = pd.read_csv(sys.argv[1], dtype=str)
conflicts = table.groupby("text")["target"].transform("nunique") > 1
table = table[~conflicts].drop_duplicates("text").drop_duplicates("id")
table.to_parquet(sys.argv[1] + ".parquet")
"""
REPORT = """
import resource
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def write_tweets(original: Path, target: Path, rows: int) -> None:
    """Repeat the rows of a file, slightly changed, until there are enough."""
    with original.open(newline="", encoding="utf-8") as file:
        header, *tweets = csv.reader(file)
    identity, text = header.index("id"), header.index("text")
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(rows):
            repetition, place = divmod(number, len(tweets))
            row = list(tweets[place])
            row[identity] = f"{repetition}-{row[identity]}"
            row[text] = f"{row[text]} #r{repetition}"
            writer.writerow(row)


def measure(code: str, path: Path, home: Path) -> tuple[float, float, float]:
    """Seconds of the work, seconds of the whole process and peak MB of a fresh process that runs this code."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT, str(path)],
        env={**os.environ, "CRISISFLOW_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, megabytes = map(float, done.stdout.split()[-2:])
    return seconds, time.perf_counter() - start, megabytes


def main() -> None:
    """Run both contenders and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=Path, default=DEFAULT, help="labelled tweets to repeat")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tweets.csv")
        write_tweets(options.tweets, path, options.rows)
        size = path.stat().st_size / 2**20
        print(
            f"{options.rows:,} tweets from {options.tweets.name}, {size:,.0f} MB; load {os.getloadavg()[0]:.1f} before"
        )
        print(f"{'contender':<12}{'seconds':>9}{'process':>9}{'rows/s':>10}{'peak MB':>9}{'ratio':>7}")
        results = {
            name: measure(code, path, Path(folder, "state"))
            for name, code in (("crisisflow", CRISISFLOW), ("pandas", PANDAS))
        }
        for name, (seconds, process, megabytes) in results.items():
            rate, ratio = options.rows / seconds, seconds / results["pandas"][0]
            print(f"{name:<12}{seconds:>9.1f}{process:>9.1f}{rate:>10,.0f}{megabytes:>9,.0f}{ratio:>7.2f}")
        print(f"load {os.getloadavg()[0]:.1f} after; limits: 60 s, 2,048 MB for 1,000,000")


if __name__ == "__main__":
    main()
