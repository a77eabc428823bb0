"""CSV and its kin, read so that no row is lost and none swallows another.

The dialect is decided by the first block of text. Python's csv module does the parsing, a block at a time. A block that
holds anything odd is read again line by line, with a bound on the length of a row and a way back from an unclosed
quote, which would otherwise swallow the rest of the file. What contradicts the dialect later on is set aside, and too
much of it is refused.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from models.wording import counted
from tasks.sources.deciding import Decision, decide
from tasks.sources.dialects import BACKSLASH, ENCLOSED_ESCAPE, ESCAPED_LETTERS, QUOTE_ESCAPE, Dialect
from tasks.sources.encodings import open_text
from tasks.sources.errors import SourceError
from tasks.sources.evidence import MISSING_WORDS, ColumnKind, Reading, holds_rows
from tasks.sources.lines import BARE_END, LINE_ENDS, ROW_CHARACTERS, Lines, RunawayRowError
from tasks.sources.members import Member
from tasks.sources.options import ReadingOptions
from tasks.sources.records import BatchBuilder, unique_names

FAULT_SHARE = 100  # one row in so many may contradict the quoting decided; more, and the decision was wrong
SWALLOWED = "a cell in quotes holds what look like whole rows: a quote that is not closed?"
REPEATED = "the header again"
ROW_NAMES = "row_names"


class Rows(NamedTuple):
    """Some rows, their length together, and what is wrong if it is one that cannot be parsed."""

    rows: list[list[str]]
    characters: int
    fault: str | None = None


def read_delimited(
    member: Member,
    encoding: str,
    options: ReadingOptions | None = None,
    decided: Callable[[Dialect], Any] = lambda dialect: None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV or TSV file below its header, in batches; at least one batch, perhaps empty.

    Rows with the wrong number of fields, and lines that cannot be parsed, come as malformed. Blank lines are not rows.
    `decided` is told the dialect. Raises SourceError when there is no header, and when the file leaves open what its
    quotes mean.
    """
    csv.field_size_limit(ROW_CHARACTERS)
    with open_text(member, encoding) as stream:
        table = _Table(Lines(stream, member.name), member.name, options or ReadingOptions(), encoding)
        decided(table.dialect)
        builder = BatchBuilder(table.names, encoding)
        for part in table.rows():
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
    builder.add_malformed(fields, part.fault or f"{counted(len(fields), 'field')} instead of {width}", part.characters)


