"""Compressed files as streams of their unpacked bytes: gzip, bzip2, xz and Zstandard."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

PIECE_BYTES = 1 << 16
XZ_MEMORY_BYTES = 256 << 20  # xz -9 asks for 65 MB; a file may ask for 4 GB
BROKEN = (gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, OSError)


def compression_of(head: bytes) -> str | None:
    """The suffix that a compressed file has, by its first bytes; None for any other file."""
    return next((suffix for suffix, (magic, _) in COMPRESSIONS.items() if head.startswith(magic)), None)


def open_compressed(path: Path, suffix: str) -> BinaryIO:
    """The unpacked bytes of a file; damage shows as one of `BROKEN` when they are read."""
    return COMPRESSIONS[suffix][1](path)


class _Xz(io.RawIOBase):
    """Streams of xz one after the other, unpacked in bounded memory: the file says itself how much it asks for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decoder: lzma.LZMADecompressor | None = None
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while True:
            if self._decoder is None and not self._start():
                return 0
            decoder = cast(lzma.LZMADecompressor, self._decoder)
            if decoder.needs_input and not self._waiting:
                self._waiting = self._file.read(PIECE_BYTES)
                if not self._waiting:
                    raise EOFError("the file ended before its last block")
            data = decoder.decompress(self._waiting, len(buffer))
            self._waiting = b""
            if decoder.eof:
                self._waiting, self._decoder = decoder.unused_data, None
            if data:
                buffer[: len(data)] = data
                return len(data)

    def _start(self) -> bool:
        """Begin the next stream; zeros may stand between two."""
        self._waiting = (self._waiting or self._file.read(PIECE_BYTES)).lstrip(b"\0")
        while not self._waiting:
            piece = self._file.read(PIECE_BYTES)
            if not piece:
                return False
            self._waiting = piece.lstrip(b"\0")
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


def _open_gzip(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path))


def _open_bzip2(path: Path) -> BinaryIO:
    return cast(BinaryIO, bz2.open(path))


def _open_xz(path: Path) -> BinaryIO:
    return cast(BinaryIO, _Xz(path))


def _open_zstd(path: Path) -> BinaryIO:
    import pyarrow as pa  # it brings the library; Python has it from 3.14 on

    return cast(BinaryIO, pa.input_stream(str(path), compression="zstd"))


COMPRESSIONS: dict[str, tuple[bytes, Callable[[Path], BinaryIO]]] = {
    ".gz": (b"\x1f\x8b", _open_gzip),
    ".bz2": (b"BZh", _open_bzip2),
    ".xz": (b"\xfd7zXZ\x00", _open_xz),
    ".zst": (b"\x28\xb5\x2f\xfd", _open_zstd),
}
