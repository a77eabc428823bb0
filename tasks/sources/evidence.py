"""What the beginning of a table shows in one dialect: its rows, and those that fail.

A row fails where quotes break the grammar, where it has more or fewer cells than the header, where it ends otherwise
than the header, and where a cell in quotes holds whole rows.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from tasks.sources.dialects import Dialect, Parsed, Row, line_end_before, tokenize

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# What serializers write for a missing cell, in quotes or not.
MISSING_WORDS = frozenset({"nan", "NaN", "NAN", "null", "NULL", "None", "NA", "<NA>", "#N/A", r"\N"})
NEEDS_QUOTES = re.compile(r"[,;\t|\"'\r\n\\#]|^\s|\s$|^$")
WORDY_COLUMN = 0.5  # of a column of labels at most so many different cells for each row
LINE_ENDS_INSIDE = {"any": ("\n", "\r"), "\n": ("\n",), "\r": ("\r",)}
FEWEST_ROWS = 3
FEWEST_QUOTED = 3  # texts, all in quotes that they do not need, before that is taken for a habit of their writer


class Reading:
    """One dialect tried on the beginning of a file."""

    def __init__(self, text: str, dialect: Dialect, complete: bool = True, header: bool = True) -> None:
        self.dialect, self.complete, self.header = dialect, complete, header
        self.misfits: dict[tuple[object, str], list[Row]] = {}  # that were found for a habit and a delimiter
        self.parsed: Parsed = tokenize(text, dialect, complete)
        self.rows = self.parsed.rows
        self.width = self._width()
        self.faults = [row for row in self.rows if row.cells is None or len(row.cells) != self.width]
        if header and self.faults and self.faults[0] is self.rows[0] and self.rows[0].cells is not None:
            del self.faults[0]  # one name less than cells: row names, or a delimiter at the end of every row

    def _width(self) -> int:
        """How many cells a sound row has: as many as the header, or one more where all rows agree on that."""
        rows = [row for row in self.rows if row.cells is not None]
        width = len(rows[0].cells or ()) if rows else 0
        longer = self.header and {len(row.cells or ()) for row in rows[1:]} == {width + 1}
        return width + 1 if longer and (self.named_rows or self.ends_in_delimiter) else width

    @property
    def ends_in_delimiter(self) -> bool:
        """Whether all rows below the header end in a delimiter, and not in an empty cell in quotes."""
        rows = [row for row in self.rows[1:] if row.cells]
        return not any(row.cells[-1] or row.quoted[-1] for row in rows if row.cells)

    @property
    def named_rows(self) -> bool:
        """Whether the first cells are R's names of rows: running numbers, or all different and in quotes."""
        rows = [row for row in self.rows[1:] if row.cells is not None]
        firsts = [row.cells[0] for row in rows if row.cells]
        if firsts == [str(number) for number in range(1, len(firsts) + 1)]:
            return len(firsts) > 1 or any(self.rows[0].quoted)
        return len(set(firsts)) == len(firsts) and all(row.quoted[0] for row in rows) and all(self.rows[0].quoted)

    def _strange_ends(self) -> list[Row]:
        """Rows that do not end as the header does: perhaps the lines of one cell."""
        if self.dialect.line_end != "any":
            return []
        text, rows = self.parsed.text, [row for row in self.rows if row.end < len(self.parsed.text)]
        end = line_end_before(text, rows[0].end) if rows else ""
        return [row for row in rows if line_end_before(text, row.end) != end]

    @property
    def share_of_faults(self) -> float:
        """How many of its rows fail, 0 to 1."""
        return 1.0 if self.parsed.hopeless else len(self.faults) / max(1, len(self.rows))

    @property
    def body(self) -> list[Row]:
        """The sound rows below the header."""
        faults = {row.start for row in self.faults}
        return [row for row in self.rows[self.header :] if row.start not in faults and row.cells is not None]

    @cached_property
    def kinds(self) -> list["ColumnKind"]:
        """What its columns look like."""
        return column_kinds(self)

    @cached_property
    def suspects(self) -> list[Row]:
        """The rows that fail, end strangely or hold others, and blank lines: perhaps a part of one."""
        return [
            *self.faults,
            *self.parsed.blank,
            *self._strange_ends(),
            *(swallowing(self) if self.dialect.quote else ()),
        ]

    @cached_property
    def leaves_hashes_bare(self) -> bool:
        """Whether a cell with a hash stands without quotes."""
        return any(
            "#" in cell and not quoted
            for row in self.body
            for cell, quoted in zip(row.cells or (), row.quoted, strict=True)
        )

    def bare_missing(self) -> bool:
        """Whether a column of texts in quotes, needed or not, also holds a bare word for a missing value."""
        if not self.dialect.quote:
            return False
        for place, column in enumerate(self._columns()):
            if column["needless"] and not (column["plain"] + column["bare"]):
                cells = ((row.cells or ())[place] for row in self.body if not row.quoted[place])
                if any(cell in MISSING_WORDS for cell in cells):
                    return True
        return False

    def encloses_names(self) -> bool:
        """Whether names in the header stand in quotes that they do not need."""
        names = zip(self.rows[0].cells or (), self.rows[0].quoted, strict=True) if self.header else ()
        return any(quoted and name and not self._needs_quotes(name) for name, quoted in names)

    def encloses_without_need(self) -> bool:
        """Whether so many cells stand in quotes that need none that their writer encloses all texts, or all cells."""
        columns = self._columns()
        enclosed = [column for column in columns if column["needless"]]
        if any(column["needless"] < column["plain"] + column["bare"] for column in enclosed):
            return False
        return sum(column["needless"] for column in enclosed) >= FEWEST_QUOTED or any(
            column["number"] and not (column["plain"] + column["bare"] + column["blank"]) for column in columns
        )

    def encloses_needed_alone(self) -> bool:
        """Whether no cell stands in quotes but for a delimiter, a quote or a line end in it."""
        cells = (pair for row in self.body for pair in zip(row.cells or (), row.quoted, strict=True))
        return all(self._needs_quotes(cell) for cell, quoted in cells if quoted)

    def _needs_quotes(self, cell: str) -> bool:
        """Whether a cell holds a delimiter, a quote or a line end."""
        return any(mark in cell for mark in (self.dialect.delimiter, self.dialect.quote, "\r", "\n"))

    def _columns(self) -> list[Counter[str]]:
        """How many cells of each kind stand in each column."""
        columns: list[Counter[str]] = [Counter() for _ in range(self.width)]
        for row in self.body:
            for column, cell, quoted in zip(columns, row.cells or (), row.quoted, strict=True):
                column[self._kind(cell, quoted)] += 1
        return columns

    def _kind(self, cell: str, quoted: bool) -> str:
        """Of a cell in quotes whether it is a number, or needs them; of another whether it holds text, or quotes."""
        if quoted:
            needed = self.dialect.delimiter in cell or NEEDS_QUOTES.search(cell)
            return "number" if NUMBER.fullmatch(cell) else "needed" if needed else "needless"
        if self.dialect.quote and self.dialect.quote in cell:
            return "bare"
        return "blank" if not cell or NUMBER.fullmatch(cell) or cell in MISSING_WORDS else "plain"


