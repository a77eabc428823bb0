"""Digests of content: what a file says, whatever its bytes. Compression, row groups and zip times do not count."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

DIGEST_CHARACTERS = 32  # 128 bits: no two artifacts of one store will ever meet by chance


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
        config = _renumber_shared(json.loads(archive.read("config.json")), {})
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(visit)
    return combine({"config": config, "weights": weights})


def _renumber_shared(config: Any, numbers: dict[int, int]) -> Any:
    """The configuration with its shared objects numbered as they come: Keras names them by their place in memory."""
    if isinstance(config, list):
        return [_renumber_shared(each, numbers) for each in config]
    if not isinstance(config, dict):
        return config
    return {
        name: numbers.setdefault(value, len(numbers))
        if name == "shared_object_id"
        else _renumber_shared(value, numbers)
        for name, value in config.items()
    }
