"""Where two artifacts of one kind differ first: file, column or tensor, element, and both values."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.wording import counted
from tasks.store.artifact_store import MANIFEST
from tasks.store.digests import content_digest

RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-3, 1e-5
TELLING = (".parquet", ".npz", ".keras", ".json")  # what holds values comes before what only shows them


@dataclass(frozen=True)
class Difference:
    """The first element that differs, and by how much at most its column or tensor does, where that is a number."""

    file: str
    part: str
    element: str
    recorded: str
    replayed: str
    largest: float | None = None


def first_difference(recorded: Path, replayed: Path) -> Difference | None:
    """The first difference in what two artifacts say; None when all their files say the same."""
    for name in _files(recorded, replayed):
        old, new = recorded / name, replayed / name
        if not (old.is_file() and new.is_file()):
            return Difference(name, "", "", *_presence(old.is_file(), new.is_file()))
        if content_digest(old) != content_digest(new):
            found = _first_in(read_parts(old), read_parts(new))
            part, element, before, after, largest = found or ("", "", "its content", "other content", None)
            return Difference(name, part, element, before, after, largest)
    return None


def _files(*folders: Path) -> list[str]:
    names = {path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}
    ranks = {suffix: rank for rank, suffix in enumerate(TELLING)}
    return sorted(names - {MANIFEST}, key=lambda name: (ranks.get(Path(name).suffix, len(ranks)), name))


def _first_in(old: Mapping[str, np.ndarray], new: Mapping[str, np.ndarray]) -> tuple[Any, ...] | None:
    for part in [*old, *(name for name in new if name not in old)]:
        if part not in old or part not in new:
            return part, "", *_presence(part in old, part in new), None
        before, after = old[part], new[part]
        if before.dtype != after.dtype or before.shape[1:] != after.shape[1:]:
            return part, "", f"{before.dtype}{before.shape}", f"{after.dtype}{after.shape}", None
        length = min(len(before), len(after))
        unequal = np.flatnonzero(_unequal(before[:length], after[:length]))
        if len(unequal):
            index = np.unravel_index(unequal[0], (length, *before.shape[1:]))
            largest = _largest(before[:length], after[:length])
            return part, ", ".join(map(str, index)), _shown(before[index]), _shown(after[index]), largest
        if len(before) != len(after):
            return part, str(length), counted(len(before), "row"), counted(len(after), "row"), None
    return None


def _shown(value: Any) -> str:
    """A value to its last bit."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _presence(recorded: bool, replayed: bool) -> tuple[str, str]:
    return "there" if recorded else "missing", "there" if replayed else "missing"


def _unequal(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Where two arrays differ in a bit; all numbers that are none count as equal."""
    if old.dtype == object:
        return np.array([repr(one) != repr(other) for one, other in zip(old.flat, new.flat, strict=True)], bool)
    both_nan = (old != old) & (new != new)
    signs = np.signbit(old) != np.signbit(new) if old.dtype.kind == "f" else False
    unequal: np.ndarray = ((old != new) | signs) & ~both_nan
    return unequal


def _largest(old: np.ndarray, new: np.ndarray) -> float | None:
    return float(np.nanmax(np.abs(old.astype(float) - new))) if old.dtype.kind in "fiu" else None


def close(recorded: Path, replayed: Path) -> bool:
    """Whether two artifacts hold the same values but for the rounding of another processor."""
    names = [name for name in _files(recorded, replayed) if Path(name).suffix in TELLING]
    if not all((folder / name).is_file() for name in names for folder in (recorded, replayed)):
        return False
    return all(_close(read_parts(recorded / name), read_parts(replayed / name)) for name in names)


def _close(old: Mapping[str, np.ndarray], new: Mapping[str, np.ndarray]) -> bool:
    if old.keys() != new.keys():
        return False
    for before, after in ((old[part], new[part]) for part in old):
        if before.dtype != after.dtype or before.shape != after.shape:
            return False
        if before.dtype.kind == "f":
            if not np.allclose(before, after, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, equal_nan=True):
                return False
        elif _unequal(before, after).any():
            return False
    return True


def read_parts(file: Path) -> dict[str, np.ndarray]:
    """What a file holds as named arrays: the columns of a table, arrays, weights, fields, or lines of text."""
    match file.suffix:
        case ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(file)
            return {name: _column(table[name]) for name in table.column_names}
        case ".npz":
            with np.load(file, allow_pickle=False) as arrays:
                return {name: np.atleast_1d(arrays[name]) for name in arrays.files}
        case ".keras":
            return _network(file)
        case ".json":
            return {name: _values([value]) for name, value in _fields(json.loads(file.read_text())).items()}
        case _:
            return {"line": _values(file.read_text(encoding="utf-8", errors="backslashreplace").splitlines())}


def _column(column: Any) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_fixed_size_list(kind) and not column.null_count:  # one vector a row: a matrix
        return _column(pa.chunked_array([column.combine_chunks().flatten()])).reshape(len(column), kind.list_size)
    numeric = (pa.types.is_floating(kind) or pa.types.is_integer(kind)) and not column.null_count
    return column.to_numpy() if numeric else _values(column.to_pylist())


def _values(values: list[Any]) -> np.ndarray:
    """A list as an array of as many elements, whatever they are; floats alone as floats."""
    if values and all(type(value) is float for value in values):
        return np.array(values)
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _network(file: Path) -> dict[str, np.ndarray]:
    """A saved Keras model: its configuration by fields, then every weight."""
    import h5py

    weights: dict[str, np.ndarray] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            weights[name] = np.atleast_1d(item[()])

    with zipfile.ZipFile(file) as archive:
        config = _fields(json.loads(archive.read("config.json")))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as stored:
            stored.visititems(visit)
    # Keras names objects that parts share by their place in memory: that is not content.
    config = {name: value for name, value in config.items() if not name.endswith("shared_object_id")}
    return {f"config {name}": _values([value]) for name, value in config.items()} | weights


def _fields(value: Any, name: str = "") -> dict[str, Any]:
    """Nested JSON as one level of dotted names."""
    if not isinstance(value, (dict, list)) or not value:
        return {name: value}
    items = sorted(value.items()) if isinstance(value, dict) else enumerate(value)
    return {key: each for inner, item in items for key, each in _fields(item, f"{name}.{inner}".strip(".")).items()}
