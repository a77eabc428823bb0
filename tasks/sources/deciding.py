"""The dialect of a delimited table, decided by the evidence in its beginning; doubt is refused, naming the option.

The reading is taken that some family of writers explains: they would have written its cells as they stand. What writers
do unasked (Python csv, pandas, polars, DuckDB, Excel, pyarrow) comes first. Of other families that explain different
readings none is taken, except that sound quotes around the cells that need them are syntax, not characters.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from tasks.sources.dialects import BACKSLASH, DELIMITERS, MISSING_CELL, NO_DELIMITER, Dialect, Row
from tasks.sources.errors import SourceError
from tasks.sources.evidence import FEWEST_QUOTED, Reading
from tasks.sources.formats import suffix
from tasks.sources.habits import BY_HAND, CHARACTERS, MINIMAL, TEXTS, UNICODE_TEXT, Habit, habits_for, misfits
from tasks.sources.lines import choose_line_end
from tasks.sources.options import ReadingOptions

COMMON = (",", NO_DELIMITER)
SPACED_HEADER = re.compile(r'"[^"]*"(?: "[^"]*")*\s*$')  # R's write.table separates by blanks
EARLY_CHARACTERS = 1 << 16  # enough to decide by, where all of the beginning bears it out
SOUND_SHARE = 20  # for one row that fails, so many that prove the reading: the one is damaged and set aside
MIXED = (
    "{name}: some quotes in it enclose cells and some are characters (for example {example!r}): say which with "
    "--quoting minimal (rows with other quotes are set aside) or --quoting none"
)
UNCLEAR = (
    "{name}: quotes in it may enclose cells or be characters of the text (for example {example!r}): say which with "
    "--quoting minimal or --quoting none"
)
BACKSLASHES = (
    "{name}: backslashes in it may escape the character after them or be characters themselves (for example "
    "{example!r}): say which with --escape backslash or --escape none"
)
OR_ESCAPES = ", or --escape backslash if backslashes in it escape quotes"


Read = Callable[[Dialect], Reading]


class Decision(NamedTuple):
    """The beginning of a file in its dialect, and whether quotes or backslashes were seen there that prove it.

    `habit` are the writers that explain every row of it, where no other ones do who read it otherwise.
    """

    reading: Reading
    proved: bool
    habit: Habit | None = None


class Doubt(Exception):
    """Two readings are as good as each other; the argument is the message, without the name of the file."""


class MixedError(Doubt):
    """No reading explains all rows."""


def decide(text: str, complete: bool, options: ReadingOptions, name: str, wide: bool = False) -> Decision:
    """The dialect of a file that begins with this text; `wide` if it is in UTF-16, where Excel separates by tabs.

    Raises SourceError, naming the option, where it stays open.
    """
    return _decide_early(text, complete, options, name, wide) or _decide(text, complete, options, name, wide)


def _decide_early(text: str, complete: bool, options: ReadingOptions, name: str, wide: bool) -> Decision | None:
    """What a small part of the text decides, if all of the text bears it out: to try every habit on all takes a second.

    Others that the small part rules out are ruled out by the whole text; those that read it alike give way to a
    writer's defaults.
    """
    early = text[: text.rfind("\n", 0, EARLY_CHARACTERS) + 1]
    if not early or len(text) <= EARLY_CHARACTERS or choose_line_end(early) != choose_line_end(text):
        return None
    try:
        decision = _decide(early, False, options, name, wide)
    except SourceError:
        return None
    if decision.habit is None:
        return None
    reading = Reading(text, decision.reading.dialect, complete, options.header)
    if reading.parsed.hopeless:
        return None
    whole = Explanation(decision.habit, reading, misfits(decision.habit, reading))
    return Decision(reading, True, whole.habit) if not whole.misfits and whole.is_default else None


def _decide(text: str, complete: bool, options: ReadingOptions, name: str, wide: bool) -> Decision:
    """The dialect by all of the text. Raises SourceError where it stays open."""
    line_end = choose_line_end(text)
    found: list[tuple[float, Decision | Doubt]] = []

    @cache
    def read(dialect: Dialect) -> Reading:
        return Reading(text, dialect, complete, options.header)

    for delimiter in candidate_delimiters(text, options, name):
        try:
            decision = _decide_quotes(text, Dialect(delimiter, line_end=line_end), read, options, wide)
            found.append((decision.reading.share_of_faults - (decision.reading.width > 1), decision))
        except Doubt as doubt:
            found.append((-1, doubt))
    _, best = min(found, key=lambda each: each[0])
    if isinstance(best, Doubt):
        raise SourceError(str(best).replace("{name}", name))
    _refuse_shifted_rows(best.reading, name)
    return best


def _refuse_shifted_rows(reading: Reading, name: str) -> None:
    """Raise SourceError where most rows have one cell more than the header: the few others would be read shifted."""
    longer = sum(row.cells is not None and len(row.cells) == reading.width + 1 for row in reading.faults)
    if longer >= FEWEST_QUOTED and longer * 2 > len(reading.rows):
        raise SourceError(
            f"{name}: most rows have one cell more than the header has names: name the missing column, say --delimiter "
            "if it is another, or --no-header and give columns by their numbers"
        )


def candidate_delimiters(text: str, options: ReadingOptions, name: str) -> list[str]:
    """Delimiters that may separate the cells, the likeliest first; never none."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    if options.delimiter:
        return [options.delimiter]
    if suffix(name) in (".tsv", ".tab") and "\t" in first:
        return ["\t"]
    outside = re.sub(r'"(?:[^"]|"")*"', '""', first)
    counts = {delimiter: outside.count(delimiter) for delimiter in DELIMITERS}
    likely = sorted((each for each in counts if counts[each]), key=lambda each: -counts[each])
    if likely:
        return likely
    if SPACED_HEADER.match(first) and " " in outside:
        return [" "]
    return [_row_names_delimiter(text) or NO_DELIMITER]


