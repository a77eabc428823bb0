"""The dialect of a delimited table: what separates and encloses its cells, and a tokenizer that proves it.

Python's csv module reads a table once its dialect is known, but does not tell which cells were quoted or where quotes
break the grammar. The tokenizer here does; it is slower, so it looks at the beginning of a file alone.
"""

import csv
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

DELIMITERS = ",\t;|"
NO_DELIMITER = "\ufdd1"  # a noncharacter of Unicode: the delimiter of a table of one column, where nothing separates
MOST_FAULTS = 1000  # a reading with more is wrong, or the file is; bounds the time that bad files take
REREAD_RATIO = 4
QUOTE_ESCAPE = '\\"'  # R escapes quotes and nothing else
ENCLOSED_ESCAPE = "\\\\"  # DuckDB escapes in cells that stand in quotes alone: elsewhere a backslash is a character
BACKSLASH = "\\"
MISSING_CELL = r"\N"  # MySQL's word, which is not an escaped N
# What a letter after a backslash stands for, as MySQL and PostgreSQL load it; any other character is itself.
ESCAPED_LETTERS = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
LINE_END = {"any": r"\r\n|\n|\r", "\n": r"\n", "\r": r"\r"}


class Dialect(NamedTuple):
    """How the cells of a table stand in its lines.

    `quote` is "" where quotes are characters. `doubled` and `escape` say how a quote stands inside quotes. `line_end`
    is "any", or the one character that ends a row where the other one (a bare CR in a file of LF) is text.
    """

    delimiter: str
    quote: str = '"'
    doubled: bool = True
    escape: str = ""
    line_end: str = "any"

    def csv_options(self) -> dict[str, Any]:
        """Keyword arguments of `csv.reader` that read this dialect."""
        return {
            "delimiter": self.delimiter,
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "quotechar": self.quote or None,
            "doublequote": self.doubled or len(self.escape) > 1,  # the reader undoes what csv does not know
            "escapechar": self.escape if len(self.escape) == 1 else None,
            "strict": True,
        }

    @property
    def quoting(self) -> str:
        """The dialect in words, for reports."""
        kind = f"{self.quote} encloses" if self.quote else "quotes are characters"
        return f"{kind}, {self.escape[:1]} escapes" if self.escape else kind

    def pattern(self) -> re.Pattern[str]:
        """One cell with what ends it: groups are the inside of quotes, the cell without quotes, the end."""
        delimiter, quote, escape = map(re.escape, (self.delimiter, self.quote, self.escape[:1]))
        ends = r"\r\n" if self.line_end == "any" else re.escape(self.line_end)
        plain = f"[^{delimiter}{ends}{escape}]*+" + (
            rf"(?:{escape}.[^{delimiter}{ends}{escape}]*+)*+" if escape else ""
        )
        end = f"({delimiter}|{LINE_END[self.line_end]}|\\Z)"
        if not quote:
            return re.compile(f"(?:(?!)()|({plain})){end}", re.DOTALL)
        pieces = [f"{quote}{quote}"] * self.doubled + [rf"{escape}."] * bool(escape)
        if self.escape == QUOTE_ESCAPE:
            pieces = [r'\\"?']
        if len(self.escape) > 1:
            plain = f"[^{delimiter}{ends}]*+"
        loop = (
            "*" if self.escape == QUOTE_ESCAPE else "*+"
        )  # after R's backslash a quote may yet be the one that closes
        inside = f"[^{quote}{escape}]*+(?:(?:{'|'.join(pieces) or '(?!)'})[^{quote}{escape}]*+){loop}"
        return re.compile(f"(?:{quote}({inside}){quote}|(?!{quote})({plain})){end}", re.DOTALL)

    def unescaped(self, inside: str, quoted: bool) -> str:
        """The value of a cell of these characters."""
        if self.escape == QUOTE_ESCAPE:
            return inside.replace(QUOTE_ESCAPE, '"') if quoted else inside
        if self.escape and "\\" in inside:
            if not quoted and (inside == MISSING_CELL or self.escape == ENCLOSED_ESCAPE):
                return inside
            pattern = r"\\(.)" + (f"|{self.quote}({self.quote})" if quoted and self.doubled else "")
            return re.sub(
                pattern, lambda found: ESCAPED_LETTERS.get(found[1], found[1]) or found[2], inside, flags=re.DOTALL
            )
        return inside.replace(self.quote * 2, self.quote) if quoted and self.doubled else inside


@dataclass
class Row:
    """One row: its cells, which of them stood in quotes, its place in the text; no cells where quotes break.

    `raw` are the cells as they stand in the file, quotes left out, in a dialect with an escape.
    """

    cells: tuple[str, ...] | None
    quoted: tuple[bool, ...]
    start: int
    end: int
    raw: tuple[str, ...] = ()


@dataclass
class Parsed:
    """A piece of a file as one dialect reads it."""

    text: str
    dialect: Dialect
    rows: list[Row] = field(default_factory=list)
    blank: list[Row] = field(default_factory=list)  # lines, which are not rows
    hopeless: bool = False  # too many faults; not read to its end

    @cached_property
    def table(self) -> list[tuple[str, ...] | None]:
        """The cells of every row."""
        return [row.cells for row in self.rows]

    def lines(self, row: Row) -> list[str]:
        """The physical lines of a row, without their ends."""
        return split_lines(self.text[row.start : row.end], self.dialect.line_end)


def split_lines(text: str, line_end: str) -> list[str]:
    """The lines of a text without their ends; nothing for what follows the last end."""
    lines = re.split(LINE_END[line_end], text)
    return lines[:-1] if lines and not lines[-1] else lines


def line_end_before(text: str, place: int) -> str:
    """The line end that stands before a place of a text."""
    return "\r\n" if text.endswith("\r\n", 0, place) else text[place - 1 : place]


def tokenize(text: str, dialect: Dialect, complete: bool = True) -> Parsed:
    """The rows of a text in this dialect, blank lines left out.

    A row in which quotes break the grammar has no cells and ends with its first line. When the text is not complete, a
    fault in what may be the beginning of a longer row, its last, is none.
    """
    parsed = Parsed(text, dialect)
    match, ends = dialect.pattern().match, re.compile(LINE_END[dialect.line_end])
    place, faults, read_again = 0, 0, 0
    while place < len(text):
        start, raw, quoted, end = place, [], [], dialect.delimiter
        while end == dialect.delimiter:
            found = match(text, place)
            if found is None:
                break
            inside, plain, end = found.groups()
            quoted.append(inside is not None)
            raw.append(plain if inside is None else inside)
            place = found.end()
        if found is None:
            line, read_again = ends.search(text, start), read_again + place - start
            place = line.end() if line else len(text)
            if not complete and (line is None or dialect.quote not in text[place:]):
                return parsed
            faults += 1
            parsed.rows.append(Row(None, (), start, place))
            if (faults > MOST_FAULTS and faults * 4 > len(parsed.rows)) or read_again > REREAD_RATIO * len(text):
                parsed.hopeless = True
                return parsed
            continue
        cells, kept = tuple(map(dialect.unescaped, raw, quoted)), tuple(raw) if dialect.escape else ()
        row = Row(cells, tuple(quoted), start, place, kept)
        (parsed.rows if len(raw) > 1 or raw[0] or quoted[0] else parsed.blank).append(row)
    return parsed
