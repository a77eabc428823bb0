"""The rows to score, in tables of one size, counted from the first row of the source.

Which tweets a network reads together can change the last bits of its answers. Here a row's number alone decides that:
neither the size of the parts that are written nor the place where a run was cut short has a say.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.sources.formats import table_format
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.members import Member
from tasks.sources.records import records_json
from tasks.sources.tables import ReadingNotes, open_sources

CHUNK_ROWS = 8_192  # enough that sorting by length leaves little padding, few enough to hold several at once
PIECE_BYTES = 1 << 20
NOTHING = pa.scalar(None, pa.string())


class Reader:
    """Batches of `tasks.sources.read_tweets` as chunks; `rows` counts what was read, for the last check."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def chunks(self, done: int = 0) -> Iterator[pa.Table]:
        """All rows but the first `done`, a multiple of CHUNK_ROWS, in tables of CHUNK_ROWS; the last may be shorter."""
        waiting, held = [], 0
        for batch in self._after(done):
            waiting.append(to_score(batch))
            held += batch.num_rows
            if held >= CHUNK_ROWS:
                together = pa.concat_tables(waiting)
                full = held - held % CHUNK_ROWS
                yield from (together.slice(start, CHUNK_ROWS) for start in range(0, full, CHUNK_ROWS))
                # Copied, else the few rows that are left would keep all of the batch in memory.
                waiting, held = [together.slice(full).combine_chunks()], held - full
        if held:
            yield pa.concat_tables(waiting)

    def _after(self, done: int) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            before = max(0, min(batch.num_rows, done - self.rows))
            self.rows += batch.num_rows
            yield batch.slice(before)


def to_score(batch: pa.RecordBatch) -> pa.Table:
    """Id, text and keyword of every row; rule and reason of those that cannot be scored, with the original as JSON."""
    reason = pc.coalesce(batch["malformed"], batch["undecodable"], _where(pc.is_null(batch["text"]), "no text"))
    rules = (
        _where(pc.is_valid(batch["malformed"]), "malformed-row"),
        _where(pc.is_valid(batch["undecodable"]), "undecodable-bytes"),
        _where(pc.is_valid(reason), "no-text"),
    )
    place = pc.binary_join_element_wise(batch["source"], batch["source_row"].cast(pa.string()), ":")
    columns = {name: batch[name] for name in ("source", "source_row", "text", "keyword")}
    columns |= {"id": pc.coalesce(batch["id"], place), "rule": pc.coalesce(*rules), "reason": reason}
    return pa.table({**columns, "record": _records(batch, pc.is_valid(reason))})


def _where(mask: pa.BooleanArray, word: str) -> pa.StringArray:
    return pc.if_else(mask, pa.scalar(word), NOTHING)


def _records(batch: pa.RecordBatch, faulty: pa.BooleanArray) -> pa.StringArray:
    originals = pa.array(records_json(batch.filter(faulty)), pa.string())
    return pc.replace_with_mask(pa.nulls(batch.num_rows, pa.string()), faulty, originals)


def expected_rows(snapshot: Path, limits: SourceLimits = DEFAULT_LIMITS) -> int | None:
    """About how many rows a source has, to tell the time left; None where only reading it would say.

    Lines are counted, so that a tweet of several lines counts for more.
    """
    total = 0
    for member in open_sources(snapshot, tables_only=True, notes=ReadingNotes(), limits=limits):
        kind = table_format(member)
        if kind not in ("parquet", "json-lines", "delimited") or (kind == "parquet" and member.path is None):
            return None
        total += pq.read_metadata(member.path).num_rows if kind == "parquet" else _lines(member)
    return total


def _lines(member: Member) -> int:
    with member.open() as stream:
        return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(PIECE_BYTES), b""))
