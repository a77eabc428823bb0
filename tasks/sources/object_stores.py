"""Object stores and whatever else fsspec reads, once its extra is installed."""

from pathlib import Path, PurePosixPath
from typing import Any

from tasks.runtime.redaction import redact
from tasks.sources.errors import SourceError
from tasks.sources.limits import SourceLimits

PIECE_BYTES = 1 << 20


def copy_files(location: str, folder: Path, limits: SourceLimits) -> str | None:
    """Copy the object, folder or glob behind an fsspec URL below `folder`; return the ETag if it is a single object.

    Raises SourceError when a package is missing, nothing is there, or more than `limits.download_bytes` are.
    """
    import fsspec

    _refuse_local_chain(location)
    try:
        filesystem, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise SourceError(f"cannot read {redact(location)}: {error}") from error
    names = _names(filesystem, path, location)
    budget = limits.download_bytes
    for name, remote in names.items():
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise SourceError(f"{redact(location)} holds {name!r}, a name that leaves its folder: refused")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        budget -= _copy(filesystem, remote, target, budget, location)
    return filesystem.info(path).get("ETag") if len(names) == 1 and filesystem.isfile(path) else None


def _refuse_local_chain(location: str) -> None:
    """Fsspec would follow a chain to our own disk, or over HTTP without any of our bounds."""
    for link in location.split("::")[1:]:
        if link.partition("://")[0].lower() in ("file", "local", "http", "https", "ftp"):
            raise SourceError(f"{redact(location)} leads on to {link.partition('://')[0]}://: give that address itself")


def _names(filesystem: Any, path: str, location: str) -> dict[str, str]:
    """Remote paths by their name below the folder that they share, in order."""
    if filesystem.isfile(path):
        return {PurePosixPath(path).name: path}
    found = sorted(filesystem.find(path) if filesystem.isdir(path) else filesystem.glob(path))
    found = [remote for remote in found if filesystem.isfile(remote)]
    if not found:
        raise SourceError(f"nothing to read at {redact(location)}: no such object, folder or match of a glob")
    root = PurePosixPath(path) if filesystem.isdir(path) else _shared_folder(found)
    return {PurePosixPath(remote).relative_to(root).as_posix(): remote for remote in found}


def _shared_folder(paths: list[str]) -> PurePosixPath:
    parents = [PurePosixPath(path).parent for path in paths]
    shared = parents[0]
    while not all(parent.is_relative_to(shared) for parent in parents):
        shared = shared.parent
    return shared


def _copy(filesystem: Any, remote: str, target: Path, budget: int, location: str) -> int:
    size = 0
    with filesystem.open(remote, "rb") as source, target.open("wb") as file:
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > budget:
                raise SourceError(f"{redact(location)} holds more bytes than the download limit allows")
            file.write(piece)
    return size
