"""Parsed JSON as flat rows: known shapes read whole, of others the fields that are cells."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from tasks.sources.errors import SourceError
from tasks.sources.json_values import Parsed
from tasks.sources.records import to_json
from tasks.sources.shapes import Record, Shaped, describe, numbered, read_pandas, read_shape, unwrap
from tasks.sources.shapes.base import objects
from tasks.sources.shapes.notes import ShapeNotes

NUMBERED = "pandas to_json, values"
STRINGS = "JSON strings"


def flatten(values: Iterable[Parsed], name: str, notes: ShapeNotes, array: bool = False) -> Iterator[Parsed]:
    """A row for every text of the values; `array` says that they are the elements of one.

    Raises SourceError when the file is one object of an unknown shape.
    """
    values = iter(values)
    first = list(islice(values, 2))
    alone = len(first) == 1 and not array
    strings = bool(first) and _is_string(first[0])
    for parsed in chain(first, values):
        value, text = parsed[0], parsed[1]
        if isinstance(value, dict) and text.find("{", 1) < 0 and "[" not in text:
            yield parsed
        elif strings and _is_string(parsed):
            notes.shapes[STRINGS] += 1
            yield {"text": value}, to_json({"text": value}), None, None
        else:
            yield from _flatten(parsed, name, notes, alone, array)


def _is_string(parsed: Parsed) -> bool:
    return isinstance(parsed[0], str) and parsed[2] is None


def flat_record(value: Any) -> Any:
    """One object as `flatten` reads it, for a row that is read a second time; anything else as it is."""
    if not isinstance(value, dict):
        return value
    rows = list(flatten([(value, to_json(value), None, None)], "", ShapeNotes(), array=True))
    return rows[0][0] if len(rows) == 1 else value


def _flatten(parsed: Parsed, name: str, notes: ShapeNotes, alone: bool, array: bool) -> Iterator[Parsed]:
    value, text, fault, _ = parsed
    shape: Shaped | None
    if array and isinstance(value, list) and not any(isinstance(cell, (dict, list)) for cell in value):
        shape = Shaped(NUMBERED, [numbered(value)])
    elif isinstance(value, dict) and fault is None:
        value = unwrap(value) if '"$' in text else value
        shape = _shape_of(value, alone)
    else:
        yield parsed
        return
    if shape is None:
        yield _without_nested(value, text, name, notes, alone)
        return
    if shape.records:
        notes.shapes[shape.shape] += len(shape.records)
    notes.no_texts.update(shape.others)
    for record in shape.records:
        yield record, text if len(shape.records) == 1 and not alone else to_json(record), None, None


def _shape_of(value: Record, alone: bool) -> Shaped | None:
    if not any(isinstance(each, (dict, list)) for each in value.values()):
        return None
    return (read_pandas(value) if alone else None) or read_shape(value)


def _without_nested(value: Record, text: str, name: str, notes: ShapeNotes, alone: bool) -> Parsed:
    left_out = {key: describe(each) for key, each in value.items() if isinstance(each, (dict, list))}
    lists = [key for key in left_out if len(objects(value[key])) > 1]
    if alone and lists:
        raise SourceError(
            f"{name} is one JSON object of a shape that is not known: {_in_words(left_out)}; write one object a line, "
            f"such as with jq -c '.{lists[0]}[]'"
        )
    for key, what in left_out.items():
        notes.left_out.setdefault(key, what)
    flat = {key: each for key, each in value.items() if key not in left_out}
    return flat, text, None, left_out or None


def _in_words(left_out: dict[str, str]) -> str:
    return "; ".join(f"{key!r} holds {what}" for key, what in left_out.items())
