"""Tweets as rows of one schema, whatever file they came in."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.sources.columns import ColumnMap, MissingColumnError
from tasks.sources.errors import SourceError
from tasks.sources.evidence import MISSING_WORDS
from tasks.sources.formats import table_format
from tasks.sources.json_records import NESTED
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.members import Member
from tasks.sources.records import records_json
from tasks.sources.shapes.truncation import count_truncated
from tasks.sources.tables import ReadingNotes, open_sources, read_table

EXACT = 1 << 53  # a float beyond it is not an exact whole number
ROUNDED_ID = r"^[+-]?(\d(\.\d+)?[eE]\+?\d{2,}|\d{16,}\.0+)$"  # as spreadsheets and pandas print long ids made floats
LABELLED = ("text", "label")
QUOTES = " \t'\""  # CrisisLex quotes ids twice, so that spreadsheets keep their last digits


def read_tweets(
    location: str | Path,
    columns: ColumnMap | None = None,
    encoding: str | None = None,
    labelled: bool | None = None,
    notes: ReadingNotes | None = None,
    limits: SourceLimits = DEFAULT_LIMITS,
    only: Collection[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Every row of a snapshot, path, folder or glob, in order and in batches of bounded size.

    Columns: `source` (file), `source_row` (int64, 1 for the first row below the header), `id`, `text`, `keyword`,
    `location`, `label` (strings as they stand in the file, null where there is nothing), then `record`, `malformed`,
    `undecodable` and `original` as `tasks.sources.records` has them. A file without ids gets
    `file:row`. `labelled` says whether a label column must be there; None asks the first file. `only` names files.
    Raises SourceError for what cannot be read, MissingColumnError for a file without a column that it must have.
    """
    columns, notes = columns or ColumnMap(), notes or ReadingNotes()
    required = required_columns(columns, labelled)
    for member in open_sources(location, tables_only=True, notes=notes, limits=limits, only=only):
        batches = read_table(member, table_format(member), encoding, notes, limits, columns)
        yield from tweets_of(member, batches, columns, required, notes)
        if labelled is None and notes.found and "label" in notes.found[-1]:
            required = LABELLED
    notes.warn()


def required_columns(columns: ColumnMap, labelled: bool | None) -> tuple[str, ...]:
    """What every file must have; where `labelled` is None, all after one with labels must have them, too."""
    return LABELLED if labelled or columns.label else ("text",)


def tweets_of(
    member: Member,
    batches: Iterable[pa.RecordBatch],
    columns: ColumnMap,
    required: tuple[str, ...],
    notes: ReadingNotes,
) -> Iterator[pa.RecordBatch]:
    """The rows of one table with the columns of `read_tweets`, numbered from 1; the notes tell which they are."""
    row, found = 1, None
    for batch in batches:
        if found is None:
            notes.names = notes.names or [field.name for field in batch.schema.field("record").type]
            found = find_columns(columns, batch, member, required)
            notes.columns = notes.columns or found
            notes.found.append(found)
        rows = pa.array(range(row, row + batch.num_rows), pa.int64())
        tweets = as_tweets(batch, found, member.name, rows)
        notes.shapes.truncated += count_truncated(tweets["text"])
        yield tweets
        row += batch.num_rows


def find_columns(
    columns: ColumnMap, batch: pa.RecordBatch, member: Member, required: tuple[str, ...]
) -> dict[str, str]:
    """Column name for each meaning, from the first batch of a file; MissingColumnError carries the first rows."""
    names = [field.name for field in batch.schema.field("record").type]
    try:
        return columns.find(names, member.name, required)
    except MissingColumnError as error:
        nested = (batch.schema.metadata or {}).get(NESTED)
        more = f"; fields that hold objects or lists are not cells of text: {nested.decode()}" if nested else ""
        told = MissingColumnError(f"{error}{more}")
        told.first_rows = records_json(batch.slice(0, 3))
        raise told from error


def as_tweets(batch: pa.RecordBatch, found: dict[str, str], source: str, rows: pa.Array) -> pa.RecordBatch:
    """A batch of `tasks.sources.records` with the columns of `read_tweets`; `rows` are its places in the source."""
    sources = pa.array([source] * batch.num_rows, pa.string())
    cells = {meaning: cells_of(batch, found.get(meaning)) for meaning in ("id", "text", "keyword", "location", "label")}
    for meaning in ("keyword", "location"):
        cells[meaning] = missing_to_null(cells[meaning])
    cells["text"], cells["label"] = blank_to_null(cells["text"]), blank_to_null(cells["label"])
    if "id" in found:
        cells["id"] = blank_to_null(pc.utf8_trim(cells["id"], QUOTES))
        kinds = {field.name: field.type for field in batch.schema.field("record").type}
        floats = found["id"] in kinds and pa.types.is_floating(kinds[found["id"]])
        _check_ids(cells["id"], source, found["id"], floats)
    else:
        cells["id"] = numbered_ids(sources, rows)
    named = {"source": sources, "source_row": rows, **cells}
    return pa.RecordBatch.from_pydict(named | {name: batch[name] for name in batch.schema.names})


def cells_of(batch: pa.RecordBatch, name: str | None) -> pa.Array:
    """One column of the record as text; null where the cell is empty, or the file or batch has no such column."""
    names = [field.name for field in batch.schema.field("record").type]
    if name is None or name not in names:
        return pa.nulls(batch.num_rows, pa.string())
    column = as_text(batch["record"].field(name), name)
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def as_text(column: pa.Array, name: str) -> pa.Array:
    """A column as strings; whole numbers that a spreadsheet or pandas made floats lose their ".0".

    Raises SourceError for a column of lists or the like.
    """
    try:
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        if pa.types.is_floating(column.type) and pc.all(pc.equal(pc.floor(column), column), min_count=0).as_py():
            largest = pc.max(pc.abs(column)).as_py() or 0
            column = column.cast(pa.int64()) if largest <= EXACT else column
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(f"column {name!r} holds {column.type}, not text: {error}") from error


def numbered_ids(sources: pa.Array, rows: pa.Array) -> pa.Array:
    """The ids of rows that have none: file and row."""
    return pc.binary_join_element_wise(sources, rows.cast(pa.string()), ":")


def _check_ids(ids: pa.Array, source: str, name: str, floats: bool) -> None:
    """Raise SourceError for ids that were rounded, most of them or two to the same: many tweets would share one.

    A single one that looks so among other texts is left as it stands; among floats it was rounded.
    """
    rounded = ids.filter(pc.fill_null(pc.match_substring_regex(ids, ROUNDED_ID), False))
    if (
        (floats and len(rounded))
        or len(rounded) * 2 > len(ids) - ids.null_count
        or pc.count_distinct(rounded).as_py() < len(rounded)
    ):
        raise SourceError(
            f"{source}: column {name!r} holds rounded numbers, such as {rounded[0].as_py()}, and no ids: the last "
            "digits are lost. Export it with ids as text, or say --no-ids to number the rows instead"
        )


def missing_to_null(column: pa.Array) -> pa.Array:
    """The column with null for the words that serializers write for nothing: no keyword or place is called so."""
    words = pa.array(sorted(MISSING_WORDS), pa.string())
    return pc.if_else(pc.is_in(pc.utf8_trim_whitespace(column), words), pa.scalar(None, pa.string()), column)


def blank_to_null(column: pa.Array) -> pa.Array:
    """The column with null for cells that hold nothing but white space."""
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, pa.string()), column)
