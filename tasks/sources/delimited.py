"""CSV and its kin, read so that no row is lost.

Python's csv module does the parsing, a block of text at a time. A block that holds anything odd is read again line by
line, with a bound on the length of a row and a way back from an unclosed quote, which would otherwise swallow the rest
of the file.
"""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from tasks.sources.archives import Member
from tasks.sources.encodings import open_text
from tasks.sources.formats import suffix
from tasks.sources.limits import SourceError
from tasks.sources.lines import LINE_ENDS, ROW_CHARACTERS, Lines, RunawayRowError
from tasks.sources.records import BatchBuilder, unique_names

DELIMITERS = ",\t;|"


class Rows(NamedTuple):
    """Some rows, their length together, and what is wrong if it is one that cannot be parsed."""

    rows: list[list[str]]
    characters: int
    fault: str | None = None


def read_delimited(member: Member, encoding: str) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV or TSV file below its header, in batches; at least one batch, perhaps empty.

    Rows with the wrong number of fields, and lines that cannot be parsed, come as malformed. Blank lines are no rows.
    Raises SourceError when there is no header.
    """
    csv.field_size_limit(ROW_CHARACTERS)
    with open_text(member, encoding) as stream:
        lines = Lines(stream, member.name)
        delimiter = _delimiter(lines, member)
        header = next(_line_by_line(lines, delimiter), Rows([], 0))
        if header.fault or not header.rows:
            raise SourceError(f"{member.name} has no header: its first line must name the columns")
        builder = BatchBuilder(unique_names(header.rows[0]), encoding)
        for part in _rows(lines, delimiter, len(builder.names)):
            _add(builder, part)
            if builder.full:
                yield builder.take()
        if builder.pending or not builder.taken:  # an empty batch still tells the columns
            yield builder.take()


def _add(builder: BatchBuilder, part: Rows) -> None:
    width = len(builder.names)
    if part.fault is None and len(part.rows[0]) == width:  # of more than one row, all have been looked at
        builder.extend(part.rows, part.characters) if len(part.rows) > 1 else builder.add(part.rows[0], part.characters)
        return
    (fields,) = part.rows
    builder.add_malformed(fields, part.fault or f"{len(fields)} fields instead of {width}", part.characters)


def _delimiter(lines: Lines, member: Member) -> str:
    """Tab for .tsv, else whichever delimiter the header line holds most of."""
    first = lines.peek()
    if suffix(member.name) in (".tsv", ".tab") and "\t" in first:
        return "\t"
    return max(DELIMITERS, key=first.count)


def _rows(lines: Lines, delimiter: str, width: int) -> Iterator[Rows]:
    """All rows: by the block where every one has `width` fields, else one by one."""
    while lines.pending or (block := lines.read_block()):
        if lines.pending:
            yield from _line_by_line(lines, delimiter, width)
            continue
        try:
            rows = [row for row in csv.reader(io.StringIO(block, newline=""), delimiter=delimiter, strict=True) if row]
        except csv.Error:
            rows = None
        if rows is None or set(map(len, rows)) - {width}:
            lines.push_back(block)
        elif rows:
            yield Rows(rows, len(block))


def _line_by_line(lines: Lines, delimiter: str, width: int = 0) -> Iterator[Rows]:
    """Rows one by one, until no line waits to be read again; `width` is that of a sound row, 0 of the header."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.start_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, RunawayRowError) as error:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            first = lines.give_up_first()
            yield Rows([[first.rstrip("".join(LINE_ENDS))]], len(first), f"cannot be parsed: {error}")
            continue
        if fields and len(fields) != width and _swallowed(lines.row[1:], delimiter, width):
            first = lines.give_up_first()
            yield Rows([[first.rstrip("".join(LINE_ENDS))]], len(first), "a quote that is not closed")
            continue
        if fields:
            yield Rows([fields], lines.characters)
        if not lines.pending:
            return


def _swallowed(lines: list[str], delimiter: str, width: int) -> bool:
    """Whether these lines, the later ones of a row that has not the right width, begin a row of their own.

    They do when they begin with a row of the right width, or with one that goes on after them.
    """
    if not width or not lines:
        return False
    try:
        first, *others = next(csv.reader(iter(lines), delimiter=delimiter, strict=True)) or [""]
        return len(others) == width - 1 and '"' not in first  # the quote that ends a field of several lines
    except csv.Error as error:
        return "unexpected end of data" in str(error)
