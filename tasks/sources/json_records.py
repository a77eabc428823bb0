"""JSON lines, arrays and documents as batches; the line or object itself is kept as the original.

An object of a known platform is read whole (`tasks.sources.shapes`). Of any other, fields that hold objects or lists
are left out, and noted: they are not cells of text.
"""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Literal, TextIO

import pyarrow as pa

from tasks.sources.encodings import is_undecodable, open_text
from tasks.sources.errors import SourceError
from tasks.sources.json_keys import find_late_keys, keys_in, lines_with
from tasks.sources.json_values import Parsed, lines_of, parse_lines, parse_values
from tasks.sources.members import Member
from tasks.sources.records import BATCH_CHARACTERS, BATCH_ROWS, BatchBuilder, to_json, unique_names
from tasks.sources.shapes.flattening import flatten
from tasks.sources.shapes.notes import ShapeNotes
from tasks.sources.shapes.pandas_json import names_meaning

Layout = Literal["json-lines", "json", "json-documents"]
NESTED = b"nested"  # in the metadata of a schema: the fields left out, and what they hold
USUAL_ROWS = 1000  # show most of the keys inside of objects
KINDS = {
    dict: "empty objects",
    list: "lists",
    bool: "true or false",
    int: "numbers",
    float: "numbers",
    type(None): "null",
}
FULL, CUT = "full_text", "text"  # two names of one thing, row by row, in what twarc and others collect


def read_json(
    member: Member, encoding: str, layout: Layout, notes: ShapeNotes | None = None
) -> Iterator[pa.RecordBatch]:
    """The objects of a JSON file, in batches that all have the same columns, however many objects there are.

    Of JSON lines, a line that is not an object comes as malformed. Raises SourceError where an array or a document
    stops being JSON: objects behind that place cannot be separated.
    """
    notes, keys = notes or ShapeNotes(), dict[str, None]()
    with open_text(member, encoding) as stream:
        gathered = _gather(_rows(stream, member, layout, notes))
        first, last = next(gathered)
        _add_keys(keys, first)
        if not last or member.cut:
            _add_late_keys(keys, first, member, encoding, layout)
        if not keys:
            raise SourceError(f"{member.name} holds {_what(first)}, not objects with fields: it is not a table")
        batch = _batch(first, encoding, keys)
        del first  # else two batches of objects would be held at a time
        yield batch
        yield from map(partial(_batch_of, encoding=encoding, keys=keys), gathered)  # holds no part longer than needed


def _batch_of(part: tuple[list[Parsed], bool], encoding: str, keys: dict[str, None]) -> pa.RecordBatch:
    return _batch(part[0], encoding, keys)


def _rows(stream: TextIO, member: Member, layout: Layout, notes: ShapeNotes) -> Iterator[Parsed]:
    if layout == "json-lines":
        return flatten(parse_lines(lines_of(stream)), member.name, notes)
    values = parse_values(stream, member.name, layout == "json-documents", member.cut)
    return flatten(values, member.name, notes, array=layout == "json")


def _gather(rows: Iterable[Parsed]) -> Iterator[tuple[list[Parsed], bool]]:
    """Rows until they fill a batch, and whether they are the last; at least one list, perhaps empty."""
    pending: list[Parsed] = []
    characters = 0
    for row in rows:
        if len(pending) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield pending, False
            pending, characters = [], 0
        pending.append(row)
        characters += len(row[1])
    yield pending, True


def _what(rows: list[Parsed]) -> str:
    """What a file without a single field holds instead, by its first value."""
    if not rows:
        return "an empty JSON array"
    value, _, fault, _ = rows[0]
    return "lines that are not JSON" if fault else KINDS.get(type(value), "JSON values")


def _add_keys(keys: dict[str, None], rows: Iterable[Parsed]) -> None:
    """Add the keys of the objects, in the order of their first appearance."""
    known = keys.keys()
    for row in rows:
        value = row[0]
        if isinstance(value, dict) and not value.keys() <= known:
            keys.update(dict.fromkeys(value))


def _add_late_keys(keys: dict[str, None], first: list[Parsed], member: Member, encoding: str, layout: Layout) -> None:
    """Add the keys that first appear behind the first batch: a label in row 100,001 is a label."""
    with open_text(member, encoding, scan=True) as stream:
        late = find_late_keys(stream, keys.keys() | keys_in(row[1] for row in first[:USUAL_ROWS]))
    if late:
        late -= keys_in(row[1] for row in first)
    if not late:
        return
    with open_text(member, encoding, scan=True) as stream:
        if layout == "json-lines":
            _add_keys(keys, flatten(parse_lines(lines_with(stream, late)), member.name, ShapeNotes(), array=True))
        else:
            _add_keys(keys, _rows(stream, member, layout, ShapeNotes()))


def _batch(rows: list[Parsed], encoding: str, keys: dict[str, None]) -> pa.RecordBatch:
    names = list(keys) or ["value"]
    builder = BatchBuilder(unique_names(names), encoding)
    full_texts = FULL in keys and CUT in keys
    left_out: dict[str, str] = {}
    for row in rows:
        value, text, fault, nested = row
        if not isinstance(value, dict):
            builder.add_malformed(value, fault or f"{type(value).__name__} instead of an object", len(text))
            continue
        if nested:
            left_out.update(nested)
            if faults := [
                f"{key} holds {what}, not text" for key, what in nested.items() if key in keys and names_meaning(key)
            ]:
                builder.add_malformed(json.loads(text), "; ".join(faults), len(text))
                continue
        cells = [cell if cell.__class__ is str or cell is None else as_cell(cell) for cell in map(value.get, names)]
        if full_texts and value.get(FULL) is None:
            cells[names.index(FULL)] = as_cell(value.get(CUT))
        builder.add(cells, len(text), to_json(value) if is_undecodable(text) else text)
    return _with_left_out(builder.take(), left_out)


def _with_left_out(batch: pa.RecordBatch, left_out: dict[str, str]) -> pa.RecordBatch:
    if not left_out:
        return batch
    shown = "; ".join(f"{key} holds {what}" for key, what in left_out.items())
    return batch.replace_schema_metadata({NESTED: shown})


def as_cell(value: Any) -> str | None:
    """A JSON value as a cell of text; nothing for null, JSON for what is not a scalar."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)
