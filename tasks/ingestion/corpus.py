"""Ingest of a corpus: from a raw snapshot to Parquet shards of checked, repaired documents, streaming."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.text import repair_texts
from models.threads import ahead
from tasks.ingestion import contracts
from tasks.ingestion.errors import RefusedTable, missing_column
from tasks.ingestion.expectations import Checker
from tasks.ingestion.key_buckets import KeyBuckets
from tasks.ingestion.outputs import QuarantineWriter, reconcile, scratch, write_report
from tasks.ingestion.statistics import DocumentTally
from tasks.ingestion.two_passes import TwoPasses, gather
from tasks.runtime.progress import progress
from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, read_documents
from tasks.sources.row_counts import RowCounts
from tasks.sources.summary import summarise_rows
from tasks.sources.tweets import blank_to_null
from tasks.store.artifact_store import new_artifact

DOCUMENTS = pa.schema([("document", pa.string()), ("title", pa.string()), ("text", pa.string())])
CHECKED = ["malformed", "undecodable", "raw_text", "text"]
SHARD_CHARACTERS = 16_000_000  # about 3 million words: a few seconds of work for each shard
SAMPLE_DOCUMENTS = 2_000


def ingest_corpus(snapshot: Path, columns: ColumnMap | None = None, encoding: str | None = None) -> Path:
    """The artifact of a snapshot of a corpus: shard-00000.parquet and so on, quarantine.parquet and the report.

    Every document read is kept or quarantined; empty ones and exact copies are. Memory does not grow with the corpus.
    Raises RefusedTable when a table lacks its text column or no document is left, SourceError for what cannot be read.
    """
    with scratch() as folder, new_artifact("corpus") as draft, progress("ingest corpus", unit="documents") as report:
        ingest = _CorpusIngest(folder)
        ingest.read(snapshot, columns or ColumnMap(), encoding, report)
        ingest.write(draft.folder)
        write_report(draft, ingest.report())
    return draft.final


class _CorpusIngest:
    """One ingest in progress."""

    def __init__(self, folder: Path) -> None:
        self._notes, self._tally, self._read = ReadingNotes(), DocumentTally(), RowCounts()
        self._columns = ColumnMap()
        self._texts = KeyBuckets(folder / "texts")
        self._passes = TwoPasses(folder, Checker(contracts.documents()))

    def read(self, snapshot: Path, columns: ColumnMap, encoding: str | None, report: Callable[[float], None]) -> None:
        """First pass: repair and check every document by itself, and find exact copies."""
        self._columns = columns
        try:
            batches = gather(read_documents(snapshot, columns, encoding, self._notes))
            for batch in ahead(map(self._prepared, batches), 1):
                first = self._passes.rows
                passed = self._passes.examine(batch, CHECKED)
                self._texts.add_texts(batch["raw_text"], first, batch["target"], passed)
                report(self._passes.rows)
        except MissingColumnError as error:
            raise missing_column(error) from error
        self._passes.relate(self._texts)

    def _prepared(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self._read.add(batch)
        return _prepare(batch, self._tally)

    def write(self, folder: Path) -> None:
        """Second pass: write every document to where it belongs. Raises RefusedTable when none is kept."""
        spacing = max(1, self._tally.read // SAMPLE_DOCUMENTS)
        quarantine = folder / "quarantine.parquet"
        with ShardWriter(folder) as shards, QuarantineWriter(quarantine) as rejected:
            for judged in ahead(self._passes, 1):
                kept = judged.kept.rename_columns({"id": "document"}).select(DOCUMENTS.names)
                shards.write(kept)
                rejected.write(judged.quarantined)
                self._tally.add_kept(kept, judged.kept_rows % spacing == 0)
                self._tally.add_quarantined(judged.quarantined)
        reconcile(self._tally, sorted(folder.glob("shard-*.parquet")), quarantine)
        if not self._tally.kept:
            rows = [row["record"] for examples in self._tally.examples.values() for row in examples]
            raise RefusedTable("too-few-rows", "no document kept", "at least 1", rows)

    def report(self) -> dict[str, Any]:
        """All figures of the ingest."""
        return {
            "kind": "corpus",
            **self._tally.report(),
            "duplicates": {"exact": vars(self._texts.repetition())},
            **self._notes.report(),
            "inspection": {"kind": "corpus", **summarise_rows(self._read, self._notes, self._columns)},
        }


class ShardWriter:
    """Writes documents to one Parquet file after another, a new one when the last is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: pq.ParquetWriter | None = None
        self._shards = self._characters = 0

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def write(self, documents: pa.Table) -> None:
        """Append documents (id, title, text); no shard is fuller than the limit by more than one document."""
        while len(documents):
            reached = pc.cumulative_sum(pc.utf8_length(documents["text"]).cast(pa.int64()))
            room = SHARD_CHARACTERS - self._characters
            count = pc.sum(pc.less(reached, room), min_count=0).as_py() + 1
            piece, documents = documents.slice(0, count), documents.slice(count)
            self._open().write_table(piece)
            self._characters += reached[len(piece) - 1].as_py()
            if self._characters >= SHARD_CHARACTERS:
                self._close()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            path = self._folder / f"shard-{self._shards:05}.parquet"
            self._writer = pq.ParquetWriter(path, DOCUMENTS, compression="zstd")
            self._shards += 1
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._characters = None, 0


def _prepare(batch: pa.RecordBatch, tally: DocumentTally) -> pa.RecordBatch:
    """The batch of `read_documents` with texts and titles repaired; repairs of texts are counted."""
    tally.add_raw(batch)
    text, kinds = repair_texts(batch["text"])
    changed = pc.and_(pc.is_valid(batch["text"]), pc.not_equal(text, pc.fill_null(batch["text"], "")))
    tally.repairs.update({f"text/{kind}": count for kind, count in kinds.items() if count})
    tally.repaired += pc.sum(changed, min_count=0).as_py()
    title, _ = repair_texts(batch["title"])
    same = ("source", "source_row", "record", "malformed", "undecodable", "original")
    return pa.RecordBatch.from_pydict(
        {
            "id": batch["document"],
            "raw_text": batch["text"],
            "text": blank_to_null(text),
            "title": blank_to_null(title),
            "target": pa.nulls(batch.num_rows, pa.int8()),
            **{name: batch[name] for name in same},
        }
    )
