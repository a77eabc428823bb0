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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.sources.columns import fold_word
from tasks.sources.dialects import NO_DELIMITER, Dialect
from tasks.sources.json_records import as_cell
from tasks.sources.json_scan import Scan
from tasks.sources.lines import SEPARATOR_LINE
from tasks.sources.records import BATCH_ROWS, unique_names
from tasks.sources.tweets import as_text, blank_to_null

BLOCK_BYTES = 1 << 20
PIECE_BYTES = 1 << 18  # small enough that what is made of a piece stays in the processor's cache
LINE_FEED, BLANKS = ord("\n"), b"\n\r\t "
SCALAR = re.compile(rb"\s*:?\s*(\"[^\"\\]*\"|[^\s,:}\]\"{\[\0]+)")
SHORT_SCALAR = re.compile(rb"\s*:?\s*(\"[^\"\\]*\"|[^\s,:}\]\"{\[]+(?=[\s,}\]]))")  # one that is seen to end
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
    while piece := stream.read(PIECE_BYTES):
        piece += stream.readline()
        rows += _count_lines(piece)
        if label is not None:
            found.update(_scalars_after(json.dumps(label).encode()[1:-1], piece))
    words: Counter[str] = Counter()
    for scalar, count in found.items():
        word = as_cell(json.loads(scalar))
        if word and word.strip():
            words[fold_word(word)] += count
    return Count(rows, words)


def _count_lines(piece: bytes) -> int:
    """Lines that are not blank; the last one may lack its end."""
    characters = np.frombuffer(piece, np.uint8)
    starts = np.flatnonzero(characters[:-1] == LINE_FEED) + 1
    if piece[0] in BLANKS or np.isin(characters[starts], np.frombuffer(BLANKS, np.uint8)).any():
        return sum(1 for line in piece.splitlines() if line.strip())
    return len(starts) + 1


def _scalars_after(key: bytes, piece: bytes) -> Counter[bytes]:
    """How often each scalar stands after this key. Most end within the eight bytes that are compared."""
    scan = Scan(piece, len(key))
    scan.ends = scan.ends[scan.is_key(key)]
    words, places, counts = np.unique(scan.words_after(), return_inverse=True, return_counts=True)
    short = [SHORT_SCALAR.match(word.tobytes()) for word in words]
    found = Counter[bytes]()
    for match, count in zip(short, counts.tolist(), strict=True):
        if match:
            found[match[1]] += count
    longer = np.array([match is None for match in short], bool)
    matches = (SCALAR.match(scan.text, end + Scan.BEHIND) for end in scan.ends[longer[places]].tolist())
    found.update(match[1] for match in matches if match)
    return found


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
