"""What a source is and how it would be read, from one look: nothing is fetched into the store, nothing written."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pyarrow as pa

from tasks.sources.columns import ColumnMap, MissingColumnError, label_doubt
from tasks.sources.corpora import READERS, read_documents
from tasks.sources.counting import Count, Table, count_delimited, count_json_lines, count_parquet
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.look import LOOKED_ROWS, Look
from tasks.sources.records import BATCH_ROWS
from tasks.sources.row_counts import RowCounts
from tasks.sources.snapshots import snapshot_files, temporary_copy
from tasks.sources.summary import SHOWN_CHARACTERS, summarise_rows, summarise_tweets
from tasks.sources.tables import ReadingNotes, SourceFile
from tasks.sources.tweets import read_tweets
from tasks.sources.word_files import recognise_word_file

Kind = Literal["tweets", "corpus"]
CORPUS_FORMATS = frozenset({*READERS, "wiki-dump"})


def inspect_source(
    source: str, kind: Kind | None = None, columns: ColumnMap | None = None, encoding: str | None = None
) -> dict[str, Any]:
    """How an ingest would read a source, as plain values; `kind` None decides by content whether it holds tweets.

    Files of word vectors and of word pairs are told as what they are. `refused` says why an ingest would read nothing.
    Raises SourceError where there is nothing to look at.
    """
    columns = columns or ColumnMap()
    with temporary_copy(source) as location:
        found = _look(location, kind, columns, encoding)
        size = sum(path.stat().st_size for path in snapshot_files(location).values())
    return {"source": source, **found, "bytes": size}


def _look(location: str | Path, kind: Kind | None, columns: ColumnMap, encoding: str | None) -> dict[str, Any]:
    if kind is None and (words := recognise_word_file(location)):
        return words
    if kind == "corpus":
        return _Looking(columns, encoding).at_documents(location)
    tweets = _Looking(columns, encoding).at_tweets(location)
    if kind or not tweets["refused"]:
        return tweets
    documents = _Looking(columns, encoding).at_documents(location)
    texts = bool(documents["files"]) and all(file["format"] in CORPUS_FORMATS for file in documents["files"])
    return documents if texts and not documents["refused"] else tweets


class _Looking:
    """One look in progress."""

    def __init__(self, columns: ColumnMap, encoding: str | None) -> None:
        self._columns, self._encoding = columns, encoding
        self._look, self._notes, self._counts = Look(), ReadingNotes(aloud=False), RowCounts()
        self._limits: SourceLimits = replace(DEFAULT_LIMITS, look=self._look)
        self._read: dict[str, RowCounts] = {}
        self._cut_rows: Counter[str] = Counter()

    def at_tweets(self, location: str | Path) -> dict[str, Any]:
        """How the tweets there would be read."""
        refused = self._read_rows(read_tweets(location, self._columns, self._encoding, None, self._notes, self._limits))
        rows_read = self._counts.rows
        complete = self._count_rest(snapshot_files(location))
        summary = summarise_tweets(self._counts, self._notes, self._columns)
        refused = refused or label_doubt(self._counts.labels, self._columns)
        return {"refused": refused, **summary, "rows_read": rows_read, "complete": complete}

    def at_documents(self, location: str | Path) -> dict[str, Any]:
        """How the texts there would be read."""
        refused = self._read_rows(read_documents(location, self._columns, self._encoding, self._notes, self._limits))
        summary = summarise_rows(self._counts, self._notes, self._columns)
        complete = not self._look.not_looked_into and not any(map(self._is_cut, self._notes.files))
        return {"refused": refused, "kind": "corpus", **summary, "rows_read": self._counts.rows, "complete": complete}

    def _read_rows(self, batches: Iterator[pa.RecordBatch]) -> str | None:
        """Count what the readers give; return why they refuse the source, None where they do not."""
        try:
            for batch in self._whole_rows(batches):
                self._counts.add(batch)
                self._read.setdefault(batch["source"][0].as_py(), RowCounts()).add(batch)
        except MissingColumnError as error:
            self._notes.columns = self._columns.model_copy(update={"text": None, "label": None}).find(
                self._notes.names, "", ()
            )
            self._counts.first_rows = [_as_object(row) for row in error.first_rows]
            return str(error)
        except SourceError as error:
            return str(error)
        return None

    def _whole_rows(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches without the rows that the end of a look cut through."""
        waiting: pa.RecordBatch | None = None
        for batch in batches:
            if waiting is not None and waiting.num_rows:
                yield self._without_cut_rows(waiting) if _source(waiting) != _source(batch) else waiting
            waiting = batch
        if waiting is not None and waiting.num_rows:
            yield self._without_cut_rows(waiting)

    def _without_cut_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        beginning = self._look.beginnings.get(str(_source(batch)))
        end = batch.num_rows
        while beginning and beginning.cut and end > 1 and batch["malformed"][end - 1].is_valid:
            end -= 1
        self._cut_rows[str(_source(batch))] = batch.num_rows - end
        return batch.slice(0, end)

    def _count_rest(self, paths: dict[str, Path]) -> bool:
        """Count the rows that were not read, where that is quick; return whether all rows are read or counted now."""
        complete = not self._look.not_looked_into
        for file in self._notes.files:
            if not self._is_cut(file):
                continue
            read = self._read.get(file.name, RowCounts())
            counted = self._count(file, Count(read.rows, read.labels), paths.get(file.name))
            complete = complete and counted is not None
            if counted is not None:
                self._counts.rows += counted.rows - read.rows
                self._counts.labels.update(counted.labels - read.labels)
        return complete

    def _is_cut(self, file: SourceFile) -> bool:
        """Whether not all rows of a file were read."""
        rows = self._read[file.name].rows if file.name in self._read else 0
        if file.format in ("parquet", "workbook"):
            return rows >= (BATCH_ROWS if file.format == "parquet" else LOOKED_ROWS)
        beginning = self._look.beginnings.get(file.name)
        return beginning is not None and beginning.cut

    def _count(self, file: SourceFile, read: Count, path: Path | None) -> Count | None:
        """All rows of a file; None where they cannot be counted, or the count of its beginning is not what was read."""
        label = self._notes.columns.get("label")
        if path is None or file.format not in ("parquet", "delimited", "json-lines"):
            return None
        if file.format == "parquet":
            return count_parquet(path, label)
        if file.format == "delimited":
            names, dialect = self._notes.names, self._notes.dialects[file.name]
            place = names.index(label) if label in names else None
            table = Table(dialect, file.encoding, len(names), place, self._columns.header)
            count: Callable[[BinaryIO], Count | None] = partial(count_delimited, table=table)
        else:
            count = partial(count_json_lines, label=label)
        beginning = self._look.beginnings[file.name]
        half = min(self._cut_rows[file.name], 1)  # the lines of the row that was cut
        if count(beginning.open()) != read._replace(rows=read.rows + half):
            return None
        with beginning.whole() as stream:
            return count(stream)


def _source(batch: pa.RecordBatch) -> Any:
    return batch["source"][0].as_py() if batch.num_rows else None


def _as_object(row: str) -> dict[str, Any]:
    value = json.loads(row)
    cells = value if isinstance(value, dict) else {"record": value}
    return {name: str(cell)[:SHOWN_CHARACTERS] for name, cell in cells.items()}
