r"""Tables of awkward texts, and the writers that people use, each as it writes them: bytes for a table of strings.

What each writer does that has to be told apart, and what tells it:
- Python csv, pandas, Excel: quote the cells that need it; comma-separated, so sound quotes are syntax.
- pandas: leaves a bare CR without quotes in a file of LF: the line ends of the file say that it is text.
- pandas and Python with QUOTE_NONE, R with quote=FALSE, naive joins: quotes are characters; fields that open with a
  quote do not close, or others hold bare quotes.
- pyarrow, R, MySQL with enclosures: every text in quotes, header too or not; a habit of the whole column.
- polars, DuckDB: an empty text is "" and a missing one nothing.
- MySQL, Python with an escape character: backslashes before what is special and nowhere else, \N for missing.
- R: one name less than cells, for the row names; words separated by blanks.
- Excel: a first line sep=; and a byte order mark; CRLF; in Unicode text UTF-16, tabs, quotes around commas too.
"""

import csv
import io
import random
import re
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from document_writers import DOCUMENTS, SUFFIXES

NUMBERS = frozenset({"id", "tweet_id", "target", "label"})
TYPED_SHARE = 0.7


class Table(NamedTuple):
    """Names of columns, and rows of strings; whether ids and labels are numbers to their writer, or strings too."""

    names: tuple[str, ...]
    rows: list[tuple[str, ...]]
    typed: bool = True

    @property
    def numbers(self) -> frozenset[str]:
        """The columns of numbers."""
        return NUMBERS if self.typed else frozenset()


Writer = Callable[[Table], bytes]
SHAPES = (
    ("id", "text", "target"),
    ("id", "keyword", "location", "text", "target"),
    ("tweet_id", "tweet_text", "label"),
    ("text", "target"),
    ("target", "text"),
    ("id", "text"),
    ("text",),
)
WORDS = (
    "fire",
    "flood",
    "smoke over Oakton",
    "12 homes",
    "café",
    "🔥",
    "שלום\u200f",
    "we ran",
    "#help",
    "@mayor",
    "3.5",
)
MARKS = (
    *(",", ";", "\t", "|", '"', '"', '""', "'", "it's", "\n", "\r\n", "\r", "\\", "\\\\", "\\n", '\\"', "\x00"),
    *("\u2028", "\x85", "\u200e", " ", "  ", ", ", '", "', '"\n"', "1,2", "a\tb"),
)
WHOLE = (
    *(
        "nan",
        "NaN",
        "NULL",
        "None",
        "NA",
        '"quoted whole"',
        '"He said ""run"" now"',
        '""',
        "=SUM(A1)",
        "-5",
        "+1",
        "1e5",
    ),
    *("@user", "text", "True", "#REF!", "\\N", "'single'", "0", '"open', 'close"', "- item", "sep=;", "#comment", "1"),
)


def draw_text(draw: random.Random) -> str:
    """A text of words, marks, or one that reads like something else; rarely empty, now and then half a character."""
    kind = draw.random()
    if kind < 0.25:
        return " ".join(draw.choices(WORDS, k=draw.randint(1, 5)))
    if kind < 0.33:
        return draw.choice(WHOLE)
    if kind < 0.34:
        return ""
    if kind < 0.342:
        return "half \ud83d"
    return "".join(
        draw.choice(MARKS if draw.random() < 0.35 else WORDS) + " " * (draw.random() < 0.5) for _ in range(4)
    )


def draw_table(draw: random.Random) -> Table:
    """A table of 1 to 30 rows; half of the tables have but a few awkward texts, as real ones do."""
    names = draw.choice(SHAPES)
    plain = draw.random() * 1.5 - 0.5  # so much of the texts is without any mark
    rows = []
    for number in range(draw.choice((1, 2, 3, 5, 8, 13, 30))):
        text = " ".join(draw.choices(WORDS, k=3)) if draw.random() < plain else draw_text(draw)
        cells = {
            "id": str(1_200_000_000_000_000_000 + number * 7_919_023_757),
            "keyword": draw.choice(("", "fire", "forest fire", "flood")),
            "location": draw.choice(("", "Oakton, OR", 'the "Hood"', "Zürich", "N/A", "=1+1")),
            "text": text if len(names) > 1 or text.strip() else "fire",
            "target": draw.choice("01"),
        }
        cells |= {"tweet_id": cells["id"], "tweet_text": cells["text"], "label": cells["target"]}
        rows.append(tuple(cells[name] for name in names))
    if any("\ud83d" in cell for row in rows for cell in row):  # judged for silence alone: no other doubts in it
        rows = [tuple(cell.replace("\\", "") for cell in row) for row in rows]
    return Table(names, rows, draw.random() < TYPED_SHARE)


