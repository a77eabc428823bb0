"""JSON values of a stream one after the other: lines, the elements of an array, or documents behind one another."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from tasks.sources.errors import SourceError

PIECE_CHARACTERS = 1 << 20
OBJECT_CHARACTERS = 64 << 20  # one article of a dump fits many times
SEPARATOR = re.compile(r"[\s,]*")
AFTER_ARRAY = re.compile(r"[\s,;]*")  # the files of an account archive are statements of a program
# NaN is what the serializers of Python and R make of a missing value.
CONSTANTS = {"NaN": None, "Infinity": "Infinity", "-Infinity": "-Infinity"}
DECODER = json.JSONDecoder(parse_constant=CONSTANTS.get)
# The value, the text that it was parsed from, what is wrong with it, and the fields that were left out of it.
# A plain tuple: a named one takes as long to make as a short line to parse.
Parsed = tuple[Any, str, str | None, dict[str, str] | None]


def lines_of(stream: TextIO) -> Iterator[str]:
    """Lines that are not blank; of one that is longer than any object, pieces."""
    while line := stream.readline(OBJECT_CHARACTERS):
        if not line.isspace():
            yield line


def parse_lines(lines: Iterable[str]) -> Iterator[Parsed]:
    """The value of each line."""
    decode = DECODER.decode
    for line in lines:
        text = line.strip()
        try:
            value = decode(text)
        except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a number of thousands of digits
            yield line.rstrip("\r\n"), line, f"cannot be parsed: {error}", None
        else:
            yield value, text, None, None


def parse_values(stream: TextIO, name: str, documents: bool, cut: bool = False) -> Iterator[Parsed]:
    """The elements of an array (what stands before its bracket is passed over), or else of documents, each of them.

    Arrays behind one another, as pages of results are kept, are read as one, where each holds objects: the cells of one
    row and the texts of another cannot be told apart. Of a stream that is `cut`, the last one is passed over where it
    is not JSON. Raises SourceError where the file stops being JSON.
    """
    text = stream.read(PIECE_CHARACTERS)
    place, passed, objects = 0 if documents else text.index("[") + 1, 0, True
    while True:
        place = SEPARATOR.match(text, place).end()  # type: ignore[union-attr]  # it matches the empty string too
        if not documents and text[place : place + 1] == "]":
            place = AFTER_ARRAY.match(text, place + 1).end()  # type: ignore[union-attr]
            while place == len(text):
                passed, text = passed + place, stream.read(PIECE_CHARACTERS)
                if not text:
                    return
                place = AFTER_ARRAY.match(text).end()  # type: ignore[union-attr]
            _check_next(text, place, name, passed, objects)
            place += 1
            continue
        try:
            value, end = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            more = stream.read(max(PIECE_CHARACTERS, len(text) - place))
            if not more and (cut or (documents and place == len(text))):
                return
            if not more or len(text) - place > OBJECT_CHARACTERS:
                raise SourceError(_where_it_stops(name, documents, passed + place, len(text) - place, error)) from error
            passed += place
            text, place = text[place:] + more, 0
            continue
        yield value, text[place:end], None, None
        objects &= isinstance(value, dict)
        place = end


def _check_next(text: str, place: int, name: str, passed: int, objects: bool) -> None:
    """Raise SourceError for what stands behind an array and is no other one, and where one holds no objects."""
    if text[place] != "[":
        raise SourceError(f"{name} goes on behind its JSON array, from character {passed + place:,} on")
    if not objects:
        raise SourceError(f"{name} holds several JSON arrays and no names of columns: write one object a line")


def _where_it_stops(name: str, documents: bool, place: int, left: int, error: Exception) -> str:
    what = "JSON document" if documents else "JSON array"
    if left > OBJECT_CHARACTERS:
        return (
            f"{name}: one JSON value is longer than {OBJECT_CHARACTERS:,} characters, from character {place:,} on; "
            "write the list inside it as JSON lines, one object a line (jq -c)"
        )
    return f"{name} is not a sound {what} from character {place:,} on: {error}"