def swallowing(reading: Reading) -> Iterator[Row]:
    """The rows of which a cell in quotes holds whole rows: lines that fit the columns by number and by type."""
    ends = LINE_ENDS_INSIDE[reading.dialect.line_end]
    for row in reading.body:
        of_lines = any(row.quoted) and any(end in cell for cell in row.cells or () for end in ends)
        if of_lines and holds_rows(reading.parsed.lines(row), reading.dialect, reading.kinds):
            yield row


class ColumnKind:
    """The common form of the cells of a column, if they have one: whole numbers of some length, or a few words."""

    def __init__(self, cells: list[str]) -> None:
        given = [cell for cell in cells if cell]
        lengths = {len(cell) for cell in given if cell.lstrip("-").isdigit()}
        self.numbers = bool(given) and all(cell.lstrip("-").isdigit() for cell in given)
        self.longest, self.shortest = (max(lengths, default=0), min(lengths, default=0))
        self.words = set(given) if len(given) >= FEWEST_ROWS and len(set(given)) <= WORDY_COLUMN * len(given) else set()

    @property
    def known(self) -> bool:
        """Whether the column can tell its cells from others."""
        return self.numbers or bool(self.words)

    def fits(self, cell: str) -> bool:
        """Whether a cell could stand in the column."""
        if self.words:
            return cell in self.words
        return cell.lstrip("-").isdigit() and self.shortest - 1 <= len(cell) <= self.longest + 1


def column_kinds(reading: Reading) -> list[ColumnKind]:
    """What its columns look like, from the rows that are one line each."""
    rows = [
        row.cells for row in reading.body if row.cells and not any("\n" in cell or "\r" in cell for cell in row.cells)
    ]
    return [ColumnKind(list(cells)) for cells in zip(*rows, strict=True)] if rows else []


def holds_rows(lines: list[str], dialect: Dialect, kinds: list[ColumnKind]) -> bool:
    """Whether the lines of one row are rows themselves: all of them, or one inside with two columns that fit."""
    separators = len(kinds) - 1
    if separators not in [line.count(dialect.delimiter) for line in lines]:  # nearly every text of several lines
        return False
    known = sum(kind.known for kind in kinds)
    if not known:
        return False
    fit = [_is_row(line, dialect, kinds) for line in lines]
    return all(fit) or (known > 1 and any(fit[1:-1]))


def _is_row(line: str, dialect: Dialect, kinds: list[ColumnKind]) -> bool:
    cells = line.split(dialect.delimiter)
    if len(cells) != len(kinds):
        return False
    return all(kind.fits(_bare(cell, dialect.quote)) for cell, kind in zip(cells, kinds, strict=True) if kind.known)


def _bare(cell: str, quote: str) -> str:
    """The cell without quotes around it; a quote at one end alone belongs to a text, of which this is a piece."""
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == quote else cell
