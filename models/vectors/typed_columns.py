"""Small tables of words and numbers, whatever their delimiter: columns are told by the type of all their cells.

Files of human judgements are published in a dozen layouts, and a wrong column read gives a figure that looks right. So
nothing is taken from one line alone, and what can be read in two ways is refused.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

ColumnType = Literal["number", "comma number", "index", "tag", "text", "empty"]
DELIMITERS = ("\t", ";", ",", "|", None)  # None: blanks
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?\d+(,\d+)?")
MISSING = frozenset({"", "nan", "na", "null", "none", "-"})
# Parts of speech, as SCWS and SimVerb write them beside a word.
TAGS = frozenset({"n", "v", "a", "r", "s", "j", "nn", "vb", "jj", "rb", "noun", "verb", "adj", "adv", "adjective"})


@dataclass(frozen=True)
class Line:
    """One line of the file: its number from 1, and its fields."""

    number: int
    fields: list[str]


@dataclass(frozen=True)
class TypedTable:
    """Rows of one width; `names` is the header ("" where there is none), `types` one for each column."""

    names: list[str]
    types: list[ColumnType]
    rows: list[Line]

    def column(self, place: int) -> list[str]:
        """The cells of a column."""
        return [row.fields[place] for row in self.rows]

    def describe(self) -> str:
        """The columns for a message: number, name and type."""
        return ", ".join(
            f"{place} {name!r} ({kind})" if name else f"{place} ({kind})"
            for place, (name, kind) in enumerate(zip(self.names, self.types, strict=True), 1)
        )

    def find(self, wanted: str) -> int:
        """The place of a column, by its name or its number from 1. Raises ValueError when there is none."""
        folded = [fold(name) for name in self.names]
        if wanted in self.names:
            return self.names.index(wanted)
        if fold(wanted) in folded:
            return folded.index(fold(wanted))
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.names):
            return int(wanted) - 1
        raise ValueError(f"there is no column {wanted!r}; the columns are {self.describe()}")


def read_typed_table(lines: Sequence[tuple[int, str]], fewest_columns: int, what: str) -> TypedTable:
    """The table that these numbered lines hold.

    Raises ValueError, naming the line, unless one delimiter gives most lines one width of at least `fewest_columns`
    and all of them that width.
    """
    split = min(
        ([Line(number, _split(line, delimiter)) for number, line in lines] for delimiter in DELIMITERS),
        key=lambda rows: _odd_lines(rows, fewest_columns),
    )
    width = _usual_width(split, fewest_columns)
    if width < fewest_columns:
        raise ValueError(f"found no line of {what}: is this such a file?")
    for line, (number, text) in zip(split, lines, strict=True):
        if len(line.fields) != width:
            raise ValueError(f"line {number} must be {what} in {width} columns like the other lines, got {text[:80]!r}")
    names, rows = _take_header(split)
    columns = list(zip(*(row.fields for row in rows), strict=True))
    types = [_column_type(column) for column in columns]
    if types[0] == "number" and _is_index(columns[0], names[0]):
        types[0] = "index"
    return TypedTable(names, types, rows)


def fold(name: str) -> str:
    """A column name as it is compared: letters and digits, in lower case.

    >>> fold("Human (mean)")
    'humanmean'
    """
    return re.sub(r"[\W_]", "", name.lower())


def parse_number(cell: str, kind: ColumnType) -> float | None:
    """The number of a cell of this type; None where it is missing."""
    if cell.lower() in MISSING:
        return None
    return float(cell.replace(",", ".") if kind == "comma number" else cell)


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        fields = line.split()
    elif delimiter == "\t" or '"' not in line:  # in files with tabs a quote is a character: contexts hold halves
        fields = line.split(delimiter)
    else:
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True))
        except csv.Error:
            fields = line.split(delimiter)
    return [_unquote(field.strip()) for field in fields]


def _unquote(field: str) -> str:
    quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return field[1:-1].replace('""', '"') if quoted else field


def _usual_width(rows: Sequence[Line], fewest: int) -> int:
    widths = Counter(len(row.fields) for row in rows if len(row.fields) >= fewest)
    return widths.most_common(1)[0][0] if widths else 0


def _odd_lines(rows: Sequence[Line], fewest: int) -> int:
    width = _usual_width(rows, fewest)
    return sum(len(row.fields) != width for row in rows) if width else len(rows) + 1


def _take_header(rows: list[Line]) -> tuple[list[str], list[Line]]:
    """The names in the first row, if it stands above numbers or says words and scores; and the other rows."""
    first, others = rows[0].fields, rows[1:]
    if others and (_above_numbers(first, others) or all(_is_heading(cell) for cell in first)):
        return first, others
    return [""] * len(first), rows


def _above_numbers(first: list[str], others: Sequence[Line]) -> bool:
    """Whether a cell of the first row that is not a number stands above nothing but numbers."""
    below = zip(*(row.fields for row in others), strict=True)
    return any(
        not _is_number(cell)
        and cell.lower() not in MISSING
        and any(map(_is_number, column))
        and all(_is_number(each) or each.lower() in MISSING for each in column)
        for cell, column in zip(first, below, strict=True)
    )


def _is_heading(cell: str) -> bool:
    return (
        re.fullmatch(r"(word|term|w|question|answer|target)s?[1-4a-d]?|[a-d]|category|section|type|", fold(cell))
        is not None
    )


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None or COMMA_NUMBER.fullmatch(cell) is not None


def _column_type(cells: Sequence[str]) -> ColumnType:
    known = [cell for cell in cells if cell.lower() not in MISSING]
    if not known:
        return "empty"
    if all(NUMBER.fullmatch(cell) for cell in known):
        return "number"
    if all(COMMA_NUMBER.fullmatch(cell) for cell in known):
        return "comma number"
    return "tag" if all(cell.lower() in TAGS for cell in known) else "text"


def _is_index(cells: Sequence[str], name: str) -> bool:
    """Whether these are the numbers of the rows; a column named otherwise than an index is one all the same."""
    if not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steady = len(numbers) > 1 and all(after - before == 1 for before, after in pairwise(numbers))
    return steady or fold(name) in {"id", "index", "no", "nr", "number", "pairid", "unnamed0"}
