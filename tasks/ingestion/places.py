"""Where the rows of a whole source stand in its files, as people find them: "train.csv row 12"."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.duplicates import NO_ROW


@dataclass
class Places:
    """Stretches of consecutive rows of one file: the number of the first row, then its file and its row there."""

    starts: list[int] = field(default_factory=list)
    firsts: list[tuple[str, int]] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch, first: int) -> None:
        """Note where the rows of a batch (columns source, source_row) stand, the first of them of this number."""
        sources, rows = batch["source"].dictionary_encode(), batch["source_row"].to_numpy()
        goes_on = (np.diff(rows) == 1) & (np.diff(sources.indices.to_numpy()) == 0)
        begins = np.flatnonzero(np.concatenate([[True], ~goes_on]))
        self.starts += (first + begins).tolist()
        self.firsts += zip(batch["source"].take(pa.array(begins)).to_pylist(), rows[begins].tolist(), strict=True)

    def include(self, others: "Places", first: int, rows_before: int) -> None:
        """Add those of rows that were numbered by themselves; so many rows of their file come before them."""
        self.starts += [start + first for start in others.starts]
        self.firsts += [(source, row + rows_before) for source, row in others.firsts]

    def names(self, rows: np.ndarray) -> pa.StringArray:
        """The rows of these numbers in words; null for -1."""
        related = rows != NO_ROW
        stretches = np.searchsorted(self.starts, rows[related], "right") - 1
        names = [
            f"{self.firsts[stretch][0]} row {self.firsts[stretch][1] + row - self.starts[stretch]}"
            for stretch, row in zip(stretches.tolist(), rows[related].tolist(), strict=True)
        ]
        nothing = pa.nulls(len(rows), pa.string())
        return pc.replace_with_mask(nothing, pa.array(related), pa.array(names, pa.string()))
