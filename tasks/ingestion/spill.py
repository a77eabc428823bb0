"""Batches laid aside on disk between the two passes of an ingest, and handed back in the same order."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spill:
    """Record batches of any schemas, each an Arrow file in a folder."""

    def __init__(self, folder: Path, batches: int = 0) -> None:
        """So many `batches` lie there already."""
        self._folder = folder
        self.batches = batches

    def append(self, batch: pa.RecordBatch) -> None:
        """Lay one batch aside."""
        with pa.OSFile(str(self._path(self.batches)), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)
        self.batches += 1

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """All batches. Read, not mapped: mapped pages would count as our memory."""
        for number in range(self.batches):
            with pa.OSFile(str(self._path(number))) as file, pa.ipc.open_file(file) as reader:
                yield reader.get_batch(0)

    def _path(self, number: int) -> Path:
        return self._folder / f"batch-{number:06}.arrow"
