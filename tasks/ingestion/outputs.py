"""What an ingest writes beside its table: the quarantine, the report and its page; and the last check of the counts."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from models.wording import counted
from tasks.ingestion.errors import UnreconciledError
from tasks.ingestion.statistics import Tally
from tasks.runtime import atomic_files, state_folder
from tasks.sources.records import QUARANTINE
from tasks.store import artifact_store

GROUP_ROWS = 1 << 17


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what lies aside during an ingest; gone afterwards."""
    home = state_folder.state_home() / "scratch"
    home.mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=atomic_files.draft_prefix(), dir=home) as folder:
        yield Path(folder)


class RowGroups:
    """Writes rows to one Parquet file, in row groups of one size: its bytes do not tell in what batches they came."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rows and error is None:
            self._write(pa.concat_tables(self._waiting))
        self._writer.close()

    def write_table(self, rows: pa.Table) -> None:
        """Append rows with the columns of the schema."""
        self._waiting.append(rows)
        self._rows += len(rows)
        while self._rows >= GROUP_ROWS:
            waiting = pa.concat_tables(self._waiting)
            self._write(waiting.slice(0, GROUP_ROWS))
            self._waiting, self._rows = [waiting.slice(GROUP_ROWS)], len(waiting) - GROUP_ROWS

    def _write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows.combine_chunks(), row_group_size=GROUP_ROWS)


class QuarantineWriter(RowGroups):
    """Writes quarantined rows, batch by batch, to one Parquet file; it exists even if nothing is quarantined."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, QUARANTINE)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Append rows with the columns of the quarantine."""
        if rows:
            self.write_table(pa.Table.from_pylist(rows, QUARANTINE))


def write_report(draft: artifact_store.Draft, report: dict[str, Any]) -> None:
    """Write the report for programs and the page for people."""
    from tasks.ingestion.report import render_report

    (draft / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    (draft / "report.html").write_text(render_report(report), encoding="utf-8")


def reconcile(tally: Tally, written: Sequence[Path], quarantine: Path) -> None:
    """Raise UnreconciledError unless rows read = kept + quarantined, as counted and as they lie in the files."""
    rows = sum(pq.read_metadata(path).num_rows for path in written)
    rejected = pq.read_metadata(quarantine).num_rows
    if not tally.read == tally.kept + tally.quarantined == rows + rejected or rows != tally.kept:
        raise UnreconciledError(
            f"{counted(tally.read, 'row')} read, {tally.kept} kept ({rows} written), "
            f"{tally.quarantined} quarantined ({rejected} written): nothing is saved"
        )
