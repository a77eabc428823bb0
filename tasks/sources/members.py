"""One file of a source, and its beginning, which a look reads alone."""

import codecs
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 1 << 16
NESTED_BYTES = 256 << 20  # of a workbook in an archive, which is held in memory
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
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


@dataclass(frozen=True)
class Member:
    """One file of a source, packed or not. `open` gives its unpacked bytes, each time from the start."""

    name: str
    open: Callable[[], BinaryIO]
    path: Path | None = None  # where it lies on disk unpacked, if it does
    one_of_many: bool = False  # in an archive
    beginning: Beginning | None = None  # which alone `open` gives, for a look at the file

    @property
    def cut(self) -> bool:
        """Whether `open` ends before the file does, so that what stands last may be half of something."""
        return self.beginning is not None and self.beginning.cut

    def scan(self) -> BinaryIO:
        """What is to be seen before anything is read, from the start: even of a look all bytes, where that is quick."""
        return self.beginning.scan() if self.beginning else self.open()

    def zip_file(self) -> Path | BinaryIO:
        """What `zipfile` can read of a zip file: the file itself, or its bytes where it is packed in another."""
        if self.path:
            return self.path
        with self.open() as stream:
            return io.BytesIO(stream.read(NESTED_BYTES))  # one that is larger is cut, and no sound zip file

    def head(self) -> bytes:
        """The first 64 KiB."""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)