class _Table:
    """One table in progress: its dialect and the names of its columns, then its rows."""

    def __init__(self, lines: Lines, name: str, options: ReadingOptions, encoding: str) -> None:
        self._lines, self._name, self._wide = lines, name, encoding.startswith("utf-16")
        head, complete = lines.look_ahead()
        if lines.separator and not options.delimiter:
            options = options.model_copy(update={"delimiter": lines.separator})
        decision = decide(head, complete, options, name, self._wide) if head.strip() else None
        if decision is None or not decision.reading.rows or decision.reading.rows[0].cells is None:
            raise SourceError(f"{name} has no header: its first line must name the columns (or say --no-header)")
        self._options = options.model_copy(update={"delimiter": decision.reading.dialect.delimiter})
        self._first = list(decision.reading.rows[0].cells)
        self.names = unique_names(_names(decision.reading, options.header))
        self._seen = self._faults = 0
        self._adopt(decision)

    def _adopt(self, decision: Decision) -> None:
        """Read from here on as decided."""
        self.dialect, self._proved = decision.reading.dialect, decision.proved
        self._kinds: list[ColumnKind] = [] if self._options.quoting else decision.reading.kinds
        self._lines.quote = self.dialect.quote
        self._lines.line_end = self.dialect.line_end
        self._lines.translate = _translation(decision.reading)
        self._csv = self.dialect.csv_options()
        self._opening = re.compile(rf'(?:\A|[{re.escape(self.dialect.delimiter)}\r\n])"')

    def rows(self) -> Iterator[Rows]:
        """All rows below the header: by the block where every one is sound, else one by one."""
        header = self._options.header
        for part in self._parts():
            if header and part.rows[0] == self._first:
                header = False
                part.rows.pop(0)
            self._seen += len(part.rows)
            if part.rows:
                yield from self._without_headers(part)

    def _parts(self) -> Iterator[Rows]:
        lines = self._lines
        while lines.pending or (block := lines.read_block()):
            if lines.pending:
                yield from self._line_by_line()
                continue
            if not self._proved and '"' in block and self._opening.search(block):
                self._decide_again(block)
            rows = self._parse(block)
            if rows is None:
                lines.push_back(block)
            elif rows:
                yield Rows(rows, len(block))

    def _decide_again(self, block: str) -> None:
        """Decide by the first block that holds quotes; all before it reads the same in every dialect."""
        header = io.StringIO(newline="")
        csv.writer(header, delimiter=self.dialect.delimiter, lineterminator="\n").writerow(self._first)
        text = self._restored([[block]])[0][0]
        first = header.getvalue() if self._seen else ""
        self._adopt(decide(first + text, False, self._options, self._name, self._wide))

    def _parse(self, block: str) -> list[list[str]] | None:
        """The rows of a block, None where one of them is odd."""
        try:
            rows = [row for row in csv.reader(io.StringIO(block, newline=""), **self._csv) if row]
        except csv.Error:
            return None
        width = len(self.names)
        widths = set(map(len, rows if self._seen else rows[1:])) - {width}
        if widths or (self.dialect.quote and block.count("\n") > len(rows) and self._any_swallows(rows)):
            return None
        return self._restored(rows) if BARE_END in block else rows

    def _any_swallows(self, rows: list[list[str]]) -> bool:
        """Whether one of many rows, of one width all but the header, swallows others."""
        if not self._kinds:
            return False
        texts = map(self.dialect.delimiter.join, rows)
        return any(holds_rows(text.split("\n"), self.dialect, self._kinds) for text in texts if "\n" in text)

    def _swallows(self, row: list[str]) -> bool:
        """Whether a cell of several lines holds what are rows by number and type of their cells."""
        return self._any_swallows([row])

    def _without_headers(self, part: Rows) -> Iterator[Rows]:
        """The rows, every repetition of the header (files put together) among them set aside."""
        if not self._options.header or len(self._first) < 2 or self._first not in part.rows:
            yield part
            return
        for row in part.rows:
            yield Rows(
                [row], part.characters // len(part.rows), part.fault or (REPEATED if row == self._first else None)
            )

    def _line_by_line(self) -> Iterator[Rows]:
        """Rows one by one, until no line waits to be read again."""
        lines, width = self._lines, len(self.names)
        reader = csv.reader(lines, **self._csv)
        while True:
            lines.start_row()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, RunawayRowError) as error:
                reader = csv.reader(lines, **self._csv)
                yield self._given_up(f"cannot be parsed: {error}")
                continue
            if fields and len(fields) != width and _swallowed(lines.row[1:], self._csv, width):
                yield self._given_up("a quote that is not closed")
                continue
            if fields:
                yield self._checked(fields)
            if not lines.pending:
                return

    def _given_up(self, fault: str) -> Rows:
        """The first line of the row in progress as one that cannot be used; those after it are read again."""
        first = self._lines.give_up_first()
        self._count_fault(first)
        return Rows(self._restored([[first.rstrip("".join(LINE_ENDS))]]), len(first), fault)

    def _checked(self, fields: list[str]) -> Rows:
        """The row, set aside when it holds others."""
        (fields,) = self._restored([fields])
        fault = SWALLOWED if len(self._lines.row) > 1 and self.dialect.quote and self._swallows(fields) else None
        odd = len(fields) != len(self.names) and not self.dialect.quote and any('"' in cell for cell in fields)
        if fault or odd:
            self._count_fault(self.dialect.delimiter.join(fields))
        return Rows([fields], self._lines.characters, fault)

    def _restored(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows with the characters back that end a line elsewhere and are text here."""
        bare = "\n" if self.dialect.line_end == "\r" else "\r"
        return [[cell.replace(BARE_END, bare) for cell in row] for row in rows]

    def _count_fault(self, line: str) -> None:
        """Count a row that contradicts the quoting decided; raise SourceError when they are too many."""
        self._faults += 1
        if self._options.quoting is None and self._seen > FAULT_SHARE and self._faults * FAULT_SHARE > self._seen * 5:
            raise SourceError(
                f"{self._name}: its beginning reads as if {self.dialect.quoting}, row {self._seen + 1:,} and others do "
                f"not (for example {line[:80]!r}): say which with --quoting minimal or --quoting none"
                f"{', and --escape backslash or --escape none' if BACKSLASH in line else ''}"
            )


def _names(reading: Reading, header: bool) -> list[str]:
    """The names of the columns; numbers without a header. Where the header has one less than rows, R's row names."""
    first = list(reading.rows[0].cells or ())
    if not header:
        return [str(number) for number in range(1, len(first) + 1)]
    if reading.width != len(first) + 1:
        return first
    return [*first, ""] if reading.ends_in_delimiter else [ROW_NAMES, *first]


def _translation(reading: Reading) -> Callable[[str], str] | None:
    """What to do to text before csv reads it: undo escapes that it does not know, drop bare words for missing cells."""
    if reading.dialect.escape:
        return _undo_escapes(reading.dialect)
    return _drop_missing(reading.dialect) if reading.bare_missing() else None


def _drop_missing(dialect: Dialect) -> Callable[[str], str]:
    """A function that empties the cells that hold a word for nothing without quotes, where texts stand in quotes."""
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    words = "|".join(map(re.escape, sorted(MISSING_WORDS)))
    pattern = (
        f"{quote}(?:[^{quote}]|{quote}{quote})*+{quote}|(?<![^{delimiter}\r\n])(?:{words})(?=[{delimiter}\r\n]|\\Z)"
    )
    return lambda text: re.sub(pattern, lambda found: found[0] if found[0][0] == dialect.quote else "", text)


def _doubled(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _undo_escapes(dialect: Dialect) -> Callable[[str], str]:
    r"""A function that undoes what csv does not know: MySQL's `\N`, `\0` (NUL) and `\n`, R's and DuckDB's quotes."""
    around = f"{re.escape(dialect.delimiter)}\r\n"
    if dialect.escape in (QUOTE_ESCAPE, ENCLOSED_ESCAPE):
        inside = r'(?:[^"\\]|\\"?)*' if dialect.escape == QUOTE_ESCAPE else r'(?:[^"\\]|\\.)*+'
        enclosed = re.compile(rf'(?<![^{around}])"({inside})"(?=[{around}]|\Z)', re.DOTALL)
        return lambda text: enclosed.sub(lambda found: _doubled(dialect.unescaped(found[1], True)), text)
    missing = re.compile(rf"(?<![^{around}])\\N(?=[{around}]|\Z)")
    letter = re.compile(rf"(?<!\\)((?:\\\\)*)\\([{''.join(ESCAPED_LETTERS)}])")
    return lambda text: letter.sub(_with_character, missing.sub("", text)) if "\\" in text else text


def _with_character(found: re.Match[str]) -> str:
    return f"{found[1]}\\{ESCAPED_LETTERS[found[2]]}"


def _swallowed(lines: list[str], options: dict[str, Any], width: int) -> bool:
    """Whether these lines, the later ones of a row that has not the right width, begin a row of their own.

    They do when they begin with a row of the right width, or with one that goes on after them.
    """
    if not lines:
        return False
    try:
        first, *others = next(csv.reader(iter(lines), **options)) or [""]
        return len(others) == width - 1 and '"' not in first  # the quote that ends a field of several lines
    except csv.Error as error:
        return "unexpected end of data" in str(error)
