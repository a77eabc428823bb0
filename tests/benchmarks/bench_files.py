"""Are tables read as they were written, whoever wrote them? The reader against some sixty writers, on random tables.

    python tests/benchmarks/bench_files.py [--tables 100000] [--seed 1] [--writer "pandas tab"]

A table drawn by `table_writers` is written by one writer after another and read. Expected is what was written, with
what the reader documents: blank texts and empty cells are missing, ids lose blanks and quotes around them. Judged:
`silent` (a row differs and nothing was said: must be 0), `shared` (silent, but the same bytes are what another writer
makes of the table that was read: nobody can tell), `refused` and `aside` (rows quarantined), in percent of the tables;
`shared refused` are refusals of bytes that two writers make of two tables. Tables with half characters, which no valid
file holds, are judged for silence alone.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path

from table_writers import DEFAULTS, Table, Writer, draw_table, writers

sys.path.insert(0, str(Path(__file__).parents[2]))
from tasks.sources import ColumnMap, SourceError, read_tweets
from tasks.sources.archives import Member
from tasks.sources.dialects import NO_DELIMITER, Dialect
from tasks.sources.encodings import detect_encoding, open_text
from tasks.sources.evidence import Reading
from tasks.sources.lines import choose_line_end

MEANINGS = {"tweet_id": "id", "tweet_text": "text", "target": "label"}
Rows = list[tuple[str | None, ...]]
LIMIT_PERCENT = 2.0


def expected(table: Table) -> Rows:
    """The rows as the reader should give them."""
    rows = []
    for row in table.rows:
        cells = {MEANINGS.get(name, name): cell for name, cell in zip(table.names, row, strict=True)}
        rows.append(tuple(normal(name, cells.get(name)) for name in ("id", "text", "keyword", "location", "label")))
    return rows


def normal(name: str, cell: str | None) -> str | None:
    """A cell as documented: nothing where there are but blanks; a missing word is no keyword and no location."""
    if not cell or (name in ("text", "label") and not re.sub(r"[\s\x00]", "", cell.replace("\x00", "x"))):
        return None
    return cell


def read(path: Path, options: ColumnMap) -> tuple[Rows, int, list[dict[str, str]]]:
    """The rows that passed, how many were set aside, and the records as they stand."""
    rows: Rows = []
    aside, records = 0, []
    for batch in read_tweets(path, options):
        for row in batch.to_pylist():
            if row["malformed"] or row["undecodable"]:
                aside += 1
            else:
                given = row["id"] if not str(row["id"]).startswith(f"{path.name}:") else None
                rows.append((given, row["text"], row["keyword"], row["location"], row["label"]))
                records.append(row["record"])
    return rows, aside, records


def shared_with(data: bytes, records: list[dict[str, str]], found: dict[str, Writer]) -> str | None:
    """The writer that makes the same bytes of the table as it was read."""
    if not records:
        return None
    names = tuple(name for name in records[0] if name not in ("row_names", "column_1"))
    table = Table(names, [tuple(record[name] or "" for name in names) for record in records])
    return next((name for name, write in found.items() if same_bytes(write, table, data)), None)


def judge(data: bytes, table: Table, path: Path, found: dict[str, Writer]) -> tuple[str, str]:
    """What became of one table, and with what detail."""
    path.write_bytes(data)
    wanted = expected(table)
    half = any("\ud83d" in cell for row in table.rows for cell in row)
    try:
        rows, aside, records = read(path, ColumnMap())
    except SourceError as error:
        return ("half" if half else "shared refused" if two_tables(data, path, table, found) else "refused"), str(error)
    if aside:
        left = Counter(wanted)
        left.subtract(rows)
        kind = "silent" if min(left.values()) < 0 else "half" if half else "aside"
        return kind, f"{aside} of {len(wanted)}, unwanted: {[row for row in left if left[row] < 0][:1]}"
    if rows == wanted:
        return "right", ""
    other = shared_with(data, records, found)
    return ("shared" if other else "silent"), f"as {other}: read {difference(rows, wanted)}"


def two_tables(data: bytes, path: Path, table: Table, found: dict[str, Writer]) -> bool:
    """Whether a listed writer makes these bytes of another table than the one that was written."""
    member = Member(path.name, partial(path.open, "rb"), path)
    with open_text(member, "latin-1" if b"\xed\xa0\xbd" in data else detect_encoding(member)) as stream:
        text = stream.read()
    for delimiter, (quote, doubled, escape) in product((",", "\t", ";", "|", " ", NO_DELIMITER), FORMS):
        reading = Reading(text, Dialect(delimiter, quote, doubled, escape, choose_line_end(text)))
        rows = [row.cells for row in reading.rows]
        if None in rows or len(rows) < 2 or len({len(row or ()) for row in rows}) > 1:
            continue
        other = Table(rows[0], rows[1:])
        if other != table and any(same_bytes(write, other, data) for write in found.values()):
            return True
    return False


FORMS = (('"', True, ""), ("", False, ""), ('"', False, "\\"), ('"', True, "\\"), ("", False, "\\"), ("'", True, ""))


def same_bytes(write: Writer, table: Table, data: bytes) -> bool:
    """Whether a writer makes these bytes of this table."""
    try:
        return write(table) == data
    except Exception:  # a table that this writer cannot write is none of its tables
        return False


def difference(rows: Rows, wanted: Rows) -> str:
    """The first row that differs."""
    for row, other in zip(rows, wanted, strict=False):
        if row != other:
            return f"{row!r} of {other!r}"
    return f"{len(rows)} rows of {len(wanted)}"


def main() -> int:
    """Judge as many tables as asked, print shares by writer; 1 when anything was silent or too much refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", help="one writer alone")
    parser.add_argument("--show", type=int, default=3, help="examples of each fault to print")
    options = parser.parse_args()
    found, missing = writers()
    for library in missing:
        print(f"{library} is not installed: its writers are left out")
    chosen = {name: write for name, write in found.items() if options.writer in (None, name)}
    counts, shown = {name: Counter() for name in chosen}, Counter()
    draw, start, written = random.Random(options.seed), time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        while written < options.tables:
            table = draw_table(draw)
            for name, write in chosen.items():
                try:
                    data = write(table)
                except Exception:  # what a writer cannot write it does not write wrongly
                    counts[name]["unwritable"] += 1
                    continue
                written += 1
                suffix = ".tsv" if "tab" in name else ".csv"
                verdict, detail = judge(data, table, Path(folder, f"table{suffix}"), found)
                counts[name][verdict] += 1
                if verdict not in ("right", "half") and shown[name, verdict] < options.show:
                    shown[name, verdict] += 1
                    print(json.dumps([name, verdict, detail[:400], data[:600].decode("utf-8", "replace")]))
    return report(counts, written, time.monotonic() - start)


def report(counts: dict[str, Counter[str]], written: int, seconds: float) -> int:
    """Print the table; the exit code."""
    print(f"{written:,} tables, {1000 * seconds / written:.1f} ms each")
    print(f"{'writer':<26}{'tables':>8}{'silent':>8}{'shared':>8}{'refused':>9}{'aside':>8}{'shared refused':>16}")
    bad = 0
    for name, count in counts.items():
        tables = sum(count.values()) - count["unwritable"]
        shares = {kind: 100 * count[kind] / max(1, tables) for kind in ("refused", "aside", "shared refused")}
        limit = 0.0 if name in DEFAULTS else LIMIT_PERCENT
        too_many = shares["refused"] + shares["aside"] > limit
        bad += count["silent"] > 0 or too_many
        print(
            f"{name:<26}{tables:>8,}{count['silent']:>8}{count['shared']:>8}{shares['refused']:>8.2f}%"
            f"{shares['aside']:>7.2f}%{shares['shared refused']:>15.2f}%{' <--' * (count['silent'] > 0 or too_many)}"
        )
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
