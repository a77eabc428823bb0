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
from dataclasses import dataclass, replace
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
PIECE_BLOCKS = 8  # of text, after which a batch ends, whatever is in it: another process can go on from there
ENOUGH_SEEN = 1 << 60  # rows before a piece whose faults are counted by somebody else


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
    with open_text(member, encoding) as stream:
        table = Table.begin(Lines(stream, member.name), member.name, options or ReadingOptions(), encoding)
        decided(table.state.dialect)
        yield from batches_of(table)


def batches_of(table: "Table", one_piece: bool = False) -> Iterator[pa.RecordBatch]:
    """The rows of a table in batches, or of its next piece alone; of a whole table at least one batch."""
    builder = BatchBuilder(table.state.names, table.encoding)
    for part in table.rows():
        if part is not None:
            _add(builder, part)
        if builder.full or (part is None and builder.pending):
            yield builder.take()
        table.piece_ended = part is None
        if table.piece_ended and one_piece:
            return
    if builder.pending or not (builder.taken or one_piece):  # an empty batch still tells the columns
        yield builder.take()


def _add(builder: BatchBuilder, part: Rows) -> None:
    width = len(builder.names)
    if part.fault is None and len(part.rows[0]) == width:  # of more than one row, all have been looked at
        builder.extend(part.rows, part.characters) if len(part.rows) > 1 else builder.add(part.rows[0], part.characters)
        return
    (fields,) = part.rows
    builder.add_malformed(fields, part.fault or f"{counted(len(fields), 'field')} instead of {width}", part.characters)


@dataclass(frozen=True)
class TableState:
    """All that is known of a table at some place of it: with it, and the text from there on, its rows can be read.

    `place` is that of the stream of text; `header_left` says whether the first row is yet to come.
    """

    options: ReadingOptions
    first: list[str]
    names: list[str]
    dialect: Dialect
    proved: bool
    kinds: list[ColumnKind]
    drops_missing: bool
    header_left: bool
    place: int = 0

    def decided(self, decision: Decision) -> "TableState":
        """The same, to be read from here on as decided."""
        reading = decision.reading
        return replace(
            self,
            dialect=reading.dialect,
            proved=decision.proved,
            kinds=[] if self.options.quoting else reading.kinds,
            drops_missing=not reading.dialect.escape and reading.bare_missing(),
        )

    def below_header(self) -> "TableState":
        """The same, once its first row is read."""
        return replace(self, header_left=False)


