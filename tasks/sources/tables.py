"""Every table of a source as batches of rows, whatever its format."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from tasks.sources.archives import Member, open_members
from tasks.sources.columns import ColumnMap
from tasks.sources.delimited import read_delimited
from tasks.sources.dialects import Dialect
from tasks.sources.encodings import detect_encoding
from tasks.sources.formats import Format, not_data
from tasks.sources.json_records import read_json
from tasks.sources.limits import DEFAULT_LIMITS, SourceError, SourceLimits
from tasks.sources.parquet import read_parquet
from tasks.sources.shapes.notes import ShapeNotes
from tasks.sources.snapshots import snapshot_files
from tasks.sources.workbooks import read_workbook

LOG = logging.getLogger(__name__)
SHOWN = 20


class SourceFile(NamedTuple):
    """One file of a source that is read: its name, what is in it, and in which encoding."""

    name: str
    format: Format
    encoding: str
    delimiter: str | None = None  # of a delimited table
    quoting: str | None = None


@dataclass
class ReadingNotes:
    """What was read and what was passed over; a reader writes it down on the way."""

    files: list[SourceFile] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)  # file -> reason
    columns: dict[str, str] = field(default_factory=dict)  # meaning -> name, in the first file
    shapes: ShapeNotes = field(default_factory=ShapeNotes)

    def warn(self) -> None:
        """Say in the log what was not read, and of what was read what the user may not expect."""
        for name, reason in islice(self.passed_over.items(), SHOWN):
            LOG.warning("%s passed over: %s", name, reason)
        if len(self.passed_over) > SHOWN:
            LOG.warning("%d more files passed over; the report names them", len(self.passed_over) - SHOWN)
        self.shapes.warn()

    def report(self) -> dict[str, Any]:
        """The notes as plain values."""
        return {
            "files": [each._asdict() for each in self.files],
            "passed_over": self.passed_over,
            "columns": self.columns,
            **self.shapes.report(),
        }


def open_sources(
    location: str | Path,
    tables_only: bool,
    notes: ReadingNotes,
    limits: SourceLimits = DEFAULT_LIMITS,
    texts_only: bool = False,
) -> Iterator[Member]:
    """Every file to read of a snapshot, path, folder or glob.

    A source that is one file is read whatever its name; of many, those that are data, and with `texts_only` those that
    are text by their content. Raises SourceError when nothing is left to read.
    """
    files = snapshot_files(location)
    read = 0
    for member in open_members(files, limits):
        alone = len(files) == 1 and not member.one_of_many
        reason = None if alone else not_data(member, tables_only, texts_only)
        if reason is None:
            read += 1
            yield member
        else:
            notes.passed_over[member.name] = reason
    if not read:
        raise SourceError(f"nothing at {location} is data to read; passed over: {notes.passed_over}")


def read_table(
    member: Member,
    kind: Format,
    encoding: str | None,
    notes: ReadingNotes,
    limits: SourceLimits = DEFAULT_LIMITS,
    options: ColumnMap | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a file in batches (schema: `tasks.sources.records`); at least one batch, perhaps empty.

    `options` say how a delimited table is to be read; the notes tell how it was.
    """
    if kind == "parquet":
        notes.files.append(SourceFile(member.name, kind, "binary"))
        return read_parquet(member, limits)
    if kind == "workbook":
        notes.files.append(SourceFile(member.name, kind, "binary"))
        return read_workbook(member, options.sheet if options else None, limits)
    codec = detect_encoding(member, encoding)
    place, noted = len(notes.files), SourceFile(member.name, kind, codec)
    notes.files.append(noted)
    if kind in ("json", "json-lines", "json-documents"):
        return read_json(member, codec, kind, notes.shapes)

    def decided(dialect: Dialect) -> None:
        notes.files[place] = noted._replace(delimiter=dialect.delimiter, quoting=dialect.quoting)

    return read_delimited(member, codec, options, decided)
