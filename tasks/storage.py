"""The one reader and writer of the state folder: atomic, and addressed by content.

An artifact is a folder `store/<kind>/<digest>/` of files plus `manifest.json`. Its name is the digest of what it holds
(Arrow columns, arrays, weights; never file bytes, times or paths), so equal content has one path, and a path inside the
store says all that a cache key needs to know about it.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
DIGEST_CHARACTERS = 32  # 128 bits: no two artifacts of one store will ever meet by chance


class DamagedArtifactError(RuntimeError):
    """An artifact is missing files, or a file is not what was written. It is rebuilt, never trusted."""


def state_home() -> Path:
    """The folder that holds all state: CRISISFLOW_HOME, or data/state beside the code. Made when absent, mode 0700."""
    home = (
        Path(os.environ.get("CRISISFLOW_HOME") or Path(__file__).parents[1] / "data" / "state").expanduser().resolve()
    )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


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
    draft = Draft(Path(tempfile.mkdtemp(prefix=".draft-", dir=shelf)))
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
        _sync(path)
    final = shelf / digest
    try:
        folder.rename(final)
    except OSError:  # it is there already: equal content, unless somebody damaged it
        try:
            verify(final)
        except DamagedArtifactError:
            discarded = shelf / f".damaged-{digest}-{os.getpid()}"
            final.rename(discarded)
            folder.rename(final)
            shutil.rmtree(discarded, ignore_errors=True)
    _sync(shelf)
    return final


def _sync(path: Path) -> None:
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
    """Whether this path is a sealed artifact of the store."""
    return (path / MANIFEST).is_file()


def artifact_digest(artifact: Path) -> str:
    """The content digest of a sealed artifact: its folder's name."""
    return artifact.name


def combine(parts: dict[str, Any]) -> str:
    """One digest of named digests or plain values; the order of the names does not matter."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:DIGEST_CHARACTERS]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digest(path: Path) -> str:
    """Digest of what a file says, whatever its bytes: Parquet by columns, arrays by values, Keras models by weights."""
    if path.suffix == ".parquet":
        return _parquet_digest(path)
    if path.suffix == ".npz":
        return _arrays_digest(path)
    if path.suffix == ".keras":
        return _keras_digest(path)
    if path.suffix == ".json":
        return combine({"json": json.loads(path.read_text())})
    return file_sha256(path)


def _parquet_digest(path: Path) -> str:
    """Digest of column names, types and values in row order; row groups, compression and dictionaries do not count."""
    import pyarrow.parquet as pq

    parts: dict[str, Any] = {}
    with pq.ParquetFile(path) as file:
        types = {column.name: str(_plain(column.type)) for column in file.schema_arrow}
        for batch in file.iter_batches(batch_size=1 << 16):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                _feed(parts, name, column.cast(_plain(column.type)))
        rows = file.metadata.num_rows
    return combine({"rows": rows, "types": types, "parts": {name: part.hexdigest() for name, part in parts.items()}})


def _plain(kind: Any) -> Any:
    """The Arrow type with dictionaries and large offsets taken off, at any depth of lists."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_large_string(kind):
        return pa.string()
    return kind


def _feed(parts: dict[str, Any], name: str, column: Any) -> None:
    """Add one Arrow column to running digests of its validity, lengths and values, so that no batch border shows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def feed(part: str, data: Any) -> None:
        parts.setdefault(f"{name}/{part}", hashlib.sha256()).update(data)

    feed("valid", pc.is_valid(column).to_numpy(zero_copy_only=False).tobytes())
    kept = column.drop_null()
    if pa.types.is_list(kept.type):
        feed("lengths", pc.list_value_length(kept).to_numpy().tobytes())
        _feed(parts, f"{name}/items", kept.flatten())
    elif pa.types.is_fixed_size_list(kept.type):
        _feed(parts, f"{name}/items", kept.flatten())
    elif pa.types.is_string(kept.type) or pa.types.is_binary(kept.type):
        feed("lengths", pc.binary_length(kept).to_numpy().tobytes())
        feed("values", pc.binary_join(_one_list(kept.cast(pa.binary())), b"")[0].as_buffer())
    elif not pa.types.is_null(kept.type):
        feed("values", kept.to_numpy(zero_copy_only=False).tobytes())


def _one_list(values: Any) -> Any:
    """All values as the single row of a list array."""
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def _arrays_digest(path: Path) -> str:
    """Digest of the named arrays of an .npz file. Object arrays are refused: they would be pickles."""
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        return combine({name: _array_digest(arrays[name]) for name in arrays.files})


def _array_digest(array: Any) -> str:
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


def _keras_digest(path: Path) -> str:
    """Digest of a saved Keras model: its configuration and every weight array."""
    import io

    import h5py

    weights: dict[str, str] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = _array_digest(item[()])

    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(visit)
    return combine({"config": config, "weights": weights})


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    _sync(path.parent)
