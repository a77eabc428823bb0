"""Raw snapshots: the bytes of a source as received, under their content address, and where they came from.

`store/raw/<digest>/files/` holds the bytes; `store/raw/<digest>.provenance.jsonl` grows by one line at every fetch that
gave these bytes. Times and addresses stay outside the sealed folder, so they cannot change its digest.
"""

import hashlib
import json
import mimetypes
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.runtime import atomic_files, state_folder
from tasks.runtime.redaction import fill_placeholders, redact
from tasks.sources import addresses, http, local, object_stores
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.store import artifact_store
from tasks.store.digests import DIGEST_CHARACTERS, file_sha256

FILES = "files"


def fetch(source: str | Path, limits: SourceLimits = DEFAULT_LIMITS) -> Path:
    """The raw snapshot of a path, folder, glob, http(s) URL or fsspec URL; `#sha256=...` pins the bytes of one file,
    `${NAME}` stands for an environment variable.

    An HTTP source that has not changed since, by its ETag or by its pinned checksum, is not received again. A snapshot
    is handed back as it is. Raises SourceError when there is nothing or it is not what was pinned, ConnectionError and
    TimeoutError when the network gives up.
    """
    if artifact_store.is_artifact(Path(source)):
        return Path(source)
    address = addresses.parse(fill_placeholders(str(source)))
    if address.scheme in ("http", "https"):
        return _fetch_http(address, limits)
    facts: dict[str, Any] = {}
    with artifact_store.new_artifact("raw", opaque=True) as draft:
        folder = draft / FILES
        folder.mkdir()
        if address.scheme in ("", "file"):
            _copy_local(address.location.removeprefix("file://"), folder)
        else:
            facts["etag"] = object_stores.copy_files(address.location, folder, limits)
        _check_pin(address, folder)
    _record(draft.final, redact(str(source)), facts)
    return draft.final


@contextmanager
def temporary_copy(source: str | Path, limits: SourceLimits = DEFAULT_LIMITS) -> Iterator[str | Path]:
    """Where the files of a source lie for the block: on this machine they stay where they are, others are received
    into a folder that is gone afterwards. Nothing is noted. Raises what `fetch` raises.
    """
    if artifact_store.is_artifact(Path(source)):
        yield Path(source)
        return
    address = addresses.parse(fill_placeholders(str(source)))
    if address.scheme in ("", "file"):
        yield address.location.removeprefix("file://")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if address.scheme in ("http", "https"):
            http.download(address.location, folder / addresses.file_name(address.location), limits)
        else:
            object_stores.copy_files(address.location, folder, limits)
        _check_pin(address, folder)
        yield folder


def check_source(source: str | Path) -> None:
    """Raise SourceError when a local source is not there; what is far away is found out by `fetch`."""
    if artifact_store.is_artifact(Path(source)):
        return
    address = addresses.parse(fill_placeholders(str(source)))
    if address.scheme in ("", "file"):
        local.find_files(address.location.removeprefix("file://"))


def local_paths(source: str | Path) -> tuple[Path, ...]:
    """The files of this machine that a source is read from, and the folder if it is one; of one far away nothing."""
    if artifact_store.is_artifact(Path(source)):
        return (Path(source),)
    address = addresses.parse(fill_placeholders(str(source)))
    if address.scheme not in ("", "file"):
        return ()
    location = Path(address.location.removeprefix("file://")).expanduser()
    return (*([location] if location.is_dir() else ()), *local.find_files(str(location)).values())


def snapshot_files(location: str | Path) -> dict[str, Path]:
    """The files of a snapshot, or of a path, folder or glob that was never fetched, by name."""
    path = Path(location)
    return local.find_files(str(path / FILES if artifact_store.is_artifact(path) else path))


def provenance(snapshot: Path) -> list[dict[str, Any]]:
    """Every fetch that gave these bytes, the earliest first."""
    lines = _provenance_path(snapshot)
    return [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []


def _copy_local(location: str, folder: Path) -> None:
    for name, path in local.find_files(location).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _check_pin(address: addresses.Address, folder: Path) -> None:
    """Raise SourceError unless the one file there has the pinned checksum."""
    if address.sha256 is None:
        return
    files = [path for path in folder.rglob("*") if path.is_file()]
    if len(files) != 1:
        raise SourceError(f"#sha256= pins the bytes of one file, {redact(address.location)} holds {len(files)}")
    found = file_sha256(files[0])
    if found != address.sha256:
        raise SourceError(
            f"{redact(address.location)} has SHA-256 {found}, not the {address.sha256} that was asked for"
        )


class _UnchangedError(Exception):
    """The server says that the snapshot made last time is current; the new draft is dropped."""


def _fetch_http(address: addresses.Address, limits: SourceLimits) -> Path:
    """Receive one file over HTTP, unless the snapshot made last time is still what is asked for."""
    source = redact(address.location)
    memory = _memory_path(address.location)
    snapshot, known = _recall(memory)
    if known and address.sha256 not in (None, known.sha256):
        known = None
    if snapshot and known and address.sha256:
        _record(snapshot, source, asdict(known) | {"answer": "the pinned bytes are here already"})
        return snapshot
    try:
        with artifact_store.new_artifact("raw", opaque=True) as draft:
            received = _receive(address, draft / FILES, limits, known)
    except _UnchangedError:
        assert snapshot
        assert known
        _record(snapshot, source, asdict(known) | {"answer": "304 Not Modified"})
        return snapshot
    atomic_files.write_atomically(memory, json.dumps({"snapshot": draft.final.name, **asdict(received)}))
    _record(draft.final, source, asdict(received) | {"answer": "200 OK"})
    return draft.final


def _receive(
    address: addresses.Address, folder: Path, limits: SourceLimits, known: http.Received | None
) -> http.Received:
    folder.mkdir()
    received = http.download(address.location, folder / addresses.file_name(address.location), limits, known)
    if received is None:
        raise _UnchangedError
    _check_pin(address, folder)
    return received


def _memory_path(url: str) -> Path:
    """Where it is noted what a URL gave last. The name is a digest: a URL may hold secrets."""
    name = hashlib.sha256(url.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return state_folder.state_home() / "store" / "raw" / ".http" / f"{name}.json"


def _recall(memory: Path) -> tuple[Path | None, http.Received | None]:
    """The snapshot that a URL gave last and its headers; nothing when there is none, or it is damaged."""
    if not memory.exists():
        return None, None
    noted = json.loads(memory.read_text())
    snapshot = memory.parents[1] / noted.pop("snapshot")
    try:
        artifact_store.verify(snapshot)
    except artifact_store.DamagedArtifactError:
        return None, None
    return snapshot, http.Received(**noted)


def _provenance_path(snapshot: Path) -> Path:
    return snapshot.with_name(f"{snapshot.name}.provenance.jsonl")


def _record(snapshot: Path, source: str, facts: dict[str, Any]) -> None:
    """Add one line of provenance; appended in one write, so that two fetches at once both stay."""
    files = json.loads((snapshot / artifact_store.MANIFEST).read_text())["files"]
    line = {
        "source": source,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": len(files),
        "size": sum(entry["bytes"] for entry in files.values()),
        "sha256": next(iter(files.values()))["sha256"] if len(files) == 1 else None,
        "content_type": mimetypes.guess_type(next(iter(files)))[0] if len(files) == 1 else None,
    }
    line |= {name: value for name, value in facts.items() if value is not None}
    with _provenance_path(snapshot).open("a") as file:
        file.write(json.dumps(line) + "\n")
