"""Ingest of tweets: from a raw snapshot to a table of checked, repaired, grouped and split rows, streaming."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.settings import ContractSettings, SplitSettings
from models.splitting.splits import assign_splits, group_digests
from models.text import repair_keywords, repair_texts
from models.threads import ahead
from tasks.ingestion import contracts
from tasks.ingestion.duplicates import TextKeys
from tasks.ingestion.errors import RefusedTable, missing_column
from tasks.ingestion.expectations import Checker
from tasks.ingestion.outputs import QuarantineWriter, reconcile, scratch, write_report
from tasks.ingestion.statistics import TweetTally
from tasks.ingestion.token_sample import SAMPLE_ROWS
from tasks.ingestion.two_passes import TwoPasses, gather
from tasks.runtime.progress import progress
from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, read_tweets
from tasks.sources.columns import fold_labels, label_doubt
from tasks.sources.row_counts import RowCounts
from tasks.sources.summary import summarise_tweets
from tasks.sources.tweets import blank_to_null
from tasks.store.artifact_store import new_artifact

TWEETS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("keyword", pa.string()),
        ("location", pa.string()),
        ("target", pa.int8()),
        ("source", pa.string()),
        ("source_row", pa.int64()),
        ("group", pa.string()),
        ("split", pa.string()),
    ]
)
CHECKED = ["malformed", "undecodable", "raw_text", "text", "id"]


def ingest_tweets(
    snapshot: Path,
    columns: ColumnMap | None = None,
    contract: ContractSettings | None = None,
    split: SplitSettings | None = None,
    against: Path | None = None,
    encoding: str | None = None,
    labelled: bool | None = None,
) -> Path:
    """The artifact of a snapshot of tweets: tweets.parquet, quarantine.parquet, report.json and report.html.

    Every row read is kept or quarantined. `against` is a second snapshot whose texts are looked for among these.
    `labelled` says whether there must be labels; None asks the source. Memory does not grow with the source.
    Raises RefusedTable when the table as a whole breaks its contract, SourceError when it cannot be read.
    """
    split = split or SplitSettings()
    with scratch() as folder, new_artifact("tweets") as draft, progress("ingest tweets", unit="rows") as report:
        ingest = _TweetIngest(folder, columns or ColumnMap(), contract or ContractSettings(), encoding)
        ingest.read(snapshot, labelled, report)
        ingest.check_labels()
        contamination = ingest.compare(against) if against else None
        ingest.write(draft.folder, split)
        ingest.check_table()
        settings = {"split": split.model_dump(), "reading": ingest.settings()}
        write_report(draft, ingest.report() | settings | {"contamination": contamination})
    return draft.final


class _TweetIngest:
    """One ingest in progress."""

    def __init__(self, folder: Path, columns: ColumnMap, contract: ContractSettings, encoding: str | None) -> None:
        self._folder, self._columns, self._contract, self._encoding = folder, columns, contract, encoding
        self._notes, self._tally = ReadingNotes(), TweetTally(columns.class_names)
        self._keys = TextKeys(folder / "read")
        self._read = RowCounts()

    @property
    def _labelled(self) -> bool:
        return "label" in self._notes.columns

    def read(self, snapshot: Path, labelled: bool | None, report: Callable[[float], None]) -> None:
        """First pass: repair and check every row by itself, and find out what rows are to one another."""
        try:
            batches = gather(read_tweets(snapshot, self._columns, self._encoding, labelled, self._notes))
            prepared = ahead(self._prepared(batches), 1)
            first = next(prepared)
            self._passes = TwoPasses(self._folder, row_checker(self._contract, self._columns, self._labelled))
            for batch in chain([first], prepared):
                self._examine(batch)
                report(self._passes.rows)
        except MissingColumnError as error:
            raise missing_column(error) from error
        self._passes.relate(self._keys.buckets["exact"])

    def _prepared(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        labels = self._columns.labels()
        for batch in batches:
            self._tally.add_raw(batch)
            self._read.add(batch)
            yield prepare(batch, labels, self._tally)

    def _examine(self, batch: pa.RecordBatch) -> None:
        first = self._passes.rows
        passed = self._passes.examine(batch, checked_columns(self._labelled))
        self._keys.add(batch, first, passed)

    def check_labels(self) -> None:
        """Raise RefusedTable when the labels are more than two, and no words say which mean 1 and 0."""
        if doubt := label_doubt(self._tally.labels, self._columns):
            raise RefusedTable("label-words", doubt, "two labels, 1 and 0 or words that usually mean them", [])

    def compare(self, against: Path) -> dict[str, int]:
        """How many rows of a second source have a text of this one."""
        keys = TextKeys(self._folder / "against")
        tally, rows = TweetTally(), 0
        for batch in gather(read_tweets(against, ColumnMap(text=self._columns.text), self._encoding)):
            prepared = prepare(batch, {}, tally)
            keys.add(prepared, rows, np.zeros(batch.num_rows, bool))
            rows += batch.num_rows
        return {"rows": rows, **keys.found_in(self._keys)}

    def write(self, folder: Path, split: SplitSettings) -> None:
        """Second pass: split the rows to keep, and write every row to where it belongs."""
        spacing = max(1, self._tally.read // SAMPLE_ROWS)
        kept_path, quarantine_path = folder / "tweets.parquet", folder / "quarantine.parquet"
        with pq.ParquetWriter(kept_path, TWEETS, compression="zstd") as table, QuarantineWriter(quarantine_path) as bin:
            for judged in ahead(self._passes, 1):
                splits = assign_splits(judged.kept["group"], split)
                kept = judged.kept.append_column("split", splits).select(TWEETS.names).cast(TWEETS)
                table.write_table(kept)
                bin.write(judged.quarantined)
                self._tally.add_kept(kept, judged.kept_rows % spacing == 0)
                self._tally.add_quarantined(judged.quarantined)
        reconcile(self._tally, [kept_path], quarantine_path)

    def check_table(self) -> None:
        """Raise RefusedTable when the rows kept do not make up a table to learn from."""
        check_table(self._tally, self._contract, self._labelled)

    def settings(self) -> dict[str, Any]:
        """What a retry of the quarantine needs to read rows as they were read."""
        return {"columns": self._columns.model_dump(), "contract": self._contract.model_dump()}

    def report(self) -> dict[str, Any]:
        """All figures of the ingest but its settings."""
        return {
            "kind": "tweets",
            "labelled": self._labelled,
            **self._tally.report(),
            "duplicates": self._keys.report(),
            **self._notes.report(),
            "inspection": summarise_tweets(self._read, self._notes, self._columns),
        }


def row_checker(contract: ContractSettings, columns: ColumnMap, labelled: bool) -> Checker:
    """What one row must look like."""
    suite = contracts.labelled_tweets(contract, columns.labels()) if labelled else contracts.unlabelled_tweets(contract)
    return Checker(suite)


def checked_columns(labelled: bool) -> list[str]:
    """The columns that `row_checker` looks at."""
    return [*CHECKED, "label"] if labelled else CHECKED


def check_table(tally: TweetTally, contract: ContractSettings, labelled: bool) -> None:
    """Raise RefusedTable when the rows that were counted do not make up a table to learn from."""
    figures = tally.figures()
    suite = contracts.whole_table(contract, labelled, tally.classes)
    violation = Checker(suite).violations(pd.DataFrame([figures])).get(0)
    if violation is not None:
        figure = f"{figures[violation.column]:.4g} {violation.reason}{tally.commonest_fault(violation.column)}"
        rows = tally.offending_rows(violation.column)
        raise RefusedTable(violation.rule, figure, violation.meta["threshold"], rows)


def prepare(batch: pa.RecordBatch, labels: dict[str, int], tally: TweetTally) -> pa.RecordBatch:
    """The batch of `read_tweets` with texts repaired, grouped, and labels as numbers; repairs are counted."""
    mended, changed = {}, pa.array(np.zeros(batch.num_rows, bool))
    for name, repair in (("text", repair_texts), ("keyword", repair_keywords), ("location", repair_texts)):
        column, kinds = repair(batch[name])
        given = pc.is_valid(batch[name])
        mended[name] = pc.if_else(given, blank_to_null(column), pa.scalar(None, pa.string()))
        changed = pc.or_(changed, pc.and_kleene(given, pc.not_equal(column, batch[name])))
        tally.repairs.update({f"{name}/{kind}": count for kind, count in kinds.items() if count})
    tally.repaired += pc.sum(changed, min_count=0).as_py()
    group = pc.if_else(pc.is_valid(mended["text"]), group_digests(mended["text"]), pa.scalar(None, pa.string()))
    label = fold_labels(batch["label"])
    tally.add_labels(label)
    found = pc.index_in(label, pa.array(list(labels), pa.string()))
    columns = {name: batch[name] for name in ("source", "source_row", "id", "record", "original")}
    columns |= {
        "malformed": batch["malformed"],
        "undecodable": batch["undecodable"],
        "raw_text": batch["text"],
        **mended,
    }
    target = pa.array(list(labels.values()), pa.int8()).take(found)
    return pa.RecordBatch.from_pydict(columns | {"label": label, "target": target, "group": group})
