"""A folder of parts: part-00000.parquet and so on, and a manifest with counts and digests, which comes last.

A folder without manifest.json is not finished. Equal answers in parts of equal size give equal bytes, the manifest's
too: it holds no time, and nothing of the run.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.scoring.formats import count_rows, write_tables
from tasks.store.digests import file_sha256

DEFAULT_ROWS = 100_000
MANIFEST, QUARANTINE_FILE = "manifest.json", "quarantine.parquet"


@dataclass(frozen=True)
class Part:
    """One file of the folder."""

    name: str
    rows: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Part":
        """The part that lies there."""
        return cls(path.name, count_rows(path, path.suffix), file_sha256(path))


def write_parts(folder: Path, size: int, schema: pa.Schema, tables: Iterable[pa.Table]) -> list[Part]:
    """Write the rows in parts of `size`, the last one shorter; at least one, perhaps empty, to tell the columns."""
    written = []
    for number, pieces in groupby(_cut(tables, size), key=lambda piece: piece[0]):
        path = folder / f"part-{number:05}.parquet"
        write_tables(path, ".parquet", schema, (piece for _, piece in pieces))
        written.append(Part.of(path))
    if not written:
        write_tables(folder / "part-00000.parquet", ".parquet", schema, [])
        written.append(Part.of(folder / "part-00000.parquet"))
    return written


def _cut(tables: Iterable[pa.Table], size: int) -> Iterator[tuple[int, pa.Table]]:
    """Pieces of the tables, each with the number of the part that it belongs to."""
    row = 0
    for table in tables:
        start = 0
        while start < len(table):
            piece = table.slice(start, size - row % size)
            yield row // size, piece
            start, row = start + len(piece), row + len(piece)


def write_quarantine(folder: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> Part:
    """Write the rows that were not scored, where there are any; what was written."""
    path = folder / QUARANTINE_FILE
    write_tables(path, ".parquet", schema, tables)
    part = Part.of(path)
    if not part.rows:
        path.unlink()
    return part


def write_manifest(folder: Path, about: dict[str, Any], written: list[Part], rejected: Part) -> None:
    """Write down what the folder holds."""
    files = {"parts": [asdict(part) for part in written], "quarantine": asdict(rejected) if rejected.rows else None}
    (folder / MANIFEST).write_text(json.dumps({**about, **files}, indent=1, ensure_ascii=False), encoding="utf-8")
