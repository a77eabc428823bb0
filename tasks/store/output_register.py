"""Which files outside the store crisisflow wrote, and with which bytes.

`outputs/<digest of the folder>.json` in the state folder, one for each folder: the digests of its files by name. A file
has two while it is being replaced, so that a process that dies in between leaves a file that is still on record.
Folders inside the state folder are named relative to it: their record holds after the state folder was moved.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tasks.runtime import atomic_files, state_folder
from tasks.store.digests import file_sha256


def is_recorded(path: Path) -> bool:
    """Whether this file, which is not a link, has bytes that crisisflow wrote there."""
    known = recorded(path.parent).get(path.name, [])
    return bool(known) and path.is_file() and not path.is_symlink() and file_sha256(path) in known


def recorded(folder: Path) -> dict[str, list[str]]:
    """The SHA-256 digests of each file of the folder that crisisflow wrote, by name."""
    file = _file(folder)
    return dict(json.loads(file.read_text(encoding="utf-8"))["files"]) if file.exists() else {}


def record(folder: Path, digests: Mapping[str, Sequence[str]]) -> None:
    """Set the digests of these files of the folder; a file without digests is off the record."""
    files = {name: list(known) for name, known in {**recorded(folder), **digests}.items() if known}
    content = {"folder": state_folder.portable(folder), "files": files}
    atomic_files.write_atomically(_file(folder), json.dumps(content, indent=1, sort_keys=True))


@contextmanager
def placing_in(folder: Path) -> Iterator[None]:
    """For the block, the only process of this state folder that puts files into this folder."""
    with state_folder.locked(f"output-{_digest(folder)}"):
        yield


def _file(folder: Path) -> Path:
    return state_folder.state_home() / "outputs" / f"{_digest(folder)}.json"


def _digest(folder: Path) -> str:
    return hashlib.sha256(state_folder.portable(folder).encode("utf-8", "surrogateescape")).hexdigest()[:32]
