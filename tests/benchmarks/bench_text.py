"""How many tweets a second are repaired and tokenized.

Run: python tests/benchmarks/bench_text.py --tweets train.csv [--rows 200000] [--rounds 5]

The rows are those of the file, repeated, so words recur as often as in many tweets about few events; `--distinct`
(a folder of text files, one tweet a line) shows what tweets cost that are all different.
"""

import argparse
import hashlib
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv

from models.settings import TextSettings
from models.text import repair_texts, tokenize, tokenize_texts


def read_tweets(path: Path, rows: int) -> pa.StringArray:
    """The text column of the file, repeated until it has this many rows."""
    table = pv.read_csv(path, parse_options=pv.ParseOptions(newlines_in_values=True))
    texts = table["text"].combine_chunks()
    return pa.concat_arrays([texts] * (rows // len(texts) + 1)).slice(0, rows)


def read_distinct(folder: Path, rows: int) -> pa.StringArray:
    """The distinct lines of all text files below the folder, in the order of their digests, so mixed."""
    lines = {line for path in folder.rglob("*text.txt") for line in path.read_text(encoding="utf-8").splitlines()}
    return pa.array(sorted(lines, key=hash_line)[:rows], pa.string())


def hash_line(line: str) -> bytes:
    """A key that puts lines in an order that has nothing to do with their content."""
    return hashlib.md5(line.encode(), usedforsecurity=False).digest()


def measure(action: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each round, after one to warm up."""
    action()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return seconds


def report(name: str, rows: int, seconds: list[float]) -> None:
    """One line of the table: the best and the middle round."""
    best, middle = rows / min(seconds), rows / statistics.median(seconds)
    print(f"{name:34} {rows:>9,} {best:>12,.0f} {middle:>12,.0f}   {os.getloadavg()[0]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=Path, required=True, help="a CSV file with a column text")
    parser.add_argument("--distinct", type=Path, help="a folder of *text.txt files, one tweet a line")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    columns = {"repeated": read_tweets(options.tweets, options.rows)}
    if options.distinct:
        columns["distinct"] = read_distinct(options.distinct, options.rows)
    settings = TextSettings()
    print(f"{'tweets per second':34} {'tweets':>9} {'best':>12} {'median':>12}   load")
    for kind, raw in columns.items():
        repaired = repair_texts(raw)[0]
        report(f"repair, {kind}", len(raw), measure(lambda raw=raw: repair_texts(raw), options.rounds))
        report(
            f"tokenize, {kind}",
            len(raw),
            measure(lambda texts=repaired: tokenize_texts(texts, settings), options.rounds),
        )
        few = repaired.slice(0, 5_000).to_pylist()
        report(
            f"tokenize, {kind}, one at a time",
            len(few),
            measure(lambda texts=few: [tokenize(text, settings) for text in texts], 1),
        )


if __name__ == "__main__":
    main()
