"""Scoring a file of tweets: batch by batch, one row out for every row in, and the finished file or none."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.spreadsheets import disarm_table

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("probability", pa.float64()),
        ("label", pa.int8()),
        ("model", pa.string()),
        ("version", pa.string()),
    ]
)
WriteBatch = Callable[[pa.Table], None]


def check_output(out: Path) -> None:
    """Raise ValueError for a file name whose suffix says no format, or whose folder does not exist."""
    if out.suffix not in (".csv", ".parquet", ".jsonl"):
        raise ValueError(f"cannot tell the format of {out.name!r}: end its name in .csv, .parquet or .jsonl")
    if not out.absolute().parent.is_dir():
        raise ValueError(f"there is no folder {out.absolute().parent} to write {out.name} in: make it first")
    if out.is_dir():
        raise ValueError(f"{out} is a folder: give the name of a file")


def score_batch(batch: pa.RecordBatch, model: Any, name: str, version: str) -> pa.Table:
    """The output rows of a batch of `tasks.sources.read_tweets`; no probability where there is no text to read."""
    readable = pc.is_valid(batch["text"])
    rows = batch.filter(readable)
    predicted = model.predict(rows.select(["text", "keyword"]).to_pandas()) if rows.num_rows else None
    places = pc.if_else(readable, pc.cumulative_sum(pc.cast(readable, pa.int64())), None)
    places = pc.subtract(places, 1)

    def spread(column: str, kind: pa.DataType) -> pa.Array:
        if predicted is None:
            return pa.nulls(batch.num_rows, kind)
        return pa.array(predicted[column].to_numpy(), kind).take(places)

    ids = pc.coalesce(
        batch["id"], pc.binary_join_element_wise(batch["source"], batch["source_row"].cast(pa.string()), ":")
    )
    columns = [ids, spread("probability", pa.float64()), spread("label", pa.int8())]
    constants = [pa.array([value] * batch.num_rows, pa.string()) for value in (name, version)]
    return pa.Table.from_arrays([*columns, *constants], schema=SCHEMA)


def count(scored: pa.Table) -> dict[str, int]:
    """Rows, rows called real disasters, and rows that had no text to score."""
    positives = pc.sum(scored["label"], min_count=0).as_py()
    return {"rows": len(scored), "positives": positives, "unscored": scored["probability"].null_count}


@contextmanager
def output_file(out: Path) -> Iterator[WriteBatch]:
    """A function that appends rows in the format of the file's suffix; the file appears whole, when the block ends."""
    check_output(out)
    descriptor, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}-")
    os.close(descriptor)
    temporary = Path(name)
    try:
        with _writer(temporary, out.suffix) as write:
            yield write
        temporary.chmod(0o644)
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _writer(path: Path, suffix: str) -> Iterator[WriteBatch]:
    if suffix == ".parquet":
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as parquet:
            yield parquet.write_table
    elif suffix == ".csv":
        with pyarrow.csv.CSVWriter(path, SCHEMA) as csv:
            yield lambda table: csv.write_table(disarm_table(table))
    else:
        with path.open("w", encoding="utf-8") as lines:
            yield lambda table: lines.writelines(
                json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()
            )
