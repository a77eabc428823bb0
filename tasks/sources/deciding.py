"""The dialect of a delimited table, decided by the evidence in its beginning; doubt is refused, naming the option.

Comma-separated files with sound quotes are what Python, pandas, polars, DuckDB and spreadsheets write, so there quotes
are syntax wherever that reading never fails. Elsewhere quotes may as well be characters: there the file must show it.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from tasks.sources.dialects import MISSING_CELL, NO_DELIMITER, QUOTE_ESCAPE, Dialect
from tasks.sources.evidence import Quoted, Reading
from tasks.sources.formats import suffix
from tasks.sources.limits import SourceError
from tasks.sources.lines import choose_line_end
from tasks.sources.options import ReadingOptions

DELIMITERS = ",\t;|"
COMMON = (",", NO_DELIMITER)
SPACED_HEADER = re.compile(r'"[^"]*"(?: "[^"]*")*\s*$')  # R's write.table separates by blanks
SOUND_SHARE = 20  # for one row that fails, so many that prove the reading: the one is damaged and set aside
FEWEST_QUOTED = 3  # texts, all in quotes that they do not need, before that is taken for a habit of their writer
ESCAPES = re.compile(r"\\(.?)", re.DOTALL)
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
    "{example!r}): say --quoting minimal or --quoting none if they are characters"
)


Read = Callable[[Dialect], Reading]


class Decision(NamedTuple):
    """The beginning of a file in its dialect, and whether quotes or backslashes were seen there that prove it."""

    reading: Reading
    proved: bool


class Doubt(Exception):
    """Two readings are as good as each other; the argument is the message, without the name of the file."""


class MixedError(Doubt):
    """No reading explains all rows."""


def decide(text: str, complete: bool, options: ReadingOptions, name: str, wide: bool = False) -> Decision:
    """The dialect of a file that begins with this text; `wide` if it is in UTF-16, where Excel separates by tabs.

    Raises SourceError, naming the option, where it stays open.
    """
    line_end = choose_line_end(text)
    found: list[tuple[float, Decision | Doubt]] = []

    @cache
    def read(dialect: Dialect) -> Reading:
        return Reading(text, dialect, complete, options.header)

    for delimiter in candidate_delimiters(text, options, name):
        try:
            dialect, proved = _decide_quotes(text, Dialect(delimiter, line_end=line_end), read, options, wide)
            reading = read(dialect)
            found.append((reading.share_of_faults - (reading.width > 1), Decision(reading, proved)))
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
    for delimiter in (*DELIMITERS, " "):
        numbers = re.findall(rf'^"(\d+)"{re.escape(delimiter)}"', below, re.MULTILINE)
        if numbers and below.startswith('"1"') and numbers == [str(number) for number in range(1, len(numbers) + 1)]:
            return delimiter
    return None


def _decide_quotes(text: str, plain: Dialect, read: Read, options: ReadingOptions, wide: bool) -> tuple[Dialect, bool]:
    """The dialect, quotes decided, and whether the text proves it. Raises Doubt."""
    if options.quoting:
        return (_characters(plain) if options.quoting == "none" else plain), True
    opening = set(re.findall(rf"(?:\A|[{re.escape(plain.delimiter)}\r\n])([\"'])", text))
    if "'" in opening and _apostrophes_enclose_the_header(read(plain._replace(quote="'"))):
        return plain._replace(quote="'"), True
    characters, proved, chosen = read(_characters(plain)), False, plain
    try:
        if '"' in opening:
            syntax = read(plain)
            proved = bool(syntax.faults) or any(any(row.quoted) for row in syntax.rows)
            chosen = _quotes_or_characters(syntax, characters, wide or plain.delimiter in COMMON)
    except MixedError:
        other = _other_writers(text, plain, opening, read)
        if other is None:
            raise
        return other, True
    if read(chosen).faults and ("'" in opening or "\\" in text):
        other = _other_writers(text, plain, opening, read)
        if other is not None:
            return other, True
    dialect = _check_escapes(text, chosen, read, proved)
    if "'" in opening:
        _refuse_apostrophes(plain, read(dialect), read)
    return dialect, proved


def _refuse_apostrophes(plain: Dialect, chosen: Reading, read: Read) -> None:
    """Raise Doubt where the chosen reading is doubtful and apostrophes that enclose fields give another sound one."""
    if not (chosen.quotes().bare_quotes or chosen.suspects()):
        return
    apostrophes = read(plain._replace(quote="'"))
    if not apostrophes.faults and apostrophes.quotes().needed and apostrophes.parsed.table != chosen.parsed.table:
        raise Doubt(_example(UNCLEAR, apostrophes))


def _characters(plain: Dialect) -> Dialect:
    return plain._replace(quote="", doubled=False)


def _apostrophes_enclose_the_header(reading: Reading) -> bool:
    return not reading.faults and bool(reading.rows) and all(reading.rows[0].quoted)


def _quotes_or_characters(syntax: Reading, characters: Reading, common: bool) -> Dialect:
    """The dialect in which quotes are what they must be. Raises Doubt."""
    failed, failed_too = syntax.failures(characters), characters.failures(syntax)
    if failed and failed_too:
        if failed * SOUND_SHARE <= failed_too and not syntax.parsed.hopeless:
            return syntax.dialect
        if failed_too * SOUND_SHARE <= failed and not characters.parsed.hopeless:
            return characters.dialect
        raise MixedError(_example(MIXED, syntax))
    if failed:
        return characters.dialect
    table = syntax.parsed.table  # shorter by what may go on after this text
    if failed_too or table == characters.parsed.table[: len(table)]:
        return syntax.dialect
    return _by_habit(syntax, characters, common)


def _by_habit(syntax: Reading, characters: Reading, common: bool) -> Dialect:
    """Of two readings that never fail, the one that a writer would have written so. Raises Doubt."""
    quotes = syntax.quotes()
    if quotes.header or (common and quotes == Quoted()):  # what stands in quotes fails in both readings: set aside
        return syntax.dialect
    if quotes.bare_quotes:
        if common or quotes.doubled:
            raise Doubt(_example(UNCLEAR, syntax))
        return characters.dialect
    if quotes.mixed:
        if all(needless >= max(plain, FEWEST_QUOTED) for needless, plain in quotes.mixed):
            return syntax.dialect
        if common:
            raise Doubt(_example(UNCLEAR, syntax))
        return characters.dialect
    if quotes.doubled or quotes.needless >= FEWEST_QUOTED or (common and quotes.needed):
        return syntax.dialect
    raise Doubt(_example(UNCLEAR, syntax))


def _other_writers(text: str, plain: Dialect, opening: set[str], read: Read) -> Dialect | None:
    """A dialect of rarer writers (escaped quotes, apostrophes around cells) that never fails, if there is one."""
    tried = []
    if "\\" in text:
        tried += [plain._replace(escape="\\"), plain._replace(escape="\\", doubled=False)]
        tried += [plain._replace(quote="", doubled=False, escape="\\")]
        tried += [plain._replace(escape=QUOTE_ESCAPE, doubled=False)]
    if "'" in opening:
        tried += [plain._replace(quote="'")]
        tried += [plain._replace(quote="'", escape="\\", doubled=False)] * ("\\" in text)
    for dialect in tried:
        reading = read(dialect)
        habit = not dialect.quote or reading.quotes().is_habit
        if habit and _sound(reading) and not (dialect.escape and dialect.quote and _escaped_twice(reading)):
            return dialect
    return None


def _escapes_only_what_must_be(reading: Reading) -> bool:
    """Whether every backslash stands before what a writer would escape."""
    dialect = reading.dialect
    if not dialect.escape:
        return True
    if dialect.escape == QUOTE_ESCAPE:
        return bool(reading.rows) and all(reading.rows[0].quoted) and reading.quotes().is_habit
    return _escapes_only(reading.parsed.text, dialect)


def _escapes_only(text: str, dialect: Dialect) -> bool:
    """Whether every backslash of a text stands before what has a meaning in the dialect."""
    special = {dialect.quote or dialect.delimiter, '"', "\\", "\r", "\n", "0"}
    special |= set(DELIMITERS) if dialect.delimiter == NO_DELIMITER else set()
    found = ESCAPES.findall(re.sub(_missing_cell(dialect), "", text))
    return all(character in special for character in found)


def _check_escapes(text: str, chosen: Dialect, read: Read, proved: bool) -> Dialect:
    """The dialect chosen, unless backslashes escape in it. Raises Doubt where they may."""
    if "\\" not in text:
        return chosen
    backslash = chosen._replace(quote='"', escape="\\", doubled=False)
    if not any(_escapes_only(text, each) for each in (backslash, chosen._replace(escape="\\"))):
        return chosen
    plain, enclosed = read(chosen), read(backslash)
    quotes = enclosed.quotes()
    if not chosen.quote and _sound(enclosed) and (quotes.header or quotes.needless >= FEWEST_QUOTED):
        if quotes.is_habit and not _escaped_twice(enclosed):
            return enclosed.dialect
        raise Doubt(_backslashes(text))
    escaping = read(chosen._replace(escape="\\"))
    if not _sound(escaping) or escaping.parsed.table == plain.parsed.table:
        return chosen
    if (plain.suspects() and not escaping.suspects()) or _has_missing_cells(plain):
        return escaping.dialect
    bare = plain.quotes().bare_quotes > 0
    if bare and read(_characters(chosen)).faults and escaping.quotes().is_habit:
        return escaping.dialect
    sound = chosen.quote and (proved or chosen.delimiter in COMMON) and not bare
    sound = sound and not re.search(r"\\(\r\n|\n|\r)(\r\n|\n|\r)", text)  # a blank line, or half of an escaped end
    if sound and not (chosen.delimiter == NO_DELIMITER and re.search(rf"\\[{re.escape(DELIMITERS)}]", text)):
        return chosen
    raise Doubt(_backslashes(text))


def _sound(reading: Reading) -> bool:
    return not reading.faults and _escapes_only_what_must_be(reading)


def _escaped_twice(reading: Reading) -> bool:
    """Whether two backslashes may be two: R escapes quotes alone, and separates by tabs and blanks."""
    return reading.dialect.escape == "\\" and reading.dialect.delimiter not in COMMON and "\\\\" in reading.parsed.text


def _has_missing_cells(plain: Reading) -> bool:
    r"""Whether a column holds `\N` again and again and no empty cell: a writer's word for what is missing."""
    columns = zip(*(row.cells for row in plain.body if row.cells), strict=True)
    return plain.dialect.delimiter != "," and any(
        column.count(MISSING_CELL) > FEWEST_QUOTED and "" not in column for column in columns
    )


def _missing_cell(dialect: Dialect) -> str:
    """A pattern of MySQL's word for a missing cell."""
    around = f"{re.escape(dialect.delimiter)}\r\n"
    return rf"(?<![^{around}])\\N(?=[{around}]|\Z)"


def _backslashes(text: str) -> str:
    example = next(line for line in re.split(r"[\r\n]+", text) if "\\" in line)
    return BACKSLASHES.replace("{example!r}", repr(example[:80]))


def _example(message: str, syntax: Reading) -> str:
    """The message with a line that shows what is in doubt."""
    doubtful = [row for row in syntax.faults if row.cells is None] or [row for row in syntax.body if any(row.quoted)]
    line = syntax.parsed.lines(doubtful[0])[0] if doubtful else ""
    return message.replace("{example!r}", repr(line[:80]))
