"""CSV and its kin, read so that no row is lost.

Python's csv module does the parsing, a block of text at a time. A block that holds anything odd is read again line by
line, with a bound on the length of a row and a way back from an unclosed quote, which would otherwise swallow the rest
of the file.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TextIO

import pyarrow as pa

from tasks.sources.archives import Member
from tasks.sources.encodings import open_text
from tasks.sources.formats import suffix
from tasks.sources.limits import SourceError
from tasks.sources.records import BatchBuilder, unique_names

DELIMITERS = ",\t;|"
BLOCK_CHARACTERS = 1 << 20
ROW_CHARACTERS = 1 << 20  # no tweet, and few articles, are longer; beyond it a quote was not closed
LINE_ENDS = ("\n", "\r")


class Rows(NamedTuple):
    """Some rows, their length together, and what is wrong if it is one that cannot be parsed."""

    rows: list[list[str]]
    characters: int
    fault: str | None = None


class _RunawayRowError(Exception):
    """A row goes on and on."""


class _Lines:
    """Lines of a file; those of the row in progress are remembered, so that they can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self.characters = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read_line()
        if not line:
            raise StopIteration
        self._row.append(line)
        self.characters += len(line)
        if self.characters > ROW_CHARACTERS:
            raise _RunawayRowError(f"longer than {ROW_CHARACTERS:,} characters: a quote that is not closed?")
        return line

    def _read_line(self) -> str:
        """The next line; of one without end, the beginning, marked by one character too many."""
        line = self._stream.readline(ROW_CHARACTERS)
        if len(line) < ROW_CHARACTERS or line.endswith(LINE_ENDS):
            return line
        while (rest := self._stream.readline(ROW_CHARACTERS)) and not rest.endswith(LINE_ENDS):
            pass
        return line + "\n"

    @property
    def pending(self) -> bool:
        """Whether lines wait to be read again."""
        return bool(self._again)

    def read_block(self) -> str:
        """Whole lines, about a block of them, ending where every quote seems to be closed."""
        block = self._stream.read(BLOCK_CHARACTERS)
        while block and not (block.endswith(LINE_ENDS) and block.count('"') % 2 == 0):
            line = self._read_line()
            if not line or len(block) > BLOCK_CHARACTERS + ROW_CHARACTERS:
                return block + line
            block += line
        return block

    def push_back(self, block: str) -> None:
        """Let this block be read line by line."""
        self._again.extend(io.StringIO(block, newline=""))

    def start_row(self) -> None:
        """Forget the row before: it was understood."""
        self._row.clear()
        self.characters = 0

    def give_up_first(self) -> str:
        """The first line of the row in progress, alone; the lines after it will be read again."""
        first, *rest = self._row
        self._again.extendleft(reversed(rest))
        return first

    def peek(self) -> str:
        """The first line that is not blank; it will be read again."""
        line = next((line for line in self if line.strip()), "")
        self._again.extendleft(reversed(self._row))
        self.start_row()
        return line


def read_delimited(member: Member, encoding: str) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV or TSV file below its header, in batches; at least one batch, perhaps empty.

    Rows with the wrong number of fields, and lines that cannot be parsed, come as malformed. Blank lines are no rows.
    Raises SourceError when there is no header.
    """
    csv.field_size_limit(ROW_CHARACTERS)
    with open_text(member, encoding) as stream:
        lines = _Lines(stream)
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


def _delimiter(lines: _Lines, member: Member) -> str:
    """Tab for .tsv, else whichever delimiter the header line holds most of."""
    first = lines.peek()
    if suffix(member.name) in (".tsv", ".tab") and "\t" in first:
        return "\t"
    return max(DELIMITERS, key=first.count)


def _rows(lines: _Lines, delimiter: str, width: int) -> Iterator[Rows]:
    """All rows: by the block where every one has `width` fields, else one by one."""
    while lines.pending or (block := lines.read_block()):
        if lines.pending:
            yield from _line_by_line(lines, delimiter)
            continue
        try:
            rows = [row for row in csv.reader(io.StringIO(block, newline=""), delimiter=delimiter, strict=True) if row]
        except csv.Error:
            rows = None
        if rows is None or set(map(len, rows)) - {width}:
            lines.push_back(block)
        elif rows:
            yield Rows(rows, len(block))


def _line_by_line(lines: _Lines, delimiter: str) -> Iterator[Rows]:
    """Rows one by one, until no line waits to be read again."""
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
            yield Rows([[first.rstrip("".join(LINE_ENDS))]], len(first), f"cannot be parsed: {error}")
            continue
        if fields:
            yield Rows([fields], lines.characters)
        if not lines.pending:
            return
