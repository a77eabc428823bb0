"""Whether an ingest of 100,000 rows, spoilt in fifteen ways, catches all that is bad and touches nothing that is good.

    python tests/benchmarks/bench_corruption.py [--rows 100000] [--each 500] [--seed 1]

Each kind of corruption befalls `--each` rows, drawn by the seed. Exit code 0 only if every spoilt row lies in
quarantine under its rule or was repaired, every other row equals that of the clean file in every column, all counts
are exact, and a retry with the clean file gives the clean table.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from corruption import CORRUPTIONS, CorruptedFile, corrupt, write_csv

from models.sample import COLUMNS, clean_rows


def snapshot(folder: Path, data: bytes) -> Path:
    """The raw snapshot of a file with these bytes; its name is that of the other file, for tables name their source."""
    from tasks import sources

    folder.mkdir()
    (folder / "tweets.csv").write_bytes(data)
    return sources.fetch(folder / "tweets.csv")


def caught_rules(table: Path) -> dict[int, str]:
    """Rule by row of the source."""
    quarantine = pq.read_table(table / "quarantine.parquet")
    return dict(zip(quarantine["source_row"].to_pylist(), quarantine["rule"].to_pylist(), strict=True))


def changed_rows(clean: Path, table: Path, bad: Collection[int]) -> int:
    """How many rows of the clean table, but for the bad ones, are missing or differ in any column."""
    expected, kept = (pq.read_table(path / "tweets.parquet") for path in (clean, table))
    expected = expected.filter(pc.invert(pc.is_in(expected["source_row"], pa.array(bad, pa.int64()))))
    if kept.equals(expected):
        return 0
    kept_rows = {row["source_row"]: row for row in kept.to_pylist()}
    return max(1, sum(kept_rows.get(row["source_row"]) != row for row in expected.to_pylist()))


def count_faults(table: Path, caught: dict[int, str], rules: dict[int, str], rows: int) -> int:
    """How many counts of the report are not what they must be."""
    report = json.loads((table / "report.json").read_text())
    expected = {"read": rows, "kept": rows - len(rules), "quarantined": len(rules)}
    print(", ".join(f"{report['counts'][name]:,} {name}" for name in expected))
    wrong = sum(report["counts"][name] != count for name, count in expected.items())
    return wrong + (report["rules"] != Counter(rules.values())) + (len(caught) != len(rules))


def print_kinds(spoilt: CorruptedFile, caught: dict[int, str]) -> None:
    """A line for each kind: rows, the rule, and how many came to what they should."""
    print(f"{'kind':<30}{'rows':>6}  {'must be':<20}{'were':>6}")
    for kind in CORRUPTIONS:
        rows = [row for row, name in spoilt.kinds.items() if name == kind.name]
        right = sum(caught.get(row) == kind.rule for row in rows)
        print(f"{kind.name:<30}{len(rows):>6}  {kind.rule or 'repaired':<20}{right:>6}")


def measure(folder: Path, rows: int, each: int, seed: int) -> dict[str, int]:
    """Spoil, ingest, compare, retry, compare again; return what was found wrong, by name."""
    from tasks.ingestion import ingest_tweets, retry_tweets

    clean_fields = clean_rows(rows, seed)
    spoilt = corrupt(clean_fields, COLUMNS, each, seed)
    source = snapshot(folder / "clean", write_csv(clean_fields, COLUMNS))
    spoilt_source = snapshot(folder / "spoilt", spoilt.data)
    clean = ingest_tweets(source)
    start = time.perf_counter()
    table = ingest_tweets(spoilt_source)
    ingested = time.perf_counter()
    retried = retry_tweets(table, source)
    seconds = time.perf_counter() - ingested
    caught = caught_rules(table)
    print_kinds(spoilt, caught)
    print(f"ingest {ingested - start:.1f} s, retry {seconds:.1f} s")
    return {
        "rows quarantined otherwise than they should": len(caught.items() ^ spoilt.rules.items()),
        "good rows missing or changed": changed_rows(clean, table, list(spoilt.rules)),
        "counts that are not exact": count_faults(table, caught, spoilt.rules, rows),
        "rows that differ after a retry with the clean file": changed_rows(clean, retried, []),
    }


def main() -> None:
    """Measure in a state folder of its own and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRISISFLOW_HOME"] = str(Path(folder, "state"))
        findings = measure(Path(folder), options.rows, options.each, options.seed)
    for finding, number in findings.items():
        print(f"{number:>8,} {finding}")
    sys.exit(any(findings.values()))


if __name__ == "__main__":
    main()
