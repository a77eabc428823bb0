"""The files of a source, archives opened on the way.

Members are streamed, never written to disk, so no archive can write anywhere. Names that would have left a folder,
links and passwords are refused all the same, unpacking stops at a limit, and an archive inside an archive is not
opened.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from models.wording import counted
from tasks.sources import compression
from tasks.sources.errors import SourceError
from tasks.sources.limits import SourceLimits
from tasks.sources.members import HEAD_BYTES, Member

BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, *compression.BROKEN)


def open_members(files: dict[str, Path], limits: SourceLimits) -> Iterator[Member]:
    """Every file, and every file inside the archives among them, in order. Use a member before asking for the next.

    Raises SourceError for an archive that is broken, locked, or tries something.
    """
    budget = Budget(limits, sum(path.stat().st_size for path in files.values()))
    for name, path in files.items():
        packing = _packing(path)
        if packing == "zip" and not is_workbook(path) and not document_kind(path):
            yield from _zip_members(name, path, budget)
        elif packing in compression.COMPRESSIONS:
            spend = partial(budget.spend, name, packed=path.stat().st_size)
            opener = _metered(partial(compression.open_compressed, path, packing), name, spend)
            yield Member(name.removesuffix(packing), opener)
        else:
            yield Member(name, partial(_open_plain, path), path)


def is_archive(head: bytes) -> bool:
    """Whether these are the first bytes of a zip, gzip, tar, bzip2, xz, zstd, 7z or rar file."""
    magics = (
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
        b"7z\xbc\xaf",
        b"Rar!",
    )
    return head.startswith(magics) or head[257:262] == b"ustar"


def _packing(path: Path) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(6)
    if suffix := compression.compression_of(head):
        return suffix
    return "zip" if head.startswith(b"PK") and zipfile.is_zipfile(path) else None


def is_workbook(path: Path | BinaryIO) -> bool:
    """Whether this zip file is an Excel workbook."""
    return {"[Content_Types].xml", "xl/workbook.xml"} <= _names(path)


# Zip files that are documents, by what they hold; none is read.
DOCUMENTS = {
    "word/document.xml": "a Word document: save it as plain text",
    "ppt/presentation.xml": "a PowerPoint presentation: save its text as plain text",
    "META-INF/container.xml": "an ePub book: save it as plain text, such as with pandoc BOOK.epub -t plain -o BOOK.txt",
    "AndroidManifest.xml": "an Android package, not data",
    "META-INF/MANIFEST.MF": "a Java archive or an OpenDocument file: save its text as plain text, its table as CSV",
    "META-INF/manifest.xml": "an OpenDocument file: save its text as plain text, its table as CSV",
    "xl/workbook.bin": "a binary Excel workbook: save it as .xlsx or CSV",
}


def document_kind(path: Path | BinaryIO) -> str | None:
    """What a file is in words, if it is a document or program in the dress of a zip file, and no archive of data."""
    names = _names(path)
    return next((what for name, what in DOCUMENTS.items() if name in names), None)


def _names(path: Path | BinaryIO) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except BROKEN:
        return set()


class Budget:
    """How much a source of `packed` bytes may still unpack. A member that is read twice counts once.

    Members are held to it one by one and together: those of a bomb may overlap, and each look harmless.
    """

    def __init__(self, limits: SourceLimits, packed: int) -> None:
        self.limits, self._packed = limits, packed
        self._unpacked: dict[tuple[str, int], int] = {}
        self._total = 0

    def spend(self, name: str, unpacked: int, packed: int, number: int = 0) -> None:
        """Raise SourceError once a member, or all together, unpack to more than the limits allow.

        `number` tells members of one name apart.
        """
        grown = max(0, unpacked - self._unpacked.get((name, number), 0))
        self._unpacked[name, number] = self._unpacked.get((name, number), 0) + grown
        self._total += grown
        if unpacked > self._allowed(packed) or self._total > self._allowed(self._packed):
            raise SourceError(f"{name} unpacks to more than {self.limits.unpacked_ratio} times its size: a zip bomb?")
        if self._total > self.limits.unpacked_bytes:
            raise SourceError(
                f"{name}: the source unpacks to more than {self.limits.unpacked_bytes:,} bytes, the limit"
            )

    def _allowed(self, packed: int) -> int:
        return max(self.limits.unpacked_ratio * packed, self.limits.ratio_grace_bytes)


class _Metered(io.RawIOBase):
    """Unpacked bytes, counted against the budget; what is broken inside comes out as a SourceError."""

    def __init__(self, stream: BinaryIO, name: str, spend: Callable[[int], None]) -> None:
        self._stream, self._name, self._spend = stream, name, spend
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except BROKEN as error:
            raise SourceError(f"{self._name} is damaged or cannot be unpacked: {error}") from error
        self._count += len(data)
        self._spend(self._count)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _metered(opener: Callable[[], BinaryIO], name: str, spend: Callable[[int], None]) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(_Metered(opener(), name, spend), HEAD_BYTES)


def _zip_members(name: str, path: Path, budget: Budget) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise SourceError(f"{name} is not a sound zip archive: {error}") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check_count(name, len(infos), budget.limits)
        for number, info in enumerate(infos):
            full = _checked_name(name, info)
            if info.flag_bits & 1:
                raise SourceError(f"{full} is locked with a password: unpack it first")
            if not _hidden(info.filename):
                spend = partial(budget.spend, full, packed=info.compress_size, number=number)
                opener = _metered(partial(_open_packed, archive, info), full, spend)
                yield Member(full, opener, one_of_many=len(infos) > 1)


def _open_plain(path: Path) -> BinaryIO:
    return path.open("rb")


def _open_packed(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(member))


def _check_count(name: str, members: int, limits: SourceLimits) -> None:
    if members > limits.archive_members:
        raise SourceError(f"{name} holds {counted(members, 'file')}, the limit is {limits.archive_members:,}")


def _checked_name(archive: str, member: zipfile.ZipInfo) -> str:
    """Archive and member as one name. Raises SourceError for a link, or a name that leaves the archive's folder."""
    parts = PurePosixPath(member.orig_filename.replace("\\", "/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    if link or not parts.parts or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise SourceError(f"{archive} holds {member.orig_filename!r}, which is a link or leaves its folder: refused")
    return f"{archive}/{parts}"


def _hidden(name: str) -> bool:
    """Files that file managers leave behind."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
