"""Keys that first appear far down in a file. A column must not vanish because the first rows lack it."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TextIO

from tasks.sources.json_values import lines_of

PIECE_CHARACTERS = 1 << 18  # small enough that what is cut out of a piece stays in the processor's cache
TEXTS_AT_A_TIME = 1000
MOST_COUNTED_KEYS = 24  # beyond it one look at every key is quicker than a search for each
MOST_LATE_KEYS = 10_000  # more are no columns; then every later object is looked at


def keys_in(texts: Iterable[str]) -> set[str]:
    """Every key of these texts, at whatever depth."""
    keys: set[str] = set()
    texts = iter(texts)
    while piece := "\n".join(islice(texts, TEXTS_AT_A_TIME)):
        keys |= _keys(piece)
    return keys


def find_late_keys(stream: TextIO, known: Collection[str]) -> set[str]:
    """Keys of a stream, at whatever depth, that are not known; many times as quick as parsing it."""
    quoted = [f'"{key}":' for key in known] if len(known) <= MOST_COUNTED_KEYS else []
    late: set[str] = set()
    while piece := stream.read(PIECE_CHARACTERS):
        piece += stream.readline(PIECE_CHARACTERS)
        if quoted and _holds_only(piece, quoted):
            continue
        late |= _keys(piece).difference(known)
        if len(late) > MOST_LATE_KEYS:
            break
    return late


def lines_with(stream: TextIO, keys: set[str]) -> Iterator[str]:
    """The lines in which one of these keys may stand; all of them where the keys are too many to search for."""
    if len(keys) > MOST_LATE_KEYS:
        return lines_of(stream)
    holds = re.compile(f'"(?:{"|".join(map(re.escape, sorted(keys)))})"').search
    return (line for line in lines_of(stream) if holds(line))


def _holds_only(piece: str, quoted: list[str]) -> bool:
    """Whether every key of a piece is one of these, by counting: a quote and a colon end a key, but where the quote is
    escaped or begins a string.
    """
    for mark, known in (('":', sum(map(piece.count, quoted))), ('" :', 0)):
        ends = piece.count(mark) if known or mark in piece else 0
        if ends != known:
            ends -= sum(map(piece.count, (f"\\{mark}", f'": {mark}', f'":{mark}')))
        if ends != known:
            return False
    return True


def _keys(text: str) -> set[str]:
    """What stands in quotes before a colon. Inside of strings quotes are escaped, so that hardly anything else does."""
    if '" :' in text:
        text = text.replace('" :', '":')
    before = text.split('":')
    before.pop()
    keys = {each[each.rfind('"') + 1 :] for each in before}
    return {key for key in keys if not key.endswith("\\")}
