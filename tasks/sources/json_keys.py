"""Keys that first appear far down in a file. A column must not vanish because the first rows lack it."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TextIO

from tasks.sources.json_scan import Scan
from tasks.sources.json_values import lines_of

PIECE_CHARACTERS = 1 << 18  # small enough that what is made of a piece stays in the processor's cache
TEXTS_AT_A_TIME = 1000
MOST_SOUGHT_KEYS = 100  # beyond it one look at every key is quicker than a search for each
LONGEST_KEY = 256  # bytes of one that is sought
MOST_LATE_KEYS = 10_000  # more are not columns; then every later object is looked at


def keys_in(texts: Iterable[str]) -> set[str]:
    """Every key of these texts, at whatever depth."""
    keys: set[str] = set()
    texts = iter(texts)
    while piece := "\n".join(islice(texts, TEXTS_AT_A_TIME)):
        keys |= _keys(piece)
    return keys


def find_late_keys(stream: TextIO, known: Collection[str]) -> set[str]:
    """Keys of a stream, at whatever depth, that are not known; many times as quick as parsing it."""
    sought = [key.encode("utf-8", "surrogatepass") for key in known]
    quick = len(sought) <= MOST_SOUGHT_KEYS and max(map(len, sought), default=0) <= LONGEST_KEY
    late: set[str] = set()
    while piece := stream.read(PIECE_CHARACTERS):
        piece += stream.readline(PIECE_CHARACTERS)
        if quick and not len(Scan(piece.encode("utf-8", "surrogatepass"), LONGEST_KEY).other_ends(sought)):
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


def _keys(text: str) -> set[str]:
    """What stands in quotes before a colon. Inside of strings quotes are escaped, so that hardly anything else does.

    A quote before a colon that is the first one since the last key begins a string.
    """
    if '" :' in text:
        text = text.replace('" :', '":')
    before = text.split('":')
    before.pop()
    keys = {each[each.rfind('"') + 1 :] for each in before if '"' in each}
    return {key for key in keys if not key.endswith("\\")}
