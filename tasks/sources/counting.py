"""How many rows a file has and how often each label stands in it, counted without reading its texts.

A look reads the beginning of a large file; the rest is counted. Arrow counts delimited tables, in the dialect that the
reader decided on. A count is believed only where it gives, for the beginning, what the reader found there.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.sources.columns import fold_word
from tasks.sources.dialects import NO_DELIMITER, Dialect
from tasks.sources.json_records import as_cell
from tasks.sources.lines import SEPARATOR_LINE
from tasks.sources.records import BATCH_ROWS, unique_names
from tasks.sources.tweets import as_text, blank_to_null

BLOCK_BYTES = 1 << 20
UNIT_SEPARATOR = "\x1f"  # Arrow's delimiter must be ASCII; this one stands in no text


class Count(NamedTuple):
    """Rows of a file, and how often each label word stands in it."""

    rows: int
    labels: Counter[str]


class Table(NamedTuple):
    """The form of a delimited table; `label` is the place of the labels, None where there are none."""

    dialect: Dialect
    encoding: str
    columns: int
    label: int | None
    header: bool


def count_delimited(stream: BinaryIO, table: Table) -> Count | None:
    """Rows, with as many cells as the table has columns or not. None where Arrow gives up."""
    if len(table.dialect.escape) > 1:
        return None
    odd, words, rows = Counter[str](), Counter[str](), 0

    def count_odd(row: Any) -> str:
        odd["rows"] += 1
        return "skip"

    try:
        for place, batch in enumerate(pa.csv.open_csv(stream, **_arrow_options(stream, table, count_odd))):
            part = batch.slice(1) if table.header and not place else batch
            rows += part.num_rows
            if table.label is not None:
                _add(words, pc.value_counts(part[0]).to_pylist())
    except pa.ArrowInvalid:
        return None
    return Count(rows + odd["rows"], words)


def _arrow_options(stream: BinaryIO, table: Table, count_odd: Callable[[Any], str]) -> dict[str, Any]:
    """The table's dialect in Arrow's words; of the columns only the one that is looked at."""
    dialect, chosen = table.dialect, str(table.label or 0)
    return {
        "read_options": pa.csv.ReadOptions(
            column_names=[str(place) for place in range(table.columns)],
            encoding=table.encoding,
            block_size=BLOCK_BYTES,
            skip_rows=_separator_lines(stream, table.encoding),
        ),
        "parse_options": pa.csv.ParseOptions(
            delimiter=UNIT_SEPARATOR if dialect.delimiter == NO_DELIMITER else dialect.delimiter,
            quote_char=dialect.quote or False,
            double_quote=dialect.doubled,
            escape_char=dialect.escape or False,
            newlines_in_values=bool(dialect.quote),
            invalid_row_handler=count_odd,
        ),
        "convert_options": pa.csv.ConvertOptions(
            include_columns=[chosen], column_types={chosen: pa.binary()}, check_utf8=False, strings_can_be_null=False
        ),
    }


def _separator_lines(stream: BinaryIO, encoding: str) -> int:
    head = stream.read(64).decode(encoding, "replace")
    stream.seek(0)
    return int(SEPARATOR_LINE.match(head) is not None)


def _add(words: Counter[str], counted: list[dict[str, Any]]) -> None:
    for each in counted:
        word = each["values"].decode("utf-8", "replace")
        if word.strip():
            words[fold_word(word)] += each["counts"]


def count_json_lines(stream: BinaryIO, label: str | None) -> Count:
    """Lines that are not blank; labels are the scalars after the key, at whatever depth it stands."""
    rows, found = 0, Counter[bytes]()
    pattern = re.compile(rb"%s\s*:\s*(\"[^\"\\]*\"|[^\s,}\]\"{\[]+)" % re.escape(json.dumps(label).encode()))
    while piece := stream.read(BLOCK_BYTES):
        piece += stream.readline()
        rows += piece.count(b"\n") + (not piece.endswith(b"\n"))
        if b"\n\n" in piece or b"\n\r\n" in piece:
            rows -= sum(not line.strip() for line in piece.splitlines())
        if label is not None:
            found.update(pattern.findall(piece))
    words: Counter[str] = Counter()
    for scalar, count in found.items():
        word = as_cell(json.loads(scalar))
        if word and word.strip():
            words[fold_word(word)] += count
    return Count(rows, words)


def count_parquet(path: Path, label: str | None) -> Count:
    """Rows as the file states them."""
    words: Counter[str] = Counter()
    with pq.ParquetFile(path) as file:
        place = unique_names(file.schema_arrow.names).index(label) if label else 0
        for batch in file.iter_batches(BATCH_ROWS, columns=[file.schema_arrow.names[place]]) if label else ():
            column = batch[0].dictionary_decode() if pa.types.is_dictionary(batch[0].type) else batch[0]
            counted = pc.value_counts(blank_to_null(as_text(column, str(label))).drop_null()).to_pylist()
            for each in counted:
                words[fold_word(each["values"])] += each["counts"]
        return Count(file.metadata.num_rows, words)
