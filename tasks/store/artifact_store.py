"""The one reader and writer of the state folder: atomic, and addressed by content.

An artifact is a folder `store/<kind>/<digest>/` of files plus `manifest.json`. Its name is the digest of what it holds
(Arrow columns, arrays, weights; never file bytes, times or paths), so equal content has one path, and a path inside the
store says all that a cache key needs to know about it.
"""

import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasks.runtime.atomic_files import draft_prefix, sync
from tasks.runtime.state_folder import locked, state_home
from tasks.store.digests import combine, content_digest, file_sha256

MANIFEST = "manifest.json"


class DamagedArtifactError(RuntimeError):
    """An artifact is missing files, or a file is not what was written. It is rebuilt, never trusted."""


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
