"""CSV and its kin, read so that no row is lost.

Python's csv module does the parsing; around it are a bound on the length of a row and a way back from an unclosed
quote, which would otherwise swallow the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

import pyarrow as pa

from tasks.sources.archives import Member
from tasks.sources.encodings import decoded
from tasks.sources.formats import suffix
from tasks.sources.limits import SourceError
from tasks.sources.records import BatchBuilder, unique_names

DELIMITERS = ",\t;|"
ROW_CHARACTERS = 1 << 20  # no tweet, and few articles, are longer; beyond it a quote was not closed


class _RunawayRowError(Exception):
    """A row goes on and on."""


class _Lines:
    """Lines of a file, the ones of the row in progress remembered, so that they can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.characters = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read_line()
        if not line:
            raise StopIteration
        self.row.append(line)
        self.characters += len(line)
        if self.characters > ROW_CHARACTERS:
            raise _RunawayRowError(f"longer than {ROW_CHARACTERS:,} characters: a quote that is not closed?")
        return line

    def _read_line(self) -> str:
        """The next line; of one without end, the beginning, marked by one character too many."""
        line = self._stream.readline(ROW_CHARACTERS)
        if len(line) < ROW_CHARACTERS or line[-1] in "\r\n":
            return line
        while (rest := self._stream.readline(ROW_CHARACTERS)) and rest[-1] not in "\r\n":
            pass
        return line + "\n"

    def start_row(self) -> None:
        """Forget the row before: it was understood."""
        self.row.clear()
        self.characters = 0

    def peek(self) -> str:
        """The first line that is not blank; it will be read again."""
        line = next((line for line in self if line.strip()), "")
        self._again.extendleft(reversed(self.row))
        self.start_row()
        return line

    def give_up_first(self) -> str:
        """The first line of the row in progress, alone; the lines after it will be read again."""
        first, *rest = self.row
        self._again.extendleft(reversed(rest))
        return first


def read_delimited(member: Member, encoding: str) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV or TSV file below its header, in batches; at least one batch, perhaps empty.

    Rows with the wrong number of fields, and lines that cannot be parsed, come as malformed. Blank lines are no rows.
    Raises SourceError when there is no header.
    """
    with member.open() as binary, decoded(binary, encoding) as stream:
        lines = _Lines(stream)
        rows = _rows(lines, _delimiter(lines, member))
        header, fault, _ = next(rows, ([], None, 0))
        if not header or fault:
            raise SourceError(f"{member.name} has no header: its first line must name the columns")
        builder = BatchBuilder(unique_names(header), encoding)
        for fields, fault, characters in rows:
            if fault is not None:
                builder.add_malformed(fields, fault, characters)
            elif len(fields) == len(builder.names):
                builder.add(fields, characters)
            else:
                builder.add_malformed(fields, f"{len(fields)} fields instead of {len(builder.names)}", characters)
            if builder.full:
                yield builder.take()
        yield builder.take()


def _delimiter(lines: _Lines, member: Member) -> str:
    """Tab for .tsv, else whichever delimiter the header line holds most of."""
    first = lines.peek()
    if suffix(member.name) in (".tsv", ".tab") and "\t" in first:
        return "\t"
    return max(DELIMITERS, key=first.count)


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[list[str], str | None, int]]:
    """Fields, what is wrong with them, and the row's length in characters."""
    csv.field_size_limit(ROW_CHARACTERS)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.start_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RunawayRowError) as error:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            first = lines.give_up_first()
            yield [first.rstrip("\r\n")], f"cannot be parsed: {error}", len(first)
            continue
        if fields:
            yield fields, None, lines.characters
