"""How the programs that write tables enclose and escape cells, and which rows of a reading they cannot have written.

A family of writers is a `Habit`. Given the cells that a reading found, a habit says how its writers would have written
them; a row that stands otherwise in the file is a misfit. `tasks.sources.deciding` takes the reading that a habit
explains without misfits.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import Literal, NamedTuple

from tasks.sources.dialects import DELIMITERS, ENCLOSED_ESCAPE, MISSING_CELL, NO_DELIMITER, QUOTE_ESCAPE, Dialect, Row
from tasks.sources.evidence import MISSING_WORDS, NUMBER, Reading

Encloses = Literal["needed", "texts", "any", "none"]


class Habit(NamedTuple):
    """A family of writers: which cells it encloses in quotes, and which characters it escapes.

    `encloses` is needed (the cells that could not be read otherwise), texts (all cells but numbers and missing ones),
    any (as somebody does by hand) or none. `escaped` are the characters that get the escape before them, besides the
    escape and, without quotes, the delimiter. `delimiters` and `line_ends` are those of its writers, all where empty.
    """

    encloses: Encloses
    quote: str = '"'
    escape: str = ""
    escaped: str = ""
    delimiters: str = ""
    line_ends: tuple[str, ...] = ()
    also_needed: str = ""  # characters that this writer encloses without need
    one_column: str = ""  # where a single column hides the delimiter: the one that was written, if not any

    @property
    def is_mysql(self) -> bool:
        """Whether it has words of its own for a missing cell and for NUL."""
        return "\0" in self.escaped

    def dialect(self, plain: Dialect) -> Dialect:
        """The dialect in which its tables are read; `plain` has the delimiter and the line end."""
        if self.encloses == "none":
            return plain._replace(quote="", doubled=False, escape=self.escape)
        return plain._replace(quote=self.quote, doubled=not self.escape, escape=self.escape)


MINIMAL = Habit("needed", one_column=DELIMITERS)  # Python csv, pandas, polars, DuckDB, Excel
TEXTS = Habit("texts")  # pyarrow, R, and writers set to quote texts or everything
BY_HAND = Habit("any", delimiters=",;|", one_column=",")  # RFC 4180 lets any cell be enclosed
CHARACTERS = Habit("none", one_column=",\t")  # QUOTE_NONE, quote=FALSE, a plain join
UNICODE_TEXT = Habit("needed", delimiters="\t", line_ends=("\r\n",), also_needed=",")  # Excel's, in UTF-16
BOTH = ("\n", "\r\n")
HABITS = (
    MINIMAL,
    TEXTS,
    BY_HAND,
    CHARACTERS,
    Habit("needed", "'", delimiters=",;|", one_column=","),  # Python csv with quotechar="'"
    Habit("texts", "'", delimiters=",;|"),
    Habit("needed", escape="\\", escaped='"', delimiters=",", line_ends=BOTH),  # Python and pandas, doublequote=False
    Habit("texts", escape="\\", escaped='"', delimiters=",", line_ends=BOTH),
    Habit("needed", '"', ENCLOSED_ESCAPE, '"', ",", ("\n",), also_needed="#"),  # DuckDB, ESCAPE '\'
    Habit("texts", escape="\\", escaped='"\n\0', delimiters=",", line_ends=("\n",)),  # MySQL, ENCLOSED BY '"'
    Habit("texts", escape=QUOTE_ESCAPE, escaped='"', delimiters=",\t ", line_ends=("\n",)),  # R's write.table
    Habit("none", escape="\\", escaped='"\r\n', delimiters=",\t", line_ends=("\r\n",)),  # Python, QUOTE_NONE
    Habit("none", escape="\\", escaped='"\n', delimiters=",\t", line_ends=("\n",)),
    Habit("none", escape="\\", escaped="\n\0", delimiters="\t", line_ends=("\n",)),  # MySQL
)


ONE_WAY = re.compile(r"^$|[\r\n]")  # what some writers enclose that need not
HASHES = re.compile(r"^$|[#\r\n]")  # DuckDB, whose lines end in LF, encloses every cell that holds a hash


class Rules(NamedTuple):
    """A habit for one delimiter: what must stand in quotes, what may, and how a cell is escaped."""

    must: Callable[[str], object]
    may: Callable[[str], object]
    escaped: Callable[[str], str] | None
    missing: frozenset[str]


@lru_cache
def rules_of(habit: Habit, delimiter: str, line_end: str) -> Rules:
    """The rules of a habit; a line end that is a character in this file may stand in quotes and need not."""
    bare = habit.escape == "\\" or habit.encloses in ("none", "any")
    quote = "" if bare else habit.quote  # escaped, or a character
    needed = "[" + re.escape(delimiter + quote + habit.also_needed + ("\r\n" if line_end == "any" else line_end)) + "]"
    escape = _escaping(habit, delimiter) if habit.escape else None
    missing = frozenset({MISSING_CELL})
    missing = missing if habit.is_mysql else MISSING_WORDS - missing
    may = HASHES if line_end == "\n" else ONE_WAY
    return Rules(re.compile(needed).search, may.search, escape, missing)


def _escaping(habit: Habit, delimiter: str) -> Callable[[str], str]:
    if habit.escape == QUOTE_ESCAPE:
        return lambda cell: cell.replace('"', QUOTE_ESCAPE)
    characters = "\\" + habit.escaped + (delimiter if habit.encloses == "none" else "")
    pattern = re.compile(f"[{re.escape(characters)}]")
    return lambda cell: pattern.sub(lambda found: "\\0" if found[0] == "\0" else "\\" + found[0], cell)


def misfits(habit: Habit, reading: Reading, written: str = "") -> list[Row]:
    """The rows of a reading that no writer of this habit wrote, in order.

    Writers of a single column have a delimiter too, which a text may hold: one of `written`, that leaves the fewest.
    """
    delimiter = reading.dialect.delimiter
    written = written or habit.one_column or habit.delimiters or "," if delimiter == NO_DELIMITER else delimiter
    for each in written:
        if (habit, each) not in reading.misfits:
            rules = rules_of(habit, each, reading.dialect.line_end)
            if habit.encloses == "needed" and reading.dialect.line_end == "\n" and reading.leaves_hashes_bare:
                rules = rules._replace(may=ONE_WAY.search)
            reading.misfits[habit, each] = _misfits(habit, reading, rules)
    return min((reading.misfits[habit, each] for each in written), key=len)


def _misfits(habit: Habit, reading: Reading, rules: Rules) -> list[Row]:
    odd = {row.start: row for row in reading.suspects}
    for number, row in enumerate(reading.rows):
        if row.start not in odd and row.cells is not None:
            as_written = (
                _is_header(habit, row, rules)
                if reading.header and not number
                else _is_row(habit, row, rules, habit.encloses)
            )
            if not as_written:
                odd[row.start] = row
    return [odd[start] for start in sorted(odd)]


def _is_header(habit: Habit, row: Row, rules: Rules) -> bool:
    """Whether a writer of this habit wrote such names: they have no quotes of their own around them.

    pyarrow encloses all names, also where it encloses no cell.
    """
    if any(len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" for name in row.cells or ()):
        return False
    if habit.escape == QUOTE_ESCAPE:  # R encloses the names wherever it encloses cells
        return all(row.quoted)
    return all(row.quoted) or habit.encloses == "any" or _is_row(habit, row, rules, "needed")


def _is_row(habit: Habit, row: Row, rules: Rules, encloses: Encloses) -> bool:
    cells = row.cells or ()
    if rules.escaped and not all(map(_is_escaped, cells, row.raw, row.quoted, repeat(habit), repeat(rules.escaped))):
        return False
    if habit.encloses == "none":
        return bool(rules.escaped) or not any(map(rules.must, cells))
    if encloses == "any":  # a quote inside a bare cell is let pass, as many readers do
        return all(quoted or not rules.must(cell) for cell, quoted in zip(cells, row.quoted, strict=True))
    check = _encloses_needed if encloses == "needed" else _encloses_texts
    return all(check(cell, quoted, rules) for cell, quoted in zip(cells, row.quoted, strict=True))


def _is_escaped(cell: str, raw: str, quoted: bool, habit: Habit, escaped: Callable[[str], str]) -> bool:
    if not quoted and (habit.escape == ENCLOSED_ESCAPE or (habit.is_mysql and raw == MISSING_CELL)):
        return True
    return raw == escaped(cell)


def _encloses_needed(cell: str, quoted: bool, rules: Rules) -> bool:
    needed = rules.must(cell) is not None
    return needed == quoted or (quoted and rules.may(cell) is not None)


def _encloses_texts(cell: str, quoted: bool, rules: Rules) -> bool:
    return quoted or not cell or cell in rules.missing or NUMBER.fullmatch(cell) is not None


def habits_for(plain: Dialect, marks: set[str], wide: bool) -> Iterator[Habit]:
    """The habits that a text may be of, by its delimiter, its line end and its marks: opening quotes, backslashes."""
    ends = "\r\n" if plain.line_end == "any" else plain.line_end
    for habit in (*HABITS, UNICODE_TEXT) if wide else HABITS:
        if (
            (plain.delimiter in (*habit.delimiters, NO_DELIMITER) or not habit.delimiters)
            and (ends in habit.line_ends or not habit.line_ends)
            and (not habit.escape or "\\" in marks)
            and (habit.quote != "'" or "'" in marks)
        ):
            yield habit