def _row_names_delimiter(text: str) -> str | None:
    """What separates R's running numbers from the one column that the header names."""
    below = re.split(r"[\r\n]+", text, maxsplit=1)[-1]
    for delimiter in DELIMITERS + " ":
        numbers = re.findall(rf'^"(\d+)"{re.escape(delimiter)}"', below, re.MULTILINE)
        if numbers and below.startswith('"1"') and numbers == [str(number) for number in range(1, len(numbers) + 1)]:
            return delimiter
    return None


class Explanation(NamedTuple):
    """A reading, the habit of writers that is to explain it, and the rows that it does not."""

    habit: Habit
    reading: Reading
    misfits: list[Row]

    @property
    def is_default(self) -> bool:
        """Whether the file stands as Python csv, pandas, polars, DuckDB, Excel or pyarrow write it unasked."""
        dialect = self.reading.dialect
        if self.habit == TEXTS:
            return dialect.delimiter in COMMON and dialect.line_end == "\n" and all(self.reading.rows[0].quoted)
        if self.habit != MINIMAL or dialect.delimiter not in COMMON:
            return False
        of_pyarrow = dialect.line_end == "\n"  # which encloses the names, and of the cells those that need it
        return (of_pyarrow or not self.reading.encloses_names()) and not misfits(self.habit, self.reading, written=",")


def _decide_quotes(text: str, plain: Dialect, read: Read, options: ReadingOptions, wide: bool) -> Decision:
    """The reading with this delimiter, quotes decided. Raises Doubt."""
    if options.quoting:
        return Decision(read(_told(plain, options)), True)
    if options.escape == "backslash":
        return _decide_quotes_beside_escapes(plain, read)
    opening = set(re.findall(rf"(?:\A|[{re.escape(plain.delimiter)}\r\n])([\"'])", text))
    marks = opening | ({"\\"} & set(text))
    if not marks:
        return Decision(read(plain), False)
    found = []
    for habit in habits_for(plain, marks, wide):
        if habit.escape and options.escape:
            continue
        reading = read(habit.dialect(plain))
        if reading.rows and not reading.parsed.hopeless:
            found.append(Explanation(habit, reading, misfits(habit, reading)))
    chosen = _choose(_without_shared_faults(text, found))
    if options.escape is None and _could_be_of_r(chosen):
        raise Doubt(_example(BACKSLASHES, chosen.reading))
    proved = '"' in opening or chosen.reading.dialect != plain
    whole = [each for each in found if not each.misfits]
    settled = bool(whole) and all(_alike(each, chosen) for each in whole)
    return Decision(chosen.reading, proved, chosen.habit if settled else None)


def _told(plain: Dialect, options: ReadingOptions) -> Dialect:
    """The dialect that the options name. Quotes may be doubled beside escapes: some writers do both."""
    dialect = CHARACTERS.dialect(plain) if options.quoting == "none" else plain
    return dialect._replace(escape=BACKSLASH) if options.escape == "backslash" else dialect


def _decide_quotes_beside_escapes(plain: Dialect, read: Read) -> Decision:
    """The reading of a text in which backslashes escape, as the user says. Raises Doubt where quotes stay open."""
    enclosing, bare = read(plain._replace(escape=BACKSLASH)), read(CHARACTERS.dialect(plain)._replace(escape=BACKSLASH))
    faults, broken = _faults(enclosing), any(row.cells is None for row in enclosing.rows)
    quoted = any(any(row.quoted) for row in enclosing.rows)
    if not (broken or quoted):
        return Decision(enclosing, False)
    if not faults and (enclosing.encloses_without_need() or enclosing.encloses_needed_alone()):
        return Decision(enclosing, True)
    if faults and not _faults(bare):
        return Decision(bare, True)
    raise MixedError(_example(MIXED, enclosing)) if faults else Doubt(_example(UNCLEAR, enclosing))


