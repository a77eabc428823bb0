"""Are tables read as they were written, whoever wrote them? The reader against some eighty writers, on random tables.

    python tests/benchmarks/bench_files.py [--tables 100000] [--seed 1] [--writer "pandas tab"] [--out results.jsonl]
    python tests/benchmarks/bench_files.py --sum results.jsonl

A table drawn by `table_writers` is written by one writer after another and read. Expected is the repair of what was
written, with what the reader documents: blank texts and empty cells are missing, ids lose blanks and quotes around
them. Judged:

right           every row as expected
silent          a row differs and nothing was said: must be 0
shared          read otherwise, since the same bytes are what the defaults of Python csv, pandas, pyarrow, polars,
                DuckDB or Excel, which come first, make of the table that was read; or what a writer that encloses the
                cells that need it makes of it, where this file is of a writer that never does
refused, aside  refused, or rows set aside, as malformed or for want of a text: none of the defaults, at most 2 % of
                every other writer's
shared refused  refused, and the same bytes are what another writer makes of another table, which was worked out
half            a table with half characters, which no valid file holds: judged for silence alone

With `--out` the counts of each run are kept, with its seed; `--sum` adds them up. With `--ingest` each table goes
through the whole ingest, under a contract that small tables can keep: right means that every row was kept as expected
or quarantined.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq
from table_writers import DEFAULTS, MINIMAL, NONE, Table, Writer, could_be_by_hand, draw_table, suffix_of, writers

sys.path.insert(0, str(Path(__file__).parents[2]))
from models.settings import ContractSettings
from models.text import repair_keyword, repair_text
from tasks.ingestion import ingest_tweets
from tasks.ingestion.errors import RefusedTable
from tasks.runtime.environment import prepare_environment
from tasks.sources import SourceError, read_tweets
from tasks.sources.dialects import NO_DELIMITER, Dialect, tokenize
from tasks.sources.encodings import detect_encoding, open_text
from tasks.sources.evidence import MISSING_WORDS
from tasks.sources.members import Member

MEANINGS = {"tweet_id": "id", "tweet_text": "text", "target": "label"}
COLUMNS = ("id", "text", "keyword", "location", "label")
Rows = list[tuple[str | None, ...]]
LIMIT_PERCENT = 2.0
SMALL = ContractSettings(min_rows=1, min_positive_share=0, max_positive_share=1, max_quarantined_share=1)
KINDS = ("right", "silent", "shared", "refused", "aside", "shared refused", "half", "unwritable")


def expected(table: Table) -> Rows:
    """The rows as the reader should give them, repaired."""
    rows = []
    for row in table.rows:
        cells = {MEANINGS.get(name, name): cell for name, cell in zip(table.names, row, strict=True)}
        rows.append(tuple(normal(name, cells.get(name)) for name in COLUMNS))
    return repaired(rows)


def normal(name: str, cell: str | None) -> str | None:
    """A cell as documented: nothing where there are but blanks; a missing word is neither keyword nor location."""
    if not cell or (name in ("text", "label") and not cell.strip()):
        return None
    return None if name in ("keyword", "location") and cell in MISSING_WORDS else cell


def repaired(rows: Rows) -> Rows:
    """The rows as they are stored: texts on one line, transport undone."""
    return [
        (given, text and repair_text(text), word and repair_keyword(word), place and repair_text(place), label)
        for given, text, word, place, label in rows
    ]


def read(path: Path) -> tuple[Rows, int, list[dict[str, str]]]:
    """The rows that passed, repaired, how many were set aside, and the records as they stand."""
    rows: Rows = []
    aside, records = 0, []
    for batch in read_tweets(path):
        for row in batch.to_pylist():
            if row["malformed"] or row["undecodable"]:
                aside += 1
            else:
                given = row["id"] if not str(row["id"]).startswith(f"{path.name}:") else None
                rows.append((given, row["text"], row["keyword"], row["location"], row["label"]))
                records.append(row["record"])
    return (repaired(rows) if rows else rows), aside, records


def judge(data: bytes, table: Table, path: Path, name: str, found: dict[str, Writer]) -> tuple[str, str]:
    """What became of one table by the writer of this name, and with what detail."""
    path.write_bytes(data)
    wanted = expected(table)
    half = any("\ud83d" in cell for row in table.rows for cell in row)
    try:
        rows, aside, records = read(path)
    except SourceError as error:
        kind = "half" if half else "shared refused" if two_tables(data, path, table, found) else "refused"
        return kind, str(error)
    if aside:
        unwanted = beyond(rows, wanted)
        if unwanted and half:  # shared, perhaps: the half characters hide whose bytes they are
            whole = table._replace(rows=[row for row in table.rows if not any("\ud83d" in cell for cell in row)])
            kind = judge(found[name](whole), whole, path, name, found)[0] if whole.rows else "silent"
            return "silent" if kind == "silent" else "half", f"{aside} of {len(wanted)}, unwanted: {unwanted}"
        return "silent" if unwanted else "half" if half else "aside", f"{aside} of {len(wanted)}, unwanted: {unwanted}"
    if rows == wanted:
        return "right", ""
    if other := shared_with(data, records, name, found):
        return "shared", f"as {other}: read {difference(rows, wanted)}"
    kind = "silent" if beyond([row for row in rows if row[1] is not None], wanted) else "aside"
    return kind, f"read {difference(rows, wanted)}"


def beyond(rows: Rows, wanted: Rows) -> Rows:
    """A row that was read and not written, if there is one."""
    left = Counter(wanted)
    left.subtract(rows)
    return [row for row in left if left[row] < 0][:1]


def judge_ingest(data: bytes, table: Table, path: Path, name: str, found: dict[str, Writer]) -> tuple[str, str]:
    """What became of one table in a whole ingest, where the reader had nothing to say."""
    verdict, detail = judge(data, table, path, name, found)
    if verdict != "right":
        return verdict, detail
    wanted = expected(table)
    try:
        artifact = ingest_tweets(path, contract=SMALL)
    except RefusedTable as refused:  # of one class alone
        return "right", str(refused)
    kept = pq.read_table(artifact / "tweets.parquet").to_pylist()
    aside = pq.read_metadata(artifact / "quarantine.parquet").num_rows
    if len(kept) + aside != len(wanted):
        return "silent", f"{len(kept)} kept and {aside} quarantined of {len(wanted)}"
    for row in kept:
        given, *cells, _ = wanted[row["source_row"] - 1]
        if [row["text"], row["keyword"], row["location"]] != cells or given not in (None, row["id"]):
            return "silent", f"kept {row!r} of {wanted[row['source_row'] - 1]!r}"
    return "right", f"{aside} of {len(wanted)} quarantined"


def shared_with(data: bytes, records: list[dict[str, str]], name: str, found: dict[str, Writer]) -> str | None:
    """The writer, of those that come first, that makes the same bytes of the table as it was read."""
    if not records:
        return None
    names = tuple(each for each in records[0] if each not in ("row_names", "column_1"))
    table = Table(names, [tuple(record[each] or "" for each in names) for record in records])
    first = (*DEFAULTS, *MINIMAL) if name in NONE else DEFAULTS
    return next((each for each in first if each in found and same_bytes(each, found[each], table, data)), None)


def two_tables(data: bytes, path: Path, table: Table, found: dict[str, Writer]) -> bool:
    """Whether a listed writer makes these bytes of another table than the one that was written."""
    for other in readings(data, path):
        if other[:2] != table[:2] and any(same_bytes(name, write, other, data) for name, write in found.items()):
            return True
    return False


def readings(data: bytes, path: Path) -> Iterator[Table]:
    """The tables that the bytes may be, in every dialect in which each row has as many cells as the header."""
    if path.suffix not in (".csv", ".tsv"):
        return
    member = Member(path.name, partial(path.open, "rb"), path)
    with open_text(member, "latin-1" if b"\xed\xa0\xbd" in data else detect_encoding(member)) as stream:
        text = stream.read()
    ends = [each for each, mark in (("any", ""), ("\n", "\n"), ("\r", "\r")) if mark in text]
    for delimiter, (quote, doubled, escape), end in product((",", "\t", ";", "|", " ", NO_DELIMITER), FORMS, ends):
        rows = tokenize(text, Dialect(delimiter, quote, doubled, escape, end)).table
        if None in rows or len(rows) < 2 or len({len(row or ()) for row in rows}) > 1:
            continue
        names = rows[0] or ()
        if not any(
            len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" for name in names
        ):  # quotes enclose names
            yield Table(names, [row or () for row in rows[1:]])


FORMS = (
    *(('"', True, ""), ("", False, ""), ('"', False, "\\"), ('"', True, "\\"), ("", False, "\\"), ("'", True, "")),
    *(('"', False, '\\"'), ('"', False, "\\\\")),
)


def same_bytes(name: str, write: Writer, table: Table, data: bytes) -> bool:
    """Whether a writer makes these bytes of this table."""
    if name == "by hand":
        return could_be_by_hand(table, data)
    for typed in (True, False):
        try:
            if write(table._replace(typed=typed)) == data:
                return True
        except Exception:  # a table that this writer cannot write is none of its tables
            continue
    return False


def difference(rows: Rows, wanted: Rows) -> str:
    """The first row that differs."""
    for row, other in zip(rows, wanted, strict=False):
        if row != other:
            return f"{row!r} of {other!r}"
    return f"{len(rows)} rows of {len(wanted)}"


def run(options: argparse.Namespace, found: dict[str, Writer]) -> tuple[dict[str, Counter[str]], int]:
    """Judge tables until there are enough: the verdicts of each writer, and how many tables were written."""
    chosen = {name: write for name, write in found.items() if options.writer in (None, name)}
    counts, shown = {name: Counter() for name in chosen}, Counter()
    draw, written = random.Random(options.seed), 0
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk takes longer than the reader
    with tempfile.TemporaryDirectory(dir=memory) as folder, state_folder():
        while written < options.tables:
            table = draw_table(draw)
            for name, write in chosen.items():
                try:
                    data = write(table)
                except Exception:  # what a writer cannot write it does not write wrongly
                    counts[name]["unwritable"] += 1
                    continue
                written += 1
                path = Path(folder, f"table{suffix_of(name)}")
                verdict, detail = (judge_ingest if options.ingest else judge)(data, table, path, name, found)
                counts[name][verdict] += 1
                shown[name, verdict] += 1
                if verdict not in options.quiet and shown[name, verdict] <= options.show:
                    print(json.dumps([name, verdict, detail[:400], data[:600].decode("utf-8", "replace")]), flush=True)
    return counts, written


@contextmanager
def state_folder() -> Iterator[None]:
    """A state folder for what ingests write, which goes when the block ends."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["CRISISFLOW_HOME"] = home
        prepare_environment()
        yield


