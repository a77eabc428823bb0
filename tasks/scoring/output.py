"""The output of a scoring: one file, or a folder of parts with a manifest; whole, counted and checked, or none.

Rows that cannot be scored lie in a file beside it, each with the reason: rows read = rows scored + rows there.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.drift.familiarity import count_doubts
from models.wording import counted
from tasks.scoring import parts
from tasks.scoring.formats import SUFFIXES, count_rows, write_tables
from tasks.scoring.predicting import NOTES, TWO_CLASSES, AnswerColumns
from tasks.scoring.progress_store import ProgressStore
from tasks.sources.records import QUARANTINE
from tasks.store.outputs import Outputs


@dataclass(frozen=True)
class ModelInfo:
    """The model that scored, as every row names it, the digest of the source, and with which columns it answers."""

    model: str
    version: str
    source: str = ""
    answering: AnswerColumns = TWO_CLASSES

    @property
    def schema(self) -> pa.Schema:
        """The columns of a scored file."""
        named = ("model", pa.string()), ("version", pa.string())
        return pa.schema([*self.answering.answers, *named, *NOTES, *self.answering.more])

    def described(self) -> dict[str, Any]:
        """What the manifest says of it."""
        about = {"model": self.model, "version": self.version, "source": self.source, "kinds": self.answering.kinds}
        return about | ({"classes": self.answering.classes} if self.answering.classes else {})

    def rows_of(self, done: ProgressStore) -> Iterator[pa.Table]:
        """The rows that were scored, under the columns of `schema`."""
        for table in done:
            scored = table.filter(pc.is_null(table["reason"]))
            whose = {name: pa.repeat(pa.scalar(getattr(self, name)), len(scored)) for name in ("model", "version")}
            columns = [whose[name] if name in whose else scored[name] for name in self.schema.names]
            yield pa.table(columns, schema=self.schema)


def rejected_rows(done: ProgressStore) -> Iterator[pa.Table]:
    """The rows that could not be scored, under the columns of QUARANTINE."""
    for table in done:
        yield table.filter(pc.is_valid(table["reason"])).select(QUARANTINE.names)


def is_folder(out: str) -> bool:
    """Whether parts are to be written: a name that ends in a slash, or a folder that is there."""
    return out.endswith(("/", os.sep)) or Path(out).is_dir()


@dataclass(frozen=True)
class Destination:
    """Where the answers go: `out`, in parts of so many rows if a folder; `raw_csv` leaves formulas as they are."""

    out: str
    partition_rows: int | None = None
    raw_csv: bool = False
    outputs: Outputs = field(default_factory=Outputs)

    def check(self) -> None:
        """Raise ValueError for a place that may not or cannot be written, or a suffix of no format: before any work."""
        self.check_name()
        path = Path(self.out)
        if is_folder(self.out):
            self.outputs.check_folder(path)
        else:
            self.outputs.check(path, _beside(path))

    def check_name(self) -> None:
        """Raise ValueError for a name that says no format, or that lies in no folder."""
        path = Path(self.out)
        if not path.absolute().parent.is_dir():
            raise ValueError(f"there is no folder {path.absolute().parent} to write {path.name} in: make it first")
        if is_folder(self.out):
            return
        if path.suffix not in SUFFIXES:
            raise ValueError(
                f"cannot tell the format of {path.name!r}: end its name in .csv, .parquet or .jsonl, or in / for a "
                "folder"
            )
        if self.partition_rows is not None:
            raise ValueError(f"--partition-rows cuts a folder of parts, {path.name} is one file: end the name in /")


def _beside(path: Path) -> Path:
    """Where the rows lie that could not be scored into this file."""
    return path.with_suffix(f".quarantine{path.suffix}")


def write_output(done: ProgressStore, read: int, to: Destination, model_info: ModelInfo) -> dict[str, Any]:
    """Write the whole result to its place, and return the counts and where everything is.

    Raises RuntimeError, and leaves everything as it was, unless each of the rows read is there exactly once.
    """
    counts = _counts(done, read, model_info.answering.classes)
    return (_write_folder if is_folder(to.out) else _write_file)(done, to, model_info, counts)


def _counts(done: ProgressStore, read: int, classes: tuple[str, ...]) -> dict[str, Any]:
    """Rows read, scored, called positive, and so on; of several classes the rows that are called each."""
    rows = quarantined = learned = 0
    called: Counter[Any] = Counter()
    doubts: Counter[str] = Counter()
    for table in done:
        rows += table["probability"].length() - table["probability"].null_count
        called.update(table["label"].drop_null().to_pylist())
        quarantined += len(table) - table["reason"].null_count
        learned += len(table) - table["learned_from"].null_count
        doubts.update(table["doubt"].drop_null().to_pylist())
    told = {"classes": {name: called[name] for name in classes}} if classes else {"positives": called[1]}
    counts = {"read": read, "rows": rows, **told, "quarantined": quarantined}
    return {**counts, "learned_from": learned, "in_doubt": count_doubts(doubts)}


def _reconcile(counts: dict[str, Any], written: int, rejected: int) -> None:
    if not counts["read"] == counts["rows"] + counts["quarantined"] == written + rejected or written != counts["rows"]:
        raise RuntimeError(
            f"{counted(counts['read'], 'row')} read, {counts['rows']:,} scored ({written:,} written), "
            f"{counts['quarantined']:,} not ({rejected:,} written): nothing is put in place"
        )


def _write_file(done: ProgressStore, to: Destination, model_info: ModelInfo, counts: dict[str, Any]) -> dict[str, Any]:
    path = Path(to.out).absolute()
    suffix, beside = path.suffix, _beside(path)
    with to.outputs.drafts(path.parent, optional=[beside.name], last=path.name) as draft:
        scored, rejected = draft / path.name, draft / beside.name
        write_tables(scored, suffix, model_info.schema, model_info.rows_of(done), to.raw_csv)
        write_tables(rejected, suffix, QUARANTINE, rejected_rows(done), to.raw_csv)
        _reconcile(counts, count_rows(scored, suffix), count_rows(rejected, suffix))
        if not counts["quarantined"]:
            rejected.unlink()  # and that of a source which was scored into this file before goes with it
    return {**counts, "out": str(path), "quarantine": str(beside) if counts["quarantined"] else None}


def _write_folder(
    done: ProgressStore, to: Destination, model_info: ModelInfo, counts: dict[str, Any]
) -> dict[str, Any]:
    path, size = Path(to.out).absolute(), to.partition_rows or parts.DEFAULT_ROWS
    with to.outputs.draft_whole(path, last=parts.MANIFEST) as draft:
        written = parts.write_parts(draft, size, model_info.schema, model_info.rows_of(done))
        rejected = parts.write_quarantine(draft, QUARANTINE, rejected_rows(done))
        _reconcile(counts, sum(part.rows for part in written), rejected.rows)
        about = {**model_info.described(), **counts, "partition_rows": size}
        parts.write_manifest(draft, about, written, rejected)
    quarantine = str(path / rejected.name) if rejected.rows else None
    return {**counts, "out": str(path), "quarantine": quarantine, "parts": len(written)}
