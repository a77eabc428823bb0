"""Files on this machine: one, a folder of them, or a glob."""

import glob
import os
from pathlib import Path

from tasks.runtime.redaction import redact
from tasks.sources.errors import SourceError


def find_files(location: str) -> dict[str, Path]:
    """The files behind a path, folder or glob, by their name below what they share, in order of name.

    Folders are walked; hidden files and folders, and links to folders, are passed over. Raises SourceError when there
    is nothing, and for a link that leads out of the folder.
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
            f"nothing to read at {redact(location)!r}: no such file, no file in such a folder, no match of a glob"
        )
    _refuse_links_out(found, root)
    return dict(sorted((file.relative_to(root).as_posix(), file) for file in found))


def _walk(folder: Path) -> list[Path]:
    """The plain files below a folder, hidden ones left out."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    return [file for file in files if file.is_file()]


def _refuse_links_out(files: list[Path], root: Path) -> None:
    """Write access to a folder of data must not give read access to other files of this machine."""
    home = root.resolve()
    for file in files:
        if not file.resolve().is_relative_to(home):
            raise SourceError(f"{file} is a link that leads out of {root}: name the file itself, or copy it there")


def _shared_folder(files: list[Path]) -> Path:
    return Path(os.path.commonpath([file.parent for file in files])) if files else Path()