class Table:
    """One table in progress: its dialect and the names of its columns, then its rows."""

    def __init__(self, lines: Lines, name: str, encoding: str, state: TableState, seen: int = ENOUGH_SEEN) -> None:
        csv.field_size_limit(ROW_CHARACTERS)
        self._lines, self._name, self.encoding = lines, name, encoding
        self._wide = encoding.startswith("utf-16")
        self.seen, self.faults, self.piece_ended = seen, 0, False
        self._adopt(state)

    @classmethod
    def begin(cls, lines: Lines, name: str, options: ReadingOptions, encoding: str) -> "Table":
        """The table of a stream that is at its beginning. Raises SourceError where it has no header."""
        head, complete = lines.look_ahead()
        if lines.separator and not options.delimiter:
            options = options.model_copy(update={"delimiter": lines.separator})
        wide = encoding.startswith("utf-16")
        decision = decide(head, complete, options, name, wide) if head.strip() else None
        if decision is None or not decision.reading.rows or decision.reading.rows[0].cells is None:
            raise SourceError(f"{name} has no header: its first line must name the columns (or say --no-header)")
        options = options.model_copy(update={"delimiter": decision.reading.dialect.delimiter})
        first = list(decision.reading.rows[0].cells)
        names = unique_names(_names(decision.reading, options.header))
        unread = TableState(options, first, names, decision.reading.dialect, decision.proved, [], False, options.header)
        return cls(lines, name, encoding, unread.decided(decision), seen=0)

    def _adopt(self, state: TableState) -> None:
        """Read from here on so."""
        self.state, dialect = state, state.dialect
        self._lines.quote = dialect.quote
        self._lines.line_end = dialect.line_end
        self._lines.translate = _translation(dialect, state.drops_missing)
        self._csv = dialect.csv_options()
        self._opening = re.compile(rf'(?:\A|[{re.escape(dialect.delimiter)}\r\n])"')

    def end_of_piece(self) -> TableState:
        """What there is to know for who reads the rows that follow."""
        return replace(self.state, place=self._lines.place)

    def skip_piece(self) -> bool:
        """Go to where the next piece begins, if no row of this one is odd; whether the table goes on so far."""
        return all(self._lines.skip_block() for _ in range(PIECE_BLOCKS))

    @property
    def read_again(self) -> int:
        """How many characters were read more than once."""
        return self._lines.read_again

    def rows(self) -> Iterator[Rows | None]:
        """All rows below the header: by the block where every one is sound, else one by one; None after each piece."""
        for part in self._parts():
            if part is None:
                yield None
                continue
            if self.state.header_left and part.rows[0] == self.state.first:
                self.state = replace(self.state, header_left=False)
                part.rows.pop(0)
            self.seen += len(part.rows)
            if part.rows:
                yield from self._without_headers(part)

    def _parts(self) -> Iterator[Rows | None]:
        lines = self._lines
        while lines.pending or (block := lines.read_block()):
            if lines.pending:
                yield from self._line_by_line()
            else:
                yield from self._rows_of(block)
            if lines.blocks >= PIECE_BLOCKS and not lines.pending:
                lines.blocks = 0
                yield None

    def _rows_of(self, block: str) -> Iterator[Rows]:
        """The rows of a block; none where one of them is odd, and all are to be read line by line."""
        if not self.state.proved and '"' in block and self._opening.search(block):
            self._decide_again(block)
        rows = self._parse(block)
        if rows is None:
            self._lines.push_back(block)
        elif rows:
            yield Rows(rows, len(block))

    def _decide_again(self, block: str) -> None:
        """Decide by the first block that holds quotes; all before it reads the same in every dialect."""
        header = io.StringIO(newline="")
        state = self.state
        csv.writer(header, delimiter=state.dialect.delimiter, lineterminator="\n").writerow(state.first)
        text = self._restored([[block]])[0][0]
        first = header.getvalue() if self.seen else ""
        self._adopt(state.decided(decide(first + text, False, state.options, self._name, self._wide)))

    def _parse(self, block: str) -> list[list[str]] | None:
        """The rows of a block, None where one of them is odd."""
        try:
            rows = [row for row in csv.reader(io.StringIO(block, newline=""), **self._csv) if row]
        except csv.Error:
            return None
        width = len(self.state.names)
        widths = set(map(len, rows if self.seen else rows[1:])) - {width}
        if widths or (self.state.dialect.quote and block.count("\n") > len(rows) and self._any_swallows(rows)):
            return None
        return self._restored(rows) if BARE_END in block else rows

    def _any_swallows(self, rows: list[list[str]]) -> bool:
        """Whether one of many rows, of one width all but the header, swallows others."""
        if not self.state.kinds:
            return False
        texts = map(self.state.dialect.delimiter.join, rows)
        return any(holds_rows(text.split("\n"), self.state.dialect, self.state.kinds) for text in texts if "\n" in text)

    def _swallows(self, row: list[str]) -> bool:
        """Whether a cell of several lines holds what are rows by number and type of their cells."""
        return self._any_swallows([row])

    def _without_headers(self, part: Rows) -> Iterator[Rows]:
        """The rows, every repetition of the header (files put together) among them set aside."""
        if not self.state.options.header or len(self.state.first) < 2 or self.state.first not in part.rows:
            yield part
            return
        for row in part.rows:
            yield Rows(
                [row], part.characters // len(part.rows), part.fault or (REPEATED if row == self.state.first else None)
            )

    def _line_by_line(self) -> Iterator[Rows]:
        """Rows one by one, until no line waits to be read again."""
        lines, width = self._lines, len(self.state.names)
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
        (fields,), quote = self._restored([fields]), self.state.dialect.quote
        fault = SWALLOWED if len(self._lines.row) > 1 and quote and self._swallows(fields) else None
        odd = len(fields) != len(self.state.names) and not quote and any('"' in cell for cell in fields)
        if fault or odd:
            self._count_fault(self.state.dialect.delimiter.join(fields))
        return Rows([fields], self._lines.characters, fault)

    def _restored(self, rows: list[list[str]]) -> list[list[str]]:
        """The rows with the characters back that end a line elsewhere and are text here."""
        bare = "\n" if self.state.dialect.line_end == "\r" else "\r"
        return [[cell.replace(BARE_END, bare) for cell in row] for row in rows]

    def _count_fault(self, line: str) -> None:
        """Count a row that contradicts the quoting decided; raise SourceError when they are too many."""
        self.faults += 1
        if self.state.options.quoting is None and self.seen > FAULT_SHARE and self.faults * FAULT_SHARE > self.seen * 5:
            raise SourceError(
                f"{self._name}: its beginning reads as if {self.state.dialect.quoting}, row {self.seen + 1:,} and "
                f"others do not (for example {line[:80]!r}): say which with --quoting minimal or --quoting none"
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


def _translation(dialect: Dialect, drops_missing: bool) -> Callable[[str], str] | None:
    """What to do to text before csv reads it: undo escapes that it does not know, drop bare words for missing cells."""
    if dialect.escape:
        return _undo_escapes(dialect)
    return _drop_missing(dialect) if drops_missing else None


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
