"""The words and numbers of word2vec binary. A word may hold blanks, though the format marks its end by one."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

WORD_BYTES = 400  # of the longest word that is believed; an address among the words of a crawl is shorter
BLANKS_IN_WORD = 12
LOOK_AHEAD = 3  # entries that must look sound before a blank is taken for the end of the word before them
# Numbers of trained vectors lie far inside; bytes of text, or of two neighbouring numbers, read as one do not.
LEAST, MOST = 1e-15, 1e6
Place = tuple[int, int]  # the first byte of a word, and the blank after it


class Layout(NamedTuple):
    """The bytes of a file, and how many words of which width to read; `whole` if they end with the last of these."""

    data: bytes
    words: int
    width: int
    whole: bool = True

    @property
    def vector_bytes(self) -> int:
        """Bytes of the numbers of one word."""
        return 4 * self.width

    def numbers(self, blank: int) -> np.ndarray:
        """The numbers behind a blank, float32 (width,)."""
        return np.frombuffer(self.data, "<f4", self.width, blank + 1)


def read_binary_words(layout: Layout, start: int) -> tuple[list[bytes], np.ndarray]:
    """Every word as bytes, and the numbers float32 (words, width).

    Words end at their first blank if all entries then look sound and the data ends with the last one. Otherwise some
    word may hold a blank, after which numbers are shifted: then each word ends at the first blank after which sound
    entries follow, if the data can be read so. Raises ValueError when no reading ends with the data.
    """
    try:
        read = _gather(layout, _first_blanks(layout, start))
    except ValueError:
        found = _later_blanks(layout, start)
        if found is None:
            raise
        return _gather(layout, found)
    words, numbers = read
    if _plausible(numbers) and all(map(_looks_like_word, words)):
        return read
    found = _later_blanks(layout, start)
    return read if found is None else _gather(layout, found)


def _gather(layout: Layout, places: list[Place]) -> tuple[list[bytes], np.ndarray]:
    numbers = np.empty((layout.words, layout.width), np.float32)
    for row, (_, blank) in enumerate(places):
        numbers[row] = layout.numbers(blank)
    return [layout.data[begin:blank] for begin, blank in places], numbers


def _first_blanks(layout: Layout, position: int) -> list[Place]:
    data, places = layout.data, []
    for row in range(layout.words):
        position = _skip_line_ends(data, position)
        blank = data.find(b" ", position)
        end = blank + 1 + layout.vector_bytes
        if blank < 0 or end > len(data):
            raise ValueError(f"the data ends within vector {row + 1} of {layout.words}: the file is cut short")
        places.append((position, blank))
        position = end
    if layout.whole and (left := data[position:].strip(b"\r\n")):
        raise ValueError(f"{len(left)} bytes are left behind the last of {layout.words} vectors: give the whole file")
    return places


def _later_blanks(layout: Layout, position: int) -> list[Place] | None:
    places = []
    for row in range(layout.words):
        entries = min(LOOK_AHEAD + 1, layout.words - row)
        last = layout.whole and row + entries == layout.words
        place = next(_entries(layout, position, entries, last), None)
        if place is None:
            return None
        places.append(place)
        position = place[1] + 1 + layout.vector_bytes
    return places


def _entries(layout: Layout, position: int, count: int, last: bool) -> Iterator[Place]:
    """Places of a word here, such that `count` sound entries follow one another, the data ending there if `last`."""
    position = _skip_line_ends(layout.data, position)
    for blank in _blanks(layout.data, position):
        end = blank + 1 + layout.vector_bytes
        if end > len(layout.data) or not _plausible(layout.numbers(blank)):
            continue
        if count > 1 and next(_entries(layout, end, count - 1, last), None) is None:
            continue
        if count > 1 or not last or not layout.data[end:].strip(b"\r\n"):
            yield position, blank


def _blanks(data: bytes, position: int) -> Iterator[int]:
    """The first few blanks after a word began."""
    blank, limit = position, position + WORD_BYTES
    for _ in range(BLANKS_IN_WORD):
        blank = data.find(b" ", blank + 1, limit)
        if blank < 0 or not _looks_like_word(data[position:blank]):
            return
        yield blank


def _plausible(numbers: np.ndarray) -> bool:
    sizes = np.abs(numbers)
    return bool(((sizes == 0) | ((sizes >= LEAST) & (sizes <= MOST))).all())


def _looks_like_word(word: bytes) -> bool:
    try:
        return bool(word) and word.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _skip_line_ends(data: bytes, position: int) -> int:
    while data[position : position + 1] == b"\n":
        position += 1
    return position
