"""The two passes of every ingest: look at each row, then at what rows are to one another.

In the first pass batches are checked row by row and laid aside, and digests of texts and ids are noted. Between the
passes the digests tell contradictions, repeated ids and copies. The second pass hands every batch back, judged.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.duplicates import NO_ROW
from tasks.ingestion import contracts
from tasks.ingestion.expectations import Checker, Violation
from tasks.ingestion.key_buckets import KeyBuckets, Relations
from tasks.ingestion.spill import Spill
from tasks.sources.records import records_json

GATHERED_BYTES = 64 << 20


class Judged(NamedTuple):
    """A batch of the second pass: its number of rows before it, the rows to keep, and the others as quarantine rows."""

    first_row: int
    kept: pa.Table
    kept_rows: np.ndarray  # their numbers in the whole source, int64
    quarantined: list[dict[str, Any]]


def gather(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in larger batches, those of small files together: a contract costs as much for few rows."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        size = sum(each.nbytes for each in waiting)
        if waiting and (waiting[0].schema != batch.schema or size + batch.nbytes > GATHERED_BYTES):
            yield pa.concat_batches(waiting)
            waiting = []
        waiting.append(batch)
    if waiting:
        yield pa.concat_batches(waiting)


class TwoPasses:
    """Rows in, judged rows out. First `examine` every batch, then `relate` once, then iterate.

    Rows that are kept already, and only matter to the others, are `settle`d before.

    Batches have the columns source, source_row, id, raw_text, text (repaired, null if there is none), target (int8),
    those that the row contract asks for, those of `tasks.sources.records`, and any more.
    """

    def __init__(self, folder: Path, row_contract: Checker) -> None:
        self._folder = folder
        self._row_contract = row_contract
        self._relations_contract = Checker(contracts.row_relations())
        self._ids = KeyBuckets(folder / "ids")
        self._spill = Spill(folder)
        self._starts: list[int] = []
        self._places: list[tuple[str, int]] = []
        self._relations: Relations | None = None
        self._settled = 0
        self.rows = 0

    def settle(self, kept: pa.RecordBatch) -> None:
        """Note rows that stay as they are: columns source, source_row, id, target."""
        self._ids.add_texts(kept["id"], self.rows, kept["target"], np.ones(kept.num_rows, bool))
        self._remember_places(kept)
        self.rows += kept.num_rows
        self._settled = self.rows

    def examine(self, batch: pa.RecordBatch, checked: list[str]) -> np.ndarray:
        """Check each row of a batch by itself (columns `checked`) and lay it aside; return the rows that pass, bool."""
        if batch.num_rows == 0:
            return np.zeros(0, bool)
        violations = self._row_contract.violations(batch.select(checked).to_pandas())
        passed = np.ones(batch.num_rows, bool)
        passed[list(violations)] = False
        self._ids.add_texts(batch["id"], self.rows, batch["target"], passed)
        self._remember_places(batch)
        self._spill.append(_with_verdicts(batch, violations))
        self.rows += batch.num_rows
        return passed

    def _remember_places(self, batch: pa.RecordBatch) -> None:
        """Note where each stretch of consecutive rows of one file begins in the batch."""
        sources, rows = batch["source"].dictionary_encode(), batch["source_row"].to_numpy()
        goes_on = (np.diff(rows) == 1) & (np.diff(sources.indices.to_numpy()) == 0)
        begins = np.flatnonzero(np.concatenate([[True], ~goes_on]))
        self._starts += (self.rows + begins).tolist()
        self._places += zip(batch["source"].take(pa.array(begins)).to_pylist(), rows[begins].tolist(), strict=True)

    def relate(self, texts: KeyBuckets) -> None:
        """Find out what the rows that passed are to one another; `texts` holds the keys of their texts as they came."""
        self._relations = Relations(self._folder, self.rows, self._settled)
        self._relations.resolve(texts, self._ids)

    def __iter__(self) -> Iterator[Judged]:
        """Every batch in its order, judged."""
        first = self._settled
        for batch in self._spill:
            related = self._relations_contract.violations(self._relations_frame(first, batch.num_rows))
            yield _judge(batch, related, first)
            first += batch.num_rows

    def _relations_frame(self, first: int, count: int) -> pd.DataFrame:
        if self._relations is None:
            raise RuntimeError("call `relate` between the passes")
        rows = slice(first, first + count)
        columns = ("contradicts", "same_id_as", "same_text_as")
        frame: pd.DataFrame = pa.table(
            {name: self._names(getattr(self._relations, name)[rows]) for name in columns}
        ).to_pandas()
        return frame

    def _names(self, rows: np.ndarray) -> pa.StringArray:
        """Rows as people find them, "train.csv row 12"; null for -1."""
        related = rows != NO_ROW
        batches = np.searchsorted(self._starts, rows[related], "right") - 1
        names = [
            f"{self._places[batch][0]} row {self._places[batch][1] + row - self._starts[batch]}"
            for batch, row in zip(batches.tolist(), rows[related].tolist(), strict=True)
        ]
        nothing = pa.nulls(len(rows), pa.string())
        return pc.replace_with_mask(nothing, pa.array(related), pa.array(names, pa.string()))


def _with_verdicts(batch: pa.RecordBatch, violations: dict[int, Violation]) -> pa.RecordBatch:
    """The batch with columns rule and reason, null for rows that pass, and without the text as it came."""
    broken = [violations.get(row) for row in range(batch.num_rows)]
    columns = {name: batch[name] for name in batch.schema.names if name != "raw_text"}
    columns["rule"] = pa.array([each and each.rule for each in broken], pa.string())
    columns["reason"] = pa.array([each and each.reason for each in broken], pa.string())
    return pa.RecordBatch.from_pydict(columns)


def _judge(batch: pa.RecordBatch, related: dict[int, Violation], first: int) -> Judged:
    kept = pc.is_null(batch["rule"]).to_numpy(zero_copy_only=False)
    kept[list(related)] = False
    rejected = batch.filter(pa.array(~kept))
    quarantined = [
        {
            "source": row["source"],
            "source_row": row["source_row"],
            "record": record,
            "rule": row["rule"] or related[number].rule,
            "reason": row["reason"] or related[number].reason,
        }
        for number, row, record in zip(
            np.flatnonzero(~kept).tolist(),
            rejected.select(["source", "source_row", "rule", "reason"]).to_pylist(),
            records_json(rejected),
            strict=True,
        )
    ]
    table = pa.Table.from_batches([batch.filter(pa.array(kept))])
    return Judged(first, table, first + np.flatnonzero(kept), quarantined)
