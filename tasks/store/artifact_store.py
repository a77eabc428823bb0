"""The one reader and writer of the state folder: atomic, and addressed by content.

An artifact is a folder `store/<kind>/<digest>/` of files plus `manifest.json`. Its name is the digest of what it holds
(Arrow columns, arrays, weights; never file bytes, times or paths), so equal content has one path, and a path inside the
store says all that a cache key needs to know about it.
"""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasks.runtime.processes import left_behind, process_mark
from tasks.store.digests import combine, content_digest, file_sha256

MANIFEST = "manifest.json"
DRAFT = ".draft-"


class DamagedArtifactError(RuntimeError):
    """An artifact is missing files, or a file is not what was written. It is rebuilt, never trusted."""


def state_home() -> Path:
    """The folder that holds all state: CRISISFLOW_HOME, or data/state beside the code. Made when absent, mode 0700."""
    home = (
        Path(os.environ.get("CRISISFLOW_HOME") or Path(__file__).parents[2] / "data" / "state").expanduser().resolve()
    )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


@contextmanager
def locked(name: str) -> Iterator[None]:
    """For the block, the only process of this machine inside a block of this name. A dead process holds no lock."""
    path = state_home() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def draft_prefix() -> str:
    """How the name of everything unfinished begins: it says which process is at it."""
    return f"{DRAFT}{process_mark()}-"


def remove_leftovers() -> int:
    """Delete what processes that are gone left unfinished; return how much it was. Nothing that a live one uses."""
    home = state_home()
    return sum(remove_dead_drafts(folder) for folder in (home, *home.glob("*/"), *home.glob("*/*/")))


def remove_dead_drafts(folder: Path) -> int:
    """The same for one folder, anywhere."""
    found = list(folder.glob(f"{DRAFT}*"))
    left = [path for path in found if left_behind(path.name.removeprefix(DRAFT).rpartition("-")[0])]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


@dataclass
class Draft:
    """An artifact being written. Once the `with` block ends, `path` is its final folder."""

    folder: Path
    path: Path | None = field(default=None)

    def __truediv__(self, name: str) -> Path:
        """Path of one file to write inside the draft."""
        return self.folder / name

    @property
    def final(self) -> Path:
        """The finished artifact's folder."""
        if self.path is None:
            raise RuntimeError("the artifact is still being written: leave the `with new_artifact(...)` block first")
        return self.path


@contextmanager
def new_artifact(kind: str, *, opaque: bool = False) -> Iterator[Draft]:
    """A draft folder to fill; on leaving it is digested, synced and renamed into the store, or dropped on an error.

    `kind` is a noun such as "tweets" or "vectors" and names the folder of all its like. An opaque artifact is digested
    by the bytes of its files, whatever they are called: raw data may be damaged, and must stay as it came.
    """
    shelf = state_home() / "store" / kind
    shelf.mkdir(parents=True, exist_ok=True)
    draft = Draft(Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=shelf)))
    try:
        yield draft
        draft.path = _seal(draft.folder, kind, shelf, file_sha256 if opaque else content_digest)
    finally:
        shutil.rmtree(draft.folder, ignore_errors=True)


def _seal(folder: Path, kind: str, shelf: Path, digest_of: Callable[[Path], str]) -> Path:
    """Write the manifest, sync, and rename to the content address; an intact twin already there wins."""
    files = {
        path.relative_to(folder).as_posix(): {
            "content": digest_of(path),
            "sha256": file_sha256(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    digest = combine({name: entry["content"] for name, entry in files.items()})
    (folder / MANIFEST).write_text(json.dumps({"kind": kind, "digest": digest, "files": files}, indent=1))
    for path in [*folder.rglob("*"), folder]:
        sync(path)
    final = shelf / digest
    try:
        folder.rename(final)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        # It is there already: equal content, unless somebody damaged it.
        with locked("store"):
            _replace_if_damaged(final, folder)
    sync(shelf)
    return final


def _replace_if_damaged(final: Path, folder: Path) -> None:
    try:
        verify(final)
    except DamagedArtifactError:
        discarded = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=final.parent))
        final.rename(discarded / final.name)
        folder.rename(final)
        shutil.rmtree(discarded, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the disk keep what was written to this file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify(artifact: Path) -> None:
    """Raise DamagedArtifactError unless every file of the artifact is there with the bytes that were written."""
    try:
        manifest = json.loads((artifact / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise DamagedArtifactError(f"{artifact} has no readable {MANIFEST}") from error
    for name, entry in manifest["files"].items():
        path = artifact / name
        if not path.is_file():
            raise DamagedArtifactError(f"{path} is missing")
        if path.stat().st_size != entry["bytes"] or file_sha256(path) != entry["sha256"]:
            raise DamagedArtifactError(f"{path} is not what was written there")


def is_artifact(path: Path) -> bool:
    """Whether this path is a sealed artifact of the store; a folder elsewhere may hold a manifest of its own."""
    return path.parent.parent == state_home() / "store" and (path / MANIFEST).is_file()


def artifact_digest(artifact: Path) -> str:
    """The content digest of a sealed artifact: its folder's name."""
    return artifact.name


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new one, never half."""
    with draft_file(path.parent) as draft:
        draft.write_text(text, encoding="utf-8")
        put_in_place(draft, path)


@contextmanager
def draft_file(folder: Path) -> Iterator[Path]:
    """An empty file to write and to put in place; what is still there at the end of the block is dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=draft_prefix())
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Sync a draft and give it its name, in place of the file that has it now."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def publish(draft: Path, path: Path) -> None:
    """Put a draft in place for others to read; in the state folder only its user may."""
    draft.chmod(0o644)
    put_in_place(draft, path)
