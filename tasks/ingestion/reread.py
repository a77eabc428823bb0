"""Quarantined rows as a reader would give them again: from what the quarantine kept, or as somebody corrected them."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from tasks.ingestion.corrections import Fields, Place
from tasks.ingestion.statistics import Row
from tasks.sources import ColumnMap
from tasks.sources.columns import FLAGS
from tasks.sources.json_records import as_cell
from tasks.sources.records import BatchBuilder, to_json
from tasks.sources.shapes.flattening import flat_record
from tasks.sources.tweets import as_tweets


class Redecoding(NamedTuple):
    """The codec that a file was read with, and the one that its undecodable bytes are."""

    before: str
    now: str


def read_again(
    rows: list[Row],
    corrections: Mapping[Place, Fields],
    columns: ColumnMap,
    encodings: Mapping[str, str],
    encoding: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows in their order and with the columns of `tasks.sources.read_tweets`, a batch for each file.

    `encodings` says how each file was read; `encoding`, if given, decodes again what was undecodable.
    """
    for source, group in groupby(rows, key=lambda row: row["source"]):
        change = Redecoding(_text_codec(encodings[source]), encoding) if encoding else None
        yield _batch(source, list(group), corrections, columns, change)


def _text_codec(encoding: str) -> str:
    """The codec that gives back the bytes of a text that was read so; Parquet's is UTF-8, and no mark is put before."""
    return "utf-8" if encoding in ("binary", "utf-8-sig") else encoding


def _batch(
    source: str,
    rows: list[Row],
    corrections: Mapping[Place, Fields],
    columns: ColumnMap,
    change: Redecoding | None,
) -> pa.RecordBatch:
    """The rows of one file, read from what the quarantine kept of them."""
    read = [_fields(row, corrections.get((source, row["source_row"])), change) for row in rows]
    named = [name for name in (getattr(columns, meaning) for meaning in FLAGS) if name]
    given = [name for fields in read if isinstance(fields, dict) for name in fields]
    names = list(dict.fromkeys([*given, *named]))  # what was named was there, though perhaps in no row of these
    builder = BatchBuilder(names or ["record"], change.now if change else "utf-8")
    for row, fields in zip(rows, read, strict=True):
        if isinstance(fields, dict):
            original = to_json(fields)
            builder.add([as_cell(fields.get(name)) for name in names], len(original), original)
        else:
            builder.add_malformed(fields, row["reason"], len(row["record"]))
    found = columns.find(names, source, required=()) if names else {}
    places = pa.array([row["source_row"] for row in rows], pa.int64())
    return as_tweets(builder.take(), found, source, places)


def _fields(row: Row, correction: Fields | None, change: Redecoding | None) -> Any:
    """The columns of a row as corrected, or else as quarantined; a list or a text where it never fitted the columns."""
    fields = flat_record(json.loads(row["record"]))
    if correction is not None:
        return {**fields, **correction} if isinstance(fields, dict) else correction
    if change and row["rule"] == "undecodable-bytes" and isinstance(fields, dict):
        return {name: _decoded(value, *change) for name, value in fields.items()}
    return fields


def _decoded(value: Any, before: str, now: str) -> Any:
    """A text from the bytes that it was, in another encoding; what still does not decode stays marked."""
    if not isinstance(value, str):
        return value
    return value.encode(before, "surrogateescape").decode(now, "surrogateescape")