def encode(text: str, encoding: str = "utf-8") -> bytes:
    """Bytes, half characters written as some programs do."""
    return text.encode(encoding, "surrogatepass")


def write_csv(table: Table, encoding: str = "utf-8", before: str = "", **options: Any) -> bytes:
    """Python's own writer."""
    text = io.StringIO(newline="")
    text.write(before)
    writer = csv.writer(text, **options)
    writer.writerow(table.names)
    writer.writerows(table.rows)
    return encode(text.getvalue(), encoding)


def write_typed_csv(table: Table, **options: Any) -> bytes:
    """Python's writer with labels as numbers, so that QUOTE_NONNUMERIC tells them apart."""
    rows = [
        tuple(int(cell) if name in table.numbers else cell for name, cell in zip(table.names, row, strict=True))
        for row in table.rows
    ]
    return write_csv(table._replace(rows=rows), **options)


def refuse_marks(table: Table, separator: str) -> None:
    """Raise ValueError for cells that no reader could tell from several: the writer makes no table of them."""
    if any(mark in cell for row in table.rows for cell in row for mark in (separator, "\n", "\r")):
        raise ValueError("cannot be written so that it could be read")


def _frame(table: Table) -> Any:
    import pandas as pd

    frame = pd.DataFrame(table.rows, columns=list(table.names), dtype=object)
    return frame.astype({name: "int64" for name in table.names if name in table.numbers})


def write_pandas(table: Table, encoding: str = "utf-8", **options: Any) -> bytes:
    """DataFrame.to_csv."""
    binary = io.BytesIO()
    _frame(table).to_csv(binary, **{"index": False, "errors": "surrogatepass", "encoding": encoding} | options)
    return binary.getvalue()


def write_arrow(table: Table, **options: Any) -> bytes:
    """pyarrow.csv.write_csv."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    columns = {name: pa.array(_typed(table, place)) for place, name in enumerate(table.names)}
    sink = io.BytesIO()
    arrow_csv.write_csv(pa.table(columns), sink, arrow_csv.WriteOptions(**options))
    return sink.getvalue()


def _typed(table: Table, place: int) -> list[Any]:
    cells = [row[place] for row in table.rows]
    return list(map(int, cells)) if table.names[place] in table.numbers else cells


def write_polars(table: Table, **options: Any) -> bytes:
    """polars.DataFrame.write_csv."""
    import polars as pl

    if options.get("quote_style") == "never":
        refuse_marks(table, ",")

    frame = pl.DataFrame({name: _typed(table, place) for place, name in enumerate(table.names)})
    sink = io.BytesIO()
    frame.write_csv(sink, **options)
    return sink.getvalue()


@cache
def _duckdb() -> tuple[Any, Path, tempfile.TemporaryDirectory[str]]:
    """One connection and one file for all tables."""
    import duckdb

    connection, folder = duckdb.connect(), tempfile.TemporaryDirectory()
    connection.execute("SET threads = 1")
    return connection, Path(folder.name, "table.csv"), folder


def write_duckdb(table: Table, options: str = "") -> bytes:
    """COPY ... TO of DuckDB."""
    import pyarrow as pa

    connection, target, _ = _duckdb()
    connection.register("arrow", pa.table({name: pa.array(_typed(table, i)) for i, name in enumerate(table.names)}))
    connection.execute(f"COPY arrow TO '{target}' (FORMAT csv, HEADER{options})")
    return target.read_bytes()


def write_by_hand(table: Table) -> bytes:
    """As RFC 4180 allows it: any cell in quotes that somebody pleases to enclose, here drawn by the table."""
    draw = random.Random(repr(table))

    def text(cell: str) -> str:
        needed = re.search("[,\r\n]", cell) or cell.startswith('"')
        return '"' + cell.replace('"', '""') + '"' if needed or draw.random() < BY_HAND_SHARE else cell

    return encode("".join(",".join(map(text, row)) + "\n" for row in (table.names, *table.rows)))


def could_be_by_hand(table: Table, data: bytes) -> bool:
    """Whether these bytes are such a file of this table, whichever cells were enclosed."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8", "surrogatepass"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        return False
    return [row for row in rows if row] == [list(row) for row in (table.names, *table.rows)]


