"""An ingest of tweets in progress, in one process: both passes, and the figures of both."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.settings import ContractSettings, SplitSettings
from models.threads import ahead
from tasks.ingestion.duplicates import TextKeys
from tasks.ingestion.errors import RefusedTable, missing_column
from tasks.ingestion.key_buckets import Buckets
from tasks.ingestion.outputs import QuarantineWriter, RowGroups, reconcile
from tasks.ingestion.statistics import TweetTally
from tasks.ingestion.token_sample import SAMPLE_ROWS
from tasks.ingestion.tweet_rows import TWEETS, check_table, checked_columns, prepare, row_checker, with_splits
from tasks.ingestion.two_passes import TwoPasses, gather
from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, read_tweets
from tasks.sources.columns import label_doubt
from tasks.sources.row_counts import RowCounts
from tasks.sources.summary import summarise_tweets


@dataclass(frozen=True)
class Reading:
    """What is read, and how; `labelled` says whether there must be labels, None asks the source."""

    snapshot: Path
    columns: ColumnMap
    contract: ContractSettings
    encoding: str | None = None
    labelled: bool | None = None


class FirstPass:
    """Rows repaired and checked one by one and laid aside, their keys noted; figures of them as they came.

    `is_piece` says that the rows of a table before them are read elsewhere: what is made of their numbers is not known.
    """

    def __init__(self, folder: Path, how: Reading, notes: ReadingNotes, is_piece: bool = False) -> None:
        self._folder, self._how, self._notes, self._is_piece = folder, how, notes, is_piece
        self.tally, self.counts = TweetTally(how.columns.class_names), RowCounts()
        self.keys = TextKeys(folder / "read")

    @property
    def labelled(self) -> bool:
        """Whether the first file has labels."""
        return "label" in self._notes.columns

    @property
    def numbers_rows(self) -> bool:
        """Whether ids are to be made of the numbers of rows, and these are not known."""
        return self._is_piece and "id" not in self._notes.columns

    def run(self, batches: Iterable[pa.RecordBatch], report: Callable[[float], None]) -> None:
        """Go over the batches of `read_tweets`."""
        prepared = ahead(self._prepared(batches), 1)
        first = list(islice(prepared, 1))
        checker = row_checker(self._how.contract, self._how.columns, self.labelled)
        self.passes = TwoPasses(self._folder, checker, with_ids=not self.numbers_rows)
        for batch in chain(first, prepared):
            number = self.passes.rows
            self.keys.add(batch, number, self.passes.examine(batch, checked_columns(self.labelled)))
            report(self.passes.rows)

    def _prepared(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        labels = self._how.columns.labels()
        for batch in gather(map(self._counted, batches)):
            self.tally.add_raw(batch)
            yield prepare(batch, labels, self.tally)

    def _counted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self.counts.add(batch)
        return batch


class TweetIngest:
    """One ingest in progress."""

    def __init__(self, folder: Path, how: Reading) -> None:
        self._folder, self._how = folder, how
        self._columns = how.columns
        self._notes, self._tally, self._read = ReadingNotes(), TweetTally(how.columns.class_names), RowCounts()
        self._buckets: Mapping[str, Buckets] = {}

    @property
    def _labelled(self) -> bool:
        return "label" in self._notes.columns

    def read(self, report: Callable[[float], None]) -> None:
        """First pass: repair and check every row by itself, and find out what rows are to one another."""
        how, first = self._how, FirstPass(self._folder, self._how, self._notes)
        try:
            first.run(read_tweets(how.snapshot, how.columns, how.encoding, how.labelled, self._notes), report)
        except MissingColumnError as error:
            raise missing_column(error) from error
        self._tally, self._read, self._keys, self._passes = first.tally, first.counts, first.keys, first.passes
        self._buckets = self._keys.buckets
        self._passes.relate(self._keys.buckets["exact"])

    def check_labels(self) -> None:
        """Raise RefusedTable when the labels are more than two, and no words say which mean 1 and 0."""
        if doubt := label_doubt(self._tally.labels, self._columns):
            raise RefusedTable("label-words", doubt, "two labels, 1 and 0 or words that usually mean them", [])

    def compare(self, against: Path) -> dict[str, int]:
        """How many rows of a second source have a text of this one."""
        keys = TextKeys(self._folder / "against")
        tally, rows = TweetTally(), 0
        for batch in gather(read_tweets(against, ColumnMap(text=self._columns.text), self._how.encoding)):
            prepared = prepare(batch, {}, tally)
            keys.add(prepared, rows, np.zeros(batch.num_rows, bool))
            rows += batch.num_rows
        return {"rows": rows, **keys.found_in(self._buckets)}

    def write(self, folder: Path, split: SplitSettings) -> None:
        """Second pass: split the rows to keep, and write every row to where it belongs."""
        spacing = max(1, self._tally.read // SAMPLE_ROWS)
        kept_path, quarantine_path = folder / "tweets.parquet", folder / "quarantine.parquet"
        with RowGroups(kept_path, TWEETS) as table, QuarantineWriter(quarantine_path) as bin:
            for judged in ahead(self._passes, 1):
                kept = with_splits(judged.kept, split)
                table.write_table(kept)
                bin.write(judged.quarantined)
                self._tally.add_kept(kept, judged.kept_rows % spacing == 0, judged.kept_rows)
                self._tally.add_quarantined(judged.quarantined)
                self._tally.keywords.settle(judged.first_row)
        reconcile(self._tally, [kept_path], quarantine_path)

    def check_table(self) -> None:
        """Raise RefusedTable when the rows kept do not make up a table to learn from."""
        check_table(self._tally, self._how.contract, self._labelled)

    def settings(self) -> dict[str, Any]:
        """What a retry of the quarantine needs to read rows as they were read."""
        return {"columns": self._columns.model_dump(), "contract": self._how.contract.model_dump()}

    def report(self) -> dict[str, Any]:
        """All figures of the ingest but its settings."""
        return {
            "kind": "tweets",
            "labelled": self._labelled,
            **self._tally.report(),
            "duplicates": self._duplicates(),
            **self._notes.report(),
            "inspection": summarise_tweets(self._read, self._notes, self._columns),
        }

    def _duplicates(self) -> dict[str, Any]:
        return self._keys.report()
