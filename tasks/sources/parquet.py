"""Parquet tables, batch by batch, their text columns checked: Parquet itself promises no valid UTF-8."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.wording import counted
from tasks.sources.archives import Budget
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, GIB, SourceLimits
from tasks.sources.members import Member
from tasks.sources.records import BATCH_ROWS, assemble, to_json, unique_names

PAGES_BYTES = 4 * GIB  # of one row group, which writers keep below 1 GiB


def read_parquet(member: Member, limits: SourceLimits = DEFAULT_LIMITS) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file in batches, typed as they are; at least one batch, perhaps empty.

    Raises SourceError for a file that is damaged, holds other than it says, or unpacks past the limits.
    """
    with _on_disk(member) as path:
        budget, unpacked, rows = Budget(limits, path.stat().st_size), 0, 0
        try:
            with pq.ParquetFile(path, read_dictionary=_texts(path)) as file:
                _check_promises(member.name, file.metadata, limits)
                if file.metadata.num_rows == 0:  # an empty batch still tells the columns
                    yield _batch(pa.RecordBatch.from_pylist([], schema=file.schema_arrow))
                for batch in file.iter_batches(BATCH_ROWS):
                    rows, unpacked = rows + batch.num_rows, unpacked + sum(map(_plain_bytes, batch.columns))
                    budget.spend(member.name, unpacked, path.stat().st_size)
                    yield _batch(batch)
                if rows != file.metadata.num_rows:
                    raise SourceError(
                        f"{member.name} says it has {counted(file.metadata.num_rows, 'row')} and holds {rows:,}"
                    )
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{member.name} is not a sound Parquet file: {error}") from error


def _check_promises(name: str, metadata: pq.FileMetaData, limits: SourceLimits) -> None:
    """Refuse what says itself that it is too large, before a page of it is unpacked, and what cannot be true."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    promised = sum(group.total_byte_size for group in groups)
    if promised > limits.unpacked_bytes or any(group.total_byte_size > PAGES_BYTES for group in groups):
        raise SourceError(
            f"{name} would unpack to {promised:,} bytes; the limits are {limits.unpacked_bytes:,} for a source and "
            f"{PAGES_BYTES:,} for a row group"
        )
    if sum(group.num_rows for group in groups) != metadata.num_rows or metadata.num_rows < 0:
        raise SourceError(f"{name} says it has {counted(metadata.num_rows, 'row')}, its parts say otherwise")


def _texts(path: Path) -> list[str]:
    """The columns to read as dictionaries: one long text for a million rows is then held once, until it is weighed."""
    return [
        field.name for field in pq.read_schema(path) if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
    ]


def _plain_bytes(column: pa.Array) -> int:
    """The size of a column without dictionary."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not (pa.types.is_string(column.type.value_type) or pa.types.is_binary(column.type.value_type)):
        return int(column.dictionary_decode().nbytes)  # numbers: eight bytes a row at most
    texts: int = pc.sum(pc.binary_length(column.dictionary).take(column.indices), min_count=0).as_py()
    return texts + 4 * len(column)


@contextmanager
def _on_disk(member: Member) -> Iterator[Path]:
    """Where the file lies; a packed one is unpacked for the time being, since Parquet is read from its end."""
    if member.path:
        yield member.path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "unpacked.parquet")
        with member.open() as packed, path.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        yield path


def _batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = unique_names(batch.schema.names)
    columns = [_plain(column) for column in batch.columns]
    faults = [_undecodable_rows(column) for column in columns]
    faulty = {row for rows in faults for row in rows}
    nothing = pa.nulls(batch.num_rows, pa.string())
    if not faulty:
        return assemble(pa.StructArray.from_arrays(columns, names), nothing, nothing, nothing)
    reason = f"{', '.join(name for name, rows in zip(names, faults, strict=True) if rows)}: bytes that are not UTF-8"
    sound = pa.array([row not in faulty for row in range(batch.num_rows)])
    originals = [None if keep else _readable(batch, row) for row, keep in enumerate(sound.to_pylist())]
    columns = [pc.if_else(sound, column, pa.scalar(None, column.type)) for column in columns]
    return assemble(
        pa.StructArray.from_arrays(columns, names),
        nothing,
        pc.if_else(sound, pa.scalar(None, pa.string()), reason),
        pa.array(originals, pa.string()),
    )


def _plain(column: pa.Array) -> pa.Array:
    """The column with dictionaries unpacked, text as plain strings, and bytes as text where they are."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            return column
    return column


def _undecodable_rows(column: pa.Array) -> list[int]:
    if not pa.types.is_string(column.type):
        return []
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        values = column.cast(pa.binary()).to_pylist()
        return [row for row, value in enumerate(values) if value is not None and not _is_utf8(value)]
    return []


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _readable(batch: pa.RecordBatch, row: int) -> str:
    """A row as JSON, the bytes of its texts kept recoverable."""
    cells = {}
    for name, column in zip(unique_names(batch.schema.names), map(_plain, batch.columns), strict=True):
        value = column.slice(row, 1)
        text = pa.types.is_string(column.type) and value.cast(pa.binary())[0].as_py()
        cells[name] = text.decode(errors="surrogateescape") if isinstance(text, bytes) else value[0].as_py()
    return to_json(cells)
