"""Every table of a source as batches of rows, whatever its format."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from models.wording import counted
from tasks.sources.archives import open_members
from tasks.sources.columns import ColumnMap
from tasks.sources.delimited import read_delimited
from tasks.sources.dialects import NO_DELIMITER, Dialect
from tasks.sources.encodings import detect
from tasks.sources.errors import SourceError
from tasks.sources.formats import Format, binary_format, not_data, table_format
from tasks.sources.json_records import read_json
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.look import LOOKED_ROWS, NOT_LOOKED_INTO
from tasks.sources.members import Member
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
    encoding_known_by: str | None = None
    encoding_confidence: float | None = None  # 0 to 1


@dataclass
class ReadingNotes:
    """What was read and what was passed over; a reader writes it down on the way."""

    files: list[SourceFile] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)  # file -> reason
    columns: dict[str, str] = field(default_factory=dict)  # meaning -> name, in the first file
    found: list[dict[str, str]] = field(default_factory=list)  # the same of every table of tweets, in order
    names: list[str] = field(default_factory=list)  # of all columns of the first file
    dialects: dict[str, Dialect] = field(default_factory=dict)  # file -> how its cells are told apart
    shapes: ShapeNotes = field(default_factory=ShapeNotes)
    aloud: bool = True  # in the log, for a user who is not shown the notes

    def add(self, later: "ReadingNotes") -> None:
        """Add what was noted of files that come after these."""
        self.files += later.files
        self.passed_over |= later.passed_over
        self.columns = self.columns or later.columns
        self.found += later.found
        self.names = self.names or later.names
        self.dialects |= later.dialects
        self.shapes.add(later.shapes)

    def warn(self) -> None:
        """Say in the log what was not read, and of what was read what the user may not expect."""
        if not self.aloud:
            return
        for name, reason in islice(self.passed_over.items(), SHOWN):
            LOG.warning("%s passed over: %s", name, reason)
        if len(self.passed_over) > SHOWN:
            more = counted(len(self.passed_over) - SHOWN, "more file")
            LOG.warning("%s passed over; the report names them", more)
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
    only: Collection[str] | None = None,
) -> Iterator[Member]:
    """Every file to read of a snapshot, path, folder or glob; with `only` of those with these names.

    A source that is one file is read whatever its name; of many, those that are data, and with `texts_only` those that
    are text by their content. Raises SourceError when nothing is left to read.
    """
    files = snapshot_files(location)
    read = 0
    for member in open_members({name: path for name, path in files.items() if only is None or name in only}, limits):
        alone = len(files) == 1 and not member.one_of_many
        reason = None if alone else not_data(member, tables_only, texts_only)
        seen = _seen(member, limits) if reason is None else None
        if reason is None and seen is not None:
            read += 1
            yield seen
        else:
            notes.passed_over[member.name] = reason or NOT_LOOKED_INTO
    if not read and only is None:
        raise SourceError(f"nothing at {location} is data to read; passed over: {notes.passed_over}")


def _seen(member: Member, limits: SourceLimits) -> Member | None:
    """The file; for a look its beginning, or None when the look goes no further. Parquet and Excel have none."""
    if limits.look is None or binary_format(member):
        return member
    return limits.look.at(member, is_countable(member))


def is_countable(member: Member) -> bool:
    """Whether the rows of a file can be counted quickly: a line or so each, and not packed."""
    try:
        return member.path is not None and table_format(member) in ("delimited", "json-lines")
    except SourceError:
        return False


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
        return islice(read_parquet(member, limits), 1 if limits.look else None)
    if kind == "workbook":
        notes.files.append(SourceFile(member.name, kind, "binary"))
        rows = LOOKED_ROWS if limits.look else None
        return read_workbook(member, options.sheet if options else None, limits, rows)
    place, noted = len(notes.files), text_file(member, kind, encoding)
    notes.files.append(noted)
    if kind in ("json", "json-lines", "json-documents"):
        return read_json(member, noted.encoding, kind, notes.shapes)

    def decided(dialect: Dialect) -> None:
        notes.dialects[member.name] = dialect
        notes.files[place] = with_dialect(noted, dialect)

    return read_delimited(member, noted.encoding, options, decided)


def with_dialect(noted: SourceFile, dialect: Dialect) -> SourceFile:
    """The entry of a delimited table, its dialect told."""
    delimiter = None if dialect.delimiter == NO_DELIMITER else dialect.delimiter
    return noted._replace(delimiter=delimiter, quoting=dialect.quoting)


def text_file(member: Member, kind: Format, encoding: str | None) -> SourceFile:
    """The entry of a file of text, its encoding declared or found. Raises SourceError where it is in doubt."""
    found = detect(member, encoding)
    return SourceFile(member.name, kind, found.encoding, None, None, found.known_by, found.confidence)
