"""JSON lines and JSON arrays of objects, streamed; the line or object itself is kept as the original."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

import pyarrow as pa

from tasks.sources.archives import Member
from tasks.sources.encodings import is_undecodable, open_text
from tasks.sources.limits import SourceError
from tasks.sources.records import BATCH_CHARACTERS, BATCH_ROWS, BatchBuilder, to_json, unique_names

PIECE_CHARACTERS = 1 << 20
OBJECT_CHARACTERS = 64 << 20  # one article of a dump fits many times
SEPARATOR = re.compile(r"[\s,]*")
Parsed = tuple[Any, str, str | None]  # the value, the text that it was parsed from, what is wrong with it


def read_json_lines(member: Member, encoding: str) -> Iterator[pa.RecordBatch]:
    """The objects of a JSON lines file, in batches; a line that is no object comes as malformed."""
    with open_text(member, encoding) as stream:
        yield from _batches(_lines(stream), encoding)


def read_json_array(member: Member, encoding: str) -> Iterator[pa.RecordBatch]:
    """The objects of a JSON array, in batches, however long the array is.

    Raises SourceError where the file stops being JSON: behind that place no object can be told from another.
    """
    with open_text(member, encoding) as stream:
        yield from _batches(_array(stream, member.name), encoding)


def _lines(stream: TextIO) -> Iterator[Parsed]:
    while line := stream.readline(OBJECT_CHARACTERS):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a number of thousands of digits
            yield line.rstrip("\r\n"), line, f"cannot be parsed: {error}"
        else:
            yield value, line.strip(), None


def _array(stream: TextIO, name: str) -> Iterator[Parsed]:
    decode = json.JSONDecoder().raw_decode
    text, place, passed = stream.read(PIECE_CHARACTERS), 0, 0
    place = text.index("[") + 1
    while True:
        place = SEPARATOR.match(text, place).end()  # type: ignore[union-attr]  # it matches the empty string too
        if text[place : place + 1] == "]":
            return
        try:
            value, end = decode(text, place)
        except (ValueError, RecursionError) as error:
            more = stream.read(max(PIECE_CHARACTERS, len(text) - place))
            if not more or len(text) - place > OBJECT_CHARACTERS:
                raise SourceError(
                    f"{name} is no sound JSON array from character {passed + place:,} on: {error}"
                ) from error
            passed += place
            text, place = text[place:] + more, 0
            continue
        yield value, text[place:end], None
        place = end


def _batches(values: Iterator[Parsed], encoding: str) -> Iterator[pa.RecordBatch]:
    """Batches with a column for every key of their objects, in the order of their first appearance."""
    pending: list[Parsed] = []
    characters = batches = 0
    for parsed in values:
        pending.append(parsed)
        characters += len(parsed[1])
        if len(pending) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield _batch(pending, encoding)
            pending, characters, batches = [], 0, batches + 1
    if pending or not batches:
        yield _batch(pending, encoding)


def _batch(parsed: list[Parsed], encoding: str) -> pa.RecordBatch:
    keys = list(dict.fromkeys(key for value, _, _ in parsed if isinstance(value, dict) for key in value)) or ["value"]
    builder = BatchBuilder(unique_names(keys), encoding)
    for value, text, fault in parsed:
        if isinstance(value, dict):
            original = to_json(value) if is_undecodable(text) else text
            builder.add([as_cell(value.get(key)) for key in keys], len(text), original)
        else:
            builder.add_malformed(value, fault or f"{type(value).__name__} instead of an object", len(text))
    return builder.take()


def as_cell(value: Any) -> str | None:
    """A JSON value as a cell of text; nothing for null, JSON for what is no scalar."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)
