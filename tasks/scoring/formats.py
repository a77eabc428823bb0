"""Tables as files of three formats, appended to part by part."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.sources.csv_injection import escape_formulas

SUFFIXES = (".csv", ".parquet", ".jsonl")
TO_ESCAPE = r'["\\\x00-\x1f]'
PIECE_BYTES = 1 << 20
LONGEST_CELL = 1 << 30  # a record in quarantine may be longer than any tweet


def write_tables(path: Path, suffix: str, schema: pa.Schema, tables: Iterable[pa.Table], raw_csv: bool = False) -> None:
    """Write these tables one after the other, in the format of this suffix. A full disk names the file.

    Cells of CSV that a spreadsheet would run are escaped, unless `raw_csv` asks for them as they are.
    """
    try:
        with _writer(path, suffix, schema, raw_csv) as write:
            for table in tables:
                write(table)
    except OSError as error:
        error.filename = error.filename or str(path)  # Arrow leaves it out
        raise


def count_rows(path: Path, suffix: str) -> int:
    """The rows of a file of this format, as a reader will find them."""
    if suffix == ".parquet":
        rows: int = pq.read_metadata(path).num_rows
        return rows
    if suffix == ".jsonl":
        with path.open("rb") as stream:
            return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(PIECE_BYTES), b""))
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1


@contextmanager
def _writer(path: Path, suffix: str, schema: pa.Schema, raw_csv: bool) -> Iterator[Callable[[pa.Table], None]]:
    if suffix == ".parquet":
        with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
            yield parquet.write_table
    elif suffix == ".csv":
        with pyarrow.csv.CSVWriter(path, schema) as cells:
            yield lambda table: cells.write_table(table if raw_csv else escape_formulas(table))
    else:
        with path.open("w", encoding="utf-8") as lines:
            yield lambda table: lines.writelines(json_lines(table))


def json_lines(table: pa.Table) -> list[str]:
    r"""Every row as a line of JSON.

    >>> json_lines(pa.table({"id": ['"7"', None], "probability": [0.25, 1e-9]}))
    ['{"id": "\\"7\\"", "probability": 0.25}\n', '{"id": null, "probability": 1e-9}\n']
    """
    if not len(table):
        return []
    cells = []
    for number, name in enumerate(table.column_names):
        cells += [pa.scalar(f"{'{' if number == 0 else ', '}{json.dumps(name)}: "), _as_json(table.column(name))]
    lines: list[str] = pc.binary_join_element_wise(*cells, pa.scalar("}\n"), pa.scalar("")).to_pylist()
    return lines


def _as_json(column: pa.ChunkedArray) -> pa.Array:
    """Each cell as JSON: by Arrow, and by Python where a text holds what must be escaped."""
    cells = column.combine_chunks()
    if pa.types.is_string(cells.type):
        risky = pc.fill_null(pc.match_substring_regex(cells, TO_ESCAPE), False)
        quoted = pc.binary_join_element_wise(pa.scalar('"'), cells, pa.scalar('"'), pa.scalar(""))
        escaped = [json.dumps(text, ensure_ascii=False) for text in cells.filter(risky).to_pylist()]
        cells = pc.replace_with_mask(quoted, risky, pa.array(escaped, pa.string()))
    return pc.fill_null(cells.cast(pa.string()), "null")
