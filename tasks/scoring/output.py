"""What a person gets of a ledger: one file, or a folder of parts with a manifest; whole, counted and checked, or none.

Rows that cannot be scored lie in a file beside it, each with the reason: rows read = rows scored + rows there.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.runtime import atomic_files, state_folder
from tasks.scoring import parts
from tasks.scoring.formats import SUFFIXES, count_rows, write_tables
from tasks.scoring.progress_store import Ledger
from tasks.sources.records import QUARANTINE

LABELS = pa.schema(
    [
        ("id", pa.string()),
        ("probability", pa.float64()),
        ("label", pa.int8()),
        ("model", pa.string()),
        ("version", pa.string()),
    ]
)


@dataclass(frozen=True)
class ModelInfo:
    """The model that scored, as every row names it, and the digest of the source, for the manifest."""

    model: str
    version: str
    source: str = ""

    def rows_of(self, ledger: Ledger) -> Iterator[pa.Table]:
        """The rows of the ledger that were scored, under the columns of LABELS."""
        for table in ledger:
            scored = table.filter(pc.is_null(table["reason"]))
            names = [pa.repeat(pa.scalar(value), len(scored)) for value in (self.model, self.version)]
            yield pa.table([*scored.select(["id", "probability", "label"]).columns, *names], schema=LABELS)


def rejected_rows(ledger: Ledger) -> Iterator[pa.Table]:
    """The rows of the ledger that could not be scored, under the columns of QUARANTINE."""
    for table in ledger:
        yield table.filter(pc.is_valid(table["reason"])).select(QUARANTINE.names)


def is_folder(out: str) -> bool:
    """Whether parts are to be written: a name that ends in a slash, or a folder that is there."""
    return out.endswith(("/", os.sep)) or Path(out).is_dir()


def check_output(out: str, partition_rows: int | None = None) -> None:
    """Raise ValueError for a place that cannot be written, or a name whose suffix says no format: before any work."""
    path = Path(out)
    if not path.absolute().parent.is_dir():
        raise ValueError(f"there is no folder {path.absolute().parent} to write {path.name} in: make it first")
    if is_folder(out):
        parts.check_folder(path)
    elif path.suffix not in SUFFIXES:
        raise ValueError(
            f"cannot tell the format of {path.name!r}: end its name in .csv, .parquet or .jsonl, or in / for a folder"
        )
    elif partition_rows is not None:
        raise ValueError(f"--partition-rows cuts a folder of parts, {path.name} is one file: end the name in /")


def write_output(
    ledger: Ledger, read: int, out: str, stamp: ModelInfo, partition_rows: int | None = None
) -> dict[str, Any]:
    """Write the whole ledger to its place, and return the counts and where everything is.

    Raises RuntimeError, and leaves everything as it was, unless each of the rows read is there exactly once.
    """
    path = Path(out).absolute()
    atomic_files.remove_dead_drafts(path.parent)
    counts = _counts(ledger, read)
    if is_folder(out):
        return _write_folder(ledger, path, stamp, counts, partition_rows or parts.DEFAULT_ROWS)
    return _write_file(ledger, path, stamp, counts)


def _counts(ledger: Ledger, read: int) -> dict[str, int]:
    rows = positives = quarantined = 0
    for table in ledger:
        rows += table["probability"].length() - table["probability"].null_count
        positives += pc.sum(table["label"], min_count=0).as_py()
        quarantined += len(table) - table["reason"].null_count
    return {"read": read, "rows": rows, "positives": positives, "quarantined": quarantined}


def _reconcile(counts: dict[str, int], written: int, rejected: int) -> None:
    if not counts["read"] == counts["rows"] + counts["quarantined"] == written + rejected or written != counts["rows"]:
        raise RuntimeError(
            f"{counts['read']:,} rows read, {counts['rows']:,} scored ({written:,} written), {counts['quarantined']:,} "
            f"not ({rejected:,} written): nothing is put in place"
        )


def _write_file(ledger: Ledger, path: Path, stamp: ModelInfo, counts: dict[str, int]) -> dict[str, Any]:
    suffix, beside = path.suffix, path.with_suffix(f".quarantine{path.suffix}")
    with atomic_files.draft_file(path.parent) as scored, atomic_files.draft_file(path.parent) as rejected:
        write_tables(scored, suffix, LABELS, stamp.rows_of(ledger))
        write_tables(rejected, suffix, QUARANTINE, rejected_rows(ledger))
        _reconcile(counts, count_rows(scored, suffix), count_rows(rejected, suffix))
        with _placing(path):
            if counts["quarantined"]:
                atomic_files.publish(rejected, beside)
            else:
                beside.unlink(missing_ok=True)  # of a source that was scored into this file before
            atomic_files.publish(scored, path)
    return {**counts, "out": str(path), "quarantine": str(beside) if counts["quarantined"] else None}


def _write_folder(ledger: Ledger, path: Path, stamp: ModelInfo, counts: dict[str, int], size: int) -> dict[str, Any]:
    with parts.draft_folder(path.parent) as draft:
        written = parts.write_parts(draft, size, LABELS, stamp.rows_of(ledger))
        rejected = parts.write_quarantine(draft, QUARANTINE, rejected_rows(ledger))
        _reconcile(counts, sum(part.rows for part in written), rejected.rows)
        about = {**asdict(stamp), **counts, "partition_rows": size}
        parts.write_manifest(draft, about, written, rejected)
        with _placing(path):
            parts.place_folder(draft, path)
    quarantine = str(path / rejected.name) if rejected.rows else None
    return {**counts, "out": str(path), "quarantine": quarantine, "parts": len(written)}


@contextmanager
def _placing(path: Path) -> Iterator[None]:
    """For the block, the only process that puts something in this place: of two at once, both come whole."""
    with state_folder.locked(f"output-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"):
        yield
