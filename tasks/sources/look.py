"""A look at a source: the beginnings of its files, read by the readers of every ingest, and how far they were read."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from tasks.sources.archives import Member
from tasks.sources.encodings import BYTE_ORDER_MARKS

COUNTED_BYTES = 4 << 20  # of a file whose other rows are counted quickly; some 25,000 tweets
LOOKED_BYTES = 16 << 20  # of any other, and of all files together
LEAST_BYTES = 64 << 10  # of a file among many that use the rest up
MOST_FILES = 200
LOOKED_ROWS = 5_000  # of a workbook, which is slow to read and has no beginning to cut off
NOT_LOOKED_INTO = "not looked into: the files before it fill the look"
WIDE_MARKS = tuple(mark for mark, encoding in BYTE_ORDER_MARKS if encoding.startswith(("utf-16", "utf-32")))
CHARACTER_BYTES = 4  # of UTF-32, and the longest of UTF-8


@dataclass
class Beginning:
    """Opens the first bytes of a file, cut where a line ends. `cut` says, once it was opened, whether there are more.

    `scans_all`: what only scans the file, to tell its encoding or its columns, still sees all of it.
    """

    whole: Callable[[], BinaryIO]
    limit: int
    scans_all: bool
    cut: bool = False
    _data: bytes | None = field(default=None, repr=False)

    @property
    def data(self) -> bytes:
        """The bytes; they are read once."""
        if self._data is None:
            with self.whole() as stream:
                data = stream.read(self.limit + 1)
            self.cut = len(data) > self.limit
            self._data = whole_lines(data[: self.limit]) if self.cut else data
        return self._data

    def open(self) -> BinaryIO:
        """The bytes as a stream."""
        return io.BytesIO(self.data)

    def scan(self) -> BinaryIO:
        """All bytes of the file where they are quick to read."""
        return self.whole() if self.scans_all else self.open()


def whole_lines(data: bytes) -> bytes:
    r"""The data up to its last line end, or to the end of a character where it is one line, or of wide characters.

    >>> whole_lines(b"a,b\nc,"), whole_lines("[1, é".encode()[:-1])
    (b'a,b\n', b'[1, ')
    """
    if data.startswith(WIDE_MARKS):
        return data[: len(data) - len(data) % CHARACTER_BYTES]
    if place := data.rfind(b"\n") + 1:
        return data[:place]
    return data[:-CHARACTER_BYTES] + data[-CHARACTER_BYTES:].decode("utf-8", "ignore").encode()


@dataclass
class Look:
    """How much of the files of one source is read."""

    beginnings: dict[str, Beginning] = field(default_factory=dict)
    not_looked_into: int = 0

    def at(self, member: Member, countable: bool) -> Member | None:
        """The beginning of a file as a file; None when the files before it have used up what a look reads.

        `countable`: the rest of its rows will be counted, which takes no long time.
        """
        left = LOOKED_BYTES - sum(len(each.data) for each in self.beginnings.values())
        if left < LEAST_BYTES and len(self.beginnings) >= MOST_FILES:
            self.not_looked_into += 1
            return None
        limit = min(COUNTED_BYTES if countable else LOOKED_BYTES, max(left, LEAST_BYTES))
        beginning = self.beginnings[member.name] = Beginning(member.open, limit, countable)
        return replace(member, open=beginning.open, beginning=beginning)
