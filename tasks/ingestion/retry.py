"""A second chance for quarantined rows, corrected or under other rules, without touching the rows that were kept.

Only the quarantine is read and judged again. A row that passes comes back to its place in the table, with the split
that its text always had. The table holds texts as repaired and no other, so that is how returning rows are compared
with it and with one another.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.settings import ContractSettings, RetrySettings, SplitSettings
from models.splitting.splits import assign_splits
from tasks.ingestion.corrections import Fields, Forms, Place, read_corrections
from tasks.ingestion.key_buckets import KeyBuckets
from tasks.ingestion.outputs import QuarantineWriter, reconcile, scratch, write_report
from tasks.ingestion.reread import read_again
from tasks.ingestion.statistics import Row, TweetTally
from tasks.ingestion.token_sample import SAMPLE_ROWS
from tasks.ingestion.tweet_rows import TWEETS, check_table, checked_columns, prepare, row_checker
from tasks.ingestion.two_passes import TwoPasses
from tasks.sources import ColumnMap
from tasks.store.artifact_store import new_artifact

AS_READ = ("duplicates", "contamination", "files", "passed_over", "columns", "split", "labelled", "kind")
SINCE = ("shapes", "no_texts", "truncated", "left_out", "inspection")  # what tables of older versions do not tell


@dataclass(frozen=True)
class Table:
    """A table of tweets, its quarantine and its report."""

    path: Path
    kept: pa.Table
    quarantined: list[Row]
    report: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """The artifact at this path. Raises ValueError for a corpus."""
        report = json.loads((path / "report.json").read_text(encoding="utf-8"))
        if report["kind"] != "tweets":
            raise ValueError(
                f"{path.name} is a corpus, which has no splits to keep: mend its source and ingest it again"
            )
        quarantined = pq.read_table(path / "quarantine.parquet").to_pylist()
        return cls(path, pq.read_table(path / "tweets.parquet"), quarantined, report)

    @property
    def columns(self) -> ColumnMap:
        """How its source was read."""
        return ColumnMap(**self.report["reading"]["columns"])

    @property
    def encodings(self) -> dict[str, str]:
        """The files of its source, in order, and the encoding of each."""
        return {file["name"]: file["encoding"] for file in self.report["files"]}


def retry_tweets(tweets: Path, corrected: Path | None = None, settings: RetrySettings | None = None) -> Path:
    """The artifact of a table with those of its quarantined rows that pass now; the table it was stays as it is.

    `corrected` is a snapshot of corrected rows (see `tasks.ingestion.corrections`). Raises ValueError when no row is
    quarantined, SourceError for corrections that fit no row, RefusedTable like an ingest.
    """
    table, settings = Table.read(tweets), settings or RetrySettings()
    if joined := table.report.get("own_labels"):
        raise ValueError(
            f"{tweets.name} holds labels that people gave: retry the table {joined['table']} that they joined; they "
            "join the new one at the next retraining"
        )
    if not table.quarantined:
        raise ValueError(f"no row of {tweets.name} is quarantined: there is nothing to retry")
    with scratch() as folder, new_artifact("tweets") as draft:
        retry = _Retry(folder, table, settings)
        retry.judge(corrected)
        retry.write(draft.folder)
        check_table(retry.tally, retry.contract, table.report["labelled"])
        write_report(draft, retry.report(corrected))
    return draft.final


class _Retry:
    """One retry in progress."""

    def __init__(self, folder: Path, table: Table, settings: RetrySettings) -> None:
        self._table, self._encoding, self._settings = table, settings.encoding, settings
        self._columns = _with_words(table.columns, settings)
        self.contract = settings.contract or ContractSettings(**table.report["reading"]["contract"])
        checker = row_checker(self.contract, self._columns, table.report["labelled"])
        self._passes, self._texts = TwoPasses(folder, checker), KeyBuckets(folder / "texts")
        self._rules: dict[Place, str] = {(row["source"], row["source_row"]): row["rule"] for row in table.quarantined}
        self._returned: Counter[str] = Counter()
        self._judged = TweetTally()
        self.tally = TweetTally(self._columns.class_names)

    def judge(self, corrected: Path | None) -> None:
        """Settle the rows that were kept, and examine the others."""
        for kept in self._table.kept.to_batches():
            first = self._passes.rows
            self._passes.settle(kept)
            self._texts.add_texts(kept["text"], first, kept["target"], np.ones(kept.num_rows, bool))
        read = self._table.report["counts"]["read"]
        mended = self._corrections(corrected, read) if corrected else {}
        for batch in read_again(self._table.quarantined, mended, self._columns, self._table.encodings, self._encoding):
            prepared = prepare(batch, self._columns.labels(), self._judged)
            first = self._passes.rows
            passed = self._passes.examine(prepared, checked_columns(self._table.report["labelled"]))
            self._texts.add_texts(prepared["text"], first, prepared["target"], passed)
        self._passes.relate(self._texts)

    def _corrections(self, corrected: Path, rows_read: int) -> dict[Place, Fields]:
        settings = self._settings
        form = settings.model_dump(include={"delimiter", "quoting", "escape", "header", "sheet"})
        named = {name: value for name, value in form.items() if value is not None}
        forms = Forms(ColumnMap(**named), self._columns.model_copy(update=named))
        files = list(self._table.encodings)
        return read_corrections(corrected, set(self._rules), files, rows_read, forms, settings.encoding)

    def write(self, folder: Path) -> None:
        """Write the larger table and the smaller quarantine."""
        pieces, kept_path, quarantine_path = (
            [self._table.kept],
            folder / "tweets.parquet",
            folder / "quarantine.parquet",
        )
        split = SplitSettings(**self._table.report["split"])
        with QuarantineWriter(quarantine_path) as rejected:
            for judged in self._passes:
                splits = assign_splits(judged.kept["group"], split)
                back = judged.kept.append_column("split", splits).select(TWEETS.names).cast(TWEETS)
                places = zip(back["source"].to_pylist(), back["source_row"].to_pylist(), strict=True)
                self._returned.update(self._rules[place] for place in places)
                pieces.append(back)
                rejected.write(judged.quarantined)
                self.tally.add_quarantined(judged.quarantined)
        whole = in_order(pa.concat_tables(pieces), list(self._table.encodings))
        pq.write_table(whole, kept_path, compression="zstd")
        self._count(whole)
        reconcile(self.tally, [kept_path], quarantine_path)

    def _count(self, whole: pa.Table) -> None:
        self.tally.read = self._table.report["counts"]["read"]
        spacing = max(1, self.tally.read // SAMPLE_ROWS)
        self.tally.add_kept(whole, np.arange(len(whole)) % spacing == 0)

    def report(self, corrected: Path | None) -> dict[str, Any]:
        """All figures; those of the source as it was read are the first ingest's."""
        before, counted = self._table.report, self.tally.report()
        counted["counts"]["repaired"] = before["counts"]["repaired"]
        return {
            **counted,
            **{name: before[name] for name in (*AS_READ, "repairs", "raw")},
            **{name: before[name] for name in SINCE if name in before},
            "reading": before["reading"]
            | {"columns": self._columns.model_dump(), "contract": self.contract.model_dump()},
            "retry": {
                "table": self._table.path.name,
                "corrected": corrected.name if corrected else None,
                "retried": len(self._table.quarantined),
                "returned": self._returned.total(),
                "returned_by_rule": dict(sorted(self._returned.items())),
            },
        }


def _with_words(columns: ColumnMap, settings: RetrySettings) -> ColumnMap:
    """The columns, with the label words of the retry if it has any, and without ids where rows are to be numbered."""
    columns = columns if settings.ids else columns.model_copy(update={"ids": False})
    if not settings.positive and not settings.negative:
        return columns
    if columns.classes:
        raise ValueError(
            f"the label of this table has the classes {', '.join(columns.class_names)}: --positive-label and "
            "--negative-label do not fit; ingest its source anew with other --label-class"
        )
    return columns.model_copy(update={"positive": settings.positive, "negative": settings.negative})


def in_order(table: pa.Table, files: Sequence[str]) -> pa.Table:
    """The rows in the order of their source: file by file, row by row."""
    place = pc.index_in(table["source"], pa.array(files, pa.string()))
    keys = pa.table({"file": place, "row": table["source_row"]})
    return table.take(pc.sort_indices(keys, [("file", "ascending"), ("row", "ascending")])).combine_chunks()