def _faults(reading: Reading) -> list[Row]:
    """The rows that fail or hold others."""
    return [row for row in reading.suspects if row not in reading.parsed.blank]


def _choose(found: list[Explanation]) -> Explanation:
    """The explanation of all rows; else the one of nearly all. Raises Doubt."""
    whole = [each for each in found if not each.misfits]
    if whole:
        return _most_likely(whole)
    best = min(found, key=lambda each: len(each.misfits))
    rivals = [len(each.misfits) for each in found if not _alike(each, best)]
    if rivals and len(best.misfits) * SOUND_SHARE > min(rivals):
        raise MixedError(_example(MIXED, found[0].reading))
    return best


def _most_likely(whole: list[Explanation]) -> Explanation:
    """Of several explanations of all rows, that by a writer's defaults; else the only one. Raises Doubt."""
    default = next((each for each in whole if each.is_default), None)
    if default:
        return default
    if any(each.habit in (MINIMAL, UNICODE_TEXT) or _shows_enclosing(each) for each in whole):
        whole = [each for each in whole if each.habit != CHARACTERS]
    if any(_has_missing_cells(each.reading) for each in whole):
        whole = [each for each in whole if each.habit.escape] or whole
    for other in whole[1:]:
        if not _alike(other, whole[0]):
            message = BACKSLASHES if other.habit.escape or whole[0].habit.escape else UNCLEAR
            raise Doubt(_example(message, whole[0].reading))
    return whole[0]


def _alike(one: Explanation, other: Explanation) -> bool:
    """Whether both read the same cells; in one, a row at the end may go on after this text."""
    tables = one.reading.parsed.table, other.reading.parsed.table
    rows = max(map(len, tables)) if one.reading.complete else min(map(len, tables))
    return tables[0][:rows] == tables[1][:rows]


def _could_be_of_r(explanation: Explanation) -> bool:
    r"""Whether R, which escapes no backslash, may have written it: `\\"` at a text's end then says either of two."""
    reading, header = explanation.reading, explanation.reading.rows[:1]
    if explanation.habit.escape != "\\" or explanation.habit.encloses != "texts" or not all(header[0].quoted):
        return False
    if reading.dialect.line_end != "\n":
        return False
    return any(
        quoted and raw.endswith("\\\\") for row in reading.body for raw, quoted in zip(row.raw, row.quoted, strict=True)
    )


def _shows_enclosing(explanation: Explanation) -> bool:
    return explanation.habit in (TEXTS, BY_HAND) and explanation.reading.encloses_without_need()


def _without_shared_faults(text: str, found: list[Explanation]) -> list[Explanation]:
    """The explanations without the rows that none of them explains: these are damaged.

    A row of several lines, whose quotes are sound and which only has too many or too few cells, is damaged as a whole.
    """
    if not all(each.misfits for each in found):
        return found
    starts = [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]

    def lines(row: Row) -> set[int]:
        return set(range(bisect_right(starts, row.start), bisect_left(starts, row.end) + 1))

    shared = set.intersection(*(set().union(*map(lines, each.misfits)) for each in found))

    def tells(row: Row, reading: Reading) -> bool:
        miscounted = row.cells is not None and len(row.cells) != reading.width
        return not lines(row) & shared if miscounted else bool(lines(row) - shared)

    return [each._replace(misfits=[row for row in each.misfits if tells(row, each.reading)]) for each in found]


def _has_missing_cells(reading: Reading) -> bool:
    r"""Whether a column holds `\N` again and again and no empty cell: a writer's word for what is missing."""
    columns = zip(*(row.cells for row in reading.body if row.cells), strict=True)
    return any(column.count(MISSING_CELL) > FEWEST_QUOTED and "" not in column for column in columns)


def _example(message: str, reading: Reading) -> str:
    """The message with a line that shows what is in doubt; of backslashes, where they alone can be."""
    text, escapes = reading.parsed.text, reading.dialect.escape
    if BACKSLASH in text and not escapes and message != BACKSLASHES:
        message = f"{message}{OR_ESCAPES}" if '"' in text else BACKSLASHES
    mark = "\\" if message == BACKSLASHES else '"'
    broken = [row for row in reading.faults if row.cells is None]
    lines = [line for row in (*broken, *reading.rows) for line in reading.parsed.lines(row) if mark in line]
    return message.replace("{example!r}", repr(lines[0][:80] if lines else ""))
