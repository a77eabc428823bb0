"""JSON values of a stream one after the other: lines, the elements of an array, or documents behind one another."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from tasks.sources.errors import SourceError

PIECE_CHARACTERS = 1 << 20
OBJECT_CHARACTERS = 64 << 20  # one article of a dump fits many times
SEPARATOR = re.compile(r"[\s,]*")
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

    Of a stream that is `cut`, the last one is passed over where it is no JSON. Raises SourceError where the file stops
    being JSON.
    """
    text = stream.read(PIECE_CHARACTERS)
    place, passed = 0 if documents else text.index("[") + 1, 0
    while True:
        place = SEPARATOR.match(text, place).end()  # type: ignore[union-attr]  # it matches the empty string too
        if not documents and text[place : place + 1] == "]":
            return
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
        place = end


def _where_it_stops(name: str, documents: bool, place: int, left: int, error: Exception) -> str:
    what = "JSON document" if documents else "JSON array"
    if left > OBJECT_CHARACTERS:
        return (
            f"{name}: one JSON value is longer than {OBJECT_CHARACTERS:,} characters, from character {place:,} on; "
            "write the list inside it as JSON lines, one object a line (jq -c)"
        )
    return f"{name} is no sound {what} from character {place:,} on: {error}"
