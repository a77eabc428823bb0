"""Files on this machine: one, a folder of them, or a glob."""

import glob
import os
from pathlib import Path

from tasks.sources.limits import SourceError


def find_files(location: str) -> dict[str, Path]:
    """The files behind a path, folder or glob, by their name below what they share, in order of name.

    Folders are walked; hidden files and folders, and links to folders, are passed over. Raises SourceError when there
    is nothing.
    """
    path = Path(location).expanduser()
    if path.is_file():
        return {path.name: path}
    if path.is_dir():
        found = _walk(path)
        root = path
    else:
        matches = [Path(match) for match in glob.glob(str(path), recursive=True)]
        found = [file for match in matches for file in (_walk(match) if match.is_dir() else [match]) if file.is_file()]
        root = _shared_folder(found)
    if not found:
        raise SourceError(
            f"nothing to read at {location!r}: no such file, no file in such a folder, no match of a glob"
        )
    return dict(sorted((file.relative_to(root).as_posix(), file) for file in found))


def _walk(folder: Path) -> list[Path]:
    """The plain files below a folder, hidden ones left out."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    return [file for file in files if file.is_file()]


def _shared_folder(files: list[Path]) -> Path:
    return Path(os.path.commonpath([file.parent for file in files])) if files else Path()