def write_r(
    table: Table, separator: str, row_names: bool, quote: bool = True, doubled: bool = True, corner: bool = False
) -> bytes:
    """R's write.table, with numbers bare; write.csv doubles quotes and names the column of row names ""."""

    def text(cell: str) -> str:
        if not quote:
            return cell
        inside = cell.replace('"', '""') if doubled else cell.replace('"', '\\"')
        return f'"{inside}"'

    if not quote:
        refuse_marks(table, separator)
    names = [text("")] * (row_names and corner) + [text(name) for name in table.names]
    lines = [separator.join(names)]
    for number, row in enumerate(table.rows, start=1):
        cells = [text(str(number))] * row_names
        cells += [cell if name in table.numbers else text(cell) for name, cell in zip(table.names, row, strict=True)]
        lines.append(separator.join(cells))
    return encode("\n".join(lines) + "\n")


def write_mysql(table: Table, separator: str = "\t", enclosure: str = "", optionally: bool = False) -> bytes:
    """SELECT ... INTO OUTFILE, the names written before by a UNION; an empty keyword or location is NULL."""
    special = {"\\", separator, "\n", *enclosure} - ({separator} if enclosure else set())

    def text(cell: str, name: str) -> str:
        if not cell and name in ("keyword", "location"):
            return "\\N"
        inside = "".join("\\0" if mark == "\x00" else f"\\{mark}" if mark in special else mark for mark in cell)
        bare = optionally and name in table.numbers and cell.isdigit()
        return inside if bare else f"{enclosure}{inside}{enclosure}"

    lines = [[f"{enclosure}{name}{enclosure}" for name in table.names]]
    lines += [[text(cell, name) for cell, name in zip(row, table.names, strict=True)] for row in table.rows]
    return encode("".join(separator.join(line) + "\n" for line in lines))


