"""Watched sources: which snapshot of a source was dealt with last, and which of its files were.

One small file for each source and purpose, in `watched/` of the state folder; its name is a digest, for an address may
hold secrets. What is noted is content, never a time: a file that was touched and not changed is not new.
"""

import hashlib
import json
from pathlib import Path

from tasks import sources
from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.redaction import redact
from tasks.runtime.state_folder import INSIDE, portable, state_home
from tasks.store import layout
from tasks.store.artifact_store import MANIFEST
from tasks.store.digests import DIGEST_CHARACTERS


class Watched:
    """What has been dealt with of one source, for one purpose."""

    def __init__(self, source: str, purpose: str) -> None:
        names = _names_of(source)
        self._file = _file(purpose, names[0])
        self._source, self._purpose = names[0], purpose
        self.done: dict[str, str] = {}
        noted = [file for name in names if (file := _file(purpose, name)).exists()]
        if noted:
            self.done = json.loads(noted[0].read_text(encoding="utf-8"))["done"]

    def note(self, **done: str) -> None:
        """Remember that these were dealt with: by digest, what came of them."""
        self.done |= done
        facts = {"source": redact(self._source), "purpose": self._purpose, "done": self.done}
        write_atomically(self._file, json.dumps(facts, indent=1))


def _file(purpose: str, source: str) -> Path:
    name = hashlib.sha256(f"{purpose}\n{source}".encode()).hexdigest()[:DIGEST_CHARACTERS]
    return state_home() / "watched" / f"{name}.json"


def _names_of(source: str) -> list[str]:
    """The source as it is noted, and then as earlier releases noted it, by its whole path.

    A place in the state folder is noted by its name there: it stays the same when the folder is moved.
    """
    noted = portable(Path(source)) if source.startswith("/") else source
    if not noted.startswith(INSIDE):
        return [source]
    return [noted, *(str(home / noted.removeprefix(INSIDE)) for home in layout.former_homes())]


def inbox(name: str) -> Path:
    """A folder of the state folder for files to be dropped into, made when absent."""
    folder = state_home() / "inbox" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def snapshot_if_any(source: str) -> Path | None:
    """The raw snapshot of a source; None of a folder of this machine that holds no file yet."""
    folder = Path(source).expanduser()
    if folder.is_dir() and not sources_in(folder):
        return None
    return sources.fetch(source)


def sources_in(folder: Path) -> bool:
    """Whether a folder holds a file that ingestion would read."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return any(not any(part.startswith(".") for part in name.parts) for name in names)


def file_digests(snapshot: Path) -> dict[str, str]:
    """The files of a snapshot by the digest of their bytes; of two with the same bytes, the first by name."""
    files = json.loads((snapshot / MANIFEST).read_text())["files"]
    by_name = sorted((name.partition("/")[2], entry["sha256"]) for name, entry in files.items())
    return {digest: name for name, digest in reversed(by_name)}
