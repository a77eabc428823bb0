"""The form of a backup: a tar file of a head, the files under `state/`, and last their digests.

`tar -tf` lists it, and `tar -xf` gets at files by hand. The digests stand at the end, where all bytes are known: a file
that was cut off has none.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

FORM = 1
HEAD, DIGESTS, STATE = "crisisflow-backup.json", "digests.json", "state/"
PIECE_BYTES = 1 << 20
Digests = dict[str, str]


class NoBackup(ValueError):
    """The file is not a backup, or not one that this version can read."""


class Writer:
    """Appends to a new archive, and keeps the SHA-256 of all that went in."""

    def __init__(self, stream: IO[bytes], head: Mapping[str, Any]) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115  (see `close`)
        self._tar.copybufsize = PIECE_BYTES  # type: ignore[attr-defined]
        self.digests: Digests = {}
        self._add_json(HEAD, {"form": FORM, **head})

    def add(self, name: str, file: IO[bytes], size: int, modified: float, report: Callable[[int], None]) -> str:
        """Append so many bytes of this file; return their SHA-256. Raises EOFError when it has fewer."""
        entry = tarfile.TarInfo(STATE + name)
        entry.size, entry.mtime, entry.mode = size, modified, 0o600
        hashing = Hashing(file, report)
        try:
            self._tar.addfile(entry, hashing)
        except OSError as error:
            if hashing.count < size and error.errno is None:  # what tarfile raises where the file ends early
                raise EOFError(name) from error
            raise
        self.digests[name] = hashing.digest.hexdigest()
        return self.digests[name]

    def close(self) -> None:
        """Append the digests: the archive is whole."""
        self._add_json(DIGESTS, self.digests)
        self._tar.close()

    def _add_json(self, name: str, content: Mapping[str, Any]) -> None:
        data = json.dumps(content, indent=1).encode()
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        self._tar.addfile(entry, io.BytesIO(data))


class Hashing:
    """A file to read from, which digests and counts what was read."""

    def __init__(self, file: IO[bytes], report: Callable[[int], None]) -> None:
        self._file, self._report = file, report
        self.digest, self.count = hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        """Some bytes of the file."""
        data = self._file.read(size)
        self.digest.update(data)
        self.count += len(data)
        self._report(len(data))
        return data


class Reader:
    """Reads an archive from front to back, once: its `head`, its files, and then `digests`. See `opened`."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path, self._tar = path, tar
        entry = tar.next()
        if entry is None or entry.name != HEAD:
            raise NoBackup(f"{path} is not a backup that `crisisflow backup` wrote")
        self.head: dict[str, Any] = json.load(self._bytes_of(entry))
        if self.head["form"] > FORM:
            raise NoBackup(
                f"{path} is a backup of form {self.head['form']}, which a newer crisisflow wrote; this one reads forms "
                f"up to {FORM}: update it with `git pull` and `make setup`"
            )
        self.digests: Digests | None = None

    def files(self) -> Iterator[tuple[PurePosixPath, float, IO[bytes]]]:
        """Each file of the state folder: its name there, when it was modified, and its bytes, to be read at once."""
        for entry in self._tar:
            if entry.name == DIGESTS:
                self.digests = json.load(self._bytes_of(entry))
            elif entry.name != HEAD:
                yield _inner_name(entry.name, self._path), float(entry.mtime), self._bytes_of(entry)
        if self.digests is None:
            raise NoBackup(f"{self._path} is cut off: its end, which holds the digests, is missing")

    def _bytes_of(self, entry: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(entry) if entry.isreg() else None
        if file is None:
            raise NoBackup(f"{self._path} holds {entry.name!r}, which is not a file: crisisflow wrote none such")
        return file


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """For the block, a reader of this archive. Raises NoBackup where it is none, or is cut off."""
    try:
        with tarfile.open(path, "r|") as tar:
            yield Reader(path, tar)
    except tarfile.TarError as error:
        raise NoBackup(f"{path} is not a backup, or is cut off ({error})") from error


def _inner_name(name: str, archive: Path) -> PurePosixPath:
    """The name below the state folder. Raises NoBackup for one that leads out of it."""
    inner = PurePosixPath(name.removeprefix(STATE))
    if not name.startswith(STATE) or inner.is_absolute() or ".." in inner.parts or not inner.parts:
        raise NoBackup(f"{archive} holds {name!r}, which does not belong into a state folder")
    return inner