def write_excel(table: Table, separator: str = ",", before: str = "", encoding: str = "utf-8-sig") -> bytes:
    """Excel's "CSV UTF-8" and "Unicode text": quotes around separators (commas in both), quotes and line ends."""
    marks = {separator, '"', "\n", "\r", *("," if encoding == "utf-16" else "")}

    def text(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if marks & set(cell) else cell

    lines = [separator.join(map(text, row)) for row in (table.names, *table.rows)]
    return encode(before + "".join(line + "\r\n" for line in lines), encoding)


E = {"escapechar": "\\"}
PYTHON: dict[str, Writer] = {
    "csv": write_csv,
    "csv excel-tab": partial(write_csv, dialect="excel-tab"),
    "csv unix": partial(write_csv, dialect="unix"),
    "csv LF": partial(write_csv, lineterminator="\n"),
    "csv CR": partial(write_csv, lineterminator="\r"),
    "csv ;": partial(write_csv, delimiter=";"),
    "csv |": partial(write_csv, delimiter="|"),
    "csv all": partial(write_csv, quoting=csv.QUOTE_ALL),
    "csv all tab": partial(write_csv, quoting=csv.QUOTE_ALL, delimiter="\t"),
    "csv nonnumeric": partial(write_typed_csv, quoting=csv.QUOTE_NONNUMERIC),
    "csv none": partial(write_csv, quoting=csv.QUOTE_NONE, quotechar=None),
    "csv none tab": partial(write_csv, quoting=csv.QUOTE_NONE, quotechar=None, delimiter="\t"),
    "csv none escape": partial(write_csv, quoting=csv.QUOTE_NONE, **E),
    "csv escape": partial(write_csv, doublequote=False, **E),
    "csv escape and double": partial(write_csv, **E),
    "csv all escape": partial(write_csv, quoting=csv.QUOTE_ALL, doublequote=False, **E),
    "csv apostrophe": partial(write_csv, quotechar="'"),
    "csv all apostrophe": partial(write_csv, quotechar="'", quoting=csv.QUOTE_ALL),
    "csv utf-16": partial(write_csv, encoding="utf-16"),
}
PANDAS: dict[str, Writer] = {
    "pandas": write_pandas,
    "pandas index": partial(write_pandas, index=True),
    "pandas tab": partial(write_pandas, sep="\t"),
    "pandas ; mark": partial(write_pandas, sep=";", encoding="utf-8-sig"),
    "pandas CRLF": partial(write_pandas, lineterminator="\r\n"),
    "pandas all": partial(write_pandas, quoting=csv.QUOTE_ALL),
    "pandas nonnumeric": partial(write_pandas, quoting=csv.QUOTE_NONNUMERIC),
    "pandas nonnumeric tab": partial(write_pandas, quoting=csv.QUOTE_NONNUMERIC, sep="\t"),
    "pandas none": partial(write_pandas, quoting=csv.QUOTE_NONE),
    "pandas none tab": partial(write_pandas, quoting=csv.QUOTE_NONE, sep="\t"),
    "pandas none escape": partial(write_pandas, quoting=csv.QUOTE_NONE, **E),
    "pandas none escape tab": partial(write_pandas, quoting=csv.QUOTE_NONE, sep="\t", **E),
    "pandas escape": partial(write_pandas, doublequote=False, **E),
    "pandas all escape": partial(write_pandas, doublequote=False, quoting=csv.QUOTE_ALL, **E),
}
ARROW: dict[str, Writer] = {
    "pyarrow": write_arrow,
    "pyarrow tab": partial(write_arrow, delimiter="\t"),
    "pyarrow all": partial(write_arrow, quoting_style="all_valid"),
    "pyarrow none": partial(write_arrow, quoting_style="none"),
}
POLARS: dict[str, Writer] = {
    "polars": write_polars,
    "polars tab": partial(write_polars, separator="\t"),
    "polars always": partial(write_polars, quote_style="always"),
    "polars non_numeric": partial(write_polars, quote_style="non_numeric"),
    "polars never": partial(write_polars, quote_style="never"),
    "polars mark CRLF": partial(write_polars, include_bom=True, line_terminator="\r\n"),
}
DUCKDB: dict[str, Writer] = {
    "duckdb": write_duckdb,
    "duckdb tab": partial(write_duckdb, options=", DELIMITER '\t'"),
    "duckdb ;": partial(write_duckdb, options=", DELIMITER ';'"),
    "duckdb all": partial(write_duckdb, options=", FORCE_QUOTE *"),
    "duckdb texts": partial(write_duckdb, options=", FORCE_QUOTE (text)"),
    "duckdb escape": partial(write_duckdb, options=", ESCAPE '\\'"),
    "duckdb all escape": partial(write_duckdb, options=", FORCE_QUOTE *, ESCAPE '\\'"),
    "duckdb apostrophe": partial(write_duckdb, options=", QUOTE '''', ESCAPE ''''"),
}
OTHERS: dict[str, Writer] = {
    "excel": write_excel,
    "excel ;": partial(write_excel, separator=";"),
    "excel sep=": partial(write_excel, separator=";", before="sep=;\r\n"),
    "excel unicode text": partial(write_excel, separator="\t", encoding="utf-16"),
    "R write.csv": partial(write_r, separator=",", row_names=True, corner=True),
    "R write.csv no row names": partial(write_r, separator=",", row_names=False),
    "R write.table": partial(write_r, separator=" ", row_names=True, doubled=False),
    "R write.table tab": partial(write_r, separator="\t", row_names=True, doubled=False),
    "R write.table comma": partial(write_r, separator=",", row_names=False, doubled=False),
    "R write.table double": partial(write_r, separator="\t", row_names=False),
    "R write.table plain": partial(write_r, separator="\t", row_names=False, quote=False),
    "MySQL": write_mysql,
    "MySQL optionally": partial(write_mysql, separator=",", enclosure='"', optionally=True),
    "MySQL enclosed": partial(write_mysql, separator=",", enclosure='"'),
    "by hand": write_by_hand,
}
DEFAULTS = ("csv", "pandas", "pyarrow", "polars", "duckdb", "excel", "pandas xlsx", "excel xlsx")
# Quotes around the cells that need them are syntax, whatever the delimiter: read so where one of NONE may be meant.
MINIMAL = (
    *("csv excel-tab", "csv LF", "csv CR", "csv ;", "csv |", "pandas tab", "pandas ; mark", "pandas CRLF"),
    *("polars tab", "polars mark CRLF", "duckdb tab", "duckdb ;", "excel ;", "excel sep=", "excel unicode text"),
    *("R write.csv", "by hand"),
)
NONE = (
    "MySQL",
    "csv none",
    "csv none tab",
    "pandas none",
    "pandas none tab",
    "pyarrow none",
    "polars never",
    "R write.table plain",
)
BY_HAND_SHARE = 0.2


def suffix_of(name: str) -> str:
    """The suffix of the files of a writer."""
    return SUFFIXES.get(name, ".tsv" if re.search(r"\btab\b", name) else ".csv")


def writers() -> tuple[dict[str, Writer], list[str]]:
    """The writers whose libraries are there, and the libraries that are not."""
    found, missing = {**PYTHON, **PANDAS, **ARROW, **OTHERS, **DOCUMENTS}, []
    for library, others in (("polars", POLARS), ("duckdb", DUCKDB)):
        try:
            __import__(library)
        except ImportError:
            missing.append(library)
        else:
            found |= others
    return found, missing
