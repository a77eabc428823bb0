"""The two passes of every ingest: look at each row, then at what rows are to one another.

In the first pass batches are checked row by row and laid aside, and digests of texts and ids are noted. Between the
passes the digests tell contradictions, repeated ids and copies. The second pass hands every batch back, judged.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingestion import contracts
from tasks.ingestion.expectations import Checker, Violation
from tasks.ingestion.key_buckets import RELATIONS, KeyBuckets, Relations
from tasks.ingestion.places import Places
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

    def __init__(self, folder: Path, row_contract: Checker, with_ids: bool = True) -> None:
        """`with_ids` says whether the ids of the batches are final, and therefore noted."""
        self._folder = folder
        self._row_contract = row_contract
        self._relations_contract = Checker(contracts.row_relations())
        self._ids, self._with_ids = KeyBuckets(folder / "ids"), with_ids
        self.spill = Spill(folder)
        self.places = Places()
        self._relations: Relations | None = None
        self._settled = 0
        self.rows = 0

    def settle(self, kept: pa.RecordBatch) -> None:
        """Note rows that stay as they are: columns source, source_row, id, target."""
        self._ids.add_texts(kept["id"], self.rows, kept["target"], np.ones(kept.num_rows, bool))
        self.places.add(kept, self.rows)
        self.rows += kept.num_rows
        self._settled = self.rows

    def examine(self, batch: pa.RecordBatch, checked: list[str]) -> np.ndarray:
        """Check each row of a batch by itself (columns `checked`) and lay it aside; return the rows that pass, bool."""
        if batch.num_rows == 0:
            return np.zeros(0, bool)
        violations = self._row_contract.violations(batch.select(checked).to_pandas())
        passed = np.ones(batch.num_rows, bool)
        passed[list(violations)] = False
        if self._with_ids:
            self._ids.add_texts(batch["id"], self.rows, batch["target"], passed)
        self.places.add(batch, self.rows)
        self.spill.append(_with_verdicts(batch, violations))
        self.rows += batch.num_rows
        return passed

    def relate(self, texts: KeyBuckets) -> None:
        """Find out what the rows that passed are to one another; `texts` holds the keys of their texts as they came."""
        self._relations = Relations(self._folder, self.rows, self._settled)
        self._relations.resolve(texts, self._ids)

    def __iter__(self) -> Iterator[Judged]:
        """Every batch in its order, judged."""
        first = self._settled
        for batch in self.spill:
            yield judge(batch, self._relations_contract.violations(self._frame(first, batch.num_rows)), first)
            first += batch.num_rows

    def _frame(self, first: int, count: int) -> pd.DataFrame:
        if self._relations is None:
            raise RuntimeError("call `relate` between the passes")
        rows = slice(first, first + count)
        return relations_frame({name: getattr(self._relations, name)[rows] for name in RELATIONS}, self.places)


def relations_frame(related: Mapping[str, np.ndarray], places: Places) -> pd.DataFrame:
    """For every row of a batch the names of the rows that it contradicts, repeats or copies (numbers, -1 for none)."""
    frame: pd.DataFrame = pa.table({name: places.names(related[name]) for name in RELATIONS}).to_pandas()
    return frame


def _with_verdicts(batch: pa.RecordBatch, violations: dict[int, Violation]) -> pa.RecordBatch:
    """The batch with columns rule and reason, null for rows that pass, and without the text as it came."""
    broken = [violations.get(row) for row in range(batch.num_rows)]
    columns = {name: batch[name] for name in batch.schema.names if name != "raw_text"}
    columns["rule"] = pa.array([each and each.rule for each in broken], pa.string())
    columns["reason"] = pa.array([each and each.reason for each in broken], pa.string())
    return pa.RecordBatch.from_pydict(columns)


def judge(batch: pa.RecordBatch, related: dict[int, Violation], first: int) -> Judged:
    """A batch that was laid aside, judged by what its rows are to others; the first of them has this number."""
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
