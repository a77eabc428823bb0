"""What lies in quarantine: which ingests left rows there, the rows themselves, and a file of them to correct."""

import csv
import io
import json
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.wording import counted
from tasks.ingestion.corrections import ABOUT_ROW, RAW, YES
from tasks.ingestion.steps import read_report
from tasks.runtime import state_folder
from tasks.sources.csv_injection import escape_formula
from tasks.store import artifact_store
from tasks.store.outputs import Outputs

KINDS = ("tweets", "corpus")
SHORTEST_DIGEST = 4


def tables() -> list[Path]:
    """Every table in the store that was ingested or retried, the newest first."""
    store = state_folder.state_home() / "store"
    found = [path.parent for kind in KINDS for path in store.glob(f"{kind}/[!.]*/{artifact_store.MANIFEST}")]
    return sorted(found, key=lambda table: (_made(table), table.name), reverse=True)


def _made(table: Path) -> float:
    return (table / artifact_store.MANIFEST).stat().st_mtime


def summaries() -> list[dict[str, Any]]:
    """The tables that have quarantined rows: where they are, what they were read from, and their counts by rule."""
    return [each for each in map(summarise, tables()) if each["quarantined"]]


def summarise(table: Path) -> dict[str, Any]:
    """Counts of one table."""
    report = read_report(table)
    return {
        "table": table.name,
        "kind": report["kind"],
        "made": datetime.fromtimestamp(_made(table), UTC).isoformat(timespec="seconds"),
        "files": [file["name"] for file in report["files"]],
        **{name: report["counts"][name] for name in ("read", "kept", "quarantined")},
        "rules": report["rules"],
        "retry_of": (report.get("retry") or {}).get("table"),
        "path": str(table),
    }


def find_table(reference: str | None) -> Path:
    """The table that is meant: by its path, the beginning of its digest, or the run that made it; else the newest.

    Raises ValueError when there is none, or several digests begin so.
    """
    known = tables()
    if reference is None:
        return _newest(known)
    path = Path(reference).expanduser()
    for folder in (path, path.parent):
        if folder.parent.name in KINDS and artifact_store.is_artifact(folder):
            return folder.resolve()
    if len(reference) >= SHORTEST_DIGEST and set(reference) <= set(string.hexdigits):
        meant = [table for table in known if table.name.startswith(reference.lower())]
        if len(meant) > 1:
            raise ValueError(f"{counted(len(meant), 'table')} begin with {reference!r}: give more of the digest")
        return meant[0] if meant else _made_by(reference)
    raise ValueError(f"no table {reference!r}: `crisisflow quarantine list` shows those that have quarantined rows")


def _newest(known: list[Path]) -> Path:
    """The newest table with quarantined rows."""
    for table in known:
        if read_report(table)["counts"]["quarantined"]:
            return table
    raise ValueError("no row is quarantined: there is nothing to show or to retry")


def _made_by(run_id: str) -> Path:
    """The table that this run, or a run below it, made."""
    from tasks.tracking import descendants, read_run

    for run in (read_run(run_id), *descendants(run_id)):
        output = run.data.tags.get("output", "")
        if output.partition("/")[0] in KINDS:
            return state_folder.state_home() / "store" / output
    raise ValueError(f"run {run_id} made no table: give the run of an ingest")


def read_rows(table: Path, rule: str | None = None) -> list[dict[str, Any]]:
    """The quarantined rows, of one rule or of all: source, source_row, rule, reason, record (the row as it was).

    Raises ValueError for a rule that no row broke.
    """
    quarantine = pq.read_table(table / "quarantine.parquet")
    if rule is not None:
        rules = sorted(set(quarantine["rule"].to_pylist()))
        if rule not in rules:
            raise ValueError(f"no row of {table.name} is quarantined under {rule!r}, only under {', '.join(rules)}")
        quarantine = quarantine.filter(pc.equal(quarantine["rule"], rule))
    return [{**row, "record": json.loads(row["record"])} for row in quarantine.to_pylist()]


def check_name(out: Path) -> None:
    """Raise ValueError for a name that does not end in .csv."""
    if out.suffix != ".csv":
        raise ValueError(f"quarantined rows are written as .csv, got {out.name!r}")


def write_rows(rows: list[dict[str, Any]], out: Path, outputs: Outputs, raw_csv: bool = False) -> None:
    """Write the rows as CSV to correct in any editor: a column for each of their own, safe to open as a spreadsheet.

    A row that never fitted its columns stands whole in the column `record`; a correction fills the others. With
    `raw_csv` no cell is escaped, and a column says so to the retry. Raises ValueError as `check_name` does.
    """
    check_name(out)
    columns = dict.fromkeys(name for row in rows if isinstance(row["record"], dict) for name in row["record"])
    own = [name for name in columns if name not in (*ABOUT_ROW, RAW)]
    lines = [_cells(row, own, [YES] if raw_csv else []) for row in rows]
    if not raw_csv:
        lines = [[escape_formula(cell) if isinstance(cell, str) else cell for cell in line] for line in lines]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[*ABOUT_ROW, *([RAW] if raw_csv else []), *own], *lines])
    outputs.write_text(out, text.getvalue().encode("utf-8", "backslashreplace").decode())


def _cells(row: dict[str, Any], own: list[str], marked: list[str]) -> list[Any]:
    record = row["record"]
    fits = isinstance(record, dict)
    whole = "" if fits else json.dumps(record, ensure_ascii=False)
    values = [record.get(name) if fits else None for name in own]
    texts = [
        value if isinstance(value, (str, type(None))) else json.dumps(value, ensure_ascii=False) for value in values
    ]
    return [row["source"], row["source_row"], row["rule"], row["reason"], whole, *marked, *texts]