def main() -> int:
    """Judge as many tables as asked, print shares by writer; 1 when anything was silent or too much refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", help="one writer alone")
    parser.add_argument("--show", type=int, default=3, help="examples of each fault to print")
    parser.add_argument("--quiet", nargs="*", default=["right", "half", "shared", "shared refused"])
    parser.add_argument("--ingest", action="store_true", help="through the whole ingest, not the reader alone")
    parser.add_argument("--out", type=Path, help="add the counts and the seed to this file")
    parser.add_argument("--sum", type=Path, help="print the sum of the runs in this file")
    options = parser.parse_args()
    if options.sum:
        return report(*summed(options.sum))
    found, missing = writers()
    for library in missing:
        print(f"{library} is not installed: its writers are left out")
    start = time.monotonic()
    counts, written = run(options, found)
    if options.out:
        with options.out.open("a") as file:
            file.write(json.dumps({"seed": options.seed, "tables": written, "counts": counts}) + "\n")
    print(f"seed {options.seed}: {1000 * (time.monotonic() - start) / written:.1f} ms a table")
    return report(counts, written)


def summed(results: Path) -> tuple[dict[str, Counter[str]], int]:
    """The counts of several runs together; each seed counts once."""
    runs = {run["seed"]: run for run in map(json.loads, results.read_text().splitlines())}
    counts: dict[str, Counter[str]] = {}
    for each in runs.values():
        for name, verdicts in each["counts"].items():
            counts.setdefault(name, Counter()).update(verdicts)
    print(f"{len(runs)} runs, seeds {', '.join(map(str, sorted(runs)))}")
    return counts, sum(each["tables"] for each in runs.values())


def report(counts: dict[str, Counter[str]], written: int) -> int:
    """Print the table; the exit code."""
    total = Counter[str]()
    print(f"{'writer':<26}{'tables':>9}{'silent':>8}{'shared':>8}{'refused':>9}{'aside':>8}{'shared refused':>16}")
    bad = 0
    for name, count in counts.items():
        total.update(count)
        tables = sum(count.values()) - count["unwritable"]
        shares = {kind: 100 * count[kind] / max(1, tables) for kind in ("refused", "aside", "shared refused")}
        limit = 0.0 if name in DEFAULTS else LIMIT_PERCENT
        fault = count["silent"] > 0 or shares["refused"] + shares["aside"] > limit
        bad += fault
        print(
            f"{name:<26}{tables:>9,}{count['silent']:>8}{count['shared']:>8}{shares['refused']:>8.2f}%"
            f"{shares['aside']:>7.2f}%{shares['shared refused']:>15.2f}%{' <--' * fault}"
        )
    print(f"{written:,} tables: {', '.join(f'{kind} {total[kind]:,}' for kind in KINDS)}")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
